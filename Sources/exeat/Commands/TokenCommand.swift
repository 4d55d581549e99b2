// SPDX-License-Identifier: Apache-2.0
//
// `exeat token`: asks a server for a token with the AWS credential chain.

import ArgumentParser
import Exchange
import Federation
import FederationClient
import IdentityModel
import StrictJSON
import TokenFormats

/// `exeat token`.
struct TokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token",
    abstract: "Ask a server for a token.",
    discussion: """
      Finds credentials as the AWS CLI does: environment, ~/.aws profiles, web identity token file, process,
      container endpoint. (The instance metadata service is not asked.)
      """
  )

  @Option(help: "Who the token is for; may be repeated.") var audience: [String]
  @Option(
    help: "`ES384` or `RS256`. Default: what `exeat trust` prints for the audience's owner, else ES384."
  )
  var algorithm: String?
  @Option(help: "The token's life, 60s to 1h; 900 is 900s. Default: the server's, 300s.")
  var duration: SecondsOption?
  @Option(help: "A tag for the token, KEY=VALUE; may be repeated.") var tag: [String] = []
  @Flag(help: "Print header and claims instead of the token.") var decode = false
  @Flag(help: "Print JSON.") var json = false
  @Flag(help: "Print what Google's client libraries expect of a program that hands them a token.")
  var googleExecutable = false
  @OptionGroup var client: ClientOptions

  func run() async throws {
    let tags = try tag.map(Tag.init(option:))
    let algorithm = algorithm ?? TrustService.usualAlgorithm(audiences: audience).rawValue
    let (token, expiration) = try await client.calling(.sts) { query, credential in
      try await STSClient(query, credential: credential).getWebIdentityToken(
        audiences: audience,
        algorithm: algorithm,
        durationSeconds: duration?.seconds,
        tags: tags
      )
    }
    Console.out(try output(token, expiration))
  }

  private func output(_ token: String, _ expiration: Instant) throws(CommandFailure) -> String {
    if googleExecutable {
      guard !decode, !json else { throw .usage("--google-executable goes with neither --decode nor --json") }
      return GoogleAccountFile.executableAnswer(token, expiration: expiration).text(isOneLine: true)
    }
    guard decode || json else { return token }
    var writer = JSONWriter()
    if decode {
      let parts = token.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 3, let header = Self.json(parts[0]), let claims = Self.json(parts[1]) else {
        throw .failed("the server's answer is not a JWT")
      }
      writer.object { writer in
        if json {
          writer.member("WebIdentityToken", token)
          writer.member("Expiration", expiration.rfc3339Milliseconds)
        }
        writer.name("header")
        writer.value(header)
        writer.name("claims")
        writer.value(claims)
      }
      return json ? String(decoding: writer.bytes, as: UTF8.self) : PrettyJSON.text(writer.bytes)
    }
    writer.object { writer in
      writer.member("WebIdentityToken", token)
      writer.member("Expiration", expiration.rfc3339Milliseconds)
    }
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private static func json(_ part: Substring) -> JSONValue? {
    guard let bytes = Base64URL.decode(part) else { return nil }
    return try? JSONReader.read(bytes)
  }
}

extension Tag {
  /// Reads `--tag KEY=VALUE`.
  init(option text: String) throws(CommandFailure) {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      throw .usage("--tag: `\(text)` is not KEY=VALUE")
    }
    self.init(key: String(text[..<equals]), value: String(text[text.index(after: equals)...]))
  }
}
