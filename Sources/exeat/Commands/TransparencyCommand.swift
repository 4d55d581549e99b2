// SPDX-License-Identifier: Apache-2.0
//
// `exeat transparency`: whether an account's tokens carry the log's promise. The stock AWS CLI does not know these
// actions, which are not AWS's.

import ArgumentParser
import FederationClient
import IdentityModel
import StrictJSON

/// `exeat transparency`.
struct TransparencyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "transparency",
    abstract: "Let an account's tokens carry the log's promise that they are on record.",
    subcommands: [
      TransparencyEnableCommand.self, TransparencyDisableCommand.self, TransparencyStatusCommand.self,
    ]
  )
}

/// `exeat transparency enable`.
struct TransparencyEnableCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enable",
    abstract: "From now on each token carries a promise; prints the key that promises are checked by."
  )

  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var client: ClientOptions

  func run() async throws {
    let result = try await client.result(of: "EnableOutboundTokenTransparency")
    Console.out(try TransparencyState(key: result("LogVerifierKey")).text(json: json))
  }
}

/// `exeat transparency disable`.
struct TransparencyDisableCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "disable",
    abstract: "Tokens carry no promise any more; relying parties that demand one refuse them."
  )

  @OptionGroup var client: ClientOptions

  func run() async throws {
    _ = try await client.result(of: "DisableOutboundTokenTransparency")
  }
}

/// `exeat transparency status`.
struct TransparencyStatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Print the key that promises are checked by, or `off`."
  )

  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var client: ClientOptions

  func run() async throws {
    let result = try await client.result(of: "GetOutboundWebIdentityFederationInfo")
    guard result("TokenTransparencyEnabled") == "true" else {
      Console.out(json ? #"{"TokenTransparencyEnabled":false}"# : "off")
      return
    }
    Console.out(try TransparencyState(key: result("LogVerifierKey")).text(json: json))
  }
}

extension ClientOptions {
  /// The members of the result of an IAM action without parameters.
  fileprivate func result(of action: String) async throws(CommandFailure) -> (String) -> String? {
    let answer = try await calling(.iam) { query, credential in
      try await query.call(action, [], signedBy: credential)
    }
    return { member in answer["\(action)Response/\(action)Result/\(member)"] }
  }
}

/// Promises are on, by this key.
private struct TransparencyState {
  let key: String

  init(key: String?) throws(CommandFailure) {
    guard let key, !key.isEmpty else {
      throw .failed("the server's answer names no key: its log is not continued")
    }
    self.key = key
  }

  func text(json: Bool) -> String {
    guard json else { return Console.printable(key) }
    var writer = JSONWriter()
    writer.object { writer in
      writer.name("TokenTransparencyEnabled")
      writer.bool(true)
      writer.member("LogVerifierKey", key)
    }
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
