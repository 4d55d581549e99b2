// SPDX-License-Identifier: Apache-2.0
//
// Condition keys that AWS puts into every request: a Deny that tests one must not be silently inert here.

import Federation
import IdentityModel
import Testing

@Suite struct ConditionKeyTests {
  @Test func `an address fence as AWS publishes it holds`() async throws {
    try await TestServer.run { server in
      let policy = #"""
        {"Version":"2012-10-17","Statement":[
          {"Effect":"Allow","Action":"*","Resource":"*"},
          {"Effect":"Deny","Action":"*","Resource":"*","Condition":{
            "NotIpAddress":{"aws:SourceIp":["198.51.100.0/24"]},"Bool":{"aws:ViaAWSService":"false"}}}]}
        """#
      let alice = try await server.user("alice", policy: policy)
      #expect(await server.token(as: alice).code == "AccessDenied")
      try await server.put(policy.replacing("198.51.100.0", with: "192.0.2.0"), on: "alice")
      #expect(await server.token(as: alice).status == 200)
    }
  }

  @Test(arguments: ["aws:ResourceTag/protected", "iam:ResourceTag/protected"])
  func `a Deny on the tags of a user holds`(_ key: String) async throws {
    try await TestServer.run { server in
      let policy = """
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"},
          {"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"\(key)":"true"}}}]}
        """
      let mallory = try await server.user("mallory", policy: policy)
      let tagged: KeyValuePairs = [
        "UserName": "boss", "Tags.member.1.Key": "protected", "Tags.member.1.Value": "true",
      ]
      #expect(await server.call("CreateUser", tagged).status == 200)
      #expect(await server.call("CreateAccessKey", ["UserName": "boss"], as: mallory).code == "AccessDenied")
      #expect(await server.call("CreateUser", ["UserName": "other"]).status == 200)
      #expect(await server.call("CreateAccessKey", ["UserName": "other"], as: mallory).status == 200)
    }
  }

  @Test(arguments: [
    ("aws:PrincipalIsAWSService", "Bool", "false"), ("aws:ResourceAccount", "StringEquals", "123456789012"),
    ("aws:PrincipalAccount", "StringEquals", "123456789012"), ("aws:PrincipalType", "StringEquals", "User"),
    ("aws:username", "StringEquals", "alice"), ("aws:SecureTransport", "Bool", "false"),
    ("aws:SourceIp", "IpAddress", "192.0.2.7"), ("aws:RequestedRegion", "StringEquals", "us-east-1"),
    ("aws:EpochTime", "NumericEquals", "1800000000"),
    ("aws:CurrentTime", "DateEquals", "2027-01-15T08:00:00Z"),
    ("sts:DurationSeconds", "NumericEquals", "300"), ("sts:SigningAlgorithm", "StringEquals", "ES384"),
    ("aws:PrincipalArn", "ArnEquals", "arn:aws:iam::123456789012:user/alice"),
  ])
  func `a key has the value that AWS documents`(_ key: String, _ operation: String, _ value: String)
    async throws
  {
    try await TestServer.run { server in
      let alice = try await server.user(
        "alice",
        policy: """
          {"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:GetWebIdentityToken","Resource":"*",
          "Condition":{"\(operation)":{"\(key)":"\(value)"}}}}
          """
      )
      #expect(await server.token(as: alice).status == 200)
    }
  }
}
