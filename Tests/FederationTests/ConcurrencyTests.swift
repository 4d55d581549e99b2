// SPDX-License-Identifier: Apache-2.0
//
// What was decided counts only while it is still true: a change that comes between the decision and the record makes
// the call be decided anew. Each test puts the change exactly there.

import Federation
import IdentityModel
import Testing

private let allowAll = #"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#

@Suite struct ConcurrencyTests {
  @Test func `no token goes on record after the disable that overtook it`() async throws {
    try await TestServer.run { server in
      server.sink.interfereOnce {
        #expect(await server.call("DisableOutboundWebIdentityFederation").status == 200)
      }
      let answer = await server.token()
      #expect(answer.code == "OutboundWebIdentityFederationDisabledException")
      let records = try await server.records()
      let disable = try #require(records.firstIndex { $0.contains("DisableOutbound") })
      #expect(!records[disable...].contains { $0.contains("webIdentityTokenId") })
    }
  }

  @Test func `a key that was switched off meanwhile changes nothing`() async throws {
    try await TestServer.run { server in
      let mallory = try await server.user("mallory", policy: allowAll)
      server.sink.interfereOnce {
        let parameters: KeyValuePairs = [
          "UserName": "mallory", "AccessKeyId": mallory.id, "Status": "Inactive",
        ]
        #expect(await server.call("UpdateAccessKey", parameters).status == 200)
      }
      #expect(
        await server.call("CreateUser", ["UserName": "plant"], as: mallory).code == "InvalidClientTokenId"
      )
      #expect(await server.call("GetUser", ["UserName": "plant"]).code == "NoSuchEntity")
    }
  }

  @Test(arguments: ["PutUserPolicy", "DeleteUserPolicy"])
  func `a policy that was taken away meanwhile allows nothing`(_ action: String) async throws {
    try await TestServer.run { server in
      let mallory = try await server.user("mallory", policy: allowAll)
      server.sink.interfereOnce {
        let deny = allowAll.replacing("Allow", with: "Deny")
        let answer =
          action == "PutUserPolicy"
          ? await server.call(
            "PutUserPolicy",
            ["UserName": "mallory", "PolicyName": "p", "PolicyDocument": deny]
          )
          : await server.call("DeleteUserPolicy", ["UserName": "mallory", "PolicyName": "p"])
        #expect(answer.status == 200)
      }
      #expect(await server.token(as: mallory).code == "AccessDenied")
      let records = try await server.records()
      #expect(!records.contains { $0.contains("webIdentityTokenId") })
    }
  }

  @Test func `policy judges the user that the action works on`() async throws {
    try await TestServer.run { server in
      let policy = #"""
        {"Version":"2012-10-17","Statement":[
          {"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::123456789012:user/*"},
          {"Effect":"Deny","Action":"iam:*","Resource":"arn:aws:iam::123456789012:user/admin/*"}]}
        """#
      let mallory = try await server.user("mallory", policy: policy)
      // Absent when policy was asked: it stays absent, whoever makes it meanwhile.
      #expect(await server.call("CreateAccessKey", ["UserName": "boss"], as: mallory).code == "NoSuchEntity")
      #expect(await server.call("CreateUser", ["UserName": "boss", "Path": "/admin/"]).status == 200)
      #expect(await server.call("CreateAccessKey", ["UserName": "boss"], as: mallory).code == "AccessDenied")
      // There when policy was asked, and another by the time of the write.
      #expect(await server.call("CreateUser", ["UserName": "temp"]).status == 200)
      server.sink.interfereOnce {
        #expect(await server.call("DeleteUser", ["UserName": "temp"]).status == 200)
        #expect(await server.call("CreateUser", ["UserName": "temp", "Path": "/admin/"]).status == 200)
      }
      #expect(await server.call("CreateAccessKey", ["UserName": "temp"], as: mallory).code == "AccessDenied")
      #expect(!(await server.call("ListAccessKeys", ["UserName": "temp"]).text.contains("<AccessKeyId>")))
    }
  }
}
