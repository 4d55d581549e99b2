// SPDX-License-Identifier: Apache-2.0
//
// `exeat policy`: judges policies offline, with the evaluator that the server runs. Owns how the commands read their
// files.

import ArgumentParser
import PolicyEngine
import StrictJSON

/// `exeat policy`.
struct PolicyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy",
    abstract: "Evaluate, explain and check policies, without a server.",
    subcommands: [PolicyEvaluateCommand.self, PolicyExplainCommand.self, PolicyLintCommand.self]
  )
}

/// The files of the policy commands.
enum PolicyFile {
  /// The longest file, in octets.
  static let limit = 64 << 20

  /// The octets of the file at `path`, or of standard input for `-`.
  static func read(_ path: String) throws(CommandFailure) -> [UInt8] {
    path == "-" ? try StandardInput.read(limit: limit) : try StandardInput.read(file: path, limit: limit)
  }

  /// The cases in the file at `path`.
  static func cases(_ path: String, locating: Bool) throws(CommandFailure) -> PolicyCaseReader {
    let text = try read(path)
    do {
      return try PolicyCaseReader(text, locating: locating)
    } catch {
      throw .failed("`\(path)` is not JSON that can be read: \(PolicySentences.sentence(error, in: text))")
    }
  }
}
