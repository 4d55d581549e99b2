// SPDX-License-Identifier: Apache-2.0
//
// Who may do what to which federation config: by ARN, by what the config holds, and by its tags.

import Federation
import IdentityModel
import Testing

private let arns = "arn:aws:iam::123456789012:outbound-federation-config/"
private let tokens = "iam:GetOutboundFederationToken"

/// A policy that allows `actions` on `resource` under `condition`.
private func allowing(_ actions: String, on resource: String = "*", _ condition: String = "{}") -> String {
  """
  {"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"\(actions)","Resource":"\(resource)",
  "Condition":\(condition)}}
  """
}

@Suite struct FederationConfigPolicyTests {
  @Test func `a grant of one config is a grant of that one`() async throws {
    try await TestServer.run { server in
      for name in ["mine", "mine-too", "other"] { #expect(await server.makeConfig(name).status == 200) }
      let keys = try await server.user("app", policy: allowing(tokens, on: arns + "mine"))
      #expect(await server.configToken(of: "mine", as: keys).status == 200)
      for name in ["mine-too", "other", "none"] {
        let refused = await server.configToken(of: name, as: keys)
        #expect(refused.status == 403 && refused.code == "AccessDenied")
        let sentence =
          "is not authorized to perform: \(tokens) on resource: \(arns)\(name) because no identity-based"
        #expect(refused.message?.contains(sentence) == true, "\(refused.text)")
      }
      for action in [
        "GetOutboundFederationConfig", "UpdateOutboundFederationConfig", "DeleteOutboundFederationConfig",
        "ListOutboundFederationConfigTags",
      ] {
        #expect(await server.call(action, ["Name": "mine"], as: keys).code == "AccessDenied", "\(action)")
      }
      #expect(await server.call("ListOutboundFederationConfigs", as: keys).code == "AccessDenied")
      #expect(await server.makeConfig("new", as: keys).code == "AccessDenied")
    }
  }

  @Test func `lists are asked about all configs`() async throws {
    try await TestServer.run { server in
      let keys = try await server.user("lister", policy: allowing("iam:ListOutbound*", on: arns + "*"))
      #expect(await server.call("ListOutboundFederationConfigs", as: keys).status == 200)
      try await server.put(allowing("iam:ListOutbound*", on: arns + "a*"), on: "lister")
      #expect(await server.call("ListOutboundFederationConfigs", as: keys).code == "AccessDenied")
    }
  }

  @Test func `a Deny of a service holds for tokens and for making configs`() async throws {
    try await TestServer.run { server in
      #expect(await server.makeConfig("api").status == 200)
      #expect(await server.makeConfig("secret", ["TargetService": "https://secret.example/x"]).status == 200)
      let keys = try await server.user(
        "app",
        policy: """
          {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"},
           {"Effect":"Deny","Action":"*","Resource":"*","Condition":{
            "StringLike":{"iam:FederationTargetService":"https://secret.example*"}}}]}
          """
      )
      #expect(await server.configToken(of: "api", as: keys).status == 200)
      let denied = await server.configToken(of: "secret", as: keys)
      #expect(denied.code == "AccessDenied")
      #expect(denied.message?.contains("with an explicit deny in an identity-based policy") == true)
      let target: KeyValuePairs = ["TargetService": "https://secret.example/y"]
      #expect(await server.makeConfig("new", target, as: keys).code == "AccessDenied")
      #expect(await server.makeConfig("new", as: keys).status == 200)
    }
  }

  @Test func `the duration that counts is the one that the token gets`() async throws {
    try await TestServer.run { server in
      #expect(await server.makeConfig("hour").status == 200)
      #expect(await server.makeConfig("brief", ["Duration": "900"]).status == 200)
      let condition = #"{"NumericLessThanEquals":{"sts:DurationSeconds":"900"}}"#
      let keys = try await server.user("app", policy: allowing(tokens, condition))
      #expect(await server.configToken(of: "hour", as: keys).code == "AccessDenied")
      #expect(await server.configToken(of: "hour", seconds: 901, as: keys).code == "AccessDenied")
      #expect(await server.configToken(of: "hour", seconds: 900, as: keys).status == 200)
      #expect(await server.configToken(of: "brief", as: keys).status == 200)
      try await server.put(allowing("iam:CreateOutboundFederationConfig", condition), on: "app")
      #expect(await server.makeConfig("new", as: keys).code == "AccessDenied")
      #expect(await server.makeConfig("new", ["Duration": "900"], as: keys).status == 200)
    }
  }

  @Test(arguments: [
    ("StringEquals", "iam:FederationTokenType", "OIDC", "SAML"),
    ("StringEquals", "iam:FederationTargetService", "https://api.example.com", "https://api.example.com/"),
    ("ForAllValues:StringEquals", "sts:IdentityTokenAudience", "example-service", "Example-Service"),
    ("ForAnyValue:StringEquals", "sts:IdentityTokenAudience", "example-service", "example"),
    ("StringEquals", "sts:SigningAlgorithm", "RS256", "ES384"),
    ("NumericEquals", "sts:DurationSeconds", "3600", "300"),
    ("StringEquals", "aws:ResourceTag/team", "blue", "red"),
    ("StringEquals", "iam:ResourceTag/team", "blue", "red"),
  ])
  func `a condition key has the value of the config that the token is of`(
    _ operation: String,
    _ key: String,
    _ value: String,
    _ other: String
  ) async throws {
    try await TestServer.run { server in
      let tag: KeyValuePairs = ["Tags.member.1.Key": "team", "Tags.member.1.Value": "blue"]
      #expect(await server.makeConfig("api", tag).status == 200)
      let keys = try await server.user(
        "app",
        policy: allowing(tokens, #"{"\#(operation)":{"\#(key)":"\#(value)"}}"#)
      )
      #expect(await server.configToken(as: keys).status == 200)
      try await server.put(allowing(tokens, #"{"\#(operation)":{"\#(key)":"\#(other)"}}"#), on: "app")
      #expect(await server.configToken(as: keys).code == "AccessDenied")
    }
  }

  @Test func `tags at creation are asked about, and need the right to tag`() async throws {
    try await TestServer.run { server in
      let condition = """
        {"StringEquals":{"aws:RequestTag/team":"blue"},"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}
        """
      let keys = try await server.user("maker", policy: allowing("iam:*OutboundFederationConfig", condition))
      func make(_ name: String, _ tags: [String]) async -> Answer {
        var form = [
          ("Name", name), ("TokenType", "OIDC"), ("TargetService", "https://a.example"), ("Audience", "a"),
        ]
        for (index, tag) in tags.enumerated() {
          let parts = tag.split(separator: "=").map(String.init)
          form += [("Tags.member.\(index + 1).Key", parts[0]), ("Tags.member.\(index + 1).Value", parts[1])]
        }
        return await server.call("CreateOutboundFederationConfig", form: form, as: keys)
      }
      #expect(await make("a", []).code == "AccessDenied")
      #expect(await make("a", ["team=red"]).code == "AccessDenied")
      #expect(await make("a", ["team=blue", "more=1"]).code == "AccessDenied")
      #expect(await make("a", ["team=blue"]).status == 200)
      try await server.put(allowing("iam:CreateOutboundFederationConfig"), on: "maker")
      let untagged = await make("b", ["team=blue"])
      #expect(untagged.message?.contains("iam:TagOutboundFederationConfig") == true)
      #expect(await make("b", []).status == 200)
    }
  }

  @Test func `an update is asked about the config as it is and as it would be`() async throws {
    try await TestServer.run { server in
      #expect(await server.makeConfig("mine", ["Audience": "mine"]).status == 200)
      #expect(await server.makeConfig("theirs", ["Audience": "theirs"]).status == 200)
      let condition = #"{"ForAnyValue:StringEquals":{"sts:IdentityTokenAudience":["mine","mine-too"]}}"#
      let keys = try await server.user(
        "owner",
        policy: allowing("iam:UpdateOutboundFederationConfig", condition)
      )
      func update(_ name: String, _ audience: String) async -> Answer {
        await server.call("UpdateOutboundFederationConfig", ["Name": name, "Audience": audience], as: keys)
      }
      #expect(await update("mine", "theirs").code == "AccessDenied")
      #expect(await update("theirs", "mine").code == "AccessDenied")
      #expect(await update("mine", "mine-too").status == 200)
      let read = await server.call("GetOutboundFederationConfig", ["Name": "theirs"])
      #expect(read["Audience"] == "theirs")
      // Also when the config becomes another one meanwhile.
      server.sink.interfereOnce {
        await server.done("UpdateOutboundFederationConfig", ["Name": "mine", "Audience": "theirs"])
      }
      #expect(await update("mine", "mine").code == "AccessDenied")
    }
  }

  @Test func `policy on AWS's own call does not bind this one, nor this one's that`() async throws {
    try await TestServer.run { server in
      #expect(await server.makeConfig().status == 200)
      let deny = """
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
         {"Effect":"Deny","Action":"ACTION","Resource":"*"}]}
        """
      let keys = try await server.user(
        "app",
        policy: deny.replacing("ACTION", with: "sts:GetWebIdentityToken")
      )
      #expect(await server.token(as: keys).code == "AccessDenied")
      #expect(await server.configToken(as: keys).status == 200)
      try await server.put(deny.replacing("ACTION", with: tokens), on: "app")
      #expect(await server.token(as: keys).status == 200)
      #expect(await server.configToken(as: keys).code == "AccessDenied")
      // As the guide says it for both.
      try await server.put(
        """
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
         {"Effect":"Deny","Action":["sts:GetWebIdentityToken","iam:GetOutboundFederationToken"],"Resource":"*",
          "Condition":{"ForAnyValue:StringNotEquals":{"sts:IdentityTokenAudience":["a"]}}}]}
        """,
        on: "app"
      )
      #expect(await server.token(as: keys).status == 200)
      #expect(await server.token(as: keys, audience: "example-service").code == "AccessDenied")
      #expect(await server.configToken(as: keys).code == "AccessDenied")
      await server.done("UpdateOutboundFederationConfig", ["Name": "api", "Audience": "a"])
      #expect(await server.configToken(as: keys).status == 200)
    }
  }

  @Test func `the simulator answers about a config`() async throws {
    try await TestServer.run { server in
      _ = try await server.user("app", policy: allowing(tokens, on: arns + "mine"))
      for (name, decision) in [("mine", "allowed"), ("other", "implicitDeny")] {
        let answer = await server.done(
          "SimulatePrincipalPolicy",
          [
            "PolicySourceArn": "arn:aws:iam::123456789012:user/app", "ActionNames.member.1": tokens,
            "ResourceArns.member.1": arns + name,
          ]
        )
        #expect(answer["EvalDecision"] == decision)
      }
    }
  }
}
