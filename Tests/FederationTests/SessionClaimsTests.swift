// SPDX-License-Identifier: Apache-2.0
//
// Tokens for sessions: whose they are, what they say of the session, and that they never outlive it. And that whatever
// sessions are made of is in no record.

import Federation
import IdentityModel
import StrictJSON
import Testing
import TokenFormats

private let role = "arn:aws:iam::123456789012:role/ci/builder"

@Suite struct SessionClaimsTests {
  @Test func `a role's token says the role, its tags and the end of the session`() async throws {
    try await TestServer.run { server in
      try await server.storeRole(
        "builder",
        path: "/ci/",
        tags: [("Team", "blue"), ("stage", "test"), ("é", "composed")]
      )
      let alice = try await server.user("alice", policy: allowsAll)
      let answer = await server.call(
        "AssumeRole",
        form: [
          ("RoleArn", role), ("RoleSessionName", "run-7"), ("SourceIdentity", "alice"),
          ("Tags.member.1.Key", "tEAM"), ("Tags.member.1.Value", "red"), ("Tags.member.2.Key", "run"),
          ("Tags.member.2.Value", "7"),
        ],
        as: alice
      )
      let claims = try await claims(server, try #require(answer.credentials))
      #expect(claims["sub"]?.string == role)
      let aws = try #require(claims["https://sts.amazonaws.com/"]?.object)
      #expect(aws["principal_id"]?.string == role)
      #expect(aws["original_session_exp"]?.string == "2027-01-15T09:00:00Z")
      #expect(aws["source_identity"]?.string == "alice")
      #expect(aws["federated_provider"] == nil)
      let tags = try #require(aws["principal_tags"]?.object)
      #expect(
        Set(tags.members.map { "\($0.name)=\($0.value.string ?? "")" })
          == ["tEAM=red", "run=7", "stage=test", "é=composed"]
      )
    }
  }

  @Test func `a session token's token is the user's, with the end of the session`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice", policy: allowsAll)
      let long = try await claims(server, alice)
      #expect(long["https://sts.amazonaws.com/"]?.object?["original_session_exp"] == nil)
      let own = try #require(await server.call("GetSessionToken", as: alice).credentials)
      let short = try await claims(server, own)
      #expect(short["sub"]?.string == "arn:aws:iam::123456789012:user/alice")
      let aws = try #require(short["https://sts.amazonaws.com/"]?.object)
      #expect(aws["original_session_exp"]?.string == "2027-01-15T20:00:00Z")
      #expect(aws["source_identity"] == nil)
    }
  }

  @Test func `a token never outlives the session, and this is told before the feature is`() async throws {
    try await TestServer.run { server in
      let arn = try await server.storeRole("builder", path: "/ci/")
      let alice = try await server.user("alice", policy: allowsAll)
      let keys = try await server.assume(arn, as: alice)
      server.clock.advance(seconds: 3300)
      #expect(await server.token(as: keys).status == 200)
      server.clock.advance(seconds: 1)
      func refused() async {
        let answer = await server.token(as: keys)
        #expect(answer.status == 403)
        #expect(answer.code == "SessionDurationEscalationException")
        #expect(
          answer["Message"]
            == "Requested token expiry time must be before the original session's expiry time."
        )
      }
      await refused()
      #expect(await server.call("DisableOutboundWebIdentityFederation").status == 200)
      await refused()
      #expect(
        await server.call(
          "GetWebIdentityToken",
          form: [("Audience.member.1", "a"), ("SigningAlgorithm", "ES384"), ("DurationSeconds", "60")],
          as: keys
        ).code == "OutboundWebIdentityFederationDisabledException"
      )
      // But after policy.
      try await server.storeRole("builder", policy: nil, path: "/ci/")
      try await server.storeRole("builder", policy: allows("iam:*"), path: "/ci/")
      #expect(await server.token(as: keys).code == "AccessDenied")
    }
  }

  @Test func `policy may ask when a session was made`() async throws {
    try await TestServer.run { server in
      let revoked = #"""
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
        {"Effect":"Deny","Action":"*","Resource":"*",
        "Condition":{"DateLessThan":{"aws:TokenIssueTime":"2027-01-15T08:00:01Z"}}}]}
        """#
      let arn = try await server.storeRole("builder", policy: revoked, path: "/ci/")
      let alice = try await server.user("alice", policy: revoked)
      let old = try await server.assume(arn, as: alice)
      // Long-term keys have no such time: the Deny passes them by.
      #expect(await server.token(as: alice).status == 200)
      #expect(
        await server.token(as: old)["Message"]?.contains("explicit deny in an identity-based policy") == true
      )
      server.clock.advance(seconds: 1)
      #expect(await server.token(as: try await server.assume(arn, as: alice)).status == 200)
    }
  }

  @Test func `no record has a secret or a session token, whatever is called and however it ends`()
    async throws
  {
    try await TestServer.run { server in
      let arn = try await server.storeRole("builder", path: "/ci/")
      let alice = try await server.user("alice", policy: allowsAll)
      let own = try #require(await server.call("GetSessionToken", as: alice).credentials)
      let guest = try #require(
        await server.call("GetFederationToken", ["Name": "guest", "Policy": allowsAll], as: alice).credentials
      )
      let first = try await server.assume(arn, as: own)
      let second = try await server.assume(arn, as: first)
      let everybody = [own, guest, first, second]
      for keys in everybody {
        for action in [
          "AssumeRole", "GetSessionToken", "GetFederationToken", "GetCallerIdentity", "ListUsers",
          "DecodeAuthorizationMessage", "NoSuchAction",
        ] {
          _ = await server.call(
            action,
            form: [("RoleArn", arn), ("RoleSessionName", "s2"), ("Name", "guest"), ("EncodedMessage", "x")],
            as: keys
          )
        }
        _ = await server.token(as: keys)
        _ = await server.token(as: Keys(id: keys.id, secret: "wrong", sessionToken: keys.sessionToken))
        _ = await server.token(as: Keys(id: alice.id, secret: alice.secret, sessionToken: keys.sessionToken))
      }
      server.clock.advance(seconds: 200_000)
      for keys in everybody { _ = await server.token(as: keys) }
      let log = try await server.records().joined(separator: "\n")
      #expect(log.contains(#""errorCode":"ExpiredToken""#))
      for keys in everybody {
        #expect(log.contains(keys.id))
        let token = try #require(keys.sessionToken)
        #expect(!log.contains(keys.secret))
        // No part of it either.
        #expect(!log.contains(token.prefix(40)))
        #expect(!log.contains(token.suffix(40)))
      }
    }
  }

  private func claims(_ server: TestServer, _ keys: Keys) async throws -> JSONObject {
    let answer = await server.token(as: keys)
    let token = try #require(answer["WebIdentityToken"], "\(answer.text)")
    let payload = try #require(Base64URL.decode(String(token.split(separator: ".")[1])))
    return try #require(try JSONReader.read(payload).object)
  }
}
