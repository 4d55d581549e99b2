// SPDX-License-Identifier: Apache-2.0
//
// What belongs to the account itself: its alias, its password policy, its summary, and the whole of who may do what.

import Federation
import Foundation
import IdentityModel
import Testing

private let allowAll = #"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#

@Suite struct AccountTests {
  @Test func `an alias is one account's, and an account has one`() async throws {
    try await TestServer.run { server in
      let other = Keys(id: "AKIAOTHEROTHEROTHER0", secret: "other-secret")
      try await server.addAccount(try #require(AccountID("999999999999")), other, enablesFederation: false)
      func create(_ alias: String, as keys: Keys = .root) async -> Answer {
        await server.call("CreateAccountAlias", ["AccountAlias": alias], as: keys)
      }
      func aliases(_ keys: Keys = .root) async -> [String] {
        await server.call("ListAccountAliases", as: keys).all("member")
      }
      #expect(await aliases().isEmpty)
      #expect(await create("first").status == 200)
      for keys in [Keys.root, other] {
        let taken = await create("first", as: keys)
        #expect(taken.code == "EntityAlreadyExists")
        #expect(taken["Message"] == "The account alias first already exists.")
      }
      #expect(await create("second").status == 200)
      #expect(await aliases() == ["second"])
      // The former one is free again, and nobody deletes another's.
      #expect(await create("first", as: other).status == 200)
      let delete: KeyValuePairs = ["AccountAlias": "first"]
      #expect(await server.call("DeleteAccountAlias", delete).code == "NoSuchEntity")
      #expect(await aliases(other) == ["first"])
      #expect(await server.call("DeleteAccountAlias", delete, as: other).status == 200)
      #expect(await aliases(other).isEmpty)
      #expect(await create("first").status == 200)
      #expect(await server.token().status == 200)
    }
  }

  @Test func `two accounts do not get the same alias at once`() async throws {
    try await TestServer.run { server in
      let other = Keys(id: "AKIAOTHEROTHEROTHER0", secret: "other-secret")
      try await server.addAccount(try #require(AccountID("999999999999")), other, enablesFederation: false)
      server.sink.interfereOnce {
        #expect(await server.call("CreateAccountAlias", ["AccountAlias": "same"], as: other).status == 200)
      }
      #expect(
        await server.call("CreateAccountAlias", ["AccountAlias": "same"]).code == "EntityAlreadyExists"
      )
      // Two aliases of one account at once: the later one stays, the other is nobody's.
      server.sink.interfereOnce {
        #expect(await server.call("CreateAccountAlias", ["AccountAlias": "one"]).status == 200)
      }
      #expect(await server.call("CreateAccountAlias", ["AccountAlias": "two"]).status == 200)
      #expect(await server.call("ListAccountAliases").all("member") == ["two"])
      #expect(await server.call("CreateAccountAlias", ["AccountAlias": "one"], as: other).status == 200)
    }
  }

  @Test(arguments: ["ab", "-ab", "ab-", "a--b", "Abc", "a_b", "a.b", "", String(repeating: "a", count: 64)])
  func `an alias outside the model is refused`(_ alias: String) async throws {
    try await TestServer.run { server in
      for action in ["CreateAccountAlias", "DeleteAccountAlias"] {
        #expect(await server.call(action, ["AccountAlias": alias]).code == "ValidationError")
      }
      #expect(await server.call("CreateAccountAlias", ["AccountAlias": "a-0-b"]).status == 200)
    }
  }

  @Test func `a password policy is kept and given back whole`() async throws {
    try await TestServer.run { server in
      let missing = await server.call("GetAccountPasswordPolicy")
      #expect(missing.code == "NoSuchEntity")
      #expect(
        missing["Message"] == "The Password Policy with domain name 123456789012 cannot be found."
      )
      #expect(
        await server.call("DeleteAccountPasswordPolicy")["Message"]
          == "The account policy with name PasswordPolicy cannot be found."
      )
      let given: KeyValuePairs = [
        "MinimumPasswordLength": "14", "RequireSymbols": "true", "MaxPasswordAge": "90",
        "HardExpiry": "false",
        "PasswordReusePrevention": "24", "AllowUsersToChangePassword": "true",
      ]
      #expect(await server.call("UpdateAccountPasswordPolicy", given).status == 200)
      let got = await server.call("GetAccountPasswordPolicy")
      for (name, value) in given { #expect(got[name] == value, "\(name)") }
      #expect(got["ExpirePasswords"] == "true" && got["RequireNumbers"] == "false")
      #expect(await server.call("UpdateAccountPasswordPolicy").status == 200)
      let reset = await server.call("GetAccountPasswordPolicy")
      #expect(reset["MinimumPasswordLength"] == "6" && reset["ExpirePasswords"] == "false")
      #expect(reset["MaxPasswordAge"] == nil && reset["HardExpiry"] == nil)
      for wrong in [
        ["MinimumPasswordLength": "5"], ["MinimumPasswordLength": "129"], ["MaxPasswordAge": "0"],
        ["MaxPasswordAge": "1096"], ["PasswordReusePrevention": "25"],
      ] as [KeyValuePairs<String, String>] {
        #expect(await server.call("UpdateAccountPasswordPolicy", wrong).code == "ValidationError")
      }
      #expect(
        await server.call("UpdateAccountPasswordPolicy", ["RequireSymbols": "yes"]).code == "MalformedInput"
      )
      #expect(await server.call("DeleteAccountPasswordPolicy").status == 200)
      #expect(await server.call("GetAccountPasswordPolicy").code == "NoSuchEntity")
    }
  }

  @Test func `the summary counts what is there`() async throws {
    try await TestServer.run { server in
      func summary() async -> [String: String] {
        let answer = await server.call("GetAccountSummary")
        return Dictionary(uniqueKeysWithValues: zip(answer.all("key"), answer.all("value")))
      }
      let before = await summary()
      #expect(before.count == 34)
      #expect(before["Users"] == "0" && before["AccountAccessKeysPresent"] == "1")
      _ = try await server.user("alice")
      await server.done("CreateGroup", ["GroupName": "group"])
      try await server.storeRole("role", trust: trustOfNobody, policy: nil)
      _ = try await server.managedPolicy("p", allowAll)
      #expect(await server.call("CreateOpenIDConnectProvider", ["Url": "https://a.example"]).status == 200)
      let after = await summary()
      for key in ["Users", "Groups", "Roles", "Policies", "PolicyVersionsInUse", "Providers"] {
        #expect(after[key] == "1", "\(key)")
      }
      #expect(await server.call("DeleteAccessKey", ["AccessKeyId": Keys.root.id]).status == 200)
    }
  }

  @Test func `the details of the account are whole, page by page and filtered`() async throws {
    try await TestServer.run { server in
      _ = try await server.user("alice", policy: allowAll)
      _ = try await server.user("bob")
      await server.done("CreateGroup", ["GroupName": "group"])
      try await server.storeRole("role", trust: trustOfNobody, policy: nil)
      let arn = try await server.managedPolicy("p", allowAll)
      await server.attach(arn, to: RoleRecord.self, "role")
      await server.attach("arn:aws:iam::aws:policy/IAMFullAccess", to: UserRecord.self, "bob")
      await server.attach(arn, to: UserRecord.self, "bob", as: .boundary)
      let account = try #require(TestServer.account)
      try await server.commit(
        Change([
          try server.put(
            try server.made(UserGroupRecord.self, ["groupName": "group"]),
            UserGroupRecord.id(account, user: "alice", group: "group"),
            .absent
          )
        ])
      )
      let action = "GetAccountAuthorizationDetails"
      let whole = await server.call(action)
      #expect(whole.all("UserName") == ["alice", "bob"])
      #expect(whole["GroupList"]?.contains("<member>group</member>") == true)
      #expect(whole["UserPolicyList"]?.contains("<PolicyName>p</PolicyName>") == true)
      #expect(whole["PermissionsBoundary"]?.contains(arn) == true)
      #expect(whole.all("GroupName") == ["group"] && whole.all("RoleName") == ["role"])
      #expect(whole["AssumeRolePolicyDocument"]?.removingPercentEncoding == trustOfNobody)
      let policies = try #require(whole.text.components(separatedBy: "<Policies>").last)
      #expect(policies.contains("<AttachmentCount>1</AttachmentCount>"))
      #expect(policies.contains("<PermissionsBoundaryUsageCount>1</PermissionsBoundaryUsageCount>"))
      #expect(policies.contains("<PolicyName>IAMFullAccess<"))
      // A policy of AWS that nothing uses is left out.
      #expect(!whole.text.contains("AdministratorAccess"))
      #expect(
        whole.all("Document").contains { $0.removingPercentEncoding == allowAll }
      )

      var names: [String] = []
      var marker: String?
      repeat {
        let page = await server.call(
          action,
          adding: ["MaxItems": "2"],
          to: marker.map { ["Marker": $0] } ?? [:]
        )
        names += page.all("UserName") + page.all("GroupName") + page.all("RoleName")
        names += page.text.components(separatedBy: "<Policies>").dropFirst().flatMap { part in
          Answer(status: 200, text: part).all("PolicyName")
        }
        marker = page["Marker"]
      } while marker != nil
      #expect(names == ["alice", "bob", "group", "role", "p", "IAMFullAccess"])

      let filtered = await server.call(action, ["Filter.member.1": "Group", "Filter.member.2": "Role"])
      #expect(filtered.all("UserName").isEmpty && filtered.all("RoleName") == ["role"])
      let wrong = await server.call(action, ["Filter.member.1": "group"])
      #expect(wrong.code == "ValidationError")
      #expect(wrong["Message"]?.contains("[User, Role, Group, LocalManagedPolicy, AWSManagedPolicy]") == true)
    }
  }

  @Test func `without a permission the account tells nothing`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice")
      for action in [
        "GetAccountSummary", "GetAccountAuthorizationDetails", "ListAccountAliases",
        "GetAccountPasswordPolicy",
        "DeleteAccountPasswordPolicy", "UpdateAccountPasswordPolicy", "ListPolicies", "ListSAMLProviders",
        "ListOpenIDConnectProviders",
      ] {
        let answer = await server.call(action, as: alice)
        #expect(answer["Message"]?.contains("iam:\(action) on resource: *") == true, "\(action)")
      }
      for action in ["CreateAccountAlias", "DeleteAccountAlias"] {
        #expect(await server.call(action, ["AccountAlias": "abc"], as: alice).code == "AccessDenied")
      }
    }
  }
}
