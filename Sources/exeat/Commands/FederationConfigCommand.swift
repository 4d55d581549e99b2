// SPDX-License-Identifier: Apache-2.0
//
// `exeat federation-config`: the outside services that an account declared, by their names. `apply`, `token` and `open`
// have files of their own.

import ArgumentParser
import FederationClient
import IdentityModel
import StrictJSON

/// `exeat federation-config`.
struct FederationConfigCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "federation-config",
    abstract: "Declare outside services by name, and get tokens for them.",
    subcommands: [
      FederationConfigApplyCommand.self, FederationConfigGetCommand.self, FederationConfigListCommand.self,
      FederationConfigDeleteCommand.self, FederationConfigTokenCommand.self, FederationConfigOpenCommand.self,
    ]
  )
}

/// `exeat federation-config get`.
struct FederationConfigGetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get",
    abstract: "Print a config."
  )

  @Argument(help: "The name of the config.") var name: String
  @Flag(help: "Print only what `apply` takes.") var document = false
  @Flag(help: "Print JSON on one line.") var json = false
  @OptionGroup var client: ClientOptions

  func run() async throws {
    let config = try await client.calling(.iam) { query, credential in
      try await FederationConfigClient(query, credential: credential).get(name)
    }
    let whole = JSONValue.object(JSONObject([.init("OutboundFederationConfig", config.json)]))
    Console.out((document ? config.document : whole).text(isOneLine: json))
  }
}

/// `exeat federation-config list`.
struct FederationConfigListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Print the configs of the account, one a line."
  )

  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var client: ClientOptions

  func run() async throws {
    let configs = try await client.calling(.iam) { query, credential in
      try await FederationConfigClient(query, credential: credential).list()
    }
    guard !json else {
      let all = JSONObject([.init("OutboundFederationConfigs", .array(configs.map(\.json)))])
      Console.out(JSONValue.object(all).text(isOneLine: true))
      return
    }
    let rows = configs.map { config in
      [config.name, config.text(.tokenType), config.text(.audience), config.text(.targetService)]
        .map(Console.printable)
    }
    for line in columns([["NAME", "TYPE", "AUDIENCE", "TARGET SERVICE"]] + rows) { Console.out(line) }
  }

  private func columns(_ rows: [[String]]) -> [String] {
    let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.dropLast().enumerated().map { column, text in
        text + String(repeating: " ", count: widths[column] - text.count + 2)
      }.joined() + row[3]
    }
  }
}

/// `exeat federation-config delete`.
struct FederationConfigDeleteCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete",
    abstract: "Delete a config; nobody gets a token by it from then on."
  )

  @Argument(help: "The name of the config.") var name: String
  @OptionGroup var client: ClientOptions

  func run() async throws {
    try await client.calling(.iam) { query, credential in
      try await FederationConfigClient(query, credential: credential).delete(name)
    }
  }
}

extension JSONValue {
  /// The JSON text, on one line for scripts or laid out for people; what does not show is escaped in both.
  func text(isOneLine: Bool) -> String {
    var writer = JSONWriter(isOneLine: true)
    writer.value(self)
    return isOneLine ? String(decoding: writer.bytes, as: UTF8.self) : PrettyJSON.text(writer.bytes)
  }
}
