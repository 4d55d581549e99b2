// SPDX-License-Identifier: Apache-2.0
//
// Managed policies when calls meet: what they allow changes with their default version and at once, a limit is never
// passed, and nobody's policy is deleted under them. Each test puts the other call between a decision and its commit.

import Federation
import Foundation
import IdentityModel
import Testing

private func document(_ effect: String, _ action: String = "*", resource: String = "*") -> String {
  """
  {"Version":"2012-10-17","Statement":[{"Effect":"\(effect)","Action":"\(action)","Resource":"\(resource)"}]}
  """
}

@Suite struct ManagedPolicyConcurrencyTests {
  @Test func `a new default version bears on every holder from the next request on`() async throws {
    try await TestServer.run { server in
      let arn = try await server.managedPolicy("p", document("Allow"))
      let user = try await server.user("user")
      let member = try await server.user("member")
      let bounded = try await server.user("bounded", policy: document("Allow"))
      try await server.group("group")
      try await server.attach(arn, to: UserRecord.self, "user")
      try await server.attach(arn, to: GroupRecord.self, "group")
      try await server.attach(arn, to: UserRecord.self, "bounded", as: .boundary)
      let account = try #require(TestServer.account)
      try await server.commit(
        Change([
          try server.put(
            try server.made(UserGroupRecord.self, ["groupName": "group"]),
            UserGroupRecord.id(account, user: "member", group: "group"),
            .absent
          )
        ])
      )
      for _ in 0..<2 {
        for keys in [user, member, bounded] { #expect(await server.token(as: keys).status == 200) }
        #expect(await server.version(of: arn, document("Deny"), isDefault: true).status == 200)
        for keys in [user, member, bounded] {
          #expect(await server.token(as: keys)["Message"]?.contains("with an explicit deny") == true)
        }
        #expect(
          await server.call("SetDefaultPolicyVersion", ["PolicyArn": arn, "VersionId": "v1"]).status == 200
        )
      }
      // A version that is not the default changes nothing.
      #expect(await server.version(of: arn, document("Deny"), isDefault: false)["VersionId"] == "v4")
      for keys in [user, member, bounded] { #expect(await server.token(as: keys).status == 200) }
    }
  }

  @Test(arguments: ["CreatePolicyVersion", "SetDefaultPolicyVersion"])
  func `no token is issued by a version that was replaced meanwhile`(_ action: String) async throws {
    try await TestServer.run { server in
      let arn = try await server.managedPolicy("p", document("Allow"))
      let alice = try await server.user("alice")
      try await server.attach(arn, to: UserRecord.self, "alice")
      if action == "SetDefaultPolicyVersion" {
        #expect(await server.version(of: arn, document("Deny"), isDefault: false).status == 200)
      }
      server.sink.interfereOnce {
        let answer =
          action == "CreatePolicyVersion"
          ? await server.version(of: arn, document("Deny"), isDefault: true)
          : await server.call(action, ["PolicyArn": arn, "VersionId": "v2"])
        #expect(answer.status == 200)
      }
      #expect(await server.token(as: alice).code == "AccessDenied")
      let records = try await server.records()
      #expect(!records.contains { $0.contains("webIdentityTokenId") })
    }
  }

  @Test func `the default version is always there, whoever comes first`() async throws {
    try await TestServer.run { server in
      let arn = try await server.managedPolicy("p", document("Allow"))
      for _ in 0..<2 {
        #expect(await server.version(of: arn, document("Allow"), isDefault: false).status == 200)
      }
      let second: KeyValuePairs = ["PolicyArn": arn, "VersionId": "v2"]
      let third: KeyValuePairs = ["PolicyArn": arn, "VersionId": "v3"]
      server.sink.interfereOnce {
        #expect(await server.call("SetDefaultPolicyVersion", second).status == 200)
      }
      let refused = await server.call("DeletePolicyVersion", second)
      #expect(refused.code == "DeleteConflict")
      #expect(refused["Message"] == "Cannot delete the default version of a policy.")
      server.sink.interfereOnce {
        #expect(await server.call("DeletePolicyVersion", third).status == 200)
      }
      #expect(await server.call("SetDefaultPolicyVersion", third).code == "NoSuchEntity")
      #expect(await server.call("GetPolicy", ["PolicyArn": arn])["DefaultVersionId"] == "v2")
    }
  }

  @Test func `twenty versions at once make five, and numbers are not used again`() async throws {
    try await TestServer.run { server in
      let arn = try await server.managedPolicy("p", document("Allow"))
      let answers = await withTaskGroup { group in
        for _ in 0..<20 {
          group.addTask { await server.version(of: arn, document("Deny"), isDefault: false) }
        }
        return await group.reduce(into: [Answer]()) { $0.append($1) }
      }
      for answer in answers where answer.status != 200 {
        #expect(["LimitExceeded", "ConcurrentModification"].contains(answer.code))
      }
      while await server.version(of: arn, document("Deny"), isDefault: false).status == 200 {}
      let list = await server.call("ListPolicyVersions", ["PolicyArn": arn])
      #expect(list.all("VersionId") == ["v5", "v4", "v3", "v2", "v1"])
      #expect(!list.text.contains("<Document>"))
      let refused = await server.version(of: arn, document("Deny"), isDefault: true)
      #expect(
        refused["Message"]
          == "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version."
      )
      #expect(await server.call("DeletePolicyVersion", ["PolicyArn": arn, "VersionId": "v5"]).status == 200)
      #expect(await server.version(of: arn, document("Deny"), isDefault: true)["VersionId"] == "v6")
      let pages = [
        await server.call("ListPolicyVersions", ["PolicyArn": arn, "MaxItems": "2"])
      ]
      let marker = try #require(pages[0]["Marker"])
      let next = await server.call(
        "ListPolicyVersions",
        ["PolicyArn": arn, "MaxItems": "3", "Marker": marker]
      )
      #expect(pages[0].all("VersionId") + next.all("VersionId") == ["v6", "v4", "v3", "v2", "v1"])
      #expect(next["IsTruncated"] == "false")
    }
  }

  @Test func `the last place of an account is taken once`() async throws {
    try await TestServer.run { server in
      let account = try #require(TestServer.account)
      var change = Change()
      for number in 0..<1499 {
        let record = try server.made(
          ManagedPolicyRecord.self,
          [
            "account": account, "path": "/", "policyName": "p\(number)", "policyID": "ANPA",
            "createDate": server.clock.now, "updateDate": server.clock.now, "defaultVersion": 1,
            "latestVersion": 1, "tags": [IdentityModel.Tag](),
          ]
        )
        change.writes.append(
          try server.put(record, ManagedPolicyRecord.id(account, record.policyName), .absent)
        )
      }
      try await server.commit(change)
      server.sink.interfereOnce {
        let answer = await server.call(
          "CreatePolicy",
          ["PolicyName": "first", "PolicyDocument": document("Allow")]
        )
        #expect(answer.status == 200)
      }
      let late = await server.call(
        "CreatePolicy",
        ["PolicyName": "late", "PolicyDocument": document("Allow")]
      )
      #expect(late.code == "LimitExceeded")
      #expect(late["Message"] == "Cannot exceed quota for PoliciesPerAccount: 1500")
      // The quota and the number.
      let summary = await server.call("GetAccountSummary")
      #expect(summary.all("value").filter { $0 == "1500" }.count == 2)
    }
  }
}
