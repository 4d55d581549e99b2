// SPDX-License-Identifier: Apache-2.0
//
// AssumeRole: who may, what comes back, and what a refusal tells.

import Federation
import IdentityModel
import Testing

private let role = "arn:aws:iam::123456789012:role/builder"

@Suite struct AssumeRoleTests {
  @Test func `a trusted user gets credentials of the role, and no more than the role's policy`() async throws
  {
    try await TestServer.run { server in
      try await server.storeRole("builder", policy: allows("sts:GetWebIdentityToken"), path: "/ci/")
      let alice = try await server.user("alice", policy: allows("sts:AssumeRole"))
      let answer = await server.call(
        "AssumeRole",
        ["RoleArn": "arn:aws:iam::123456789012:role/ci/builder", "RoleSessionName": "run-7"],
        as: alice
      )
      #expect(answer["Arn"] == "arn:aws:sts::123456789012:assumed-role/builder/run-7")
      #expect(answer["AssumedRoleId"] == "AROAAAAAAAAAAAAAAROLE:run-7")
      #expect(answer["Expiration"] == "2027-01-15T09:00:00Z")
      #expect(answer["PackedPolicySize"] == nil)
      #expect(answer["SourceIdentity"] == nil)
      let keys = try #require(answer.credentials)
      #expect(keys.id.hasPrefix("ASIA"))
      #expect(await server.call("GetAccessKeyInfo", ["AccessKeyId": keys.id])["Account"] == "123456789012")
      let me = await server.call("GetCallerIdentity", as: keys)
      #expect(me["Arn"] == "arn:aws:sts::123456789012:assumed-role/builder/run-7")
      #expect(me["UserId"] == "AROAAAAAAAAAAAAAAROLE:run-7")
      #expect(await server.token(as: keys).status == 200)
      let refused = await server.call("ListUsers", as: keys)
      #expect(
        refused["Message"]
          == "User: arn:aws:sts::123456789012:assumed-role/builder/run-7 is not authorized to perform: "
          + "iam:ListUsers on resource: arn:aws:iam::123456789012:user/ because no identity-based policy allows "
          + "the iam:ListUsers action"
      )
    }
  }

  @Test func `a user whom the trust policy names needs no policy of its own`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice")
      let id = try #require(await server.call("GetUser", ["UserName": "alice"])["UserId"])
      let arn = "arn:aws:iam::123456789012:user/alice"
      let trust = trustsAccount.replacing("\"123456789012\"", with: "\"\(arn)\"")
      try await server.storeRole("builder", trust: trust, trusted: [(arn, id)])
      _ = try await server.assume(role, as: alice)
    }
  }

  @Test func `whoever takes the name of a trusted user is not trusted`() async throws {
    try await TestServer.run { server in
      let arn = "arn:aws:iam::123456789012:user/alice"
      let trust = trustsAccount.replacing("\"123456789012\"", with: "\"\(arn)\"")
      try await server.storeRole("builder", trust: trust, trusted: [(arn, "AIDAWASALICEBEFOREXXX")])
      let alice = try await server.user("alice", policy: allowsAll)
      #expect(await assume(server, alice).code == "AccessDenied")
      // Nor is anybody whose id was never known.
      try await server.storeRole("builder", trust: trust)
      #expect(await assume(server, alice).code == "AccessDenied")
    }
  }

  @Test func `a role that does not exist and one that does not trust are told alike`() async throws {
    try await TestServer.run { server in
      let other = try #require(AccountID("999999999999"))
      let trustsOthers = trustsAccount.replacing("123456789012", with: "111122223333")
      try await server.storeRole("there", trust: trustsOthers)
      try await server.storeRole("there", trust: trustsOthers, account: other)
      try await server.storeRole("open")
      let denies = #"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#
      for policy in [allowsAll, allows("iam:GetUser"), denies] {
        let alice = try await server.user("alice\(policy.utf8.count)", policy: policy)
        for account in ["123456789012", "999999999999", "000000000001"] {
          for name in ["there", "absent", "THERE", "a/there"] {
            let arn = "arn:aws:iam::\(account):role/\(name)"
            let answer = await assume(server, alice, arn)
            #expect(answer.status == 403)
            #expect(
              answer["Message"] == "User: arn:aws:iam::123456789012:user/alice\(policy.utf8.count) is not "
                + "authorized to perform: sts:AssumeRole on resource: \(arn)"
            )
          }
        }
        // A role that trusts the account is told no differently to whom its own policies refuse.
        let open = await assume(server, alice, "arn:aws:iam::123456789012:role/open")
        #expect((open.status == 200) == (policy == allowsAll))
        if policy != allowsAll {
          #expect(open["Message"]?.hasSuffix("on resource: \(roleARN("open"))") == true)
        }
      }
    }
  }

  @Test(arguments: [
    "arn:aws:iam::123456789012:user/alice", "arn:aws:s3:::bucket-of-somebody", "arn:aws:iam::1:role/builder",
    "arn:aws:iam:us-east-1:123456789012:role/builder", "arn:aws:iam::123456789012:role/",
    "arn:aws:iam::123456789012:role/builder/", "arn:aws-cn:iam::123456789012:role/builder",
    "arn:aws:iam::123456789012:role/" + String(repeating: "a", count: 2000), "arn:aws:iam::123456789012:role",
  ])
  func `an ARN that is no role's is a role that does not exist`(_ arn: String) async throws {
    try await TestServer.run { server in
      try await server.storeRole("builder")
      let alice = try await server.user("alice", policy: allowsAll)
      let answer = await assume(server, alice, arn)
      #expect(answer.code == "AccessDenied")
      #expect(answer["Message"]?.hasSuffix("sts:AssumeRole on resource: \(arn)") == true)
    }
  }

  @Test func `root assumes no role, nor does its session`() async throws {
    try await TestServer.run { server in
      try await server.storeRole("builder")
      let session = try #require(await server.call("GetSessionToken").credentials)
      for keys in [Keys.root, session] {
        let answer = await assume(server, keys)
        #expect(answer.status == 403)
        #expect(answer.code == "AccessDenied")
        #expect(answer["Message"] == "Roles may not be assumed by root accounts.")
      }
    }
  }

  @Test func `another account needs both sides`() async throws {
    try await TestServer.run { server in
      let other = try #require(AccountID("999999999999"))
      let arn = try await server.storeRole("shared", account: other)
      let alice = try await server.user("alice")
      #expect(await assume(server, alice, arn).code == "AccessDenied")
      try await server.put(allows("sts:AssumeRole"), on: "alice")
      let keys = try await server.assume(arn, as: alice)
      #expect(await server.call("GetCallerIdentity", as: keys)["Account"] == "999999999999")
      #expect(await server.call("GetUser", ["UserName": "alice"], as: keys).code == "NoSuchEntity")
    }
  }

  @Test func `the role's account has a record of a caller from another account, and of no refusal`()
    async throws
  {
    try await TestServer.run { server in
      let other = try #require(AccountID("999999999999"))
      let arn = try await server.storeRole("shared", account: other)
      let alice = try await server.user("alice")
      #expect(await assume(server, alice, arn).code == "AccessDenied")
      try await server.put(allows("sts:AssumeRole"), on: "alice")
      _ = try await server.assume(arn, as: alice)
      let records = try await server.records().filter { $0.contains(#""eventName":"AssumeRole""#) }
      let recipients = records.map { $0.contains(#""recipientAccountId":"999999999999""#) }
      #expect(recipients == [false, false, true])
      let copy = try #require(records.last)
      #expect(copy.contains(#""userIdentity":{"type":"AWSAccount","principalId":"AIDA"#))
      #expect(copy.contains(#""accountId":"123456789012"}"#))
      #expect(!copy.contains("arn:aws:iam::123456789012:user/alice"))
      let shared = records.dropFirst().map { $0.split(separator: #""sharedEventID":""#).last?.prefix(36) }
      #expect(shared.count == 2 && shared[0] == shared[1])
      #expect(!records[0].contains("sharedEventID"))
    }
  }

  @Test(arguments: [
    ("sts:ExternalId", "ExternalId", "a:b/c"), ("sts:RoleSessionName", "RoleSessionName", "run-7"),
    ("sts:SourceIdentity", "SourceIdentity", "alice@example"),
  ])
  func `a trust policy may insist on a parameter`(_ key: String, _ parameter: String, _ value: String)
    async throws
  {
    try await TestServer.run { server in
      let condition = #","Condition":{"StringEquals":{"\#(key)":"\#(value)"}}}}"#
      try await server.storeRole(
        "builder",
        trust: String(trustsAccount.dropLast(2)) + condition
      )
      let alice = try await server.user("alice", policy: allowsAll)
      #expect(await assume(server, alice).code == "AccessDenied")
      let answer =
        parameter == "RoleSessionName"
        ? await server.call("AssumeRole", ["RoleArn": role, parameter: value], as: alice)
        : await server.call(
          "AssumeRole",
          ["RoleArn": role, "RoleSessionName": "s1", parameter: value],
          as: alice
        )
      #expect(answer.status == 200, "\(answer.text)")
    }
  }

  @Test func `the tags of the role and the session are condition keys`() async throws {
    try await TestServer.run { server in
      try await server.storeRole("builder", tags: [("team", "blue")])
      let alice = try await server.user(
        "alice",
        policy: """
          {"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],
          "Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"blue","iam:ResourceTag/team":"blue"},
          "StringEqualsIfExists":{"aws:RequestTag/team":"red"},
          "ForAllValues:StringEquals":{"aws:TagKeys":["team"],"sts:TransitiveTagKeys":["team"]}}}}
          """
      )
      #expect(await assume(server, alice).status == 200)
      func tagged(_ key: String, _ value: String) async -> Answer {
        await server.call(
          "AssumeRole",
          [
            "RoleArn": role, "RoleSessionName": "s1", "Tags.member.1.Key": key, "Tags.member.1.Value": value,
            "TransitiveTagKeys.member.1": key,
          ],
          as: alice
        )
      }
      #expect(await tagged("team", "red").status == 200)
      #expect(await tagged("team", "green").code == "AccessDenied")
      #expect(await tagged("squad", "red").code == "AccessDenied")
    }
  }

  @Test func `tags and a source identity need their own actions`() async throws {
    try await TestServer.run { server in
      try await server.storeRole("builder")
      let alice = try await server.user("alice", policy: allows("sts:AssumeRole"))
      let tagged = await server.call(
        "AssumeRole",
        [
          "RoleArn": role, "RoleSessionName": "s1", "Tags.member.1.Key": "k", "Tags.member.1.Value": "v",
        ],
        as: alice
      )
      #expect(tagged["Message"]?.contains("perform: sts:TagSession on resource: \(role)") == true)
      let named = await server.call(
        "AssumeRole",
        ["RoleArn": role, "RoleSessionName": "s1", "SourceIdentity": "alice"],
        as: alice
      )
      #expect(named["Message"]?.contains("perform: sts:SetSourceIdentity on resource: \(role)") == true)
    }
  }

  @Test func `credentials are only for a role that is still what was asked about`() async throws {
    try await TestServer.run { server in
      try await server.storeRole("builder")
      let alice = try await server.user("alice", policy: allowsAll)
      server.sink.interfereOnce {
        _ = try? await server.storeRole(
          "builder",
          trust: trustsAccount.replacing("123456789012", with: "111122223333")
        )
      }
      #expect(await assume(server, alice).code == "AccessDenied")
      try await server.storeRole("builder")
      server.sink.interfereOnce {
        _ = await server.call("DeleteUserPolicy", ["UserName": "alice", "PolicyName": "p"])
      }
      #expect(await assume(server, alice).code == "AccessDenied")
    }
  }

  private func roleARN(_ name: String) -> String { "arn:aws:iam::123456789012:role/\(name)" }

  private func assume(_ server: TestServer, _ keys: Keys, _ arn: String = role) async -> Answer {
    await server.call("AssumeRole", ["RoleArn": arn, "RoleSessionName": "session"], as: keys)
  }
}
