// SPDX-License-Identifier: Apache-2.0
//
// SAML assertions at the token endpoint through the whole house: which are taken, what policy sees of them, what the token
// and the record say. The checks of an assertion one by one are those of PresentedAssertionTests.

import Federation
import IdentityModel
import StrictJSON
import Testing
import TokenFormats

@Suite struct SAMLExchangeTests {
  @Test func `an assertion becomes a token of the role`() async throws {
    try await OwnSAMLProvider.run { server, issuer in
      _ = try await server.storeRole("app", trust: OwnSAMLProvider.trust())
      let token = try await OwnSAMLProvider.assertion(server, issuer)
      let answer = try await OwnSAMLProvider.trade(server, token)
      #expect(answer.status == 200, "\(answer.body)")
      #expect(answer.claims?["sub"]?.string == OwnSAMLProvider.role && answer.claims?["act"] == nil)
      let aws = answer.claims?["https://sts.amazonaws.com/"]?.object
      #expect(aws?["federated_provider"]?.string == OwnSAMLProvider.arn)
      let record = try #require(try await server.records().last)
      let qualifier = SAMLNameQualifier.of(
        issuer: issuer + "/saml/metadata",
        account: "123456789012",
        provider: "Own"
      )
      #expect(
        record.contains(
          #""userIdentity":{"type":"SAMLUser","principalId":"\#(qualifier):ada","userName":"ada","#
            + #""identityProvider":"\#(OwnSAMLProvider.arn)"}"#
        ),
        "\(record)"
      )
      #expect(record.contains("assumed-role/app/ada") && !record.contains(String(token.prefix(100))))
      // Padded, and with the line end of a file.
      let padded = token + String(repeating: "=", count: (4 - token.utf8.count % 4) % 4) + "\n"
      #expect(try await OwnSAMLProvider.trade(server, padded).status == 200)
    }
  }

  @Test(arguments: [
    (#""StringEquals":{"saml:sub":"ada"}"#, true), (#""StringEquals":{"saml:sub":"bob"}"#, false),
    (#""StringLike":{"saml:aud":"https://sts.example.test/*/token"}"#, true),
    (#""StringEquals":{"saml:aud":"https://signin.aws.amazon.com/saml"}"#, false),
    (#""StringLike":{"saml:iss":"https://sts.example.test/*/saml/metadata"}"#, true),
    (#""StringEquals":{"saml:doc":"123456789012/Own"}"#, true),
    (#""StringEquals":{"saml:sub_type":"persistent"}"#, false),
    (#""Null":{"saml:namequalifier":"false"}"#, true),
    (#""StringEquals":{"sts:RoleSessionName":"ada"}"#, true),
    (#""StringEquals":{"aws:FederatedProvider":"arn:aws:iam::123456789012:saml-provider/Own"}"#, true),
    (#""Null":{"sts:DelegationActor":"false"}"#, false),
  ])
  func `the trust policy decides by what the assertion says`(condition: String, isAllowed: Bool) async throws
  {
    try await OwnSAMLProvider.run { server, issuer in
      _ = try await server.storeRole("app", trust: OwnSAMLProvider.trust(condition))
      let format = ("NameIdFormat", "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified")
      let answer = try await OwnSAMLProvider.trade(
        server,
        try await OwnSAMLProvider.assertion(server, issuer, [format])
      )
      if isAllowed {
        #expect(answer.status == 200, "\(answer.body)")
      } else {
        expectRefusal(answer, "invalid_request", "Not authorized to perform sts:AssumeRoleWithSAML")
      }
    }
  }

  @Test func `the role of another kind of provider, or none, refuses in the same words`() async throws {
    try await OwnSAMLProvider.run { server, issuer in
      _ = try await server.storeRole(
        "app",
        trust: OwnSAMLProvider.trust(actions: #""sts:AssumeRoleWithWebIdentity""#)
      )
      let token = try await OwnSAMLProvider.assertion(server, issuer)
      let refused = try await OwnSAMLProvider.trade(server, token)
      expectRefusal(refused, "invalid_request", "Not authorized to perform sts:AssumeRoleWithSAML")
      let nobody = "arn:aws:iam::123456789012:role/nobody"
      let other = try await OwnSAMLProvider.assertion(
        server,
        issuer,
        name: "other",
        attributes: [("Role", "\(nobody),\(OwnSAMLProvider.arn)")]
      )
      #expect(try await server.trade(nobody, other, type: tokenType("saml2")).body == refused.body)
    }
  }

  @Test func `what the assertion asks of the session is asked of the policy`() async throws {
    try await OwnSAMLProvider.run { server, issuer in
      let asked = [
        ("Role", "\(OwnSAMLProvider.arn), \(OwnSAMLProvider.role)"), ("RoleSessionName", "ada@example"),
        ("PrincipalTag:Team", "blue"), ("SourceIdentity", "ada"),
      ]
      let token = try await OwnSAMLProvider.assertion(server, issuer, attributes: asked)
      _ = try await server.storeRole("app", trust: OwnSAMLProvider.trust())
      expectRefusal(try await OwnSAMLProvider.trade(server, token), "invalid_request", "sts:TagSession")
      await server.done(
        "UpdateAssumeRolePolicy",
        [
          "RoleName": "app",
          "PolicyDocument": OwnSAMLProvider.trust(
            #""StringEquals":{"aws:RequestTag/Team":"blue","sts:SourceIdentity":"ada"}"#,
            actions: #""sts:AssumeRoleWithSAML","sts:TagSession","sts:SetSourceIdentity""#
          ),
        ]
      )
      let answer = try await OwnSAMLProvider.trade(server, token)
      let aws = answer.claims?["https://sts.amazonaws.com/"]?.object
      #expect(aws?["principal_tags"]?.object?["Team"]?.string == "blue", "\(answer.body)")
      #expect(aws?["source_identity"]?.string == "ada")
      #expect(try await server.records().last?.contains("assumed-role/app/ada@example") == true)
      // The provider has named the session.
      #expect(
        try await OwnSAMLProvider.trade(server, token, [("role_session_name", "ada@example")]).status == 200
      )
      expectRefusal(
        try await OwnSAMLProvider.trade(server, token, [("role_session_name", "root")]),
        "invalid_request",
        "another name"
      )
    }
  }

  @Test func `an assertion for another endpoint, audience, role or provider is refused`() async throws {
    try await OwnSAMLProvider.run { server, issuer in
      _ = try await server.storeRole("app", trust: OwnSAMLProvider.trust())
      var number = 0
      func refusal(
        _ words: String,
        attributes: [(String, String)] = [("Role", "\(OwnSAMLProvider.role),\(OwnSAMLProvider.arn)")],
        _ settings: [(String, String)] = []
      ) async throws {
        number += 1
        let name = "bad-\(number)"
        let token = try await OwnSAMLProvider.assertion(
          server,
          issuer,
          name: name,
          attributes: attributes,
          settings
        )
        expectRefusal(try await OwnSAMLProvider.trade(server, token), "invalid_request", words)
        let record = try #require(try await server.records().last)
        #expect(record.contains(#""errorCode":"InvalidIdentityToken""#), "\(record)")
      }
      try await refusal("Recipient", [("TargetService", issuer)])
      try await refusal("Recipient", [("TargetService", issuer + "/token?role_arn=x")])
      try await refusal("Incorrect audience", [("Audience", "https://sp.example.com")])
      try await refusal("not for the role", attributes: [("RoleSessionName", "ada")])
      try await refusal(
        "not for the role",
        attributes: [("Role", "\(OwnSAMLProvider.role)x,\(OwnSAMLProvider.arn)")]
      )
      try await refusal("Malformed attribute", attributes: [("Role", OwnSAMLProvider.role)])
      try await refusal(
        "No SAML provider",
        attributes: [("Role", "\(OwnSAMLProvider.role),\(OwnSAMLProvider.arn)2")]
      )
      try await refusal(
        "No SAML provider",
        attributes: [("Role", "\(OwnSAMLProvider.role),arn:aws:iam::123456789012:saml-provider/own")]
      )
      try await refusal(
        "No SAML provider",
        attributes: [("Role", "\(OwnSAMLProvider.role),arn:aws:iam::210987654321:saml-provider/Own")]
      )
      try await refusal(
        "No SAML provider",
        attributes: [("Role", "\(OwnSAMLProvider.role),\(TestServer.clusterARN)")]
      )
      let role = ("Role", "\(OwnSAMLProvider.role),\(OwnSAMLProvider.arn)")
      try await refusal("Malformed attribute", attributes: [role, ("RoleSessionName", "a b")])
      // The endpoint is an audience as well as its issuer.
      let token = try await OwnSAMLProvider.assertion(
        server,
        issuer,
        name: "endpoint",
        [("Audience", issuer + "/token")]
      )
      #expect(try await OwnSAMLProvider.trade(server, token).status == 200)
      let response = try await OwnSAMLProvider.assertion(
        server,
        issuer,
        name: "response",
        [("SamlForm", "Response")]
      )
      expectRefusal(
        try await OwnSAMLProvider.trade(server, response),
        "invalid_request",
        "not a SAML 2.0 assertion"
      )
      for text in ["no assertion", "PHg-", String(repeating: "a", count: 60_001)] {
        expectRefusal(try await OwnSAMLProvider.trade(server, text), "invalid_request")
      }
      let jwt = try await server.trade(OwnSAMLProvider.role, token)
      expectRefusal(jwt, "invalid_request", "not a valid JWT")
    }
  }

  @Test func `nobody vouches after the end of an assertion, of metadata or of a registration`() async throws {
    try await OwnSAMLProvider.run { server, issuer in
      _ = try await server.storeRole("app", trust: OwnSAMLProvider.trust())
      let token = try await OwnSAMLProvider.assertion(server, issuer)
      let end = server.clock.now.advanced(bySeconds: 7200)
      while server.clock.now < end { server.clock.advance(seconds: 600) }
      expectRefusal(try await OwnSAMLProvider.trade(server, token), "invalid_request", "Assertion expired")
      let fresh = await server.samlToken(of: "trade")
      let good = try #require(fresh["Token"])
      #expect(try await OwnSAMLProvider.trade(server, good).status == 200)
      await server.done("DeleteSAMLProvider", ["SAMLProviderArn": OwnSAMLProvider.arn])
      expectRefusal(try await OwnSAMLProvider.trade(server, good), "invalid_request", "No SAML provider")
      let useless =
        "<md:EntityDescriptor xmlns:md='urn:oasis:names:tc:SAML:2.0:metadata' entityID='x'>"
        + String(repeating: " ", count: 1000) + "</md:EntityDescriptor>"
      await server.done("CreateSAMLProvider", ["Name": "Own", "SAMLMetadataDocument": useless])
      expectRefusal(try await OwnSAMLProvider.trade(server, good), "invalid_request", "No SAML provider")
    }
  }

  @Test func `a token does not outlive the session that the assertion tells of`() async throws {
    try await OwnSAMLProvider.run { server, issuer in
      let key = try await server.registerProvider()
      let writer = try await server.storeRole(
        "writer",
        trust: providerTrust(),
        uniqueID: "AROAAAAAAAAAAAAAWRITE"
      )
      let more = [("DurationSeconds", "900")]
      let session = await server.assumeWithToken(writer, try await server.providerToken(key), more)
      let keys = try #require(session.credentials)
      let both = """
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"\(OwnSAMLProvider.arn)"},
        "Action":["sts:AssumeRoleWithSAML","sts:ActForSubject"]},
        {"Effect":"Allow","Principal":{"Federated":"\(TestServer.clusterARN)"},
        "Action":"sts:AssumeRoleWithWebIdentity"}]}
        """
      _ = try await server.storeRole("app", trust: both)
      let token = try await OwnSAMLProvider.assertion(server, issuer, [("Duration", "600")], as: keys)
      let longest = try await OwnSAMLProvider.trade(server, token)
      #expect(longest.status == 200 && longest.body["expires_in"]?.int64 == 900, "\(longest.body)")
      expectRefusal(
        try await OwnSAMLProvider.trade(server, token, [("duration_seconds", "901")]),
        "invalid_request",
        "session's expiry"
      )
      #expect(try await OwnSAMLProvider.trade(server, token, [("duration_seconds", "900")]).status == 200)
      server.clock.advance(seconds: 300)
      expectRefusal(
        try await OwnSAMLProvider.trade(server, token, [("duration_seconds", "601")]),
        "invalid_request"
      )
      #expect(try await OwnSAMLProvider.trade(server, token, [("duration_seconds", "600")]).status == 200)
      // So does the one of the actor.
      let jwt = try await server.providerToken(key)
      func acted(_ more: [(String, String)] = []) async throws -> Exchanged {
        let actor = [("actor_token", token), ("actor_token_type", tokenType("saml2"))]
        return try await server.trade(OwnSAMLProvider.role, jwt, actor + more)
      }
      #expect(try await acted().body["expires_in"]?.int64 == 600)
      expectRefusal(try await acted([("duration_seconds", "601")]), "invalid_request", "session's expiry")
      // Of what ends within a minute there is nothing to shorten to.
      server.clock.advance(seconds: 300)
      let last = await server.samlToken(of: "trade", as: keys)
      server.clock.advance(seconds: 250)
      expectRefusal(
        try await OwnSAMLProvider.trade(server, try #require(last["Token"])),
        "invalid_request",
        "session's expiry"
      )
    }
  }

  @Test func `an own assertion has the source identity of its session, whatever the config says`()
    async throws
  {
    try await OwnSAMLProvider.run { server, issuer in
      let key = try await server.registerProvider()
      let writer = try await server.storeRole(
        "writer",
        trust: providerTrust(actions: #""sts:AssumeRoleWithWebIdentity","sts:SetSourceIdentity""#),
        uniqueID: "AROAAAAAAAAAAAAAWRITE"
      )
      let alice = #","https://aws.amazon.com/source_identity":"alice""#
      let session = await server.assumeWithToken(writer, try await server.providerToken(key, alice))
      let keys = try #require(session.credentials)
      _ = try await server.storeRole(
        "app",
        trust: OwnSAMLProvider.trust(actions: #""sts:AssumeRoleWithSAML","sts:SetSourceIdentity""#)
      )
      func identity(_ answer: Exchanged) -> String? {
        answer.claims?["https://sts.amazonaws.com/"]?.object?["source_identity"]?.string
      }
      func literal(_ name: String) -> [(String, String)] {
        [("SamlAttributes.member.2.Name", name), ("SamlAttributes.member.2.Values.member.1", "victim")]
      }
      // Unsaid, or said to be another's: it goes along.
      for (name, settings) in [("silent", []), ("literal", literal("source_identity"))] {
        let token = try await OwnSAMLProvider.assertion(server, issuer, name: name, settings, as: keys)
        let answer = try await OwnSAMLProvider.trade(server, token)
        #expect(answer.status == 200 && identity(answer) == "alice", "\(answer.body)")
      }
      let asking = literal(OwnSAMLProvider.prefix + "SourceIdentity")
      expectRefusal(
        try await OwnSAMLProvider.trade(
          server,
          try await OwnSAMLProvider.assertion(server, issuer, name: "asking", asking, as: keys)
        ),
        "invalid_request",
        "cannot be changed"
      )
      // A session without one has none; elsewhere the name is the config's.
      let none = await server.samlToken(of: "literal")
      let answer = try await OwnSAMLProvider.trade(server, try #require(none["Token"]))
      #expect(answer.status == 200 && identity(answer) == nil, "\(answer.body)")
      let elsewhere: KeyValuePairs = [
        "SamlAttributes.member.1.Name": "source_identity", "SamlAttributes.member.1.Values.member.1": "said",
      ]
      #expect(await server.makeSAMLConfig("elsewhere", elsewhere).status == 200)
      let said = try await server.assertion(of: "elsewhere", as: keys)
      #expect(said.attributes["source_identity"] == ["said"])
    }
  }

  @Test func `whoever has no assertion of a provider does not learn which ones there are`() async throws {
    try await OwnSAMLProvider.run { server, issuer in
      _ = try await server.storeRole("app", trust: OwnSAMLProvider.trust())
      let useless =
        "<md:EntityDescriptor xmlns:md='urn:oasis:names:tc:SAML:2.0:metadata' entityID='x'>"
        + String(repeating: " ", count: 1000) + "</md:EntityDescriptor>"
      func said(_ provider: String, _ edit: (String, String)) async throws -> String {
        let arn = "arn:aws:iam::123456789012:saml-provider/\(provider)"
        let role = [("Role", "\(OwnSAMLProvider.role),\(arn)")]
        let name = "c\(try await server.records().count)"
        let token = try await OwnSAMLProvider.assertion(server, issuer, name: name, attributes: role)
        let text = String(decoding: try #require(Base64URL.decode(token)), as: UTF8.self)
        #expect(text.contains(edit.0))
        let changed = Base64URL.encode(Array(text.replacing(edit.0, with: edit.1).utf8))
        let answer = try await OwnSAMLProvider.trade(server, changed)
        expectRefusal(answer, "invalid_request", "No SAML provider")
        return (answer["error_description"] ?? "").replacing(provider, with: "P")
      }
      let unknown = try await said("Nobody", (">ada<", ">eve<"))
      #expect(try await said("Own", (">ada<", ">eve<")) == unknown)
      #expect(try await said("Own", ("<ds:SignatureValue>", "<ds:SignatureValue>AAAA")) == unknown)
      #expect(try await said("Own", ("<ds:X509Certificate>", "<ds:X509Certificate>AAAA")) == unknown)
      await server.done("DeleteSAMLProvider", ["SAMLProviderArn": OwnSAMLProvider.arn])
      await server.done("CreateSAMLProvider", ["Name": "Own", "SAMLMetadataDocument": useless])
      #expect(try await said("Own", (">ada<", ">eve<")) == unknown)
    }
  }

  @Test func `an actor can act for a subject of SAML, and come with an assertion`() async throws {
    try await OwnSAMLProvider.run { server, issuer in
      let key = try await server.registerProvider()
      let both = """
        {"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Principal":{"Federated":"\(OwnSAMLProvider.arn)"},
        "Action":["sts:AssumeRoleWithSAML","sts:ActForSubject"]},
        {"Effect":"Allow","Principal":{"Federated":"\(TestServer.clusterARN)"},
        "Action":["sts:AssumeRoleWithWebIdentity","sts:ActForSubject"]}]}
        """
      _ = try await server.storeRole("app", trust: both)
      let saml = try await OwnSAMLProvider.assertion(server, issuer)
      let jwt = try await server.providerToken(key)
      let forSAML = try await OwnSAMLProvider.trade(
        server,
        saml,
        [("actor_token", jwt), ("actor_token_type", tokenType("jwt"))]
      )
      #expect(forSAML.actors == [["https://oidc.test/cluster", "system:serviceaccount:ns:app"]])
      let bySAML = try await server.trade(
        OwnSAMLProvider.role,
        jwt,
        [("actor_token", saml), ("actor_token_type", tokenType("saml2"))]
      )
      #expect(bySAML.actors == [[issuer + "/saml/metadata", "ada"]], "\(bySAML.body)")
      #expect(try await server.records().last?.contains(#""type":"SAMLUser""#) == true)
    }
  }

  @Test func `discovery names the endpoint while the account has a SAML provider`() async throws {
    try await OwnSAMLProvider.run { server, _ in
      func endpoint() async throws -> String? {
        let discovery = try JSONReader.read(await server.status("/.well-known/openid-configuration").body)
        return discovery.object?["token_endpoint"]?.string
      }
      let announced = try await endpoint()
      #expect(announced?.hasSuffix("/token") == true)
      await server.done("DeleteSAMLProvider", ["SAMLProviderArn": OwnSAMLProvider.arn])
      let withdrawn = try await endpoint()
      #expect(withdrawn == nil)
    }
  }
}
