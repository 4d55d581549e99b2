// SPDX-License-Identifier: Apache-2.0
//
// Delegation at the token endpoint through the whole house: who acts for whom, what the token and the record say of it, and
// what is refused with which error.

import Federation
import IdentityModel
import StrictJSON
import Testing

@Suite struct DelegationTests {
  @Test func `an actor stands in the token, and both are on record`() async throws {
    try await DelegationParties.run { server, parties in
      let role = try await server.storeRole("app", trust: DelegationParties.trust())
      let answer = try await server.trade(role, parties.user(), actor: parties.agent())
      #expect(answer.status == 200, "\(answer.body)")
      #expect(answer.actors == [["https://agents.test", "agent-1"]])
      #expect(answer.claims?["sub"]?.string == role)
      let record = try #require(try await server.records().last)
      #expect(record.contains(#""userName":"\#(DelegationParties.user)""#), "\(record)")
      #expect(
        record.contains(
          #""actor":{"type":"WebIdentityUser","principalId":"\#(DelegationParties.agentsARN):sts.amazonaws.com:agent-1","#
            + #""userName":"agent-1","identityProvider":"\#(DelegationParties.agentsARN)"}"#
        ),
        "\(record)"
      )
      #expect(record.contains(#""actors":[{"iss":"https://agents.test","sub":"agent-1"}]"#), "\(record)")
      // Without an actor nothing of the kind is said.
      let alone = try await server.trade(role, parties.user())
      #expect(alone.status == 200 && alone.claims?["act"] == nil)
      #expect(try await server.records().last?.contains("actor") == false)
    }
  }

  @Test func `prior actors stay, the new one is outermost, and no chain is cut`() async throws {
    try await DelegationParties.run { server, parties in
      let role = try await server.storeRole("app", trust: DelegationParties.trust())
      let one = #","act":{"sub":"a","iss":"https://oidc.test/cluster","email":"a@x.test"}"#
      let kept = try await server.trade(role, parties.user(one))
      #expect(kept.status == 200 && kept.actors == [["https://oidc.test/cluster", "a"]], "\(kept.body)")
      let record = try #require(try await server.records().last)
      #expect(record.contains(#""actors":[{"iss":"https://oidc.test/cluster","sub":"a"}]"#), "\(record)")
      // Where no issuer is named it is the token's own.
      let two = #","act":{"sub":"b","act":{"sub":"a","iss":"https://x.test"}}"#
      let nested = try await server.trade(role, parties.user(two), actor: parties.agent())
      #expect(
        nested.actors == [
          ["https://agents.test", "agent-1"], ["https://oidc.test/cluster", "b"], ["https://x.test", "a"],
        ]
      )
      let four = #","act":{"sub":"1","act":{"sub":"2","act":{"sub":"3","act":{"sub":"4"}}}}"#
      #expect(try await server.trade(role, parties.user(four)).actors.count == 4)
      let five =
        #","act":{"sub":"0","act":{"sub":"1","act":{"sub":"2","act":{"sub":"3","act":{"sub":"4"}}}}}"#
      let records = try await server.records().count
      expectRefusal(
        try await server.trade(role, parties.user(five)),
        "invalid_request",
        "Malformed claim: act"
      )
      expectRefusal(
        try await server.trade(role, parties.user(four), actor: parties.agent()),
        "invalid_request",
        "More than 4 actors"
      )
      let later = try await server.records().dropFirst(records)
      #expect(later.count == 2 && later.allSatisfy { $0.contains(#""errorCode":"InvalidIdentityToken""#) })
    }
  }

  @Test func `a stranger's token speaks of no actor of another issuer by itself, and of none of ours`()
    async throws
  {
    try await DelegationParties.run { server, parties in
      let role = try await server.storeRole("app", trust: DelegationParties.trust())
      let ours = try await server.issuerURL()
      let other = #","act":{"sub":"a","iss":"https://x.test"}"#
      expectRefusal(
        try await server.trade(role, parties.user(other)),
        "invalid_request",
        "actor of another issuer"
      )
      // Behind a verified actor it is for the record alone.
      let nested = try await server.trade(role, parties.user(other), actor: parties.agent())
      #expect(nested.actors == [["https://agents.test", "agent-1"], ["https://x.test", "a"]])
      for issuer in [ours, ours + "/saml/metadata"] {
        for act in [
          #"{"sub":"a","iss":"\#(issuer)"}"#, #"{"sub":"b","act":{"sub":"a","iss":"\#(issuer)"}}"#,
        ] {
          let token = try await parties.user(#","act":\#(act)"#)
          expectRefusal(try await server.trade(role, token), "invalid_request", "actor of this server")
          expectRefusal(
            try await server.trade(role, token, actor: parties.agent()),
            "invalid_request",
            "actor of this server"
          )
        }
      }
    }
  }

  @Test func `whoever is acted for acts for nobody, and nobody acts for themselves`() async throws {
    try await DelegationParties.run { server, parties in
      let role = try await server.storeRole("app", trust: DelegationParties.trust())
      expectRefusal(
        try await server.trade(role, parties.user(), actor: parties.agent(#","act":{"sub":"mallory"}"#)),
        "invalid_request",
        "names an actor itself"
      )
      let both = try await server.storeRole(
        "both",
        trust: providerTrust(actions: #""sts:AssumeRoleWithWebIdentity","sts:ActForSubject""#),
        uniqueID: "AROAAAAAAAAAAAAAAABOTH"
      )
      let user = try await parties.user()
      expectRefusal(
        try await server.trade(both, user, actor: user),
        "invalid_request",
        "The actor is the subject"
      )
      let other = try await server.providerToken(parties.cluster, subject: "other")
      #expect(try await server.trade(both, user, actor: other).status == 200)
    }
  }

  @Test func `whoever was verified is on record when the delegation is refused`() async throws {
    try await DelegationParties.run { server, parties in
      let role = try await server.storeRole("app", trust: DelegationParties.trust())
      let four = #","act":{"sub":"1","act":{"sub":"2","act":{"sub":"3","act":{"sub":"4"}}}}"#
      for (subject, actor, isVerified) in [
        (#","may_act":{"sub":"other"}"#, try await parties.agent(), true),
        (four, try await parties.agent(), true),
        ("", try await parties.agent(#","act":{"sub":"a"}"#), true),
        ("", "no.jwt.here", false),
      ] {
        let answer = try await server.trade(role, parties.user(subject), actor: actor)
        expectRefusal(answer, "invalid_request")
        let record = try #require(try await server.records().last)
        #expect(record.contains(#""type":"WebIdentityUser""#), "\(record)")
        #expect(record.contains(#""userName":"\#(DelegationParties.user)""#), "\(record)")
        #expect(record.contains(#""recipientAccountId":"123456789012""#), "\(record)")
        #expect(record.contains(#""actor":{"#) == isVerified, "\(record)")
      }
    }
  }

  @Test func `the trust policy hears of an actor when the token becomes a session`() async throws {
    try await DelegationParties.run { server, parties in
      let undelegated = try await server.storeRole(
        "app",
        trust: DelegationParties.trust(users: #""Null":{"sts:DelegationActor":"true"}"#)
      )
      let acted = try await parties.user(#","act":{"sub":"agent-1"}"#)
      let refused = await server.assumeWithToken(undelegated, acted)
      #expect(refused.status == 403 && refused.code == "AccessDenied", "\(refused.text)")
      let user = try await parties.user()
      #expect(await server.assumeWithToken(undelegated, user).status == 200)
      let by = try await server.storeRole(
        "by",
        trust: DelegationParties.trust(
          users: #""StringEquals":{"sts:DelegationActor":"agent-1","sts:DelegationDepth":"1"}"#
        ),
        uniqueID: "AROAAAAAAAAAAAAAAAAABY"
      )
      #expect(await server.assumeWithToken(by, acted).status == 200)
      for act in [#"{"sub":"agent-1","iss":"https://agents.test"}"#, "{}"] {
        let token = try await parties.user(#","act":\#(act)"#)
        let answer = await server.assumeWithToken(by, token)
        #expect(answer.status == 400 && answer.code == "InvalidIdentityToken", "\(answer.text)")
        let record = try #require(try await server.records().last)
        #expect(record.contains(#""userName":"\#(DelegationParties.user)""#), "\(record)")
      }
    }
  }

  @Test(arguments: [
    #""a""#, "{}", "[]", "null", #"{"sub":""}"#, #"{"sub":1}"#, #"{"iss":"https://x.test"}"#,
    #"{"sub":"a","iss":7}"#, #"{"sub":"a","iss":""}"#, #"{"sub":"a\u0000"}"#, #"{"sub":"a","act":"b"}"#,
    #"{"sub":"a","act":{}}"#,
  ])
  func `an act that cannot be read is refused`(act: String) async throws {
    try await DelegationParties.run { server, parties in
      let role = try await server.storeRole("app", trust: DelegationParties.trust())
      let token = try await parties.user(#","act":\#(act)"#)
      expectRefusal(try await server.trade(role, token), "invalid_request", "Malformed claim: act")
      let actor = try await parties.agent(#","act":\#(act)"#)
      let answer = try await server.trade(role, parties.user(), actor: actor)
      expectRefusal(answer, "invalid_request", "names an actor itself")
    }
  }

  @Test(arguments: [
    (#"{"sub":"agent-1","iss":"https://agents.test"}"#, true),
    (#"{"sub":"agent-1","iss":"https://agents.test","team":"blue"}"#, true),
    (#"{"team":"blue","iss":"https://agents.test"}"#, true),
    (#"{"sub":"agent-2","iss":"https://agents.test"}"#, false),
    (#"{"sub":"agent-1","iss":"https://agents.test/"}"#, false),
    // A bare name means one of the subject's own issuer.
    (#"{"sub":"agent-1"}"#, false),
    (#"{"sub":"agent-1","iss":"https://agents.test","team":"red"}"#, false),
    (#"{"sub":"agent-1","iss":"https://agents.test","mail":"a@b.test"}"#, false),
  ])
  func `an actor whom may_act does not name is refused`(mayAct: String, isNamed: Bool) async throws {
    try await DelegationParties.run { server, parties in
      let role = try await server.storeRole("app", trust: DelegationParties.trust())
      let subject = try await parties.user(#","may_act":\#(mayAct)"#)
      let answer = try await server.trade(role, subject, actor: parties.agent(#","team":"blue""#))
      if isNamed {
        #expect(answer.status == 200 && answer.actors.count == 1, "\(answer.body)")
      } else {
        expectRefusal(answer, "invalid_request", "allows another actor")
      }
    }
  }

  @Test func `a may_act that cannot be read names nobody, and a bare name one of the same issuer`()
    async throws
  {
    try await DelegationParties.run { server, parties in
      let both = """
        {"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"\(TestServer.clusterARN)"},
        "Action":["sts:AssumeRoleWithWebIdentity","sts:ActForSubject"]}}
        """
      let role = try await server.storeRole("app", trust: both)
      for text in ["{}", "[]", #""agent-1""#, #"{"sub":["agent-1"]}"#, "null"] {
        let subject = try await parties.user(#","may_act":\#(text)"#)
        let answer = try await server.trade(role, subject, actor: parties.agent())
        expectRefusal(answer, "invalid_request", "Malformed claim: may_act")
      }
      let own = try await server.providerToken(parties.cluster, subject: "agent")
      let subject = try await parties.user(#","may_act":{"sub":"agent"}"#)
      #expect(
        try await server.trade(role, subject, actor: own).actors == [["https://oidc.test/cluster", "agent"]]
      )
    }
  }

  @Test func `an actor's token is verified as strictly as a subject's`() async throws {
    try await DelegationParties.run { server, parties in
      let role = try await server.storeRole("app", trust: DelegationParties.trust())
      let user = try await parties.user()
      let foreign = try await server.house.signer.makeKey(.es384, for: try #require(TestServer.account))
      let stranger = try await server.providerToken(parties.agents, name: "unknown.test")
      let forged = try await server.providerToken(foreign, name: DelegationParties.agents, subject: "agent-1")
      let audience = try await server.providerToken(
        parties.agents,
        name: DelegationParties.agents,
        audience: "other"
      )
      let limited = try await parties.agent(
        #","https://aws.amazon.com/roles":["arn:aws:iam::123456789012:role/other"]"#
      )
      for (actor, words) in [
        ("no.jwt.here", "not a valid JWT"), (stranger, "No OpenIDConnect provider"),
        (forged, "verification key"), (audience, "Incorrect token audience"), (limited, "not for the role"),
      ] {
        expectRefusal(try await server.trade(role, user, actor: actor), "invalid_request", words)
      }
      let old = try await parties.agent()
      server.clock.advance(seconds: 3700)
      expectRefusal(
        try await server.trade(role, parties.user(), actor: old),
        "invalid_request",
        "Token expired"
      )
      let good = try await parties.agent()
      let jwt = tokenType("jwt")
      let cases: [([(String, String)], String)] = [
        ([("actor_token", good)], "invalid_request"), ([("actor_token_type", jwt)], "invalid_request"),
        ([("actor_token", good), ("actor_token_type", tokenType("saml1"))], "unsupported_token_type"),
        ([("actor_token", good), ("actor_token_type", tokenType("saml2"))], "invalid_request"),
        ([("actor_token", good), ("actor_token", good), ("actor_token_type", jwt)], "invalid_request"),
        (
          [("actor_token", String(repeating: "a", count: 20_001)), ("actor_token_type", jwt)],
          "invalid_request"
        ),
      ]
      for (more, code) in cases {
        expectRefusal(try await server.trade(role, parties.user(), more), code)
      }
    }
  }

  @Test func `a delegated token of our own keeps its actor, and becomes no session`() async throws {
    try await DelegationParties.run { server, parties in
      let issuer = try await server.issuerURL()
      let keys = await server.status("/.well-known/jwks.json").body
      server.providers.set(issuer, keys)
      let name = String(issuer.dropFirst("https://".count))
      await server.done(
        "CreateOpenIDConnectProvider",
        ["Url": issuer, "ClientIDList.member.1": "https://api.example"]
      )
      let role = try await server.storeRole("app", trust: DelegationParties.trust())
      let delegated = try await server.trade(role, parties.user(), actor: parties.agent())
      let token = try #require(delegated["access_token"])
      let second = try await server.storeRole(
        "second",
        trust: providerTrust(provider: "arn:aws:iam::123456789012:oidc-provider/\(name)"),
        uniqueID: "AROAAAAAAAAAAAAASECOND"
      )
      #expect(try await server.trade(second, token).actors == [["https://agents.test", "agent-1"]])
      // Policy would see the principal of this token, not who acts for it.
      expectRefusal(
        try await server.trade(role, parties.user(), actor: token),
        "invalid_request",
        "names an actor itself"
      )
      let session = await server.assumeWithToken(second, token)
      #expect(session.status == 400 && session.code == "InvalidIdentityToken", "\(session.text)")
      let plain = try #require(try await server.trade(role, parties.user())["access_token"])
      #expect(await server.assumeWithToken(second, plain).status == 200)
    }
  }
}
