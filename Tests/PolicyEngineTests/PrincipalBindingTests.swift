// SPDX-License-Identifier: Apache-2.0
//
// A stored trust policy means the holders that its names had when it was stored.

import IdentityModel
import PolicyEngine
import Testing

struct PrincipalBindingTests {
  private static let names = [
    "arn:aws:iam::111122223333:user/alice", "arn:aws:iam::111122223333:role/ci/Builder",
    "arn:aws:sts::111122223333:assumed-role/Builder/run-7", "arn:aws:sts::111122223333:federated-user/carol",
  ]
  private static let ids = [
    "AIDAAAAAAAAAAAAAALICE", "AROAAAAAAAAAAAABUILDR", "AROAAAAAAAAAAAABUILDR:run-7", "111122223333:carol",
  ]
  private static let bound = Dictionary(uniqueKeysWithValues: zip(names, ids))
  private static let callers = [alice, session, session, federatedUser]

  private func decide(_ document: PolicyDocument, _ caller: RequestPrincipal) -> Decision {
    PolicyEvaluator.decide(
      request("sts:AssumeRole", on: "arn:aws:iam::111122223333:role/R", by: caller),
      PolicySet(session: nil, resource: NamedPolicy(identifier: "t", document: document))
    )
  }

  @Test func `all names of users, roles and sessions are listed once, in order`() throws {
    let document = try document(
      statements(
        #"{"Effect":"Allow","Principal":{"AWS":["111122223333","\#(Self.names[1])","arn:aws:iam::111122223333:root","\#(Self.names[0])"],"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}"#,
        #"{"Effect":"Deny","NotPrincipal":{"AWS":["\#(Self.names[0])","AIDAAAAAAAAAAAAAAAAAA","\#(Self.names[3])"]},"Action":"sts:AssumeRole"}"#,
        #"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}"#
      ),
      .trust
    )
    #expect(document.principalARNs == [Self.names[1], Self.names[0], Self.names[3]])
  }

  @Test(arguments: 0..<4)
  func `a bound name gives access to its holder and to nobody who takes the name later`(index: Int) throws {
    let policy = try trustPolicy(#"{"AWS":"\#(Self.names[index])"}"#).document
    let bound = policy.binding(Self.bound)
    #expect(decide(policy, Self.callers[index]).isAllowed)
    #expect(decide(bound, Self.callers[index]).isAllowed)
    #expect(bound.principalARNs.isEmpty && bound.source == policy.source)
    guard index < 3 else { return }
    // A federated user has no id of its own: its id is the account and the name.
    let recycled: RequestPrincipal =
      index == 0
      ? .user(
        arn: ARN(service: "iam", account: account, resource: "user/alice"),
        account: account,
        userID: "AIDAAAAAAAAAAAAAOTHER"
      )
      : .assumedRole(
        session: ARN(service: "sts", account: account, resource: "assumed-role/Builder/run-7"),
        role: ARN(service: "iam", account: account, resource: "role/ci/Builder"),
        account: account,
        roleID: "AROAAAAAAAAAAAAAOTHER"
      )
    #expect(decide(policy, recycled).isAllowed)
    #expect(decide(bound, recycled) == .implicitDeny(.roleTrust))
  }

  @Test(arguments: 0..<4)
  func `a name without an id gives nothing`(index: Int) throws {
    let policy = try trustPolicy(#"{"AWS":["\#(Self.names[index])","444455556666"]}"#).document
    #expect(decide(policy.binding([:]), Self.callers[index]) == .implicitDeny(.roleTrust))
  }

  @Test func `a name without an id is still denied`() throws {
    let document = try document(
      statements(
        #"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}"#,
        #"{"Effect":"Deny","Principal":{"AWS":"\#(Self.names[0])"},"Action":"sts:AssumeRole"}"#
      ),
      .trust
    )
    #expect(decide(document.binding([:]), alice) == .explicitDeny(.roleTrust, reference(1, "t")))
    #expect(decide(document.binding(Self.bound), alice) == .explicitDeny(.roleTrust, reference(1, "t")))
    #expect(decide(document.binding([:]), session).isAllowed)
  }

  @Test func `NotPrincipal spares whom it was bound to, and nobody for a name without an id`() throws {
    let document = try document(
      statements(
        #"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}"#,
        #"{"Effect":"Deny","NotPrincipal":{"AWS":["111122223333","\#(Self.names[0])"]},"Action":"sts:AssumeRole"}"#
      ),
      .trust
    )
    #expect(decide(document, alice).isAllowed)
    #expect(decide(document.binding(Self.bound), alice).isAllowed)
    #expect(decide(document.binding([:]), alice) == .explicitDeny(.roleTrust, reference(1, "t")))
  }

  @Test func `names are compared byte for byte`() throws {
    let composed = "arn:aws:iam::111122223333:user/\u{E9}"
    let decomposed = "arn:aws:iam::111122223333:user/e\u{301}"
    let policy = try trustPolicy(#"{"AWS":"\#(composed)"}"#).document
    #expect(policy.binding([decomposed: "AIDAAAAAAAAAAAAAALICE"]).principalARNs.isEmpty)
    #expect(!decide(policy.binding([decomposed: "AIDAAAAAAAAAAAAAALICE"]), alice).isAllowed)
    #expect(decide(policy.binding([composed: "AIDAAAAAAAAAAAAAALICE"]), alice).isAllowed)
  }

  @Test func `a role in a trust policy admits its sessions, which their boundary and session policies limit`()
    throws
  {
    let trust = try trustPolicy(#"{"AWS":"\#(Self.names[1])"}"#)
    let other = try policy(statements(#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#))
    let question = request("sts:AssumeRole", on: "arn:aws:iam::111122223333:role/R", by: session)
    #expect(PolicyEvaluator.decide(question, PolicySet(resource: trust)) == .allow(by: [reference(0, "t")]))
    #expect(
      PolicyEvaluator.decide(question, PolicySet(session: [other], resource: trust))
        == .implicitDeny(.session)
    )
    let bound = NamedPolicy(identifier: "t", document: trust.document.binding(Self.bound))
    #expect(
      PolicyEvaluator.decide(question, PolicySet(permissionsBoundary: [other], resource: bound))
        == .implicitDeny(.permissionsBoundary)
    )
  }
}

@Suite struct PartitionTests {
  @Test func `an account of another partition is another account`() throws {
    let text = #"""
      {"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws-cn:iam::111122223333:root"},
      "Action":"sts:AssumeRole"}}
      """#
    let document = try PolicyDocument(json: Array(text.utf8), kind: .trust)
    #expect(document.principalARNs == ["arn:aws-cn:iam::111122223333:root"])
    let account = try #require(AccountID("111122223333"))
    let request = PolicyRequest(
      action: "sts:AssumeRole",
      resource: "arn:aws:iam::111122223333:role/r",
      principal: .root(account),
      context: RequestContext()
    )
    let set = PolicySet(resource: NamedPolicy(identifier: "trust", document: document))
    #expect(!PolicyEvaluator.decide(request, set).isAllowed)
  }
}
