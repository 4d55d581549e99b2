// SPDX-License-Identifier: Apache-2.0
//
// OIDC tokens of federation configs: what is claimed, for how long, on record before they leave, and none any more once
// the config, the issuer or the caller is not what it was.

import Federation
import IdentityModel
import StoreSQLite
import StrictJSON
import Testing

private let disabled = "OutboundWebIdentityFederationDisabledException"

@Suite struct FederationTokenTests {
  @Test(arguments: ["RS256", "ES384"])
  func `a token claims what GetWebIdentityToken's would`(_ algorithm: String) async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice", policy: allowsAll)
      let tag: KeyValuePairs = ["UserName": "alice", "Tags.member.1.Key": "k", "Tags.member.1.Value": "v"]
      await server.done("TagUser", tag)
      #expect(await server.makeConfig("api", ["SigningAlgorithm": algorithm]).status == 200)
      let answer = await server.configToken(as: alice)
      #expect(answer.status == 200, "\(answer.text)")
      #expect(answer["TokenType"] == "OIDC" && answer["TargetService"] == "https://api.example.com")
      #expect(answer["Audience"] == "example-service")
      #expect(answer["Expiration"] == "2027-01-15T09:00:00.000Z")
      let own = try tokenPart(answer["Token"], 1)
      let parameters: KeyValuePairs = [
        "Audience.member.1": "example-service", "SigningAlgorithm": algorithm, "DurationSeconds": "3600",
      ]
      let aws = await server.done("GetWebIdentityToken", parameters, as: alice)["WebIdentityToken"]
      let theirs = try tokenPart(aws, 1)
      #expect(own.members.map(\.name) == theirs.members.map(\.name))
      for name in ["aud", "sub", "https://sts.amazonaws.com/", "iss", "exp", "iat"] {
        #expect(own[name] == theirs[name], "\(name)")
      }
      #expect(own["jti"] != theirs["jti"] && own["aud"]?.string == "example-service")
      #expect(try tokenPart(answer["Token"], 0) == tokenPart(aws, 0))
    }
  }

  @Test func `the config says how long a token lives, the caller may say shorter`() async throws {
    try await TestServer.run { server in
      func lifetime(_ answer: Answer) throws -> Int64 {
        let claims = try tokenPart(answer["Token"], 1)
        return try #require(claims["exp"]?.int64) - (try #require(claims["iat"]?.int64))
      }
      #expect(await server.makeConfig("long", ["Duration": "43200"]).status == 200)
      #expect(await server.makeConfig("short", ["Duration": "60"]).status == 200)
      for (name, asked, given) in [
        ("long", nil, 43_200), ("long", 43_200, 43_200), ("long", 60, 60), ("short", nil, 60),
        ("short", 60, 60),
      ] as [(String, Int?, Int64)] {
        let lifetime = try lifetime(await server.configToken(of: name, seconds: asked))
        #expect(lifetime == given)
      }
      for (name, most) in [("short", 60), ("long", 43_200)] {
        let answer = await server.configToken(of: name, seconds: most + 1)
        #expect(answer.status == 400 && answer.code == "ValidationError", "\(answer.text)")
      }
      await server.refused(
        "GetOutboundFederationToken",
        ["FederationConfigName": "short", "DurationSeconds": "61"],
        400,
        "ValidationError",
        "The requested DurationSeconds exceeds the Duration set for this federation config: 60"
      )
      #expect(await server.configToken(of: "short", seconds: 59).code == "ValidationError")
      #expect(await server.configToken(of: "a/b").code == "ValidationError")
      #expect(await server.call("GetOutboundFederationToken").code == "ValidationError")
      // AWS's own call keeps AWS's limit.
      let aws = await server.call(
        "GetWebIdentityToken",
        ["Audience.member.1": "a", "SigningAlgorithm": "ES384", "DurationSeconds": "3601"]
      )
      #expect(aws.code == "ValidationError")
    }
  }

  @Test func `a token does not outlive the session that asks, and is not shortened in silence`() async throws
  {
    try await TestServer.run { server in
      let role = try await server.storeRole("builder")
      let alice = try await server.user("alice", policy: allowsAll)
      let session = try await server.assume(role, as: alice)
      #expect(await server.makeConfig().status == 200)
      #expect(await server.configToken(as: session).status == 200)
      server.clock.advance(seconds: 1)
      let count = try await server.recordedTokens()
      await server.refused(
        "GetOutboundFederationToken",
        ["FederationConfigName": "api"],
        as: session,
        403,
        "SessionDurationEscalationException",
        "Requested token expiry time must be before the original session's expiry time."
      )
      #expect(
        await server.configToken(seconds: 3600, as: session).code == "SessionDurationEscalationException"
      )
      #expect(try await server.recordedTokens() == count)
      let shorter = await server.configToken(seconds: 3599, as: session)
      #expect(shorter.status == 200)
      let aws = try tokenPart(shorter["Token"], 1)["https://sts.amazonaws.com/"]?.object
      #expect(aws?["original_session_exp"]?.string == "2027-01-15T09:00:00Z")
      // With a key of its own there is no session to outlive.
      #expect(await server.configToken(as: alice).status == 200)
    }
  }

  @Test func `a session without a role gets none, as at IAM`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice", policy: allowsAll)
      #expect(await server.makeConfig().status == 200)
      let user = try #require(await server.done("GetSessionToken", as: alice).credentials)
      let parameters: KeyValuePairs = ["Name": "federated", "Policy": allowsAll]
      let federated = try #require(await server.done("GetFederationToken", parameters, as: alice).credentials)
      for keys in [user, federated] {
        #expect(await server.configToken(seconds: 60, as: keys).code == "InvalidClientTokenId")
      }
    }
  }

  @Test func `the order of checks is policy, config, duration, session, issuer`() async throws {
    try await TestServer.run(enablesFederation: false) { server in
      let nobody = try await server.user("nobody")
      let alice = try await server.user("alice", policy: allowsAll)
      let session = try await server.assume(try await server.storeRole("builder"), as: alice)
      server.clock.advance(seconds: 1)
      #expect(await server.makeConfig().status == 200)
      #expect(await server.configToken(seconds: 1, as: nobody).code == "ValidationError")
      #expect(await server.configToken(of: "none", as: nobody).code == "AccessDenied")
      #expect(await server.configToken(as: nobody).code == "AccessDenied")
      #expect(await server.configToken(of: "none", as: session).code == "NoSuchEntity")
      #expect(await server.configToken(seconds: 3601, as: session).code == "ValidationError")
      #expect(await server.configToken(as: session).code == "SessionDurationEscalationException")
      let answer = await server.configToken(seconds: 60, as: session)
      #expect(answer.status == 403 && answer.code == disabled)
      #expect(answer.message == "OutboundWebIdentityFederation is disabled.")
      await server.done("EnableOutboundWebIdentityFederation")
      #expect(await server.configToken(seconds: 60, as: session).status == 200)
      await server.done("DisableOutboundWebIdentityFederation")
      #expect(await server.configToken(seconds: 60, as: session).code == disabled)
    }
  }

  @Test func `claims that are too long are refused`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice", policy: allowsAll)
      let tags = (1...50).flatMap { number in
        [
          ("Tags.member.\(number).Key", String(repeating: "k", count: 100) + "\(number)"),
          ("Tags.member.\(number).Value", String(repeating: "v", count: 256)),
        ]
      }
      #expect(await server.call("TagUser", form: [("UserName", "alice")] + tags).status == 200)
      #expect(await server.makeConfig().status == 200)
      let answer = await server.configToken(as: alice)
      #expect(answer.status == 400 && answer.code == "JWTPayloadSizeExceededException")
    }
  }

  @Test func `the record names the config and the token, and holds no token`() async throws {
    try await TestServer.run { server in
      #expect(await server.makeConfig().status == 200)
      let answer = await server.configToken(seconds: 900)
      let token = try #require(answer["Token"])
      let jti = try #require(try tokenPart(token, 1)["jti"]?.string)
      let record = try #require(try await server.records().last)
      #expect(record.contains(#""eventSource":"iam.amazonaws.com","eventName":"GetOutboundFederationToken""#))
      #expect(record.contains(#""requestParameters":{"federationConfigName":"api","durationSeconds":900}"#))
      #expect(
        record.contains(
          #""responseElements":{"webIdentityTokenId":"\#(jti)","expiration":"Jan 15, 2027, 8:15:00 AM","#
            + #""tokenType":"OIDC","targetService":"https://api.example.com","audience":"example-service"}"#
        ),
        "\(record)"
      )
      #expect(record.contains(#""readOnly":false"#))
      let signature = try #require(token.split(separator: ".").last)
      #expect(!record.contains(signature))
      // Whoever has the token finds its record.
      #expect(try await server.store.leafIndex(ofToken: jti) == UInt64(try await server.records().count - 1))
    }
  }

  @Test func `the account's promise goes into the token, after its record`() async throws {
    try await TestServer.run { server in
      await server.log.open(origin: "sts.example.test/log")
      await server.done("EnableOutboundTokenTransparency")
      #expect(await server.makeConfig().status == 200)
      let answer = await server.configToken()
      #expect(try tokenPart(answer["Token"], 0)["tlog"] != nil)
      #expect(answer["TargetService"] == "https://api.example.com")
      let record = try #require(try await server.records().last)
      #expect(record.contains(#""tokenPayloadSha256""#) && record.contains(#""tokenType":"OIDC""#))
    }
  }

  @Test func `no audit log, no token`() async throws {
    try await TestServer.run { server in
      #expect(await server.makeConfig().status == 200)
      server.sink.setBroken(true)
      let answer = await server.configToken()
      #expect(answer.status == 503 && answer["Token"] == nil)
    }
  }

  // MARK: - Decided while still true

  @Test func `a config that was deleted meanwhile gives no token`() async throws {
    try await TestServer.run { server in
      #expect(await server.makeConfig().status == 200)
      server.sink.interfereOnce { await server.done("DeleteOutboundFederationConfig", ["Name": "api"]) }
      #expect(await server.configToken().code == "NoSuchEntity")
      let none = try await server.recordedTokens()
      #expect(none == 0)
      // One that took its name meanwhile is another one.
      #expect(await server.makeConfig("api", ["Audience": "first"]).status == 200)
      server.sink.interfereOnce {
        await server.done("DeleteOutboundFederationConfig", ["Name": "api"])
        #expect(await server.makeConfig("api", ["Audience": "second"]).status == 200)
      }
      let answer = await server.configToken()
      #expect(answer["Audience"] == "second")
      let (claims, recorded) = (try tokenPart(answer["Token"], 1), try await server.recordedTokens())
      #expect(claims["aud"]?.string == "second" && recorded == 1)
    }
  }

  @Test func `a config that was changed meanwhile gives the token that it gives now`() async throws {
    try await TestServer.run { server in
      #expect(await server.makeConfig().status == 200)
      server.sink.interfereOnce {
        await server.done(
          "UpdateOutboundFederationConfig",
          ["Name": "api", "Audience": "new", "Duration": "60", "SigningAlgorithm": "ES384"]
        )
      }
      let answer = await server.configToken()
      let claims = try tokenPart(answer["Token"], 1)
      #expect(claims["aud"]?.string == "new" && answer["Expiration"] == "2027-01-15T08:01:00.000Z")
      #expect(try tokenPart(answer["Token"], 0)["alg"]?.string == "ES384")
    }
  }

  @Test func `a disable, a policy or a tag that comes meanwhile stops the token`() async throws {
    try await TestServer.run { server in
      #expect(await server.makeConfig().status == 200)
      let policy = """
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"},
         {"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/state":"closed"}}}]}
        """
      let alice = try await server.user("alice", policy: policy)
      #expect(await server.configToken(as: alice).status == 200)
      server.sink.interfereOnce {
        await server.done(
          "TagOutboundFederationConfig",
          ["Name": "api", "Tags.member.1.Key": "state", "Tags.member.1.Value": "closed"]
        )
      }
      #expect(await server.configToken(as: alice).code == "AccessDenied")
      await server.done("UntagOutboundFederationConfig", ["Name": "api", "TagKeys.member.1": "state"])
      server.sink.interfereOnce {
        await server.done("DeleteUserPolicy", ["UserName": "alice", "PolicyName": "p"])
      }
      #expect(await server.configToken(as: alice).code == "AccessDenied")
      server.sink.interfereOnce { await server.done("DisableOutboundWebIdentityFederation") }
      #expect(await server.configToken().code == disabled)
      #expect(try await server.recordedTokens() == 1)
    }
  }
}
