// SPDX-License-Identifier: Apache-2.0
//
// `exeat federation-config apply`: makes a config what a document says, and nothing else.

import ArgumentParser
import Federation
import FederationClient
import IdentityModel
import StrictJSON

/// `exeat federation-config apply`.
struct FederationConfigApplyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply",
    abstract: "Make a config what a document says.",
    discussion: """
      Creates or updates. A member that the document leaves out gets its default, tags are brought in line, and
      what is the same already is not written again. Unknown members are refused.
      """
  )

  @Argument(help: "The name of the config.") var name: String
  @Option(name: [.short, .long], help: "The document, JSON; `-` is standard input.") var file: String
  @Option(help: "The service's SAML metadata file, which says the rest.") var serviceProviderMetadata: String?
  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var client: ClientOptions

  func run() async throws {
    let document = try read()
    let (config, outcome) = try await client.calling(.iam) { query, credential in
      try await FederationConfigClient(query, credential: credential)
        .apply(document, to: name, now: Assembly.systemClock.now())
    }
    guard json else {
      Console.out("\(outcome.rawValue) \(Console.printable(config.arn))")
      return
    }
    let members = [
      ("Outcome", JSONValue.string(outcome.rawValue)), ("OutboundFederationConfig", config.json),
    ]
    let answer = JSONObject(members.map { .init($0.0, $0.1) })
    Console.out(JSONValue.object(answer).text(isOneLine: true))
  }

  private func read() throws(CommandFailure) -> FederationConfigDocument {
    let limit = FederationConfigDocument.maximumBytes
    let metadata = try serviceProviderMetadata.map { path throws(CommandFailure) in
      let bytes = try StandardInput.read(file: path, limit: limit)
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw .failed("--service-provider-metadata: `\(path)` is not UTF-8")
      }
      return text
    }
    let isInput = file.utf8.elementsEqual("-".utf8)
    let text =
      try isInput
      ? StandardInput.read(limit: limit) : StandardInput.read(file: file, limit: limit)
    let source = isInput ? "standard input" : "`\(file)`"
    do throws(FederationConfigDocumentError) {
      return try FederationConfigDocument(text, serviceProviderMetadata: metadata)
    } catch {
      throw .failed("\(source): \(Self.words(error, in: text))", hint: hint(error))
    }
  }

  private static func words(_ error: FederationConfigDocumentError, in text: [UInt8]) -> String {
    switch error {
    case .json(let error): "not acceptable JSON: \(PolicySentences.sentence(error, in: text))"
    case .notWrapped: "the document must be {\"OutboundFederationConfig\": {…}}"
    case .missing(let path): "`\(path)` is missing"
    case .unknown(let path): "`\(path)` is not a member of a federation config"
    case .wrongType(let path, let expected): "`\(path)` is not \(expected)"
    case .givenTwice(let path): "`\(path)` stands in it, and is given by an option too"
    }
  }

  private func hint(_ error: FederationConfigDocumentError) -> String? {
    switch error {
    case .notWrapped:
      "a document is {\"OutboundFederationConfig\": {\"TargetService\": …, \"TokenType\": …, \"Audience\": …}}"
    // What `get` says besides the document.
    case .unknown("Name"), .unknown("Arn"), .unknown("CreateDate"), .unknown("LastUpdatedDate"):
      "`exeat federation-config get \(name) --document` prints a document that `apply` takes"
    default: nil
    }
  }
}
