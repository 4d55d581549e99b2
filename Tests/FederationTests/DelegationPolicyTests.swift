// SPDX-License-Identifier: Apache-2.0
//
// What policy decides about delegation: the trust policy who may act for whom, the role's own policies about the tokens.

import Federation
import IdentityModel
import StrictJSON
import Testing

@Suite struct DelegationPolicyTests {
  @Test(arguments: [
    ("", "", true),
    (#""StringEquals":{"agents.test:sub":"agent-1","agents.test:aud":"sts.amazonaws.com"}"#, "", true),
    (#""StringEquals":{"agents.test:sub":"agent-2"}"#, "", false),
    (#""StringEquals":{"sts:DelegationSubject":"system:serviceaccount:ns:app"}"#, "", true),
    (#""StringEquals":{"sts:DelegationSubject":"somebody else"}"#, "", false),
    (#""StringEquals":{"sts:DelegationSubjectIssuer":"https://oidc.test/cluster"}"#, "", true),
    (
      #""ArnEquals":{"sts:DelegationSubjectProvider":"arn:aws:iam::123456789012:oidc-provider/oidc.test/cluster"}"#,
      "", true
    ),
    (#""NumericEquals":{"sts:DelegationDepth":"1"}"#, "", true),
    (#""NumericGreaterThan":{"sts:DelegationDepth":"1"}"#, "", false),
    // The subject's statement sees the actor too.
    ("", #""StringEquals":{"sts:DelegationActor":"agent-1"}"#, true),
    ("", #""StringEquals":{"sts:DelegationActor":"agent-2"}"#, false),
    ("", #""StringEquals":{"sts:DelegationActorIssuer":"https://agents.test"}"#, true),
    (
      "",
      #""ArnEquals":{"sts:DelegationActorProvider":"arn:aws:iam::123456789012:oidc-provider/agents.test"}"#,
      true
    ),
    ("", #""Null":{"sts:DelegationActor":"true"}"#, false),
  ])
  func `the trust policy decides who may act for whom`(actors: String, users: String, isAllowed: Bool)
    async throws
  {
    try await DelegationParties.run { server, parties in
      let role = try await server.storeRole("app", trust: DelegationParties.trust(actors, users: users))
      let answer = try await server.trade(role, parties.user(), actor: parties.agent())
      if isAllowed {
        #expect(answer.status == 200, "\(answer.body)")
      } else {
        expectRefusal(answer, "invalid_request", "Not authorized to perform")
        let record = try #require(try await server.records().last)
        #expect(
          record.contains(#""errorCode":"AccessDenied""#) && record.contains(#""actor":{"#),
          "\(record)"
        )
      }
    }
  }

  @Test func `who may assume the role may not act in it for others unless the policy says so`() async throws {
    try await DelegationParties.run { server, parties in
      let everybody = """
        {"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":
        {"Federated":["\(TestServer.clusterARN)","\(DelegationParties.agentsARN)"]},"Action":"sts:AssumeRoleWithWebIdentity"}}
        """
      let role = try await server.storeRole("app", trust: everybody)
      #expect(try await server.trade(role, parties.agent()).status == 200)
      expectRefusal(
        try await server.trade(role, parties.user(), actor: parties.agent()),
        "invalid_request",
        "Not authorized to perform sts:ActForSubject"
      )
      // And who may act for others may not come alone.
      let acting = try await server.storeRole(
        "acting",
        trust: DelegationParties.trust(),
        uniqueID: "AROAAAAAAAAAAAAAACTOR"
      )
      expectRefusal(try await server.trade(acting, parties.agent()), "invalid_request", "Not authorized")
      // Delegation can be demanded.
      let demanding = try await server.storeRole(
        "demanding",
        trust: DelegationParties.trust(users: #""Null":{"sts:DelegationActorProvider":"false"}"#),
        uniqueID: "AROAAAAAAAAAAAAAADEMA"
      )
      #expect(try await server.trade(demanding, parties.user(), actor: parties.agent()).status == 200)
      let alone = try await server.trade(demanding, parties.user())
      let missing = try await server.trade(demanding + "x", parties.user())
      expectRefusal(alone, "invalid_request")
      #expect(alone.body == missing.body)
      // What a token says of its actor by itself is nobody's word in this request.
      expectRefusal(
        try await server.trade(demanding, parties.user(#","act":{"sub":"agent-1"}"#)),
        "invalid_request",
        "Not authorized"
      )
    }
  }

  @Test func `the role's own policies decide about delegated tokens`() async throws {
    try await DelegationParties.run { server, parties in
      let role = try await server.storeRole("app", trust: DelegationParties.trust())
      let policy = #"""
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:GetWebIdentityToken","Resource":"*"},
        {"Effect":"Deny","Action":"sts:GetWebIdentityToken","Resource":"*",
        "Condition":{"Null":{"sts:DelegationActor":"false"}}}]}
        """#
      await server.done(
        "PutRolePolicy",
        ["RoleName": "app", "PolicyName": "undelegated", "PolicyDocument": policy]
      )
      #expect(try await server.trade(role, parties.user()).status == 200)
      expectRefusal(
        try await server.trade(role, parties.user(), actor: parties.agent()),
        "invalid_target"
      )
      expectRefusal(try await server.trade(role, parties.user(#","act":{"sub":"a"}"#)), "invalid_target")
      let record = try #require(try await server.records().last)
      #expect(record.contains("policyDecision"), "\(record)")
    }
  }
}
