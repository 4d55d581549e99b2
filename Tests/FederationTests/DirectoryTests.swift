// SPDX-License-Identifier: Apache-2.0
//
// What must hold of users and keys when calls meet: quotas, recycled names, conflicts.

import Federation
import IdentityModel
import Testing

@Suite struct DirectoryTests {
  @Test func `twenty calls at once make two keys and no third`() async throws {
    try await TestServer.run { server in
      #expect(await server.call("CreateUser", ["UserName": "alice"]).status == 200)
      let answers = await withTaskGroup { group in
        for _ in 0..<20 { group.addTask { await server.call("CreateAccessKey", ["UserName": "alice"]) } }
        return await group.reduce(into: [Answer]()) { $0.append($1) }
      }
      #expect(answers.filter { $0.status == 200 }.count == 2)
      for answer in answers where answer.status != 200 {
        #expect(["LimitExceeded", "ConcurrentModification"].contains(answer.code))
      }
      let list = await server.call("ListAccessKeys", ["UserName": "alice"])
      #expect(list.text.ranges(of: "<AccessKeyId>").count == 2)
    }
  }

  @Test func `twenty enables at once make one issuer`() async throws {
    try await TestServer.run(enablesFederation: false) { server in
      let answers = await withTaskGroup { group in
        for _ in 0..<20 { group.addTask { await server.call("EnableOutboundWebIdentityFederation") } }
        return await group.reduce(into: [Answer]()) { $0.append($1) }
      }
      #expect(answers.filter { $0.status == 200 }.count == 1)
      for answer in answers where answer.status != 200 { #expect(answer.code == "FeatureEnabled") }
      let account = try #require(TestServer.account)
      #expect(await server.document(try await server.issuerPath() + "/.well-known/jwks.json") != nil)
      let keys = try await server.house.directory.signingKeys(of: account).keys
      #expect(Set(keys.map(\.algorithm)) == [.rs256, .es384] && keys.count == 2)
    }
  }

  @Test func `a name that is used again gives the old key nothing`() async throws {
    try await TestServer.run { server in
      let old = try await server.user("alice")
      #expect(await server.call("GetCallerIdentity", as: old).status == 200)
      #expect(
        await server.call("DeleteAccessKey", ["UserName": "alice", "AccessKeyId": old.id]).status == 200
      )
      #expect(await server.call("DeleteUser", ["UserName": "alice"]).status == 200)
      let new = try await server.user("alice")
      #expect(await server.call("GetCallerIdentity", as: old).code == "InvalidClientTokenId")
      #expect(await server.call("GetCallerIdentity", as: new).status == 200)
    }
  }

  @Test func `names differ by more than case, and are found by their own spelling only`() async throws {
    try await TestServer.run { server in
      #expect(await server.call("CreateUser", ["UserName": "Alice"]).status == 200)
      #expect(await server.call("CreateUser", ["UserName": "aLICE"]).code == "EntityAlreadyExists")
      #expect(await server.call("GetUser", ["UserName": "alice"]).code == "NoSuchEntity")
      #expect(await server.call("GetUser", ["UserName": "Alice"]).status == 200)
    }
  }

  @Test func `a user with keys or policies is not deleted`() async throws {
    try await TestServer.run { server in
      let policy = #"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#
      let keys = try await server.user("alice", policy: policy)
      #expect(await server.call("DeleteUser", ["UserName": "alice"]).code == "DeleteConflict")
      _ = await server.call("DeleteAccessKey", ["UserName": "alice", "AccessKeyId": keys.id])
      #expect(await server.call("DeleteUser", ["UserName": "alice"]).code == "DeleteConflict")
      _ = await server.call("DeleteUserPolicy", ["UserName": "alice", "PolicyName": "p"])
      #expect(await server.call("DeleteUser", ["UserName": "alice"]).status == 200)
    }
  }

  @Test func `all inline policies of a user together have 2048 characters`() async throws {
    try await TestServer.run { server in
      #expect(await server.call("CreateUser", ["UserName": "alice"]).status == 200)
      func policy(_ size: Int) -> String {
        let frame = #"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:X","Resource":"*"}}"#
        return frame.replacing(
          "s3:X",
          with: "s3:" + String(repeating: "x", count: size - frame.utf8.count + 1)
        )
      }
      func put(_ name: String, _ document: String) async -> Answer {
        await server.call(
          "PutUserPolicy",
          ["UserName": "alice", "PolicyName": name, "PolicyDocument": document]
        )
      }
      #expect(await put("a", policy(1024)).status == 200)
      #expect(await put("b", policy(1025)).code == "LimitExceeded")
      #expect(await put("b", policy(1024)).status == 200)
      #expect(await put("b", policy(1024).replacing(",", with: " ,\n ")).status == 200)
    }
  }

  @Test func `white space inside strings of a policy counts, and the record of a policy is whole`()
    async throws
  {
    try await TestServer.run { server in
      #expect(await server.call("CreateUser", ["UserName": "alice"]).status == 200)
      func put(_ document: String) async -> Answer {
        await server.call(
          "PutUserPolicy",
          ["UserName": "alice", "PolicyName": "p", "PolicyDocument": document]
        )
      }
      let frame = #"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:x","Resource":"*"}}"#
      #expect(
        await put(frame.replacing("s3:x", with: "s3:" + String(repeating: " ", count: 3000))).status == 400
      )
      let padding = 10_240 - frame.utf8.count
      let widest = frame.replacing(",", with: ",") + String(repeating: "\t", count: padding)
      #expect(await put(widest).status == 200)
      #expect(await put(widest + "\t").code == "LimitExceeded")
      let record = try #require(
        try await server.records().last { $0.contains("PutUserPolicy") && !$0.contains("errorCode") }
      )
      #expect(record.contains(#""userName":"alice""#))
      #expect(record.contains("policyDocument"))
      #expect(!record.contains("omitted"))
    }
  }
}
