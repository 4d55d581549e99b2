// SPDX-License-Identifier: Apache-2.0
//
// A caller is put together by several reads: what comes between two of them must not leave a Deny out. Calls that only
// read are the ones that nothing but the second reading protects: there is no write that could insist on revisions.

import Federation
import IdentityModel
import Testing

private let allowsReading = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"

@Suite struct UndisturbedReadTests {
  @Test func `a user who is renamed while the policies are read keeps every Deny`() async throws {
    try await TestServer.run { server in
      // The Allow goes with the record of the user, which is read first; the Deny stands below the name.
      let alice = try await server.user("alice", policy: Documents.denyAll)
      await server.done("AttachUserPolicy", ["UserName": "alice", "PolicyArn": allowsReading])
      await server.done("CreateUser", ["UserName": "bob"])
      server.reader.interfereOnce(after: UserRecord.kind) {
        await server.done("UpdateUser", ["UserName": "alice", "NewUserName": "alicia"])
      }
      let answer = await server.call("GetUser", ["UserName": "bob"], as: alice)
      #expect(answer.code == "AccessDenied", "\(answer.text)")
      #expect(answer["Message"]?.contains("user/alicia") == true)
      #expect(answer["Message"]?.hasSuffix("with an explicit deny in an identity-based policy") == true)
    }
  }

  @Test func `a group that is renamed while its policies are read keeps every Deny`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice")
      await server.done("AttachUserPolicy", ["UserName": "alice", "PolicyArn": allowsReading])
      await server.done("CreateGroup", ["GroupName": "held"])
      await server.done(
        "PutGroupPolicy",
        ["GroupName": "held", "PolicyName": "p", "PolicyDocument": Documents.denyAll]
      )
      await server.done("AddUserToGroup", ["GroupName": "held", "UserName": "alice"])
      server.reader.interfereOnce(after: GroupRecord.kind) {
        await server.done("UpdateGroup", ["GroupName": "held", "NewGroupName": "holden"])
      }
      #expect(await server.call("GetUser", ["UserName": "alice"], as: alice).code == "AccessDenied")
    }
  }
}
