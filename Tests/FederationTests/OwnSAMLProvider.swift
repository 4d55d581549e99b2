// SPDX-License-Identifier: Apache-2.0
//
// The server's own SAML identity provider, registered as one of its account: its assertions, and the trade of them.

import Federation
import IdentityModel
import Testing

enum OwnSAMLProvider {
  static let arn = "arn:aws:iam::123456789012:saml-provider/Own"
  static let prefix = "https://aws.amazon.com/SAML/Attributes/"
  static let role = "arn:aws:iam::123456789012:role/app"

  static func trust(_ condition: String = "", actions: String = #""sts:AssumeRoleWithSAML""#) -> String {
    providerTrust(condition, actions: actions, provider: arn)
  }

  /// The server with its own SAML identity provider registered as one of its account.
  static func run(_ body: (TestServer, String) async throws -> Void) async throws {
    try await TestServer.run { server in
      let issuer = try await server.issuerURL()
      #expect(await server.makeSAMLConfig("first").status == 200)
      let path = try await server.issuerPath() + "/saml/metadata"
      let document = try #require(await server.document(path))
      await server.done(
        "CreateSAMLProvider",
        ["Name": "Own", "SAMLMetadataDocument": String(decoding: document.body, as: UTF8.self)]
      )
      try await body(server, issuer)
    }
  }

  /// An assertion of the server's own; `settings` take the places of those that make a good one.
  static func assertion(
    _ server: TestServer,
    _ issuer: String,
    name: String = "trade",
    attributes: [(String, String)] = [("Role", "\(role),\(arn)")],
    _ settings: [(String, String)] = [],
    as keys: Keys = .root
  ) async throws -> String {
    var form = [
      ("Name", name), ("TokenType", "SAML"), ("SamlForm", "Assertion"), ("TargetService", issuer + "/token"),
      ("Audience", issuer), ("NameIdValue", "ada"),
    ]
    for (index, (name, value)) in attributes.enumerated() {
      form.append(("SamlAttributes.member.\(index + 1).Name", prefix + name))
      form.append(("SamlAttributes.member.\(index + 1).Values.member.1", value))
    }
    for (name, value) in settings {
      form.removeAll { $0.0 == name }
      form.append((name, value))
    }
    let made = await server.call("CreateOutboundFederationConfig", form: form)
    #expect(made.status == 200, "\(made.text)")
    let token = await server.samlToken(of: name, as: keys)
    #expect(token.status == 200, "\(token.text)")
    return try #require(token["Token"])
  }

  static func trade(_ server: TestServer, _ token: String, _ more: [(String, String)] = []) async throws
    -> Exchanged
  {
    try await server.trade(role, token, type: tokenType("saml2"), more)
  }
}
