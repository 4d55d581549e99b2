// SPDX-License-Identifier: Apache-2.0
//
// A suspended issuer: no token of any kind from the answer on, and by choice no keys for verifiers.

import Federation
import IdentityModel
import Testing
import TokenFormats

@Suite struct IssuerSuspensionTests {
  private let code = "OutboundWebIdentityFederationDisabledException"
  private let message = "The issuer of the account is suspended."

  private func refusesEverything(_ server: TestServer) async {
    for (action, parameters) in [
      ("GetWebIdentityToken", ["Audience.member.1": "a", "SigningAlgorithm": "ES384"]),
      ("GetOutboundFederationToken", ["FederationConfigName": "oidc"]),
      ("GetOutboundFederationToken", ["FederationConfigName": "sp"]),
    ] as [(String, KeyValuePairs<String, String>)] {
      await server.refused(action, parameters, 403, code, message)
    }
  }

  private func withConfigs(_ body: (TestServer) async throws -> Void) async throws {
    try await TestServer.run { server in
      #expect(await server.makeSAMLConfig().status == 200)
      await server.done(
        "CreateOutboundFederationConfig",
        ["Name": "oidc", "TokenType": "OIDC", "TargetService": "https://x.example", "Audience": "a"]
      )
      try await body(server)
    }
  }

  @Test func `no token of any kind is issued from the answer on, until it is resumed`() async throws {
    try await withConfigs { server in
      let keys = try await server.keySet()
      let certificates = try await server.publishedCertificates()
      let answer = await server.done("SuspendOutboundIssuer")
      #expect(answer["KeySetEmptied"] == "false" && answer["SuspendDate"] == "2027-01-15T08:00:00Z")
      await refusesEverything(server)
      // What was issued can still be verified.
      #expect(try await server.keySet() == keys)
      #expect(try await server.publishedCertificates() == certificates)
      let info = await server.done("GetOutboundWebIdentityFederationInfo")
      #expect(info["IssuerSuspended"] == "true" && info["JwtVendingEnabled"] == "true")
      await server.done("ResumeOutboundIssuer")
      #expect(await server.token().status == 200)
      #expect(await server.samlToken().status == 200)
      #expect(await server.done("GetOutboundWebIdentityFederationInfo")["IssuerSuspended"] == nil)
    }
  }

  @Test func `an emptied key set is served as such, for a minute, and the SAML metadata is gone`()
    async throws
  {
    try await withConfigs { server in
      let keys = try await server.keySet()
      let path = try await server.issuerPath()
      #expect(await server.document(path + "/saml/metadata") != nil)
      #expect(await server.get(path + "/saml/sso").status == 501)
      let answer = await server.done("SuspendOutboundIssuer", ["EmptyKeySet": "true"])
      #expect(answer["KeySetEmptied"] == "true")
      await refusesEverything(server)
      let served = await server.get(path + "/.well-known/jwks.json")
      #expect(served.status == 200 && served.body == Array(#"{"keys":[]}"#.utf8))
      #expect(served.headers.contains { $0.hasName("cache-control") && $0.value == "public, max-age=60" })
      #expect(await server.get(path + "/.well-known/openid-configuration").status == 200)
      #expect(await server.get(path + "/saml/metadata").status == 404)
      #expect(await server.get(path + "/saml/sso").status == 404)
      // Suspending again does not bring the keys back; a rotation meanwhile does not either.
      #expect(await server.done("SuspendOutboundIssuer")["KeySetEmptied"] == "true")
      await server.done("RotateOutboundSigningKey")
      #expect(await server.get(path + "/.well-known/jwks.json").body == Array(#"{"keys":[]}"#.utf8))
      await server.done("ResumeOutboundIssuer")
      #expect(try await Set(server.keySet()).isSuperset(of: keys))
      #expect(await server.document(path + "/saml/metadata") != nil)
      let resumed = await server.get(path + "/.well-known/jwks.json")
      #expect(resumed.headers.contains { $0.hasName("cache-control") && $0.value == "public, max-age=300" })
    }
  }

  @Test func `a suspension can be made stricter, and both actions may be sent twice`() async throws {
    try await withConfigs { server in
      let first = await server.done("SuspendOutboundIssuer")
      server.clock.advance(seconds: 60)
      let second = await server.done("SuspendOutboundIssuer", ["EmptyKeySet": "true"])
      #expect(second["SuspendDate"] == first["SuspendDate"] && second["KeySetEmptied"] == "true")
      await server.done("ResumeOutboundIssuer")
      await server.done("ResumeOutboundIssuer")
      #expect(await server.token().status == 200)
      #expect(await server.call("SuspendOutboundIssuer", ["EmptyKeySet": "perhaps"]).code == "MalformedInput")
    }
  }

  @Test func `disabling and enabling do not end a suspension`() async throws {
    try await withConfigs { server in
      await server.done("SuspendOutboundIssuer")
      await server.done("DisableOutboundWebIdentityFederation")
      await server.done("EnableOutboundWebIdentityFederation")
      await refusesEverything(server)
    }
  }

  @Test func `a token that was decided before the suspension goes on no record after it`() async throws {
    try await withConfigs { server in
      server.sink.interfereOnce { await server.done("SuspendOutboundIssuer") }
      await server.refused(
        "GetWebIdentityToken",
        ["Audience.member.1": "a", "SigningAlgorithm": "ES384"],
        403,
        code,
        message
      )
      await server.done("ResumeOutboundIssuer")
      server.sink.interfereOnce { await server.done("SuspendOutboundIssuer") }
      await server.refused("GetOutboundFederationToken", ["FederationConfigName": "sp"], 403, code, message)
      let records = try await server.records()
      #expect(!records.contains { $0.contains("webIdentityTokenId") })
    }
  }

  @Test func `one account's suspension is nobody else's`() async throws {
    try await TestServer.run { server in
      let other = Keys(id: "AKIAOTHEROTHEROTHER0", secret: "other-secret")
      try await server.addAccount(try #require(AccountID("999999999999")), other, enablesFederation: true)
      await server.done("SuspendOutboundIssuer", ["EmptyKeySet": "true"])
      #expect(await server.token(as: other).status == 200)
    }
  }
}
