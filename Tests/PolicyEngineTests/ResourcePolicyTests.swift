// SPDX-License-Identifier: Apache-2.0
//
// What the policy of a resource and the trust policy of a role give, and to whom. Expected values follow the evaluation
// logic and the Principal element of the IAM User Guide.

import IdentityModel
import PolicyEngine
import Testing

struct ResourcePolicyTests {
  private static let allowAll = statements(#"{"Effect":"Allow","Action":"*","Resource":"*"}"#)
  private static let allowOther = statements(#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#)

  @Test(
    arguments: [
      (alice, #"{"AWS":"arn:aws:iam::111122223333:user/alice"}"#, Decision.allow(by: [reference(0, "r")])),
      (alice, #"{"AWS":"AIDAAAAAAAAAAAAAALICE"}"#, .allow(by: [reference(0, "r")])),
      (
        session, #"{"AWS":"arn:aws:sts::111122223333:assumed-role/Builder/run-7"}"#,
        .allow(by: [reference(0, "r")])
      ),
      (session, #"{"AWS":"AROAAAAAAAAAAAABUILDR:run-7"}"#, .allow(by: [reference(0, "r")])),
      (
        federatedUser, #"{"AWS":"arn:aws:sts::111122223333:federated-user/carol"}"#,
        .allow(by: [reference(0, "r")])
      ),
      (session, #"{"AWS":"arn:aws:iam::111122223333:role/ci/Builder"}"#, .implicitDeny(.permissionsBoundary)),
      (session, #"{"AWS":"AROAAAAAAAAAAAABUILDR"}"#, .implicitDeny(.permissionsBoundary)),
      (alice, #""*""#, .implicitDeny(.permissionsBoundary)),
      (alice, #"{"AWS":"111122223333"}"#, .implicitDeny(.identity)),
      (alice, #"{"AWS":"arn:aws:iam::111122223333:root"}"#, .implicitDeny(.identity)),
      (alice, #"{"AWS":"arn:aws:iam::111122223333:user/bob"}"#, .implicitDeny(.identity)),
      (alice, #"{"AWS":"444455556666"}"#, .implicitDeny(.identity)),
    ])
  func `in the same account the closer the name, the less the caller's policies limit`(
    principal: RequestPrincipal,
    named: String,
    expected: Decision
  ) throws {
    let set = PolicySet(
      identity: [],
      permissionsBoundary: [try policy(Self.allowOther)],
      resource: try resourcePolicy(named)
    )
    #expect(PolicyEvaluator.decide(request(by: principal), set) == expected)
  }

  @Test func `session policies limit a role and not the session that is named itself`() throws {
    let none = [try policy(Self.allowOther)]
    let role = PolicySet(
      session: none,
      resource: try resourcePolicy(#"{"AWS":"arn:aws:iam::111122223333:role/ci/Builder"}"#)
    )
    #expect(PolicyEvaluator.decide(request(by: session), role) == .implicitDeny(.session))
    let direct = PolicySet(
      session: none,
      resource: try resourcePolicy(#"{"AWS":"arn:aws:sts::111122223333:assumed-role/Builder/run-7"}"#)
    )
    #expect(PolicyEvaluator.decide(request(by: session), direct) == .allow(by: [reference(0, "r")]))
  }

  @Test func `across accounts both sides must allow`() throws {
    let all = try policy(Self.allowAll, named: "i")
    let direct = try resourcePolicy(#"{"AWS":"arn:aws:iam::111122223333:user/alice"}"#)
    let foreign = request(by: alice, of: otherAccount)
    #expect(PolicyEvaluator.decide(foreign, PolicySet(identity: [all])) == .implicitDeny(.resource))
    #expect(PolicyEvaluator.decide(foreign, PolicySet(resource: direct)) == .implicitDeny(.identity))
    #expect(
      PolicyEvaluator.decide(foreign, PolicySet(identity: [all], resource: direct))
        == .allow(by: [reference(0, "r"), reference(0, "i")])
    )
    #expect(
      PolicyEvaluator.decide(foreign, PolicySet(identity: [all], session: [], resource: direct))
        == .implicitDeny(.session)
    )
    let other = try resourcePolicy(#"{"AWS":"444455556666"}"#)
    #expect(
      PolicyEvaluator.decide(foreign, PolicySet(identity: [all], resource: other)) == .implicitDeny(.resource)
    )
    let root = request(by: .root(account), of: otherAccount)
    #expect(PolicyEvaluator.decide(root, PolicySet()) == .implicitDeny(.resource))
    #expect(
      PolicyEvaluator.decide(root, PolicySet(resource: try resourcePolicy(#"{"AWS":"111122223333"}"#)))
        == .allow(by: [reference(0, "r")])
    )
  }

  @Test func `a trust policy must allow, in its own account too`() throws {
    let all = try policy(Self.allowAll, named: "i")
    let question = request("sts:AssumeRole", on: "arn:aws:iam::111122223333:role/Builder")
    let other = try trustPolicy(#"{"AWS":"444455556666"}"#)
    #expect(
      PolicyEvaluator.decide(question, PolicySet(identity: [all], resource: other))
        == .implicitDeny(.roleTrust)
    )
    let delegating = try trustPolicy(#"{"AWS":"111122223333"}"#)
    #expect(PolicyEvaluator.decide(question, PolicySet(resource: delegating)) == .implicitDeny(.identity))
    #expect(
      PolicyEvaluator.decide(question, PolicySet(identity: [all], resource: delegating))
        == .allow(by: [reference(0, "t"), reference(0, "i")])
    )
    let direct = try trustPolicy(#"{"AWS":"AIDAAAAAAAAAAAAAALICE"}"#)
    #expect(PolicyEvaluator.decide(question, PolicySet(resource: direct)) == .allow(by: [reference(0, "t")]))
    let root = request("sts:AssumeRole", on: "arn:aws:iam::111122223333:role/Builder", by: .root(account))
    #expect(PolicyEvaluator.decide(root, PolicySet(resource: other)) == .implicitDeny(.roleTrust))
  }

  @Test(
    arguments: [
      (RequestPrincipal.service("ec2.amazonaws.com"), #"{"Service":"ec2.amazonaws.com"}"#, true),
      (.service("ec2.amazonaws.com"), #"{"Service":"lambda.amazonaws.com"}"#, false),
      (.service("ec2.amazonaws.com"), #"{"AWS":"111122223333"}"#, false),
      (.federated(provider: "accounts.google.com"), #"{"Federated":"accounts.google.com"}"#, true),
      (.federated(provider: "accounts.google.com"), #"{"Service":"accounts.google.com"}"#, false),
      (.anonymous, #""*""#, true), (.anonymous, #"{"AWS":"*"}"#, true),
      (.anonymous, #"{"AWS":"111122223333"}"#, false),
    ])
  func `who has no policies has what the resource gives`(
    principal: RequestPrincipal,
    named: String,
    isAllowed: Bool
  ) throws {
    let set = PolicySet(resource: try trustPolicy(named))
    let question = request("sts:AssumeRole", on: "arn:aws:iam::111122223333:role/Builder", by: principal)
    #expect(
      PolicyEvaluator.decide(question, set)
        == (isAllowed ? .allow(by: [reference(0, "t")]) : .implicitDeny(.roleTrust))
    )
    #expect(PolicyEvaluator.decide(question, PolicySet()) == .implicitDeny(.resource))
  }

  @Test(
    arguments: [
      (alice, #"["111122223333","arn:aws:iam::111122223333:user/alice"]"#, true),
      (alice, #"["arn:aws:iam::111122223333:user/alice"]"#, false),
      (alice, #"["111122223333"]"#, false),
      (
        session,
        #"["111122223333","arn:aws:iam::111122223333:role/ci/Builder","arn:aws:sts::111122223333:assumed-role/Builder/run-7"]"#,
        true
      ),
      (session, #"["111122223333","arn:aws:iam::111122223333:role/ci/Builder"]"#, false),
      (session, #"["111122223333","arn:aws:sts::111122223333:assumed-role/Builder/run-7"]"#, false),
      (.root(account), #"["arn:aws:iam::111122223333:root"]"#, true),
      (.root(otherAccount), #"["arn:aws:iam::111122223333:root"]"#, false),
      (.anonymous, #"["111122223333"]"#, false), (.anonymous, #"["*"]"#, true),
    ] as [(RequestPrincipal, String, Bool)]
  )
  func `NotPrincipal spares only who is listed by every name`(
    principal: RequestPrincipal,
    listed: String,
    isSpared: Bool
  ) throws {
    let set = PolicySet(
      identity: [try policy(Self.allowAll)],
      session: [try policy(Self.allowAll)],
      resource: try resourcePolicy(#"{"AWS":\#(listed)}"#, effect: "Deny", "NotPrincipal")
    )
    let decision = PolicyEvaluator.decide(request(by: principal), set)
    #expect((decision == .explicitDeny(.resource, reference(0, "r"))) == !isSpared)
  }
}
