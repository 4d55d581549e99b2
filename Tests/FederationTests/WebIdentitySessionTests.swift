// SPDX-License-Identifier: Apache-2.0
//
// The session of a role for whom an identity provider vouches: what of the token goes into it, and what limits it.

import Federation
import IdentityModel
import StrictJSON
import Testing

private let withTags = #""sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity""#

struct WebIdentitySessionTests {
  @Test func `tags and source identity of the token go into the session, if the trust policy lets them`()
    async throws
  {
    try await TestServer.run { server in
      let key = try await server.registerProvider()
      let claims = #"""
        ,"https://aws.amazon.com/tags":{"principal_tags":{"team":["blue"],"env":"prod"},"transitive_tag_keys":["Team"]},
        "https://aws.amazon.com/source_identity":"alice"
        """#
      let token = try await server.providerToken(key, claims)
      let bare = try await server.storeRole("bare", trust: providerTrust())
      let tagsOnly = try await server.storeRole(
        "tags-only",
        trust: providerTrust(actions: #""sts:AssumeRoleWithWebIdentity","sts:TagSession""#)
      )
      let all = try await server.storeRole(
        "all",
        trust: providerTrust(
          #"""
          "StringEquals":{"aws:RequestTag/team":"blue","sts:SourceIdentity":"alice"},
          "ForAllValues:StringEquals":{"aws:TagKeys":["team","env"],"sts:TransitiveTagKeys":["team"]}
          """#,
          actions: withTags
        )
      )
      #expect(
        await server.assumeWithToken(bare, token)["Message"] == "Not authorized to perform sts:TagSession"
      )
      #expect(
        await server.assumeWithToken(tagsOnly, token)["Message"]
          == "Not authorized to perform sts:SetSourceIdentity"
      )
      let answer = await server.assumeWithToken(all, token)
      #expect(answer.status == 200 && answer["SourceIdentity"] == "alice", "\(answer.text)")
      #expect(answer["PackedPolicySize"] != nil)
      let session = try #require(answer.credentials)
      let out = try #require(await server.token(as: session)["WebIdentityToken"])
      let made = try #require(try payloadOfToken(out)["https://sts.amazonaws.com/"]?.object)
      #expect(made["source_identity"] == .string("alice"))
      #expect(made["principal_tags"]?.object?["team"] == .string("blue"))
      #expect(made["principal_tags"]?.object?["env"] == .string("prod"))
    }
  }

  @Test(arguments: [
    (
      #""https://aws.amazon.com/tags":{"principal_tags":{"a<b":"c"}}"#,
      "Malformed claim: https://aws.amazon.com/tags"
    ),
    (
      #""https://aws.amazon.com/tags":{"principal_tags":{"":"c"}}"#,
      "Malformed claim: https://aws.amazon.com/tags"
    ),
    (
      #""https://aws.amazon.com/tags":{"principal_tags":{"a":"b"},"transitive_tag_keys":["c"]}"#,
      "A transitive tag key of the token is not among its tags"
    ),
    (#""https://aws.amazon.com/tags":{"principal_tags":[]}"#, "Malformed claim: https://aws.amazon.com/tags"),
    (
      #""https://aws.amazon.com/source_identity":"a b""#,
      "Malformed claim: https://aws.amazon.com/source_identity"
    ),
    (
      #""https://aws.amazon.com/roles":["arn:aws:iam::123456789012:role/other"]"#,
      "The token is not for the role arn:aws:iam::123456789012:role/app"
    ),
    (
      #""https://aws.amazon.com/roles":[]"#,
      "The token is not for the role arn:aws:iam::123456789012:role/app"
    ),
  ])
  func `a token that asks for what no session may have is refused`(claim: String, message: String)
    async throws
  {
    try await TestServer.run { server in
      let key = try await server.registerProvider()
      let role = try await server.storeRole("app", trust: providerTrust(actions: withTags))
      let answer = await server.assumeWithToken(role, try await server.providerToken(key, ",\(claim)"))
      #expect(answer.status == 400 && answer.code == "InvalidIdentityToken", "\(answer.text)")
      #expect(answer["Message"] == message)
    }
  }

  @Test func `two tag keys that differ by case, and more than fifty, are refused`() async throws {
    try await TestServer.run { server in
      let key = try await server.registerProvider()
      let role = try await server.storeRole("app", trust: providerTrust(actions: withTags))
      func code(_ tags: String) async throws -> String? {
        let claim = #","https://aws.amazon.com/tags":{"principal_tags":{\#(tags)}}"#
        return await server.assumeWithToken(role, try await server.providerToken(key, claim)).code
      }
      #expect(try await code(#""a":"b","A":"c""#) == "InvalidParameterValue")
      #expect(
        try await code((0..<51).map { #""k\#($0)":"v""# }.joined(separator: ",")) == "InvalidIdentityToken"
      )
      #expect(try await code((0..<50).map { #""k\#($0)":"v""# }.joined(separator: ",")) == nil)
    }
  }

  @Test func `a session policy limits the session`() async throws {
    try await TestServer.run { server in
      let key = try await server.registerProvider()
      let role = try await server.storeRole("app", trust: providerTrust())
      let token = try await server.providerToken(key)
      let answer = await server.assumeWithToken(role, token, [("Policy", allows("sts:GetCallerIdentity"))])
      let session = try #require(answer.credentials)
      #expect(await server.token(as: session).code == "AccessDenied")
    }
  }
}
