// SPDX-License-Identifier: Apache-2.0
//
// `exeat agent`: keeps tokens fresh beside a program, or runs the program itself. Here the parts are put together;
// what they do is in the target Agent.

import Agent
import ArgumentParser
import Federation
import FederationClient
import FoundationEssentials
import HTTPServer
import IdentityModel
import Logging
import UnixSignals

/// `exeat agent`.
struct AgentCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agent",
    abstract: "Keep tokens fresh in files and hand out credentials on loopback.",
    subcommands: [AgentRunCommand.self, AgentStatusCommand.self],
    defaultSubcommand: AgentRunCommand.self
  )
}

/// `exeat agent run`, which is meant where nothing is said.
struct AgentRunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Keep what the file says (what `exeat agent` does by itself).",
    discussion: """
      With `-- PROGRAM ARGUMENTS` runs the program once everything is there, with variables that lead it to the files \
      and the credentials; passes signals on and ends with the program's exit status.
      """
  )

  @Option(help: "What to keep, YAML.") var config = "agent.yaml"
  @Option(help: "How long to wait for everything to be there before the program starts: 60 or 60s, 5m.")
  var startTimeout = SecondsOption(seconds: 60)
  @Option(help: "`text` or `json`.") var logFormat = "text"
  @Option(help: "Write the address as JSON to this file when everything is there.") var readyFile: String?
  @Flag(help: "Go on when what is kept is refused for good at the start, for a policy that is about to come.")
  var keepTrying = false
  @Argument(parsing: .postTerminator, help: "A program to run, and its arguments.") var program: [String] = []

  func run() async throws {
    try ProcessSecrecy.begin()
    ProcessMemory.beFrugal()
    guard let format = LogFormat(rawValue: logFormat) else {
      throw CommandFailure.usage("--log-format: `\(logFormat)` is not text or json")
    }
    guard (1...86_400).contains(startTimeout.seconds) else {
      throw CommandFailure.usage("--start-timeout: `\(startTimeout.seconds)s` is not a time of 1s to 24h")
    }
    let environment = ClientEnvironment.live()
    let plan = try AgentPlan.read(config, environment)
    for file in plan.files where file.signal?.pidFile == nil && file.signal != nil && program.isEmpty {
      throw CommandFailure.usage(
        "\(config): `\(file.name)` has a signal and neither a pid-file nor a program"
      )
    }
    let status: Int32
    do {
      let assembly = try AgentAssembly(
        plan: plan,
        environment: environment,
        program: program,
        startTimeoutSeconds: startTimeout.seconds,
        readyFile: readyFile,
        expectsPermission: keepTrying,
        logger: format.logger(level: .info)
      )
      status = try await assembly.run()
    } catch let error as HTTPServerError {
      throw CommandFailure.failed(error.description, hint: "see `listen` in \(config)")
    } catch let error as ProgramError {
      throw CommandFailure(message: "cannot run `\(error.program)`: \(error.reason)", hint: nil, status: 127)
    } catch {
      throw CommandFailure(clientError: error)
    }
    if status != 0 { throw ExitCode(status) }
  }
}

extension AgentPlan {
  /// The plan in the file at `path`.
  static func read(_ path: String, _ environment: ClientEnvironment) throws(CommandFailure) -> AgentPlan {
    let bytes = try StandardInput.read(file: path, limit: 1 << 20)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .usage("\(path): it is not UTF-8")
    }
    do throws(AgentFileError) {
      return try AgentPlan(yaml: text, in: environment)
    } catch {
      switch error {
      case .notYAML(let words): throw .usage("\(path): it is not YAML: \(words)")
      case .notMapping(let place): throw .usage("\(path): \(place) is not a mapping")
      case .unknown(let place): throw .usage("\(path): `\(place)` is not a setting")
      case .missing(let place): throw .usage("\(path): `\(place)` is missing")
      case .malformed(let place, let reason): throw .usage("\(path): `\(place)`: \(reason)")
      }
    }
  }
}
