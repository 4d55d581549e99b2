// SPDX-License-Identifier: Apache-2.0
//
// A user under another name is the same user, with everything that was the user's; and a user who has anything is not
// deleted.

import Federation
import IdentityModel
import Testing

private let readOnly = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"

@Suite struct UserLifeTests {
  @Test(arguments: ["bob", "ALICE"])
  func `a renamed user keeps id, keys, policies, boundary and groups`(_ name: String) async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice", policy: Documents.allowAll)
      let id = try #require(await server.call("GetUser", ["UserName": "alice"])["UserId"])
      await server.done("AttachUserPolicy", ["UserName": "alice", "PolicyArn": readOnly])
      await server.done(
        "PutUserPermissionsBoundary",
        ["UserName": "alice", "PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"]
      )
      await server.done("CreateGroup", ["GroupName": "g"])
      await server.done("AddUserToGroup", ["GroupName": "g", "UserName": "alice"])
      await server.done("UpdateUser", ["UserName": "alice", "NewUserName": name, "NewPath": "/moved/"])

      #expect(await server.call("GetUser", ["UserName": "alice"]).code == "NoSuchEntity")
      let me = await server.call("GetCallerIdentity", as: alice)
      #expect(me["Arn"] == "arn:aws:iam::123456789012:user/moved/\(name)")
      #expect(me["UserId"] == id)
      #expect(await server.token(as: alice).status == 200)
      #expect(await server.call("ListUserPolicies", ["UserName": name])["member"] == "p")
      #expect(await server.call("ListAttachedUserPolicies", ["UserName": name])["PolicyArn"] == readOnly)
      #expect(await server.call("ListAccessKeys", ["UserName": name])["AccessKeyId"] == alice.id)
      #expect(await server.call("ListAccessKeys", ["UserName": name])["UserName"] == name)
      #expect(await server.call("ListGroupsForUser", ["UserName": name])["GroupName"] == "g")
      #expect(await server.call("GetGroup", ["GroupName": "g"])["UserName"] == name)
      #expect(await server.call("GetAccessKeyLastUsed", ["AccessKeyId": alice.id])["UserName"] == name)
      // A Deny of the group still holds.
      await server.done(
        "PutGroupPolicy",
        ["GroupName": "g", "PolicyName": "p", "PolicyDocument": Documents.denyTokens]
      )
      #expect(await server.token(as: alice).code == "AccessDenied")
      // Whoever gets the name next gets nothing else.
      if name == "bob" {
        let other = try await server.user("alice")
        #expect(await server.call("ListGroupsForUser", ["UserName": "alice"])["GroupName"] == nil)
        #expect(await server.call("GetUser", as: other).code == "AccessDenied")
      }
      // Everything can be taken off and the user deleted, so nothing was left under the old name.
      await server.done("DeleteAccessKey", ["UserName": name, "AccessKeyId": alice.id])
      await server.done("DeleteUserPolicy", ["UserName": name, "PolicyName": "p"])
      await server.done("DetachUserPolicy", ["UserName": name, "PolicyArn": readOnly])
      await server.done("RemoveUserFromGroup", ["UserName": name, "GroupName": "g"])
      await server.done("DeleteUser", ["UserName": name])
      let account = try #require(TestServer.account)
      for use in [PolicyAttachmentRecord.Use.policy, .boundary] {
        for policy in AWSManagedPolicy.all {
          let prefix = PolicyAttachmentRecord.prefix(account, policy: policy.arn, use)
          let left = try await server.house.directory.count(
            of:
              PolicyAttachmentRecord.self,
            prefix: prefix,
            limit: 9
          )
          #expect(left == 0)
        }
      }
    }
  }

  @Test func `a name that another user has is refused`() async throws {
    try await TestServer.run { server in
      await server.done("CreateUser", ["UserName": "alice"])
      await server.done("CreateUser", ["UserName": "bob"])
      await server.refused(
        "UpdateUser",
        ["UserName": "alice", "NewUserName": "Bob"],
        409,
        "EntityAlreadyExists",
        "User with name Bob already exists."
      )
      await server.done("CreateGroup", ["GroupName": "g"])
      await server.done("CreateGroup", ["GroupName": "h"])
      await server.refused(
        "UpdateGroup",
        ["GroupName": "g", "NewGroupName": "h"],
        409,
        "EntityAlreadyExists",
        "Group with name h already exists."
      )
      await server.refused(
        "UpdateUser",
        ["UserName": "nobody", "NewPath": "/x/"],
        404,
        "NoSuchEntity",
        "The user with name nobody cannot be found."
      )
      // Nothing to change is no error.
      await server.done("UpdateUser", ["UserName": "alice"])
      await server.done("UpdateGroup", ["GroupName": "g", "NewGroupName": "g"])
    }
  }

  enum Addition: CaseIterable {
    case key, policy, attachment
  }

  @Test(arguments: Addition.allCases)
  func `what is added while a user is renamed moves too`(_ addition: Addition) async throws {
    try await TestServer.run { server in
      await server.done("CreateUser", ["UserName": "alice"])
      server.sink.interfereOnce {
        switch addition {
        case .key: await server.done("CreateAccessKey", ["UserName": "alice"])
        case .policy:
          await server.done(
            "PutUserPolicy",
            ["UserName": "alice", "PolicyName": "p", "PolicyDocument": Documents.denyAll]
          )
        case .attachment: await server.done("AttachUserPolicy", ["UserName": "alice", "PolicyArn": readOnly])
        }
      }
      await server.done("UpdateUser", ["UserName": "alice", "NewUserName": "bob"])
      switch addition {
      case .key:
        let key = try #require(await server.call("ListAccessKeys", ["UserName": "bob"])["AccessKeyId"])
        await server.done("DeleteAccessKey", ["UserName": "bob", "AccessKeyId": key])
      case .policy: await server.done("DeleteUserPolicy", ["UserName": "bob", "PolicyName": "p"])
      case .attachment: await server.done("DetachUserPolicy", ["UserName": "bob", "PolicyArn": readOnly])
      }
      await server.done("DeleteUser", ["UserName": "bob"])
    }
  }

  @Test func `moving needs permission for what was and for what will be`() async throws {
    try await TestServer.run { server in
      let policy = #"""
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:UpdateUser","iam:UpdateGroup"],
          "Resource":["arn:aws:iam::123456789012:user/dev/*","arn:aws:iam::123456789012:group/dev/*"]}]}
        """#
      let mallory = try await server.user("mallory", policy: policy)
      for kind in ["User", "Group"] {
        await server.done("Create\(kind)", ["\(kind)Name": "x", "Path": "/dev/"])
        func update(_ parameter: String, _ value: String) async -> Answer {
          await server.call("Update\(kind)", ["\(kind)Name": "x", parameter: value], as: mallory)
        }
        #expect(await update("NewPath", "/admin/").code == "AccessDenied")
        #expect(await update("NewPath", "/dev/sub/").status == 200)
        #expect(await update("New\(kind)Name", "y").status == 200)
        #expect(await update("New\(kind)Name", "z").code == "AccessDenied")
      }
    }
  }

  @Test func `a user who has anything is not deleted`() async throws {
    try await TestServer.run { server in
      let user: KeyValuePairs = ["UserName": "alice"]
      let alice = try await server.user("alice", policy: Documents.allowAll)
      await server.done("AttachUserPolicy", ["UserName": "alice", "PolicyArn": readOnly])
      await server.done("CreateGroup", ["GroupName": "g"])
      await server.done("AddUserToGroup", ["GroupName": "g", "UserName": "alice"])
      let conflict = "Cannot delete entity, must "
      await server.refused("DeleteUser", user, 409, "DeleteConflict", conflict + "delete access keys first.")
      await server.done("DeleteAccessKey", ["UserName": "alice", "AccessKeyId": alice.id])
      await server.refused("DeleteUser", user, 409, "DeleteConflict", conflict + "delete policies first.")
      await server.done("DeleteUserPolicy", ["UserName": "alice", "PolicyName": "p"])
      await server.refused("DeleteUser", user, 409, "DeleteConflict", conflict + "detach all policies first.")
      await server.done("DetachUserPolicy", ["UserName": "alice", "PolicyArn": readOnly])
      await server.refused(
        "DeleteUser",
        user,
        409,
        "DeleteConflict",
        conflict + "remove users from group first."
      )
      await server.done("RemoveUserFromGroup", ["GroupName": "g", "UserName": "alice"])
      await server.done("DeleteUser", user)
    }
  }

  @Test func `an account has five thousand users`() async throws {
    try await TestServer.run { server in
      let account = try #require(TestServer.account)
      try await server.seed(UserRecord.kind, (0..<4999).map { ("\(account)/x\($0)", "{}") })
      await server.done("CreateUser", ["UserName": "last"])
      await server.refused(
        "CreateUser",
        ["UserName": "more"],
        409,
        "LimitExceeded",
        "Cannot exceed quota for UsersPerAccount: 5000"
      )
    }
  }

  @Test func `whose key it is, the account may know that has it`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user(
        "alice",
        policy: Documents.document("Allow", "iam:GetAccessKeyLastUsed")
      )
      let bob = try await server.user(
        "bob",
        policy: Documents.document("Allow", "iam:GetAccessKeyLastUsed", "arn:aws:iam::123456789012:user/bob")
      )
      let answer = await server.done("GetAccessKeyLastUsed", ["AccessKeyId": bob.id], as: bob)
      #expect(answer["UserName"] == "bob")
      #expect(answer["ServiceName"] == "N/A")
      #expect(answer["Region"] == "N/A")
      #expect(answer["LastUsedDate"] == nil)
      #expect(
        await server.call("GetAccessKeyLastUsed", ["AccessKeyId": alice.id], as: bob).code == "AccessDenied"
      )
      #expect(await server.done("GetAccessKeyLastUsed", ["AccessKeyId": Keys.root.id])["UserName"] == nil)
      // Nobody's, and another account's, are the same to whoever asks.
      let other = try #require(AccountID("210987654321"))
      let foreign = Keys(id: "AKIAOTHEROTHEROTHER2", secret: "other-secret")
      try await server.addAccount(other, foreign, enablesFederation: false)
      for key in ["AKIANOBODYNOBODYNOBO", foreign.id] {
        #expect(
          await server.call("GetAccessKeyLastUsed", ["AccessKeyId": key], as: bob).code == "AccessDenied"
        )
        await server.refused(
          "GetAccessKeyLastUsed",
          ["AccessKeyId": key],
          as: alice,
          404,
          "NoSuchEntity",
          "The Access Key with id \(key) cannot be found."
        )
      }
    }
  }

  @Test(arguments: [
    ("ListMFADevices", "MFADevices"), ("ListSSHPublicKeys", "SSHPublicKeys"),
    ("ListSigningCertificates", "Certificates"),
    ("ListServiceSpecificCredentials", "ServiceSpecificCredentials"),
  ])
  func `of credentials that nobody has here a user has none`(_ action: String, _ member: String) async throws
  {
    try await TestServer.run { server in
      let alice = try await server.user("alice", policy: Documents.document("Allow", "iam:\(action)"))
      let bob = try await server.user("bob")
      for answer in [
        await server.done(action, ["UserName": "alice"]), await server.done(action),
        await server.done(action, as: alice),
      ] {
        #expect(answer.text.contains("<\(member)></\(member)>") || answer.text.contains("<\(member)/>"))
        #expect(answer["IsTruncated"] == "false")
      }
      #expect(await server.call(action, as: bob).code == "AccessDenied")
      await server.refused(
        action,
        ["UserName": "nobody"],
        404,
        "NoSuchEntity",
        "The user with name nobody cannot be found."
      )
    }
  }

  @Test func `there are no virtual devices and no login profiles`() async throws {
    try await TestServer.run { server in
      let devices = await server.done("ListVirtualMFADevices", ["AssignmentStatus": "Any"])
      #expect(devices["IsTruncated"] == "false")
      #expect(await server.call("ListVirtualMFADevices", ["AssignmentStatus": "x"]).code == "ValidationError")
      let alice = try await server.user("alice")
      for action in ["GetLoginProfile", "DeleteLoginProfile"] {
        let text = "Login Profile for User alice cannot be found."
        await server.refused(action, ["UserName": "alice"], 404, "NoSuchEntity", text)
        await server.refused(
          action,
          ["UserName": "nobody"],
          404,
          "NoSuchEntity",
          "The user with name nobody cannot be found."
        )
        #expect(await server.call(action, as: alice).code == "AccessDenied")
        #expect(await server.call(action).code == "NoSuchEntity")
      }
    }
  }
}
