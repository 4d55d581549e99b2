// SPDX-License-Identifier: Apache-2.0
//
// Texts that Swift holds for equal and bytes do not: names of actions and access key ids are compared by bytes.

import Federation
import IdentityModel
import SigV4
import StoreSQLite
import Testing

@Suite struct LookalikeTests {
  // U+212A, the Kelvin sign: canonically equivalent to K.
  private let kelvin = "\u{212A}"

  @Test func `nobody locks a key out by an id that looks like it`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice", policy: Documents.allowAll)
      let lookalike = Keys(id: alice.id.replacing("K", with: kelvin), secret: "wrong")
      #expect(lookalike.id == alice.id)
      for _ in 0..<3 {
        #expect(await server.call("GetCallerIdentity", as: lookalike).status == 403)
        #expect(await server.call("GetCallerIdentity", as: alice).status == 200)
      }
      // Not even with the right secret.
      let right = Keys(id: lookalike.id, secret: alice.secret)
      #expect(await server.call("GetCallerIdentity", as: right).status == 403)
    }
  }

  @Test func `an action has one spelling`() async throws {
    try await TestServer.run { server in
      _ = try await server.user("alice")
      let name = "CreateAccess\(kelvin)ey"
      #expect(ActionTable.all[.iam, name] == nil)
      let body = "Action=CreateAccess%E2%84%AAey&Version=2010-05-08&UserName=alice"
      let answer = await server.send(Array(body.utf8), to: .iam)
      #expect(answer.status == 400 && answer.code == "InvalidAction")
    }
  }
}

@Suite struct CostOfSimulationTests {
  @Test func `a page of results ends when enough statements were looked at`() async throws {
    try await TestServer.run { server in
      let statements = Array(
        repeating: #"{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}"#,
        count: 400
      )
      let policy = #"{"Version":"2012-10-17","Statement":[\#(statements.joined(separator: ","))]}"#
      let actions = (1...20).map { ("ActionNames.member.\($0)", "s3:GetObject\($0)") }
      let fields = [("PolicyInputList.member.1", policy), ("MaxItems", "1000")] + actions
      var marker: String?
      var pages = 0
      repeat {
        let more = marker.map { [("Marker", $0)] } ?? []
        let answer = await server.call("SimulateCustomPolicy", form: fields + more)
        #expect(answer.status == 200)
        #expect(answer.text.ranges(of: "<EvalActionName>").count == 5)
        marker = answer["IsTruncated"] == "true" ? answer["Marker"] : nil
        pages += 1
      } while marker != nil && pages < 10
      #expect(pages == 4)
    }
  }
}
