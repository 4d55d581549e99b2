// SPDX-License-Identifier: Apache-2.0
//
// Federation configs from their making to their end: what they hold, what breaks a rule, and that nobody else's are seen.

import Federation
import IdentityModel
import Testing

private let create = "CreateOutboundFederationConfig"
private let update = "UpdateOutboundFederationConfig"

@Suite struct FederationConfigTests {
  @Test func `a config is made, read, changed and deleted`() async throws {
    try await TestServer.run { server in
      let created = await server.makeConfig(
        "my-federation",
        ["Description": "the API", "Tags.member.1.Key": "team", "Tags.member.1.Value": "blue"]
      )
      #expect(created.status == 200, "\(created.text)")
      #expect(created["Arn"] == "arn:aws:iam::123456789012:outbound-federation-config/my-federation")
      #expect(created["TargetService"] == "https://api.example.com" && created["TokenType"] == "OIDC")
      #expect(created["Audience"] == "example-service" && created["Description"] == "the API")
      #expect(created["Duration"] == "3600" && created["SigningAlgorithm"] == "RS256")
      #expect(created["CreateDate"] == "2027-01-15T08:00:00Z" && created.tags == ["team=blue"])
      #expect(created["LastUpdatedDate"] == created["CreateDate"])
      let read = await server.done("GetOutboundFederationConfig", ["Name": "my-federation"])
      #expect(read["OutboundFederationConfig"] == created["OutboundFederationConfig"])

      server.clock.advance(seconds: 60)
      let changed = await server.done(update, ["Name": "my-federation", "Audience": "b", "Description": ""])
      #expect(changed["Audience"] == "b" && changed["Description"] == nil)
      #expect(changed["TargetService"] == "https://api.example.com" && changed["Duration"] == "3600")
      #expect(changed["CreateDate"] == "2027-01-15T08:00:00Z" && changed.tags == ["team=blue"])
      #expect(changed["LastUpdatedDate"] == "2027-01-15T08:01:00Z")
      await server.done(
        update,
        [
          "Name": "my-federation", "Duration": "43200", "SigningAlgorithm": "ES384",
          "TargetService": "https://other.example.com/x",
        ]
      )
      let final = await server.done("GetOutboundFederationConfig", ["Name": "my-federation"])
      #expect(final["Duration"] == "43200" && final["SigningAlgorithm"] == "ES384")
      #expect(final["TargetService"] == "https://other.example.com/x" && final["Audience"] == "b")

      await server.done("DeleteOutboundFederationConfig", ["Name": "my-federation"])
      for action in ["GetOutboundFederationConfig", "DeleteOutboundFederationConfig", update] {
        await server.refused(
          action,
          ["Name": "my-federation"],
          404,
          "NoSuchEntity",
          "Outbound federation config my-federation cannot be found."
        )
      }
      #expect(await server.makeConfig("my-federation").status == 200)
    }
  }

  @Test func `a name is unique whatever its case, and found by its spelling alone`() async throws {
    try await TestServer.run { server in
      #expect(await server.makeConfig("Api").status == 200)
      let taken = await server.makeConfig("api")
      #expect(taken.status == 409 && taken.code == "EntityAlreadyExists")
      #expect(taken.message == "Outbound federation config api already exists.")
      for action in ["GetOutboundFederationConfig", "DeleteOutboundFederationConfig", update] {
        #expect(await server.call(action, ["Name": "api"]).code == "NoSuchEntity")
      }
      #expect(await server.configToken(of: "api").code == "NoSuchEntity")
      #expect(await server.configToken(of: "Api").status == 200)
      // The looker-alike of a K is no letter of a name.
      #expect(await server.makeConfig("\u{212A}").code == "ValidationError")
    }
  }

