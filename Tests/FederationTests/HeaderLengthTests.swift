// SPDX-License-Identifier: Apache-2.0
//
// How much of what anybody may send gets into a record or to policy: counted in bytes, since what a reader takes for
// one character may be any number of them.

import Federation
import IdentityModel
import StrictJSON
import Testing

/// `e` under so many combining accents: one character to Swift, two bytes for each accent.
private func accented(_ count: Int) -> String { "e" + String(repeating: "\u{301}", count: count) }

@Suite struct HeaderLengthTests {
  private func lastRecord(_ server: TestServer) async throws -> JSONObject {
    let text = try #require(try await server.records().last)
    return try #require(try JSONReader.read(Array(text.utf8)).object)
  }

  @Test(arguments: [
    (String(repeating: "a", count: 256), String(repeating: "a", count: 256)),
    (String(repeating: "a", count: 257), String(repeating: "a", count: 256)),
    (accented(3000), accented(127)),
    (String(repeating: "\u{1F600}", count: 100), String(repeating: "\u{1F600}", count: 64)),
    ("ab" + String(repeating: "\u{1F600}", count: 100), "ab" + String(repeating: "\u{1F600}", count: 63)),
    ("", ""),
  ])
  func `a stranger puts 256 bytes of a header on record and no more`(_ sent: String, _ kept: String)
    async throws
  {
    try await TestServer.run { server in
      let stranger = Keys(id: "AKIAUNKNOWNUNKNOWN00", secret: "x")
      let header = HTTPField("User-Agent", sent)
      #expect(await server.call("GetCallerIdentity", as: stranger, headers: [header]).status == 403)
      let found = try #require(try await lastRecord(server)["userAgent"]?.string)
      #expect(found.utf8.elementsEqual(kept.utf8))
    }
  }

  @Test func `a stranger puts 256 bytes of an error message on record and no more`() async throws {
    try await TestServer.run { server in
      let answer = await server.assumeWithToken(accented(2000), "abcd")
      #expect(answer["Message"] == "\(accented(2000)) is invalid")
      let message = try #require(try await lastRecord(server)["errorMessage"]?.string)
      #expect(message.utf8.elementsEqual(accented(127).utf8))
    }
  }

  @Test func `policy is asked about 1024 bytes of the User-Agent and no more`() async throws {
    try await TestServer.run { server in
      // What ends beyond the limit is cut off before its end.
      let condition = #""StringLike":{"aws:UserAgent":"*end"}"#
      let agents = [
        (accented(510) + "end", true), (accented(511) + "end", false), (accented(5000) + "end", false),
      ]
      let alice = try await server.user(
        "alice",
        policy: """
          {"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:GetUser","Resource":"*",
          "Condition":{\(condition)}}}
          """
      )
      for (agent, isAllowed) in agents {
        let answer = await server.call("GetUser", as: alice, headers: [HTTPField("User-Agent", agent)])
        #expect(answer.code == (isAllowed ? nil : "AccessDenied"))
      }

      let key = try await server.registerProvider()
      let trust = """
        {"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"\(TestServer.clusterARN)"},
        "Action":"sts:AssumeRoleWithWebIdentity","Condition":{\(condition)}}}
        """
      let role = try await server.storeRole("app", trust: trust)
      let token = try await server.providerToken(key)
      for (agent, isAllowed) in agents {
        let answer = await server.assumeWithToken(role, token, headers: [HTTPField("User-Agent", agent)])
        #expect(answer.code == (isAllowed ? nil : "AccessDenied"))
      }
    }
  }
}
