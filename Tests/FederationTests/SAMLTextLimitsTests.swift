// SPDX-License-Identifier: Apache-2.0
//
// What an assertion of the whole house refuses to say: no name at all, a name with what is not seen, and too much.

import Federation
import Testing
import TokenFormats

@Suite struct SAMLTextLimitsTests {
  @Test func `a caller without a value for the name is refused, and nothing is on record as issued`()
    async throws
  {
    try await TestServer.run { server in
      #expect(await server.makeSAMLConfig("sp", ["NameIdValue": "${aws:PrincipalTag/mail}"]).status == 200)
      await server.refused(
        "GetOutboundFederationToken",
        ["FederationConfigName": "sp"],
        400,
        "ValidationError",
        "The nameIdValue of the federation config has no value for this caller: a key that it names is not there, and has "
          + "no default."
      )
      let alice = try await server.user("alice", policy: allowsAll)
      let blank: KeyValuePairs = [
        "UserName": "alice", "Tags.member.1.Key": "mail", "Tags.member.1.Value": " ",
      ]
      await server.done("TagUser", blank)
      let answer = await server.samlToken(of: "sp", as: alice)
      #expect(answer.status == 400)
      #expect(answer.message == "The specified value for nameIdValue is invalid. It must not be blank")
      let recorded = try await server.recordedAssertions()
      #expect(recorded == 0)
    }
  }

  @Test func `a name with what is not seen, or white space around it, is no name`() async throws {
    try await TestServer.run { server in
      for suffix in [" ", "\u{A0}", "\u{3000}"] {
        for value in ["x" + suffix, suffix + "x"] {
          #expect(await server.makeSAMLConfig("odd", ["NameIdValue": value]).status == 200)
          let answer = await server.samlToken(of: "odd")
          #expect(answer.status == 400 && answer.code == "ValidationError", "\(answer.text)")
          await server.done("DeleteOutboundFederationConfig", ["Name": "odd"])
        }
      }
      for value in ["a\u{200B}b", "\u{202E}a", "a\u{AD}b", "a\tb", "a\u{FEFF}"] {
        #expect(await server.makeSAMLConfig("odd", ["NameIdValue": value]).status == 200)
        await server.refused(
          "GetOutboundFederationToken",
          ["FederationConfigName": "odd"],
          400,
          "ValidationError",
          "The specified value for nameIdValue is invalid. For this caller it begins or ends with white space, or has a "
            + "control or format character"
        )
        await server.done("DeleteOutboundFederationConfig", ["Name": "odd"])
      }
      #expect(await server.makeSAMLConfig("even", ["NameIdValue": "Zoë van der Grün"]).status == 200)
      let even = try await server.assertion(of: "even")
      #expect(even.first("NameID")?.text == "Zoë van der Grün")
      let recorded = try await server.recordedAssertions()
      #expect(recorded == 1)
    }
  }

  @Test func `an assertion says 48 KiB and no more`() async throws {
    try await TestServer.run { server in
      func make(_ name: String, _ repeated: Int, _ rest: String) async -> Answer {
        let format = "urn:f"
        var form = [
          ("Name", name), ("TokenType", "SAML"), ("TargetService", "https://sp.example.com/acs"),
          ("Audience", "https://sp.example.com/metadata"), ("NameIdFormat", format), ("NameIdValue", "n"),
          ("SamlAttributes.member.1.Name", "a"), ("SamlAttributes.member.1.NameFormat", format),
          ("SamlAttributes.member.2.Name", "b"), ("SamlAttributes.member.2.Values.member.1", rest),
        ]
        let template = String(repeating: "${aws:PrincipalTag/t}", count: 48)
        for number in 1...repeated {
          form.append(("SamlAttributes.member.1.Values.member.\(number)", template))
        }
        return await server.call("CreateOutboundFederationConfig", form: form)
      }
      let alice = try await server.user("alice", policy: allowsAll)
      let tag: KeyValuePairs = [
        "UserName": "alice", "Tags.member.1.Key": "t",
        "Tags.member.1.Value": String(repeating: "v", count: 200),
      ]
      await server.done("TagUser", tag)
      // Five times 9600 octets, and 13 of names and formats, leave room for 1139.
      let whole = "n".utf8.count + 2 * "urn:f".utf8.count + "ab".utf8.count
      let room = 49_152 - 5 * 9600 - whole
      for (name, octets) in [("full", room), ("over", room + 1)] {
        let text = String(repeating: "${$}", count: 100) + String(repeating: "ü", count: (octets - 100) / 2)
        #expect(await make(name, 5, text + ((octets - 100).isMultiple(of: 2) ? "" : "x")).status == 200)
      }
      #expect(await server.samlToken(of: "full", as: alice).status == 200)
      await server.refused(
        "GetOutboundFederationToken",
        ["FederationConfigName": "over"],
        as: alice,
        400,
        "SAMLAssertionSizeExceededException",
        "The NameID and the attributes of the assertion exceed the maximum allowed size of 49152 octets"
      )
      let recorded = try await server.recordedAssertions()
      #expect(recorded == 1)
    }
  }
}