  private static func long(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

  /// A parameter, a value that it may not have, and the name by which the refusal calls it.
  static let violations: [(String, String, String)] = [
    ("Name", "a/b", "name"), ("Name", "", "name"), ("Name", long("n", 129), "name"),
    ("TokenType", "oidc", "tokenType"), ("TokenType", "JWT", "tokenType"),
    ("Audience", "", "audience"), ("Audience", long("a", 1001), "audience"),
    ("Audience", "a\u{1}", "audience"), ("Duration", "59", "duration"), ("Duration", "43201", "duration"),
    ("SigningAlgorithm", "HS256", "signingAlgorithm"), ("SigningAlgorithm", "rs256", "signingAlgorithm"),
    ("SigningAlgorithm", "RSA-SHA256", "SigningAlgorithm"), ("SigningAlgorithm", "", "signingAlgorithm"),
    ("Description", long("d", 1001), "description"),
    ("Description", "\u{0}", "description"), ("TargetService", "", "targetService"),
    ("TargetService", "/relative", "targetService"),
    ("TargetService", long("p", 2049), "targetService"),
  ]

  @Test(arguments: violations)
  func `a value that breaks its rule is refused by its name, and nothing is stored`(
    _ parameter: String,
    _ value: String,
    _ named: String
  ) async throws {
    try await TestServer.run { server in
      let refused = await server.makeConfig("api", [parameter: value])
      #expect(refused.status == 400 && refused.code == "ValidationError", "\(refused.text)")
      #expect(refused.message?.contains(named) == true, "\(refused.text)")
      #expect(await server.call("ListOutboundFederationConfigs")["Name"] == nil)
      guard parameter != "TokenType", parameter != "Name" else { return }
      let made = await server.makeConfig()
      let kept = await server.call(update, ["Name": "api", parameter: value])
      #expect(kept.status == 400 && kept.code == "ValidationError", "\(kept.text)")
      #expect(kept.message?.contains(named) == true, "\(kept.text)")
      let read = await server.call("GetOutboundFederationConfig", ["Name": "api"])
      #expect(read["OutboundFederationConfig"] == made["OutboundFederationConfig"])
    }
  }

  @Test func `an algorithm of the other kind of token is refused with those that there are`() async throws {
    try await TestServer.run { server in
      let message =
        "SigningAlgorithm ECDSA-SHA384 is not supported for TokenType OIDC. Use one of RS256, ES384."
      let refused = await server.makeConfig("api", ["SigningAlgorithm": "ECDSA-SHA384"])
      #expect(refused.message == message)
      #expect(await server.makeConfig().status == 200)
      await server.refused(
        update,
        ["Name": "api", "SigningAlgorithm": "ECDSA-SHA384"],
        400,
        "ValidationError",
        message
      )
    }
  }

  @Test func `an OIDC config needs a service and an audience`() async throws {
    try await TestServer.run { server in
      func null(_ name: String) -> String {
        "Value null at '\(name)' failed to satisfy constraint: Member must not be null"
      }
      for (given, message) in [
        (
          [("TargetService", "https://a.example")],
          "1 validation error detected: \(null("audience"))"
        ),
        ([("Audience", "a")], "1 validation error detected: \(null("targetService"))"),
        ([], "2 validation errors detected: \(null("audience")); \(null("targetService"))"),
      ] {
        let answer = await server.call(create, form: [("Name", "api"), ("TokenType", "OIDC")] + given)
        #expect(answer.code == "ValidationError" && answer.message == message, "\(answer.text)")
      }
      let nothing = await server.call(create)
      #expect(nothing.message == "2 validation errors detected: \(null("name")); \(null("tokenType"))")
      #expect(await server.call(update).message == "1 validation error detected: \(null("name"))")
    }
  }

  @Test func `configs come page by page in the order of their names, without tags`() async throws {
    try await TestServer.run { server in
      for name in ["b", "C", "a"] {
        let tag: KeyValuePairs = ["Tags.member.1.Key": "k", "Tags.member.1.Value": "v"]
        #expect(await server.makeConfig(name, tag).status == 200)
      }
      var names: [String] = []
      var marker: String?
      repeat {
        var form = [("MaxItems", "1"), ("TokenType", "OIDC")]
        if let marker { form.append(("Marker", marker)) }
        let page = await server.call("ListOutboundFederationConfigs", form: form)
        #expect(page["Tags"] == nil && page["Audience"] == "example-service")
        names.append(try #require(page["Name"]))
        marker = page["Marker"]
        #expect(page["IsTruncated"] == (marker == nil ? "false" : "true"))
      } while marker != nil
      #expect(names == ["a", "b", "C"])
      let none = await server.done("ListOutboundFederationConfigs", ["TokenType": "SAML"])
      #expect(none["Name"] == nil && none["IsTruncated"] == "false")
      #expect(
        await server.call("ListOutboundFederationConfigs", ["TokenType": "saml"]).code == "ValidationError"
      )
      #expect(await server.call("ListOutboundFederationConfigs", ["Marker": "!"]).code == "ValidationError")
    }
  }

  @Test func `an account sees its own configs alone`() async throws {
    try await TestServer.run { server in
      let other = Keys(id: "AKIAOTHEROTHEROTHER0", secret: "other-secret")
      try await server.addAccount(try #require(AccountID("210987654321")), other, enablesFederation: true)
      #expect(await server.makeConfig().status == 200)
      #expect(
        await server.call("GetOutboundFederationConfig", ["Name": "api"], as: other).code == "NoSuchEntity"
      )
      #expect(await server.configToken(as: other).code == "NoSuchEntity")
      #expect(await server.call("ListOutboundFederationConfigs", as: other)["Name"] == nil)
      #expect(await server.makeConfig(as: other)["Arn"]?.contains("210987654321") == true)
    }
  }

  @Test func `an account has a thousand configs and no more, also when two come at once`() async throws {
    try await TestServer.run { server in
      let records = (0..<999).map { number in
        (
          id: "123456789012/c\(number)",
          json: """
          {"account":"123456789012","name":"c\(number)","targetService":"https://a.example","tokenType":"OIDC",\
          "audience":"a","duration":3600,"signingAlgorithm":"RS256","tags":[],"createDate":0,"lastUpdatedDate":0}
          """
        )
      }
      try await server.seed(FederationConfigRecord.kind, records)
      #expect(await server.configToken(of: "c7").status == 200)
      server.sink.interfereOnce { #expect(await server.makeConfig("last").status == 200) }
      let answer = await server.makeConfig("more")
      #expect(answer.status == 409 && answer.code == "LimitExceeded")
      #expect(answer.message == "Cannot exceed quota for OutboundFederationConfigsPerAccount: 1000")
      let page = await server.call("ListOutboundFederationConfigs", ["MaxItems": "1000"])
      #expect(page.all("Arn").count == 1000 && page["IsTruncated"] == "false")
    }
  }

  @Test func `whoever meets another change works on what is there then`() async throws {
    try await TestServer.run { server in
      server.sink.interfereOnce {
        #expect(await server.makeConfig("api", ["Audience": "first"]).status == 200)
      }
      #expect(await server.makeConfig("API").code == "EntityAlreadyExists")
      server.sink.interfereOnce { await server.done(update, ["Name": "api", "Duration": "900"]) }
      let both = await server.done(update, ["Name": "api", "Description": "mine"])
      #expect(both["Duration"] == "900" && both["Description"] == "mine" && both["Audience"] == "first")
      server.sink.interfereOnce { await server.done("DeleteOutboundFederationConfig", ["Name": "api"]) }
      #expect(await server.call(update, ["Name": "api", "Duration": "60"]).code == "NoSuchEntity")
    }
  }

  @Test func `each change is on record, found by the config's name`() async throws {
    try await TestServer.run { server in
      let tag: KeyValuePairs = ["Tags.member.1.Key": "k", "Tags.member.1.Value": "v"]
      #expect(await server.makeConfig("api", tag).status == 200)
      let created = try #require(try await server.records().last)
      #expect(
        created.contains(
          #""requestParameters":{"name":"api","tokenType":"OIDC","targetService":"https://api.example.com","#
            + #""audience":"example-service","tags":[{"key":"k","value":"v"}]}"#
        )
      )
      #expect(created.contains(#""responseElements":{"outboundFederationConfig":{"name":"api","arn":"#))
      await server.done(update, ["Name": "api", "Duration": "60", "Description": ""])
      let updated = try #require(try await server.records().last)
      #expect(updated.contains(#""requestParameters":{"name":"api","duration":60,"description":""}"#))
      #expect(updated.contains(#""readOnly":false"#))
      #expect(await server.configToken().status == 200)
      let query = """
        {"LookupAttributes":[{"AttributeKey":"ResourceName","AttributeValue":"api"}]}
        """
      let found = await server.call(.cloudtrail, "LookupEvents", json: query)
      for action in [create, update, "GetOutboundFederationToken"] {
        #expect(found.text.contains(#""EventName":"\#(action)""#), "\(action)")
      }
      #expect(found.text.contains(#""ResourceType":"AWS::IAM::OutboundFederationConfig""#))
    }
  }
}
