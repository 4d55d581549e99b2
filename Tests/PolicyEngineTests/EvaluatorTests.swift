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

  // MARK: - Identity

  @Test func `nothing is allowed unless a statement allows it`() throws {
    #expect(PolicyEvaluator.decide(request(), PolicySet()) == .implicitDeny(.identity))
    #expect(try decide(Self.allowOther, request()) == .implicitDeny(.identity))
  }

  @Test func `the reason names the policy, the statement and its Sid`() throws {
    let json = statements(
      #"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#,
      #"{"Sid":"Yes","Effect":"Allow","Action":"STS:getwebidentitytoken","Resource":"arn:aws:sts::*:self"}"#
    )
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
    set = PolicySet(serviceControl: [
      [try policy(Self.allowAll, .serviceControl), try policy(Self.denyAll, .serviceControl, named: "d")]
    ])
    #expect(
      PolicyEvaluator.decide(request(by: root), set)
        == .explicitDeny(.serviceControl, reference(0, "d", sid: "No"))
    )
  }

  @Test func `a policy scoped to another resource does not reach the account's own tokens`() throws {
    let scoped = statements(
      #"{"Effect":"Allow","Action":"sts:*","Resource":"arn:aws:iam::111122223333:user/alice"}"#
    )
    #expect(try decide(scoped, request()) == .implicitDeny(.identity))
    let exact = statements(
      #"{"Effect":"Allow","Action":"sts:*","Resource":"arn:aws:sts::111122223333:self"}"#
    )
    #expect(try decide(exact, request()) == .allow(by: [reference(0)]))
  }

  @Test(
    arguments: [
      ("iam:GetUser", "*", true), ("iam:GetUser", "arn:aws:iam::111122223333:user/a", false),
      ("iam:GetUser", "arn:aws:iam::111122223333:role/a", true), ("sts:GetUser", "*", false),
    ])
  func `NotAction and NotResource take everything else`(action: String, resource: String, applies: Bool)
    throws
  {
    let json = statements(#"{"Effect":"Allow","NotAction":"sts:*","NotResource":"arn:aws:iam::*:user/*"}"#)
    #expect(try decide(json, request(action, on: resource)).isAllowed == applies)
  }

  @Test func `a variable without a value opens nothing`() throws {
    let own = #""NotResource":"arn:aws:iam::*:user/${aws:username}""#
    let question = request("iam:GetUser", on: "arn:aws:iam::111122223333:user/bob", by: session)
    #expect(
      try decide(statements(#"{"Effect":"Allow","Action":"*",\#(own)}"#), question)
        == .implicitDeny(.identity)
    )
    #expect(
      try decide(statements(#"{"Effect":"Deny","Action":"*",\#(own)}"#), question)
        == .explicitDeny(.identity, reference(0))
    )
  }

  @Test func `a value cannot move into another part of a resource`() throws {
    let json = statements(
      #"{"Effect":"Allow","Action":"*","Resource":"arn:aws:iam::${aws:PrincipalTag/a}:user/x"}"#
    )
    func decision(_ value: String, _ resource: String) throws -> Decision {
      try decide(
        json,
        request("iam:GetUser", on: resource, by: alice, of: nil, ["aws:PrincipalTag/a": [value]])
      )
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
        """
    )
    #expect(try decide(safe, question) == .implicitDeny(.identity))
    #expect(try decide(safe, request()) == .implicitDeny(.identity))
    #expect(
      try decide(
        safe,
        request("a:b", on: "*", by: alice, of: nil, ["sts:IdentityTokenAudience": ["https://a"]])
      ).isAllowed
    )
  }

  // MARK: - What limits

  @Test func `every kind of policy that is there must allow, and the first that is silent is named`() throws {
    let all = try policy(Self.allowAll)
    let other = try policy(Self.allowOther)
    var set = PolicySet(
      identity: [other],
      permissionsBoundary: [other],
      session: [other],
      serviceControl: [[all], [other]],
      resourceControl: [[try resourcePolicy(#""*""#)], []]
    )
    #expect(PolicyEvaluator.decide(request(by: session), set) == .implicitDeny(.serviceControl))
    set.serviceControl = [[all], [other, all]]
    #expect(PolicyEvaluator.decide(request(by: session), set) == .implicitDeny(.resourceControl))
    set.resourceControl = [[try resourcePolicy(#""*""#)]]
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
      statements(#"{"Sid":"No","Effect":"Deny","Principal":"*","Action":"sts:*","Resource":"*"}"#),
      .resource,
      named: "deny"
    )
    var set = PolicySet(identity: [all])
    switch type {
    case .identity: set.identity = [all, deny]
    case .resource, .roleTrust: set.resource = denyForAll
    case .permissionsBoundary: set.permissionsBoundary = [all, deny]
    case .session: set.session = [all, deny]
    case .serviceControl: set.serviceControl = [[all], [all, deny]]
    case .resourceControl: set.resourceControl = [[denyForAll]]
    }
    #expect(
      PolicyEvaluator.decide(request(by: session), set)
        == .explicitDeny(type, reference(0, "deny", sid: "No"))
    )
  }

  @Test func `a federated user has nothing without a session policy`() throws {
    let all = try policy(Self.allowAll)
    #expect(
      PolicyEvaluator.decide(request(by: federatedUser), PolicySet(identity: [all]))
        == .implicitDeny(.session)
    )
    #expect(
      PolicyEvaluator.decide(request(by: federatedUser), PolicySet(identity: [all], session: [all]))
        == .allow(by: [reference(0)])
    )
    #expect(
      PolicyEvaluator.decide(request(by: session), PolicySet(identity: [all])) == .allow(by: [reference(0)])
    )
  }

  @Test func `keys that differ in Unicode normalisation are two keys`() throws {
    let json = allow(if: #"{"StringEquals":{"aws:PrincipalTag/caf\u00e9":"1"}}"#)
    #expect(
      try decide(json, request("a:b", on: "*", by: alice, of: nil, ["aws:PrincipalTag/caf\u{E9}": ["1"]]))
        .isAllowed
    )
    #expect(
      try !decide(json, request("a:b", on: "*", by: alice, of: nil, ["aws:PrincipalTag/cafe\u{301}": ["1"]]))
        .isAllowed
    )
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
