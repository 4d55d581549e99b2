// SPDX-License-Identifier: Apache-2.0
//
// `exeat agent status`: asks a running agent how it fares.

import Agent
import ArgumentParser
import FederationClient
import IdentityModel
import StrictJSON

/// `exeat agent status`.
struct AgentStatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Ask a running agent how it fares.",
    discussion: "Exit status 0 when everything lives, 1 when something does not or no agent answers."
  )

  @Option(help: "The agent's file, of which `listen` is read.") var config = "agent.yaml"
  @Option(help: "The agent's address instead, HOST:PORT.") var address: String?
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    let (status, body) = try await report()
    guard status == 200 || status == 503, let answer = (try? JSONReader.read(body))?.object,
      let word = answer["status"]?.string, let kept = answer["kept"]?.array
    else { throw CommandFailure.failed("what answers there is no agent", hint: "see --address") }
    if json {
      var writer = JSONWriter(isOneLine: true)
      writer.value(.object(answer))
      Console.out(String(decoding: writer.bytes, as: UTF8.self))
    } else {
      Console.out(Console.printable(word))
      for thing in kept { Console.out(Console.printable(line(thing))) }
    }
    if status != 200 { throw ExitCode(1) }
  }

  private func line(_ thing: JSONValue) -> String {
    let object = thing.object
    let words = ["condition", "name", "expires", "file", "failure"].compactMap { name in
      object?[name]?.string.map { name == "expires" ? "until \($0)" : name == "failure" ? "(\($0))" : $0 }
    }
    return "  " + words.joined(separator: " ")
  }

  private func report() async throws(CommandFailure) -> (status: Int, body: [UInt8]) {
    let place: String
    if let address {
      place = address
    } else {
      guard let listen = try AgentPlan.read(config, .live()).listen else {
        throw .usage("\(config): the agent does not listen", hint: "set `listen`, or give --address")
      }
      place =
        listen.host.utf8.contains(UInt8(ascii: ":"))
        ? "[\(listen.host)]:\(listen.port)" : "\(listen.host):\(listen.port)"
    }
    guard let url = try? HTTPURL("http://\(place)/health") else {
      throw .usage("--address: `\(place)` is not HOST:PORT")
    }
    let http = FederationHTTPClient()
    let result: Result<HTTPAnswer, FederationHTTPError>
    do throws(FederationHTTPError) {
      result = .success(try await http.send(HTTPCall(method: "GET", url: url), timeoutSeconds: 10))
    } catch {
      result = .failure(error)
    }
    await http.shutdown()
    switch result {
    case .success(let answer): return (answer.status, answer.body)
    case .failure(let error):
      throw .failed("no agent answers at \(place): \(CommandFailure.text(error))")
    }
  }
}
