// SPDX-License-Identifier: Apache-2.0
//
// The parameters of AssumeRole: what they may be, how long a session they give, how they are recorded.

import Federation
import IdentityModel
import Testing

private let role = "arn:aws:iam::123456789012:role/builder"

@Suite struct AssumeRoleParameterTests {
  @Test(arguments: [
    "nothing-valid-in-here", "arn::b:::something/test-role", "arn:a::::something/test-role",
    "arn:a:::something/test-role", "arn:a:a::aaaaaaaaaa:",
  ])
  func `a text that is no ARN is invalid`(_ text: String) async throws {
    try await TestServer.run { server in
      let answer = await assume(server, .root, text)
      #expect(answer.status == 400)
      #expect(answer.code == "ValidationError")
      #expect(answer["Message"] == "\(text) is invalid")
    }
  }

  @Test func `a session lasts as long as was asked, up to the role's limit`() async throws {
    try await TestServer.run { server in
      try await server.storeRole("builder", maxSessionDuration: 7200)
      let alice = try await server.user("alice", policy: allowsAll)
      func assume(_ seconds: Int) async -> Answer {
        await server.call(
          "AssumeRole",
          ["RoleArn": role, "RoleSessionName": "s1", "DurationSeconds": "\(seconds)"],
          as: alice
        )
      }
      #expect(await assume(7200)["Expiration"] == "2027-01-15T10:00:00Z")
      #expect(await assume(900)["Expiration"] == "2027-01-15T08:15:00Z")
      let long = await assume(7201)
      #expect(long.code == "ValidationError")
      #expect(
        long["Message"] == "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
      )
      #expect(await assume(899)["Message"]?.contains("greater than or equal to 900") == true)
      #expect(await assume(43_201)["Message"]?.contains("less than or equal to 43200") == true)
    }
  }

  @Test(arguments: [
    ("RoleSessionName", "Session1:2"), ("RoleSessionName", "a"), ("RoleSessionName", "a/b"),
    ("ExternalId", "x"), ("ExternalId", "a b"), ("SourceIdentity", "aws:x"), ("SourceIdentity", "a"),
    ("Policy", ""), ("Policy", String(repeating: " ", count: 2049)), ("RoleArn", "arn:aws:iam::1"),
    ("SerialNumber", "12345678"), ("TokenCode", "12345a"), ("TokenCode", "1234567"),
    ("PolicyArns.member.1.arn", "short"), ("TransitiveTagKeys.member.1", "*"),
  ])
  func `a parameter outside the model is a validation error`(_ name: String, _ value: String) async throws {
    try await TestServer.run { server in
      let answer =
        switch name {
        case "RoleSessionName":
          await server.call("AssumeRole", ["RoleArn": role, name: value])
        case "RoleArn":
          await server.call("AssumeRole", ["RoleSessionName": "s1", name: value])
        default:
          await server.call("AssumeRole", ["RoleArn": role, "RoleSessionName": "s1", name: value])
        }
      #expect(answer.status == 400)
      #expect(answer.code == "ValidationError")
      #expect(answer["Message"]?.contains(" detected: Value '") == true, "\(answer.text)")
    }
  }

  @Test func `a session name is refused in the words that were recorded`() async throws {
    try await TestServer.run { server in
      let answer = await server.call("AssumeRole", ["RoleArn": role, "RoleSessionName": "Session1:2"])
      #expect(
        answer["Message"]
          == #"1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to "#
          + #"satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*"#
      )
    }
  }

  @Test func `second factors and foreign assertions are refused, not ignored`() async throws {
    try await TestServer.run { server in
      try await server.storeRole("builder")
      let alice = try await server.user("alice", policy: allowsAll)
      let both = await server.call(
        "AssumeRole",
        [
          "RoleArn": role, "RoleSessionName": "s1", "TokenCode": "123456",
          "SerialNumber": "arn:aws:iam::123456789012:mfa/alice",
        ],
        as: alice
      )
      #expect(both.code == "AccessDenied")
      #expect(
        both["Message"]?.hasPrefix("MultiFactorAuthentication failed, unable to validate MFA code.") == true
      )
      let one = await server.call(
        "AssumeRole",
        ["RoleArn": role, "RoleSessionName": "s1", "TokenCode": "123456"],
        as: alice
      )
      #expect(
        one["Message"]
          == "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
      )
      let context = await server.call(
        "AssumeRole",
        [
          "RoleArn": role, "RoleSessionName": "s1",
          "ProvidedContexts.member.1.ProviderArn": "arn:aws:iam::aws:contextProvider/IdentityCenter",
          "ProvidedContexts.member.1.ContextAssertion": "assertion",
        ],
        as: alice
      )
      #expect(context.code == "ValidationError")
      #expect(context["Message"]?.contains("contextProvider/IdentityCenter") == true)
    }
  }

  @Test func `the record has what was asked and answered`() async throws {
    try await TestServer.run { server in
      try await server.storeRole("builder")
      let alice = try await server.user("alice", policy: allowsAll)
      let answer = await server.call(
        "AssumeRole",
        [
          "RoleArn": role, "RoleSessionName": "s1", "ExternalId": "ext-1", "DurationSeconds": "900",
          "Policy": allows("sts:*"), "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/PowerUserAccess",
          "Tags.member.1.Key": "Team", "Tags.member.1.Value": "blue", "TransitiveTagKeys.member.1": "team",
          "SourceIdentity": "alice",
        ],
        as: alice
      )
      #expect(answer.status == 200, "\(answer.text)")
      #expect(answer["SourceIdentity"] == "alice")
      let record = try #require(try await server.records().last)
      for part in [
        #""roleArn":"arn:aws:iam::123456789012:role/builder""#, #""roleSessionName":"s1""#,
        #""externalId":"ext-1""#, #""durationSeconds":900"#,
        #""policyArns":[{"arn":"arn:aws:iam::aws:policy/PowerUserAccess"}]"#,
        #""tags":[{"key":"Team","value":"blue"}]"#, #""transitiveTagKeys":["Team"]"#,
        #""sourceIdentity":"alice""#, #""credentials":{"accessKeyId":"ASIA"#,
        #""assumedRoleId":"AROAAAAAAAAAAAAAAROLE:s1""#,
      ] { #expect(record.contains(part), "\(part) in \(record)") }
    }
  }

  private func assume(_ server: TestServer, _ keys: Keys, _ arn: String = role) async -> Answer {
    await server.call("AssumeRole", ["RoleArn": arn, "RoleSessionName": "session"], as: keys)
  }
}
