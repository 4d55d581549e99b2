// SPDX-License-Identifier: Apache-2.0
//
// Roles assumed one after another: what comes along, what may not change, what is lost.

import Federation
import IdentityModel
import Testing

private let first = "arn:aws:iam::123456789012:role/first"
private let second = "arn:aws:iam::123456789012:role/second"

@Suite struct RoleChainTests {
  @Test func `a chained session lasts an hour at most, a session token's too`() async throws {
    try await withRoles { server, alice in
      let chained = try await server.assume(first, as: alice)
      let own = try #require(await server.call("GetSessionToken", as: alice).credentials)
      for keys in [chained, own] {
        let answer = await server.call(
          "AssumeRole",
          ["RoleArn": second, "RoleSessionName": "s2", "DurationSeconds": "3601"],
          as: keys
        )
        #expect(answer.code == "ValidationError")
        #expect(
          answer["Message"]
            == "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )
        _ = try await server.assume(second, as: keys)
      }
    }
  }

  @Test func `transitive tags come along and others do not`() async throws {
    try await withRoles { server, alice in
      let session = try await tagged(server, alice)
      let conditional = #"""
        {"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:GetWebIdentityToken","Resource":"*",
        "Condition":{"StringEquals":{"aws:PrincipalTag/Team":"blue"},"Null":{"aws:PrincipalTag/Run":"true"}}}}
        """#
      try await server.storeRole("second", policy: conditional, uniqueID: "AROAAAAAAAAAAAASECOND")
      #expect(await server.token(as: try await server.assume(second, as: session)).status == 200)
      #expect(await server.token(as: try await server.assume(second, as: alice)).code == "AccessDenied")
      // And on to a third session.
      try await server.storeRole("third", policy: conditional, uniqueID: "AROAAAAAAAAAAAAATHIRD")
      try await server.storeRole("second", uniqueID: "AROAAAAAAAAAAAASECOND")
      let middle = try await server.assume(second, as: session)
      let last = try await server.assume("arn:aws:iam::123456789012:role/third", as: middle)
      #expect(await server.token(as: last).status == 200)
    }
  }

  @Test(arguments: ["Team", "tEAM"])
  func `a transitive tag cannot be set again, in whatever case`(_ key: String) async throws {
    try await withRoles { server, alice in
      let session = try await tagged(server, alice)
      let answer = await server.call(
        "AssumeRole",
        [
          "RoleArn": second, "RoleSessionName": "s2", "Tags.member.1.Key": key, "Tags.member.1.Value": "red",
        ],
        as: session
      )
      #expect(answer.status == 400)
      #expect(answer.code == "InvalidParameterValue")
      #expect(
        answer["Message"]
          == "One of the specified transitive tag keys can't be set because it conflicts with a "
          + "transitive tag key from the calling session."
      )
      let other = await server.call(
        "AssumeRole",
        [
          "RoleArn": second, "RoleSessionName": "s2", "Tags.member.1.Key": "Run",
          "Tags.member.1.Value": "8",
        ],
        as: session
      )
      #expect(other.status == 200, "\(other.text)")
    }
  }

  @Test func `tags are refused in the words that were recorded`() async throws {
    try await withRoles { server, alice in
      let absent = await server.call(
        "AssumeRole",
        [
          "RoleArn": first, "RoleSessionName": "s1", "Tags.member.1.Key": "a", "Tags.member.1.Value": "b",
          "TransitiveTagKeys.member.1": "c",
        ],
        as: alice
      )
      #expect(absent.code == "InvalidParameterValue")
      #expect(
        absent["Message"] == "The specified transitive tag key must be included in the requested tags."
      )
      let twice = await server.call(
        "AssumeRole",
        [
          "RoleArn": first, "RoleSessionName": "s1", "Tags.member.1.Key": "a", "Tags.member.1.Value": "b",
          "Tags.member.2.Key": "A", "Tags.member.2.Value": "b",
        ],
        as: alice
      )
      #expect(twice.code == "InvalidParameterValue")
      #expect(
        twice["Message"] == "Duplicate tag keys found. Please note that Tag keys are case insensitive."
      )
    }
  }

  @Test func `what comes along must be allowed like what is passed`() async throws {
    try await withRoles { server, alice in
      let session = try await tagged(server, alice)
      let bare = trustsAccount.replacing(#","sts:TagSession","sts:SetSourceIdentity""#, with: "")
      try await server.storeRole("second", trust: bare, uniqueID: "AROAAAAAAAAAAAASECOND")
      // The role's own policy allows everything, and does not stand for the trust policy.
      let tags = await chain(server, session)
      #expect(tags["Message"]?.contains("perform: sts:TagSession on resource: \(second)") == true)
      let named = try #require(
        await server.call(
          "AssumeRole",
          ["RoleArn": first, "RoleSessionName": "s1", "SourceIdentity": "alice"],
          as: alice
        ).credentials
      )
      let identity = await chain(server, named)
      #expect(identity["Message"]?.contains("perform: sts:SetSourceIdentity on resource: \(second)") == true)
    }
  }

  @Test func `a source identity comes along and cannot change`() async throws {
    try await withRoles { server, alice in
      let named = try #require(
        await server.call(
          "AssumeRole",
          ["RoleArn": first, "RoleSessionName": "s1", "SourceIdentity": "alice"],
          as: alice
        ).credentials
      )
      func chain(_ identity: String) async -> Answer {
        await server.call(
          "AssumeRole",
          ["RoleArn": second, "RoleSessionName": "s2", "SourceIdentity": identity],
          as: named
        )
      }
      #expect(await self.chain(server, named)["SourceIdentity"] == "alice")
      #expect(await chain("alice")["SourceIdentity"] == "alice")
      let changed = await chain("Alice")
      #expect(changed.code == "AccessDenied")
      #expect(changed["Message"]?.hasSuffix("perform: sts:SetSourceIdentity on resource: \(second)") == true)
      let conditional = #"""
        {"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:GetWebIdentityToken","Resource":"*",
        "Condition":{"StringEquals":{"aws:SourceIdentity":"alice"}}}}
        """#
      try await server.storeRole("second", policy: conditional, uniqueID: "AROAAAAAAAAAAAASECOND")
      #expect(await server.token(as: try await server.assume(second, as: named)).status == 200)
      #expect(await server.token(as: try await server.assume(second, as: alice)).code == "AccessDenied")
      let record = try #require(try await server.records().last { $0.contains(#""sourceIdentity":"alice""#) })
      #expect(record.contains(#""sessionIssuer":{"type":"Role""#))
    }
  }

  /// Two roles that trust the account, and a user who may do everything.
  private func withRoles(_ body: (TestServer, Keys) async throws -> Void) async throws {
    try await TestServer.run { server in
      try await server.storeRole("first", maxSessionDuration: 43_200)
      try await server.storeRole("second", uniqueID: "AROAAAAAAAAAAAASECOND", maxSessionDuration: 43_200)
      try await body(server, try await server.user("alice", policy: allowsAll))
    }
  }

  private func chain(_ server: TestServer, _ keys: Keys) async -> Answer {
    await server.call("AssumeRole", ["RoleArn": second, "RoleSessionName": "s2"], as: keys)
  }

  /// A session of the first role with the transitive tag `Team` and the tag `Run`.
  private func tagged(_ server: TestServer, _ keys: Keys) async throws -> Keys {
    let answer = await server.call(
      "AssumeRole",
      [
        "RoleArn": first, "RoleSessionName": "s1", "Tags.member.1.Key": "Team", "Tags.member.1.Value": "blue",
        "Tags.member.2.Key": "Run", "Tags.member.2.Value": "7", "TransitiveTagKeys.member.1": "Team",
      ],
      as: keys
    )
    return try #require(answer.credentials, "\(answer.text)")
  }
}
