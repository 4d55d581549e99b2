// SPDX-License-Identifier: Apache-2.0
//
// How much a session may carry, and that a token which carries it all still fits into a header.

import Federation
import IdentityModel
import Testing

private let role = "arn:aws:iam::123456789012:role/builder"

@Suite struct PackedPolicyTests {
  @Test func `a policy of 2048 characters and ten tags fit, and the token into 8 KiB`() async throws {
    try await TestServer.run { server in
      try await server.storeRole("builder")
      let alice = try await server.user("alice", policy: allowsAll)
      let frame = allows("sts:GetWebIdentityToken")
      let policy = frame + String(repeating: "\n", count: 2048 - frame.utf16.count)
      let parameters =
        [
          ("RoleArn", role), ("RoleSessionName", String(repeating: "s", count: 64)), ("Policy", policy),
          ("SourceIdentity", String(repeating: "i", count: 64)),
        ] + tags(10, value: "a value of thirty-two characters")
      let answer = await server.call("AssumeRole", form: parameters, as: alice)
      let keys = try #require(answer.credentials, "\(answer.text)")
      #expect(try #require(keys.sessionToken).utf8.count < 8192 - "X-Amz-Security-Token: ".utf8.count)
      #expect(await server.token(as: keys).status == 200)
    }
  }

  @Test func `what takes all of the space still fits into 8 KiB, and more is refused`() async throws {
    try await TestServer.run { server in
      try await server.storeRole("builder")
      let alice = try await server.user("alice", policy: allowsAll)
      var largest = 0
      var refusal: Answer?
      for length in stride(from: 1, through: 256, by: 5) {
        let answer = await server.call(
          "AssumeRole",
          form: [
            ("RoleArn", role), ("RoleSessionName", String(repeating: "s", count: 64)),
            ("SourceIdentity", String(repeating: "i", count: 64)),
          ] + tags(25, value: String(repeating: "é", count: length)),
          as: alice
        )
        guard let keys = answer.credentials, let size = Int(try #require(answer["PackedPolicySize"])) else {
          refusal = answer
          break
        }
        #expect(size <= 100)
        #expect(size >= largest)
        largest = size
        #expect(try #require(keys.sessionToken).utf8.count < 8192 - "X-Amz-Security-Token: ".utf8.count)
      }
      #expect(largest > 90)
      let answer = try #require(refusal)
      #expect(answer.status == 400)
      #expect(answer.code == "PackedPolicyTooLarge")
      #expect(answer["Message"]?.hasPrefix("Packed size of session tags consumes 10") == true)
      #expect(answer["Message"]?.hasSuffix("% of allotted space.") == true)
    }
  }

  @Test func `a policy of two-octet characters and many tags are too much together`() async throws {
    try await TestServer.run { server in
      let wide =
        allowsAll.replacing(
          #""Effect""#,
          with: #""Sid":"a","Effect""#
        ) + String(repeating: "\t", count: 1900)
      let answer = await server.call(
        "GetFederationToken",
        form: [("Name", "guest"), ("Policy", wide)] + tags(20, value: String(repeating: "v", count: 100))
      )
      #expect(answer.code == "PackedPolicyTooLarge")
      #expect(answer["Message"]?.hasPrefix("Packed policy consumes 1") == true)
      #expect(
        answer["Message"]?.hasSuffix("% of allotted space, please use smaller policy.") == true
      )
    }
  }

  @Test func `inline and managed policies share 2048 characters, and there are ten at most`() async throws {
    try await TestServer.run { server in
      let arn = "arn:aws:iam::aws:policy/PowerUserAccess"
      func arns(_ count: Int) -> [(String, String)] {
        (1...count).map { ("PolicyArns.member.\($0).arn", arn) }
      }
      func answer(_ padding: Int, _ count: Int) async -> Answer {
        await server.call(
          "GetFederationToken",
          form: [("Name", "guest"), ("Policy", allowsAll + String(repeating: " ", count: padding))]
            + arns(count)
        )
      }
      let room = 2048 - allowsAll.utf16.count - 10 * arn.utf16.count
      #expect(await answer(room, 10).status == 200)
      let long = await answer(room + 1, 10)
      #expect(long.code == "ValidationError")
      #expect(long["Message"]?.contains("2049 characters") == true)
      #expect(await answer(0, 11)["Message"]?.contains("at 'policyArns' failed to satisfy") == true)
    }
  }

  private func tags(_ count: Int, value: String) -> [(String, String)] {
    (1...count).flatMap { index in
      [("Tags.member.\(index).Key", "key-number-\(index)"), ("Tags.member.\(index).Value", value)]
    }
  }
}
