// SPDX-License-Identifier: Apache-2.0
//
// The entry point: parses the command line, runs a command, and turns every failure into one line and an exit
// status: 0 done, 1 refused or failed, 2 wrong usage.

import ArgumentParser
import FoundationEssentials
import TokenFormats

@main
struct Exeat: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exeat",
    abstract: "Outbound identity federation that you run yourself.",
    discussion: """
      A workload with AWS-style credentials calls sts:GetWebIdentityToken and gets a short-lived OIDC token
      from an issuer of its account. Start with `exeat dev`.
      """,
    version: "exeat \(exeatVersion)",
    subcommands: [
      DevCommand.self, InitCommand.self, ServeCommand.self, TokenCommand.self, VerifyCommand.self,
      PolicyCommand.self, AuditCommand.self, AccountCommand.self, IssuerCommand.self, KeysCommand.self,
      TransparencyCommand.self, FederationConfigCommand.self, TrustCommand.self, ExchangeCommand.self,
      AgentCommand.self, RelyingPartyTestCommand.self, AWSModelCommand.self, VersionCommand.self,
    ]
  )

  static func main() async {
    do {
      var command = try parseAsRoot(
        Arguments.withKeyIDsLast(Array(ProcessInfo.processInfo.arguments.dropFirst()))
      )
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch let failure as CommandFailure {
      Console.error(failure)
      Exeat.exit(withError: ExitCode(failure.status))
    } catch let code as ExitCode {
      Exeat.exit(withError: code)
    } catch  where exitCode(for: error) == .validationFailure {
      Console.error(CommandFailure.usage(message(for: error), hint: "see `\(helpCommand) --help`"))
      Exeat.exit(withError: ExitCode(2))
    } catch  where exitCode(for: error) == .success {
      // Help and version are asked for by throwing.
      Exeat.exit(withError: error)
    } catch {
      Console.error(CommandFailure.failed(String(describing: error)))
      Exeat.exit(withError: ExitCode(1))
    }
  }
}

/// What stands on the command line.
private enum Arguments {
  /// `arguments` of `exeat keys` with the key ids that begin with `-` at the end, behind `--`.
  ///
  /// A key id is a SHA-256 in base64url (RFC 7638): one in 64 begins so, and would be read as flags, `-h` among them.
  static func withKeyIDsLast(_ arguments: [String]) -> [String] {
    guard arguments.first == KeysCommand._commandName, !arguments.contains("--") else { return arguments }
    // What follows an option may be its value.
    let isValue = zip(arguments, arguments.dropFirst()).contains { option, value in
      isKeyIDWithDash(value) && option.hasPrefix("--") && option != "--json"
    }
    guard !isValue else { return arguments }
    let ids = arguments.filter(isKeyIDWithDash)
    return ids.isEmpty ? arguments : arguments.filter { !isKeyIDWithDash($0) } + ["--"] + ids
  }

  private static func isKeyIDWithDash(_ argument: String) -> Bool {
    argument.utf8.count == 43 && argument.utf8.first == UInt8(ascii: "-") && Base64URL.decode(argument) != nil
  }
}

extension Exeat {
  /// The command that was meant, as far as its words are commands: `exeat keys revoke`.
  private static var helpCommand: String {
    var words = ["exeat"]
    var type: any ParsableCommand.Type = Exeat.self
    for argument in ProcessInfo.processInfo.arguments.dropFirst() {
      let meant = type.configuration.subcommands.first { $0._commandName.utf8.elementsEqual(argument.utf8) }
      guard let meant else { break }
      words.append(meant._commandName)
      type = meant
    }
    return words.joined(separator: " ")
  }
}

/// `exeat version`.
struct VersionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "version",
    abstract: "Print the version."
  )

  @Flag(help: "Print JSON.") var json = false

  func run() {
    Console.out(json ? #"{"version":"\#(exeatVersion)"}"# : "exeat \(exeatVersion)")
  }
}

/// The version of this program: semantic versioning, as in CHANGELOG.md.
let exeatVersion = "0.1.0"
