// SPDX-License-Identifier: Apache-2.0
//
// How policies combine, and by which reason. Expected values follow the evaluation logic of the IAM User Guide.

import IdentityModel
import PolicyEngine
import Testing

struct EvaluatorTests {
  private static let allowAll = statements(#"{"Effect":"Allow","Action":"*","Resource":"*"}"#)
  private static let allowOther = statements(#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#)
  private static let denyAll = statements(#"{"Sid":"No","Effect":"Deny","Action":"sts:*","Resource":"*"}"#)

  private func resource(_ principal: String, effect: String = "Allow", _ element: String = "Principal") throws -> NamedPolicy {
    try policy(
      statements(#"{"Effect":"\#(effect)","\#(element)":\#(principal),"Action":"*","Resource":"*"}"#), .resource,
      named: "r")
  }

  private func trust(_ principal: String) throws -> NamedPolicy {
    try policy(
      statements(#"{"Effect":"Allow","Principal":\#(principal),"Action":"sts:AssumeRole"}"#), .trust, named: "t")
  }

  // MARK: - Identity

  @Test func `nothing is allowed unless a statement allows it`() throws {
    #expect(PolicyEvaluator.decide(request(), PolicySet()) == .implicitDeny(.identity))
    #expect(try decide(Self.allowOther, request()) == .implicitDeny(.identity))
  }

  @Test func `the reason names the policy, the statement and its Sid`() throws {
    let json = statements(
      #"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#,
      #"{"Sid":"Yes","Effect":"Allow","Action":"STS:getwebidentitytoken","Resource":"arn:aws:sts::*:self"}"#)
    let set = PolicySet(identity: [
      try policy(Self.allowOther, named: "first"), try policy(json, named: "second"),
    ])
    #expect(PolicyEvaluator.decide(request(), set) == .allow(by: [reference(1, "second", sid: "Yes")]))
  }

  @Test func `root needs no policy, and a Deny still binds it`() throws {
    let root = RequestPrincipal.root(account)
    #expect(PolicyEvaluator.decide(request(by: root), PolicySet()) == .allow(by: []))
    var set = PolicySet(serviceControl: [[try policy(Self.allowOther, .serviceControl)]])
    #expect(PolicyEvaluator.decide(request(by: root), set) == .implicitDeny(.serviceControl))
    set = PolicySet(serviceControl: [[try policy(Self.allowAll, .serviceControl), try policy(Self.denyAll, .serviceControl, named: "d")]])
    #expect(PolicyEvaluator.decide(request(by: root), set) == .explicitDeny(.serviceControl, reference(0, "d", sid: "No")))
  }

  @Test func `a policy scoped to another resource does not reach the account's own tokens`() throws {
    let scoped = statements(#"{"Effect":"Allow","Action":"sts:*","Resource":"arn:aws:iam::111122223333:user/alice"}"#)
    #expect(try decide(scoped, request()) == .implicitDeny(.identity))
    let exact = statements(#"{"Effect":"Allow","Action":"sts:*","Resource":"arn:aws:sts::111122223333:self"}"#)
    #expect(try decide(exact, request()) == .allow(by: [reference(0)]))
  }

  @Test(
    arguments: [
      ("iam:GetUser", "*", true), ("iam:GetUser", "arn:aws:iam::111122223333:user/a", false),
      ("iam:GetUser", "arn:aws:iam::111122223333:role/a", true), ("sts:GetUser", "*", false),
    ])
  func `NotAction and NotResource take everything else`(action: String, resource: String, applies: Bool) throws {
    let json = statements(#"{"Effect":"Allow","NotAction":"sts:*","NotResource":"arn:aws:iam::*:user/*"}"#)
    #expect(try decide(json, request(action, on: resource)).isAllowed == applies)
  }

  @Test func `a variable without a value opens nothing`() throws {
    let own = #""NotResource":"arn:aws:iam::*:user/${aws:username}""#
    let question = request("iam:GetUser", on: "arn:aws:iam::111122223333:user/bob", by: session)
    #expect(try decide(statements(#"{"Effect":"Allow","Action":"*",\#(own)}"#), question) == .implicitDeny(.identity))
    #expect(
      try decide(statements(#"{"Effect":"Deny","Action":"*",\#(own)}"#), question)
        == .explicitDeny(.identity, reference(0)))
  }

  @Test func `a value cannot move into another part of a resource`() throws {
    let json = statements(
      #"{"Effect":"Allow","Action":"*","Resource":"arn:aws:iam::${aws:PrincipalTag/a}:user/x"}"#)
    func decision(_ value: String, _ resource: String) throws -> Decision {
      try decide(json, request("iam:GetUser", on: resource, by: alice, of: nil, ["aws:PrincipalTag/a": [value]]))
    }
    #expect(try decision("111122223333", "arn:aws:iam::111122223333:user/x").isAllowed)
    #expect(try !decision("*", "arn:aws:iam::444455556666:user/x").isAllowed)
    #expect(try !decision("1:user/y", "arn:aws:iam::1:user/y:user/x").isAllowed)
  }

  /// The sample that AWS shows, and the statement that says what it means.
  @Test func `ForAnyValue in an Allow lets a forbidden audience ride along`() throws {
    let audiences = ["sts:IdentityTokenAudience": ["https://a", "https://evil"]]
    let question = request("sts:GetWebIdentityToken", on: "*", by: alice, of: nil, audiences)
    let trap = allow(if: #"{"ForAnyValue:StringEquals":{"sts:IdentityTokenAudience":"https://a"}}"#)
    #expect(try decide(trap, question).isAllowed)
    let safe = allow(
      if: """
        {"ForAllValues:StringEquals":{"sts:IdentityTokenAudience":"https://a"},\
        "Null":{"sts:IdentityTokenAudience":"false"}}
        """)
    #expect(try decide(safe, question) == .implicitDeny(.identity))
    #expect(try decide(safe, request()) == .implicitDeny(.identity))
    #expect(try decide(safe, request("a:b", on: "*", by: alice, of: nil, ["sts:IdentityTokenAudience": ["https://a"]])).isAllowed)
  }

  // MARK: - What limits

  @Test func `every kind of policy that is there must allow, and the first that is silent is named`() throws {
    let all = try policy(Self.allowAll)
    let other = try policy(Self.allowOther)
    var set = PolicySet(
      identity: [other], permissionsBoundary: [other], session: [other], serviceControl: [[all], [other]],
      resourceControl: [[try resource(#""*""#)], []])
    #expect(PolicyEvaluator.decide(request(by: session), set) == .implicitDeny(.serviceControl))
    set.serviceControl = [[all], [other, all]]
    #expect(PolicyEvaluator.decide(request(by: session), set) == .implicitDeny(.resourceControl))
    set.resourceControl = [[try resource(#""*""#)]]
    #expect(PolicyEvaluator.decide(request(by: session), set) == .implicitDeny(.identity))
    set.identity = [all]
    #expect(PolicyEvaluator.decide(request(by: session), set) == .implicitDeny(.permissionsBoundary))
    set.permissionsBoundary = [all]
    #expect(PolicyEvaluator.decide(request(by: session), set) == .implicitDeny(.session))
    set.session = [other, all]
    #expect(PolicyEvaluator.decide(request(by: session), set) == .allow(by: [reference(0)]))
    set.session = []
    #expect(PolicyEvaluator.decide(request(by: session), set) == .implicitDeny(.session))
    set.session = nil
    set.permissionsBoundary = []
    #expect(PolicyEvaluator.decide(request(by: session), set) == .implicitDeny(.permissionsBoundary))
  }

  @Test(arguments: PolicyType.allCases.filter { $0 != .roleTrust })
  func `a Deny in any kind of policy wins`(type: PolicyType) throws {
    let all = try policy(Self.allowAll)
    let deny = try policy(Self.denyAll, named: "deny")
    let denyForAll = try policy(
      statements(#"{"Sid":"No","Effect":"Deny","Principal":"*","Action":"sts:*","Resource":"*"}"#), .resource,
      named: "deny")
    var set = PolicySet(identity: [all])
    switch type {
    case .identity: set.identity = [all, deny]
    case .resource, .roleTrust: set.resource = denyForAll
    case .permissionsBoundary: set.permissionsBoundary = [all, deny]
    case .session: set.session = [all, deny]
    case .serviceControl: set.serviceControl = [[all], [all, deny]]
    case .resourceControl: set.resourceControl = [[denyForAll]]
    }
    #expect(PolicyEvaluator.decide(request(by: session), set) == .explicitDeny(type, reference(0, "deny", sid: "No")))
  }

  @Test func `a federated user has nothing without a session policy`() throws {
    let all = try policy(Self.allowAll)
    #expect(PolicyEvaluator.decide(request(by: federatedUser), PolicySet(identity: [all])) == .implicitDeny(.session))
    #expect(PolicyEvaluator.decide(request(by: federatedUser), PolicySet(identity: [all], session: [all])) == .allow(by: [reference(0)]))
    #expect(PolicyEvaluator.decide(request(by: session), PolicySet(identity: [all])) == .allow(by: [reference(0)]))
  }

  // MARK: - The policy of the resource

  @Test(
    arguments: [
      (alice, #"{"AWS":"arn:aws:iam::111122223333:user/alice"}"#, Decision.allow(by: [reference(0, "r")])),
      (alice, #"{"AWS":"AIDAAAAAAAAAAAAAALICE"}"#, .allow(by: [reference(0, "r")])),
      (session, #"{"AWS":"arn:aws:sts::111122223333:assumed-role/Builder/run-7"}"#, .allow(by: [reference(0, "r")])),
      (session, #"{"AWS":"AROAAAAAAAAAAAABUILDR:run-7"}"#, .allow(by: [reference(0, "r")])),
      (federatedUser, #"{"AWS":"arn:aws:sts::111122223333:federated-user/carol"}"#, .allow(by: [reference(0, "r")])),
      (session, #"{"AWS":"arn:aws:iam::111122223333:role/ci/Builder"}"#, .implicitDeny(.permissionsBoundary)),
      (session, #"{"AWS":"AROAAAAAAAAAAAABUILDR"}"#, .implicitDeny(.permissionsBoundary)),
      (alice, #""*""#, .implicitDeny(.permissionsBoundary)),
      (alice, #"{"AWS":"111122223333"}"#, .implicitDeny(.identity)),
      (alice, #"{"AWS":"arn:aws:iam::111122223333:root"}"#, .implicitDeny(.identity)),
      (alice, #"{"AWS":"arn:aws:iam::111122223333:user/bob"}"#, .implicitDeny(.identity)),
      (alice, #"{"AWS":"444455556666"}"#, .implicitDeny(.identity)),
    ])
  func `in the same account the closer the name, the less the caller's policies limit`(
    principal: RequestPrincipal, named: String, expected: Decision
  ) throws {
    let set = PolicySet(
      identity: [], permissionsBoundary: [try policy(Self.allowOther)], resource: try resource(named))
    #expect(PolicyEvaluator.decide(request(by: principal), set) == expected)
  }

  @Test func `session policies limit a role and not the session that is named itself`() throws {
    let none = [try policy(Self.allowOther)]
    let role = PolicySet(session: none, resource: try resource(#"{"AWS":"arn:aws:iam::111122223333:role/ci/Builder"}"#))
    #expect(PolicyEvaluator.decide(request(by: session), role) == .implicitDeny(.session))
    let direct = PolicySet(session: none, resource: try resource(#"{"AWS":"arn:aws:sts::111122223333:assumed-role/Builder/run-7"}"#))
    #expect(PolicyEvaluator.decide(request(by: session), direct) == .allow(by: [reference(0, "r")]))
  }

  @Test func `across accounts both sides must allow`() throws {
    let all = try policy(Self.allowAll, named: "i")
    let direct = try resource(#"{"AWS":"arn:aws:iam::111122223333:user/alice"}"#)
    let foreign = request(by: alice, of: otherAccount)
    #expect(PolicyEvaluator.decide(foreign, PolicySet(identity: [all])) == .implicitDeny(.resource))
    #expect(PolicyEvaluator.decide(foreign, PolicySet(resource: direct)) == .implicitDeny(.identity))
    #expect(PolicyEvaluator.decide(foreign, PolicySet(identity: [all], resource: direct)) == .allow(by: [reference(0, "r"), reference(0, "i")]))
    #expect(PolicyEvaluator.decide(foreign, PolicySet(identity: [all], session: [], resource: direct)) == .implicitDeny(.session))
    let other = try resource(#"{"AWS":"444455556666"}"#)
    #expect(PolicyEvaluator.decide(foreign, PolicySet(identity: [all], resource: other)) == .implicitDeny(.resource))
    let root = request(by: .root(account), of: otherAccount)
    #expect(PolicyEvaluator.decide(root, PolicySet()) == .implicitDeny(.resource))
    #expect(PolicyEvaluator.decide(root, PolicySet(resource: try resource(#"{"AWS":"111122223333"}"#))) == .allow(by: [reference(0, "r")]))
  }

  @Test func `a trust policy must allow, in its own account too`() throws {
    let all = try policy(Self.allowAll, named: "i")
    let question = request("sts:AssumeRole", on: "arn:aws:iam::111122223333:role/Builder")
    let other = try trust(#"{"AWS":"444455556666"}"#)
    #expect(PolicyEvaluator.decide(question, PolicySet(identity: [all], resource: other)) == .implicitDeny(.roleTrust))
    let delegating = try trust(#"{"AWS":"111122223333"}"#)
    #expect(PolicyEvaluator.decide(question, PolicySet(resource: delegating)) == .implicitDeny(.identity))
    #expect(PolicyEvaluator.decide(question, PolicySet(identity: [all], resource: delegating)) == .allow(by: [reference(0, "t"), reference(0, "i")]))
    let direct = try trust(#"{"AWS":"AIDAAAAAAAAAAAAAALICE"}"#)
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
    principal: RequestPrincipal, named: String, isAllowed: Bool
  ) throws {
    let set = PolicySet(resource: try trust(named))
    let question = request("sts:AssumeRole", on: "arn:aws:iam::111122223333:role/Builder", by: principal)
    #expect(PolicyEvaluator.decide(question, set) == (isAllowed ? .allow(by: [reference(0, "t")]) : .implicitDeny(.roleTrust)))
    #expect(PolicyEvaluator.decide(question, PolicySet()) == .implicitDeny(.resource))
  }

  @Test(
    arguments: [
      (alice, #"["111122223333","arn:aws:iam::111122223333:user/alice"]"#, true),
      (alice, #"["arn:aws:iam::111122223333:user/alice"]"#, false),
      (alice, #"["111122223333"]"#, false),
      (session, #"["111122223333","arn:aws:iam::111122223333:role/ci/Builder","arn:aws:sts::111122223333:assumed-role/Builder/run-7"]"#, true),
      (session, #"["111122223333","arn:aws:iam::111122223333:role/ci/Builder"]"#, false),
      (session, #"["111122223333","arn:aws:sts::111122223333:assumed-role/Builder/run-7"]"#, false),
      (.root(account), #"["arn:aws:iam::111122223333:root"]"#, true),
      (.root(otherAccount), #"["arn:aws:iam::111122223333:root"]"#, false),
      (.anonymous, #"["111122223333"]"#, false), (.anonymous, #"["*"]"#, true),
    ] as [(RequestPrincipal, String, Bool)])
  func `NotPrincipal spares only who is listed by every name`(
    principal: RequestPrincipal, listed: String, isSpared: Bool
  ) throws {
    let set = PolicySet(
      identity: [try policy(Self.allowAll)], session: [try policy(Self.allowAll)],
      resource: try resource(#"{"AWS":\#(listed)}"#, effect: "Deny", "NotPrincipal"))
    let decision = PolicyEvaluator.decide(request(by: principal), set)
    #expect((decision == .explicitDeny(.resource, reference(0, "r"))) == !isSpared)
  }

  @Test func `keys that differ in Unicode normalisation are two keys`() throws {
    let json = allow(if: #"{"StringEquals":{"aws:PrincipalTag/caf\u00e9":"1"}}"#)
    #expect(try decide(json, request("a:b", on: "*", by: alice, of: nil, ["aws:PrincipalTag/caf\u{E9}": ["1"]])).isAllowed)
    #expect(try !decide(json, request("a:b", on: "*", by: alice, of: nil, ["aws:PrincipalTag/cafe\u{301}": ["1"]])).isAllowed)
  }

  @Test func `a later value takes the place of an earlier one, and none removes it`() {
    var context = RequestContext()
    context.set("aws:K", "a")
    context.set("AWS:k", "b")
    var expected = RequestContext()
    expected.set("aws:k", values: ["b"])
    #expect(context == expected)
    context.set("aws:k", values: [])
    #expect(context == RequestContext())
  }
}
