// SPDX-License-Identifier: Apache-2.0
//
// Tokens of SAML configs through the whole house: what an assertion says, who signed it, who gets one and who does not,
// and that it is on record before it leaves.

import Federation
import Foundation
import IdentityModel
import SigV4
import StrictJSON
import Testing
import TokenFormats

@Suite struct SAMLTokenTests {
  /// The octets of the response in an answer.
  private func octets(of answer: Answer) throws -> [UInt8] {
    let token = try #require(answer["Token"])
    return try #require(XMLBase64.decode(token))
  }

  @Test(arguments: XMLSignatureAlgorithm.allCases)
  func `a response brings an assertion about the caller, signed by the key in the metadata`(
    algorithm: XMLSignatureAlgorithm
  ) async throws {
    try await TestServer.run { server in
      let made = await server.makeSAMLConfig("sp", ["SigningAlgorithm": algorithm.rawValue])
      #expect(made.status == 200, "\(made.text)")
      let answer = await server.samlToken(of: "sp")
      #expect(answer["TokenType"] == "SAML" && answer["SamlForm"] == "Response")
      #expect(answer["TargetService"] == "https://sp.example.com/acs")
      #expect(answer["Audience"] == "https://sp.example.com/metadata")
      #expect(answer["Expiration"] == "2027-01-15T09:00:00.000Z")
      let received = try ReceivedAssertion(answer["Token"])
      let entityID = try await "https://sts.example.test" + server.issuerPath() + "/saml/metadata"
      #expect(received.first("Issuer")?.text == entityID)
      #expect(received.root.elements("Issuer", in: .saml).first?.text == entityID)
      #expect(received.root.attribute("Destination") == "https://sp.example.com/acs")
      #expect(received.root.attribute("InResponseTo") == nil)
      #expect(received.first("NameID")?.text == "arn:aws:iam::123456789012:root")
      #expect(
        received.first("NameID")?.attribute("Format")
          == "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
      )
      #expect(
        received.first("SubjectConfirmation")?.attribute("Method") == "urn:oasis:names:tc:SAML:2.0:cm:bearer"
      )
      let data = try #require(received.first("SubjectConfirmationData"))
      #expect(data.attribute("Recipient") == "https://sp.example.com/acs")
      #expect(data.attribute("NotOnOrAfter") == "2027-01-15T09:00:00Z")
      #expect(data.attribute("NotBefore") == nil)
      let conditions = try #require(received.first("Conditions"))
      #expect(conditions.attribute("NotBefore") == "2027-01-15T07:59:00Z")
      #expect(conditions.attribute("NotOnOrAfter") == "2027-01-15T09:00:00Z")
      #expect(received.all("Audience").map(\.text) == ["https://sp.example.com/metadata"])
      #expect(received.first("OneTimeUse") == nil)
      #expect(received.first("AuthnStatement")?.attribute("SessionNotOnOrAfter") == nil)
      let published = try await server.publishedCertificates()
      #expect(published.count == 1 && received.signer?.der == published[0])
      #expect(!received.responseIsSigned)
    }
  }

  @Test func `the default attributes are those of a web identity token, by its names`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice", policy: allowsAll)
      await server.done(
        "TagUser",
        [
          "UserName": "alice", "Tags.member.1.Key": "team", "Tags.member.1.Value": "rot = blau / grün",
          "Tags.member.2.Key": "a b/c", "Tags.member.2.Value": "",
        ]
      )
      await server.done(
        "CreateRole",
        [
          "RoleName": "ci", "MaxSessionDuration": "7200",
          "AssumeRolePolicyDocument": trustOf("arn:aws:iam::123456789012:user/alice"),
        ]
      )
      await server.done(
        "PutRolePolicy",
        ["RoleName": "ci", "PolicyName": "p", "PolicyDocument": allowsAll]
      )
      #expect(await server.makeSAMLConfig().status == 200)
      let user = try await server.assertion(as: alice)
      #expect(
        user.attributes == [
          "aws_account": ["123456789012"], "source_region": ["us-east-1"],
          "principal_id": ["arn:aws:iam::123456789012:user/alice"],
          "principal_tags/team": ["rot = blau / grün"], "principal_tags/a b/c": [""],
        ]
      )
      let formats = user.all("Attribute").map { $0.attribute("NameFormat")?.split(separator: ":").last }
      #expect(formats == ["basic", "basic", "basic", "unspecified", "unspecified"])
      let answer = await server.call(
        "AssumeRole",
        [
          "RoleArn": "arn:aws:iam::123456789012:role/ci", "RoleSessionName": "build-7",
          "SourceIdentity": "alice", "DurationSeconds": "7200", "Tags.member.1.Key": "job",
          "Tags.member.1.Value": "7",
        ],
        as: alice
      )
      let session = try await server.assertion(as: try #require(answer.credentials))
      #expect(
        session.attributes == [
          "aws_account": ["123456789012"], "source_region": ["us-east-1"],
          "principal_id": ["arn:aws:iam::123456789012:role/ci"], "role_session_name": ["build-7"],
          "source_identity": ["alice"], "original_session_exp": ["2027-01-15T10:00:00Z"],
          "principal_tags/job": ["7"],
        ]
      )
      #expect(session.first("NameID")?.text == "arn:aws:iam::123456789012:role/ci")
      #expect(
        session.first("AuthnStatement")?.attribute("SessionNotOnOrAfter") == "2027-01-15T10:00:00Z"
      )
      #expect(session.first("AuthnStatement")?.attribute("AuthnInstant") == "2027-01-15T08:00:00Z")
    }
  }

  @Test func `a config says the name, the attributes and the conditions in its own words`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice", policy: allowsAll)
      let tag: KeyValuePairs = [
        "UserName": "alice", "Tags.member.1.Key": "Team", "Tags.member.1.Value": "${aws:userid}",
      ]
      _ = await server.call("TagUser", tag)
      let made = await server.makeSAMLConfig(
        "sp",
        [
          "NameIdFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
          "NameIdValue": "${aws:username}@example.com", "OneTimeUse": "true", "Duration": "43200",
          "SamlAttributes.member.1.Name": "urn:oid:1.2", "SamlAttributes.member.1.NameFormat": "urn:f:uri",
          "SamlAttributes.member.1.FriendlyName": "both",
          "SamlAttributes.member.1.Values.member.1": "${aws:PrincipalTag/none}",
          "SamlAttributes.member.1.Values.member.2": "${aws:PrincipalTag/none, 'default'}",
          "SamlAttributes.member.1.Values.member.3": "${aws:PrincipalAccount}${$}{x}",
          "SamlAttributes.member.2.Name": "gone",
          "SamlAttributes.member.2.Values.member.1": "x${sts:RoleSessionName}",
        ]
      )
      #expect(made.status == 200, "\(made.text)")
      let received = try await server.assertion(as: alice)
      #expect(received.first("NameID")?.text == "alice@example.com")
      #expect(received.first("OneTimeUse") != nil)
      #expect(received.first("Conditions")?.attribute("NotOnOrAfter") == "2027-01-15T20:00:00Z")
      // A value that nothing is known of is left out, and an attribute without any with it.
      #expect(received.attributes == ["urn:oid:1.2": ["default", "123456789012${x}"]])
      let attribute = try #require(received.first("Attribute"))
      #expect(attribute.attribute("NameFormat") == "urn:f:uri")
      #expect(attribute.attribute("FriendlyName") == "both")
    }
  }

  @Test func `of metadata and of long certificates the record has the hash and the length`() async throws {
    try await TestServer.run { server in
      let metadata = """
        <EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sp.example.com/metadata">\
        <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">\
        <AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" \
        Location="https://sp.example.com/acs" index="0"/></SPSSODescriptor></EntityDescriptor>
        """
      let certificate = try LocalKeysOfTests.shared.get().rsa.pem
      let long = certificate + String(repeating: "\n", count: 4097 - certificate.utf8.count)
      for (name, value, isWhole) in [
        ("serviceProviderMetadata", metadata, false), ("encryptionCertificate", certificate, true),
        ("encryptionCertificate", long, false),
      ] {
        let parameter = name.prefix(1).uppercased() + name.dropFirst()
        _ = await server.makeSAMLConfig("sp\(value.utf8.count)", [parameter: value])
        let record = try #require(try await server.records().last)
        let hash = PayloadHash(of: Array(value.utf8)).hexadecimal
        let digest = #""\#(name)":{"sha256":"\#(hash)","length":\#(value.utf8.count)}"#
        let sent = try #require(record.components(separatedBy: #""responseElements""#).first)
        #expect(sent.contains(digest) == !isWhole, "\(record)")
        #expect(sent.contains(#""\#(name)":"-----BEGIN"#) == isWhole, "\(record)")
        #expect(!record.contains("EntityDescriptor"))
      }
    }
  }

  @Test func `a bare assertion comes in base64url for the bearer grant`() async throws {
    try await TestServer.run { server in
      #expect(await server.makeSAMLConfig("sp", ["SamlForm": "Assertion"]).status == 200)
      let answer = await server.samlToken(of: "sp")
      #expect(answer["SamlForm"] == "Assertion")
      let received = try ReceivedAssertion(answer["Token"], form: "Assertion")
      let published = try await server.publishedCertificates()
      #expect(received.signer?.der == published.first)
    }
  }

  @Test func `a signed response has two signatures of one key`() async throws {
    try await TestServer.run { server in
      #expect(await server.makeSAMLConfig("sp", ["SamlSignResponse": "true"]).status == 200)
      let received = try await server.assertion()
      #expect(received.responseIsSigned)
      #expect(received.root.elements.map(\.name.local) == ["Issuer", "Signature", "Status", "Assertion"])
    }
  }

  @Test func `an encrypted assertion is read by its service alone`() async throws {
    try await TestServer.run { server in
      let service = try LocalKeysOfTests.shared.get()
      let made = await server.makeSAMLConfig("sp", ["EncryptionCertificate": service.rsa.pem])
      #expect(made["AssertionEncryption"] == "AES256-GCM" && made["EncryptionCertificate"] == service.rsa.pem)
      let answer = await server.samlToken(of: "sp")
      let root = try XMLReader.read(try octets(of: answer))
      #expect(root.elements.map(\.name.local) == ["Issuer", "Status", "EncryptedAssertion"])
      // No second token has the same content key or nonce.
      func cipher(_ answer: Answer) throws -> [String] {
        String(decoding: try octets(of: answer), as: UTF8.self).components(separatedBy: "CipherValue>")
      }
      let again = try cipher(await server.samlToken(of: "sp"))
      let first = try cipher(answer)
      #expect(first.count == 5 && again.count == 5)
      #expect(first[1] != again[1] && first[3].prefix(16) != again[3].prefix(16))
      let plain = await server.done(
        "UpdateOutboundFederationConfig",
        ["Name": "sp", "AssertionEncryption": "None"]
      )
      #expect(plain["AssertionEncryption"] == "None" && plain["EncryptionCertificate"] == nil)
      _ = try await server.assertion()
    }
  }

  @Test func `an assertion does not outlive the session, and its issuer must be enabled`() async throws {
    try await TestServer.run { server in
      #expect(await server.makeSAMLConfig("sp", ["Duration": "7200"]).status == 200)
      let alice = try await server.user("alice", policy: allowsAll)
      await server.done(
        "CreateRole",
        ["RoleName": "ci", "AssumeRolePolicyDocument": trustOf("arn:aws:iam::123456789012:user/alice")]
      )
      await server.done("PutRolePolicy", ["RoleName": "ci", "PolicyName": "p", "PolicyDocument": allowsAll])
      let session = try await server.assume("arn:aws:iam::123456789012:role/ci", as: alice)
      let late = await server.samlToken(of: "sp", seconds: 3601, as: session)
      #expect(late.status == 403 && late.code == "SessionDurationEscalationException")
      let short = await server.samlToken(of: "sp", seconds: 3600, as: session)
      #expect(short.status == 200, "\(short.text)")
      await server.done("DisableOutboundWebIdentityFederation")
      let disabled = await server.samlToken(of: "sp")
      #expect(disabled.status == 403 && disabled.code == "OutboundWebIdentityFederationDisabledException")
      // What was issued stays verifiable.
      #expect(try await server.publishedCertificates().count == 1)
    }
  }

  @Test func `the record has the assertion's ID and none of its text`() async throws {
    try await TestServer.run { server in
      #expect(await server.makeSAMLConfig().status == 200)
      let received = try await server.assertion()
      let id = try #require(received.assertion.attribute("ID"))
      #expect(id.utf8.count >= 33)
      let record = try #require(try await server.records().last)
      #expect(record.contains(#""webIdentityTokenId":"\#(id)""#))
      #expect(record.contains(#""tokenType":"SAML""#) && record.contains("2027-01-15"))
      #expect(!record.contains("saml:"))
    }
  }

  @Test func `without a durable record there is no assertion`() async throws {
    try await TestServer.run { server in
      #expect(await server.makeSAMLConfig().status == 200)
      server.sink.setBroken(true)
      let answer = await server.samlToken(of: "sp")
      #expect(answer.status == 500 || answer.status == 503)
      #expect(!answer.text.contains("Token>"))
      server.sink.setBroken(false)
      let recorded = try await server.recordedAssertions()
      #expect(recorded == 0)
    }
  }

  @Test func `an account without an issuer has no SAML configs`() async throws {
    try await TestServer.run(enablesFederation: false) { server in
      let answer = await server.makeSAMLConfig()
      #expect(answer.status == 403 && answer.code == "OutboundWebIdentityFederationDisabledException")
    }
  }

  @Test func `what only SAML has is refused for OIDC, when it is made, changed and used`() async throws {
    try await TestServer.run { server in
      let refusal = "nameIdValue is only for federation configs of TokenType SAML"
      let oidc = [
        ("Name", "api"), ("TokenType", "OIDC"), ("TargetService", "https://api.example.com"),
        ("Audience", "a"),
      ]
      let made = await server.call("CreateOutboundFederationConfig", form: oidc + [("NameIdValue", "x")])
      #expect(made.code == "ValidationError" && made.message == refusal)
      #expect(await server.call("CreateOutboundFederationConfig", form: oidc).status == 200)
      let changed = await server.call("UpdateOutboundFederationConfig", ["Name": "api", "NameIdValue": "x"])
      #expect(changed.code == "ValidationError" && changed.message == refusal)
      let proof = await server.call(
        "GetOutboundFederationToken",
        [
          "FederationConfigName": "api", "HolderOfKeyCertificate": try TestCertificates.p384().pem,
          "HolderOfKeySignature": "AAAA",
        ]
      )
      #expect(proof.message == "HolderOfKeyCertificate is only for federation configs of TokenType SAML")
    }
  }
}
