// SPDX-License-Identifier: Apache-2.0
//
// `exeat federation-config token`: a token for the service of a config, and what is in it.

import ArgumentParser
import FederationClient
import IdentityModel
import StrictJSON
import TokenFormats

/// `exeat federation-config token`.
struct FederationConfigTokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token",
    abstract: "Ask for a token by the name of a config.",
    discussion: """
      Prints a JWT; a SAML response in base 64, as it is posted; or a SAML assertion in base64url, as token
      endpoints take it.
      """
  )

  @Argument(help: "The name of the config.") var name: String
  @Option(help: "The token's life: 900 or 900s, 15m. Default: the config's, which is also the longest.")
  var duration: SecondsOption?
  @Flag(help: "Print what is in the token instead.") var decode = false
  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var client: ClientOptions

  func run() async throws {
    let token = try await client.calling(.iam) { query, credential in
      try await FederationConfigClient(query, credential: credential).token(
        name,
        durationSeconds: duration?.seconds
      )
    }
    guard json else {
      Console.out(decode ? try content(of: token).text : token.token)
      return
    }
    var members = token.members
    if decode { members += try content(of: token).members }
    Console.out(JSONValue.object(JSONObject(members)).text(isOneLine: true))
  }

  private func content(of token: FederationToken) throws(CommandFailure) -> TokenContent {
    guard let content = TokenContent(token) else {
      throw .failed("the server's answer holds no token that can be read")
    }
    return content
  }
}

extension FederationToken {
  fileprivate var members: [JSONObject.Member] {
    let texts = [
      ("Token", token), ("TokenType", tokenType), ("TargetService", targetService), ("Audience", audience),
      ("Expiration", expiration.rfc3339Milliseconds),
    ]
    return (texts + (samlForm.map { [("SamlForm", $0)] } ?? [])).map { .init($0.0, .string($0.1)) }
  }
}

/// What is in a token, for people.
private enum TokenContent {
  case jwt(header: JSONValue, claims: JSONValue)
  case saml(String)

  init?(_ token: FederationToken) {
    if token.tokenType.utf8.elementsEqual("SAML".utf8) {
      guard let xml = XMLBase64.decode(token.token) ?? Base64URL.decode(Substring(token.token)),
        let text = PrettyXML.text(xml)
      else { return nil }
      self = .saml(text)
    } else {
      let parts = token.token.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 3, let header = Self.json(parts[0]), let claims = Self.json(parts[1]) else {
        return nil
      }
      self = .jwt(header: header, claims: claims)
    }
  }

  /// For the terminal.
  var text: String {
    switch self {
    case .jwt: JSONValue.object(JSONObject(members)).text(isOneLine: false)
    case .saml(let xml): xml
    }
  }

  /// For a script.
  var members: [JSONObject.Member] {
    switch self {
    case .jwt(let header, let claims): [.init("header", header), .init("claims", claims)]
    case .saml(let xml): [.init("xml", .string(xml))]
    }
  }

  private static func json(_ part: Substring) -> JSONValue? {
    guard let bytes = Base64URL.decode(part) else { return nil }
    return try? JSONReader.read(bytes)
  }
}
