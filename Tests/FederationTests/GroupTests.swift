// SPDX-License-Identifier: Apache-2.0
//
// Groups: their policies bear on whoever is a member, at once, and no call leaves a membership without its group or its
// user.

import Federation
import IdentityModel
import Testing

@Suite struct GroupTests {
  @Test func `a Deny of a group stops its members at once, and those who left it no longer`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice", policy: Documents.allowAll)
      await server.done("CreateGroup", ["GroupName": "g"])
      await server.done(
        "PutGroupPolicy",
        ["GroupName": "g", "PolicyName": "p", "PolicyDocument": Documents.denyTokens]
      )
      #expect(await server.token(as: alice).status == 200)
      await server.done("AddUserToGroup", ["GroupName": "g", "UserName": "alice"])
      #expect(await server.token(as: alice).code == "AccessDenied")
      // Another name, another path: the same group.
      await server.done("UpdateGroup", ["GroupName": "g", "NewGroupName": "h", "NewPath": "/x/"])
      #expect(await server.token(as: alice).code == "AccessDenied")
      await server.done("RemoveUserFromGroup", ["GroupName": "h", "UserName": "alice"])
      #expect(await server.token(as: alice).status == 200)
      await server.done("AddUserToGroup", ["GroupName": "h", "UserName": "alice"])
      #expect(await server.token(as: alice).code == "AccessDenied")
      await server.done("DeleteGroupPolicy", ["GroupName": "h", "PolicyName": "p"])
      #expect(await server.token(as: alice).status == 200)
    }
  }

  @Test func `what a group allows its members may, whether inline or attached`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice")
      await server.done("CreateGroup", ["GroupName": "g"])
      await server.done("AddUserToGroup", ["GroupName": "g", "UserName": "alice"])
      #expect(await server.token(as: alice).code == "AccessDenied")
      let arn = "arn:aws:iam::aws:policy/AdministratorAccess"
      await server.done("AttachGroupPolicy", ["GroupName": "g", "PolicyArn": arn])
      #expect(await server.token(as: alice).status == 200)
      await server.done("DetachGroupPolicy", ["GroupName": "g", "PolicyArn": arn])
      #expect(await server.token(as: alice).code == "AccessDenied")
      await server.done(
        "PutGroupPolicy",
        ["GroupName": "g", "PolicyName": "p", "PolicyDocument": Documents.allowTokens]
      )
      #expect(await server.token(as: alice).status == 200)
      // A customer-managed policy that denies outweighs it.
      let deny = try await server.storePolicy("deny", Documents.denyTokens)
      await server.done("AttachGroupPolicy", ["GroupName": "g", "PolicyArn": deny])
      #expect(await server.token(as: alice).code == "AccessDenied")
    }
  }

  enum Interference: CaseIterable {
    case policyDenies, policyGoes, userGoes, policyIsAttached, groupIsRenamed
  }

  @Test(arguments: Interference.allCases)
  func `a token is decided anew when a group of the caller changed meanwhile`(
    _ interference: Interference
  ) async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice")
      let deny = try await server.storePolicy("deny", Documents.denyTokens)
      await server.done("CreateGroup", ["GroupName": "g"])
      await server.done("AddUserToGroup", ["GroupName": "g", "UserName": "alice"])
      await server.done(
        "PutGroupPolicy",
        ["GroupName": "g", "PolicyName": "p", "PolicyDocument": Documents.allowTokens]
      )
      #expect(await server.token(as: alice).status == 200)
      server.sink.interfereOnce {
        switch interference {
        case .policyDenies:
          await server.done(
            "PutGroupPolicy",
            ["GroupName": "g", "PolicyName": "p", "PolicyDocument": Documents.denyTokens]
          )
        case .policyGoes: await server.done("DeleteGroupPolicy", ["GroupName": "g", "PolicyName": "p"])
        case .userGoes: await server.done("RemoveUserFromGroup", ["GroupName": "g", "UserName": "alice"])
        case .policyIsAttached: await server.done("AttachGroupPolicy", ["GroupName": "g", "PolicyArn": deny])
        case .groupIsRenamed: await server.done("UpdateGroup", ["GroupName": "g", "NewGroupName": "h"])
        }
      }
      let answer = await server.token(as: alice)
      if interference == .groupIsRenamed {
        #expect(answer.status == 200)
      } else {
        #expect(answer.code == "AccessDenied")
        let records = try await server.records()
        #expect(records.count { $0.contains("webIdentityTokenId") } == 1)
      }
    }
  }

  @Test func `a group that is deleted while somebody joins it is not deleted`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice", policy: Documents.allowTokens)
      await server.done("CreateGroup", ["GroupName": "g"])
      server.sink.interfereOnce {
        await server.done("AddUserToGroup", ["GroupName": "g", "UserName": "alice"])
      }
      await server.refused(
        "DeleteGroup",
        ["GroupName": "g"],
        409,
        "DeleteConflict",
        "Cannot delete entity, must remove users from group first."
      )
      #expect(await server.token(as: alice).status == 200)
      // The other way round: whoever joins finds no group.
      await server.done("RemoveUserFromGroup", ["GroupName": "g", "UserName": "alice"])
      server.sink.interfereOnce { await server.done("DeleteGroup", ["GroupName": "g"]) }
      await server.refused(
        "AddUserToGroup",
        ["GroupName": "g", "UserName": "alice"],
        404,
        "NoSuchEntity",
        "The group with name g cannot be found."
      )
      #expect(await server.token(as: alice).status == 200)
    }
  }

  @Test func `a user who is deleted or renamed while joining a group leaves nothing behind`() async throws {
    try await TestServer.run { server in
      await server.done("CreateUser", ["UserName": "alice"])
      await server.done("CreateGroup", ["GroupName": "g"])
      server.sink.interfereOnce { await server.done("DeleteUser", ["UserName": "alice"]) }
      await server.refused(
        "AddUserToGroup",
        ["GroupName": "g", "UserName": "alice"],
        404,
        "NoSuchEntity",
        "The user with name alice cannot be found."
      )
      await server.done("CreateUser", ["UserName": "alice"])
      server.sink.interfereOnce {
        await server.done("AddUserToGroup", ["GroupName": "g", "UserName": "alice"])
      }
      await server.done("UpdateUser", ["UserName": "alice", "NewUserName": "bob"])
      #expect(await server.call("GetGroup", ["GroupName": "g"])["UserName"] == "bob")
      #expect(await server.call("ListGroupsForUser", ["UserName": "bob"])["GroupName"] == "g")
      server.sink.interfereOnce {
        await server.done("RemoveUserFromGroup", ["GroupName": "g", "UserName": "bob"])
      }
      await server.done("UpdateUser", ["UserName": "bob", "NewUserName": "carol"])
      #expect(!(await server.call("GetGroup", ["GroupName": "g"]).text.contains("<UserName>")))
      await server.done("DeleteGroup", ["GroupName": "g"])
      await server.done("DeleteUser", ["UserName": "carol"])
    }
  }

  @Test func `a user is in ten groups and in no eleventh, however many calls come at once`() async throws {
    try await TestServer.run { server in
      await server.done("CreateUser", ["UserName": "alice"])
      for number in 0..<14 { await server.done("CreateGroup", ["GroupName": "g\(number)"]) }
      for number in 0..<8 {
        await server.done("AddUserToGroup", ["GroupName": "g\(number)", "UserName": "alice"])
      }
      let answers = await withTaskGroup { group in
        for number in 8..<14 {
          group.addTask {
            await server.call("AddUserToGroup", ["GroupName": "g\(number)", "UserName": "alice"])
          }
        }
        return await group.reduce(into: [Answer]()) { $0.append($1) }
      }
      #expect(answers.count { $0.status == 200 } == 2)
      for answer in answers where answer.status != 200 {
        #expect(answer.code == "LimitExceeded")
        #expect(answer["Message"] == "Cannot exceed quota for GroupsPerUser: 10")
      }
      let groups = await server.call("ListGroupsForUser", ["UserName": "alice"])
      #expect(groups.text.ranges(of: "<GroupName>").count == 10)
      // A member joins again without being one more.
      await server.done("AddUserToGroup", ["GroupName": "g0", "UserName": "alice"])
      await server.done("RemoveUserFromGroup", ["GroupName": "g0", "UserName": "alice"])
      await server.done("RemoveUserFromGroup", ["GroupName": "g0", "UserName": "alice"])
    }
  }

  @Test func `a group of more members than fit into one read is renamed whole`() async throws {
    try await TestServer.run { server in
      let account = try #require(TestServer.account)
      await server.done("CreateGroup", ["GroupName": "g"])
      let alice = try await server.user("zoe", policy: Documents.allowTokens)
      await server.done("AddUserToGroup", ["GroupName": "g", "UserName": "zoe"])
      let names = (0..<1200).map { "u\($0)" }
      try await server.seed(
        GroupMemberRecord.kind,
        names.map { (GroupMemberRecord.id(account, group: "g", user: $0), #"{"userName":"\#($0)"}"#) }
      )
      try await server.seed(
        UserGroupRecord.kind,
        names.map { (UserGroupRecord.id(account, user: $0, group: "g"), #"{"groupName":"g"}"#) }
      )
      await server.done("UpdateGroup", ["GroupName": "g", "NewGroupName": "h"])
      let directory = server.house.directory
      let old = try await directory.records(
        GroupMemberRecord.self,
        prefix: GroupMemberRecord.prefix(account, "g")
      )
      #expect(old.isEmpty)
      let prefix = GroupMemberRecord.prefix(account, "h")
      #expect(try await directory.count(of: GroupMemberRecord.self, prefix: prefix, limit: 2000) == 1201)
      let membership = UserGroupRecord.id(account, user: "u1199", group: "h")
      #expect(try await directory.record(UserGroupRecord.self, at: membership)?.record.groupName == "h")
      #expect(await server.token(as: alice).status == 200)
    }
  }

  @Test func `an account has three hundred groups`() async throws {
    try await TestServer.run { server in
      let account = try #require(TestServer.account)
      try await server.seed(GroupRecord.kind, (0..<299).map { ("\(account)/x\($0)", "{}") })
      await server.done("CreateGroup", ["GroupName": "last"])
      await server.done("DeleteGroup", ["GroupName": "last"])
      // Of two calls that would each be the last, one is.
      server.sink.interfereOnce { await server.done("CreateGroup", ["GroupName": "last"]) }
      await server.refused(
        "CreateGroup",
        ["GroupName": "more"],
        409,
        "LimitExceeded",
        "Cannot exceed quota for GroupsPerAccount: 300"
      )
      await server.refused(
        "CreateGroup",
        ["GroupName": "LAST"],
        409,
        "EntityAlreadyExists",
        "Group with name LAST already exists."
      )
    }
  }

  @Test func `a group needs to be empty to go`() async throws {
    try await TestServer.run { server in
      let group: KeyValuePairs = ["GroupName": "g"]
      let arn = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
      await server.done("CreateGroup", group)
      await server.done("CreateUser", ["UserName": "alice"])
      await server.done("AddUserToGroup", ["GroupName": "g", "UserName": "alice"])
      await server.done(
        "PutGroupPolicy",
        ["GroupName": "g", "PolicyName": "p", "PolicyDocument": Documents.denyAll]
      )
      await server.done("AttachGroupPolicy", ["GroupName": "g", "PolicyArn": arn])
      let conflict = "Cannot delete entity, must "
      await server.refused(
        "DeleteGroup",
        group,
        409,
        "DeleteConflict",
        conflict + "remove users from group first."
      )
      await server.done("RemoveUserFromGroup", ["GroupName": "g", "UserName": "alice"])
      await server.refused("DeleteGroup", group, 409, "DeleteConflict", conflict + "delete policies first.")
      await server.done("DeleteGroupPolicy", ["GroupName": "g", "PolicyName": "p"])
      await server.refused(
        "DeleteGroup",
        group,
        409,
        "DeleteConflict",
        conflict + "detach all policies first."
      )
      await server.done("DetachGroupPolicy", ["GroupName": "g", "PolicyArn": arn])
      await server.done("DeleteGroup", group)
      let absent = "The group with name g cannot be found."
      await server.refused("DeleteGroup", group, 404, "NoSuchEntity", absent)
      await server.refused("GetGroup", group, 404, "NoSuchEntity", absent)
      await server.refused(
        "UpdateGroup",
        ["GroupName": "g", "NewGroupName": "h"],
        404,
        "NoSuchEntity",
        absent
      )
      await server.refused(
        "RemoveUserFromGroup",
        ["GroupName": "g", "UserName": "alice"],
        404,
        "NoSuchEntity",
        absent
      )
    }
  }
}
