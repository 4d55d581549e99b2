// SPDX-License-Identifier: Apache-2.0
//
// Random policies and requests for the differential test, the same for the same seed.

import IdentityModel
import PolicyEngine

/// Writes random documents, requests and sets over a small alphabet, so that they meet often.
struct PolicyGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// SplitMix64.
  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  private mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
  private mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
  private mutating func one<Element>(of list: [Element]) -> Element { list[below(list.count)] }

  /// One element as it is, or several in brackets.
  private mutating func some(of list: [String]) -> String {
    if chance(60) { return quoted(one(of: list)) }
    return "[" + (0..<(1 + below(3))).map { _ in quoted(one(of: list)) }.joined(separator: ",") + "]"
  }

  private func quoted(_ text: String) -> String { "\"\(text)\"" }

  // MARK: - Documents

  private static let actions = [
    "*", "*", "sts:*", "STS:getweb*", "sts:Get?ebIdentityToken", "sts:*Token", "*:*", "iam:Get?ser", "iam:*",
    "sts:GetWebIdentityToken", "sts:AssumeRole",
  ]
  private static let resources = [
    "*", "*", "arn:aws:sts::*:self", "arn:*:iam::111122223333:user/*", "arn:aws:iam::*:role/?:b*",
    "arn:aws:iam::111122223333:user/${aws:username}", "arn:aws:iam::1111*:*",
    "arn:aws:iam::*:user/${aws:PrincipalTag/x, 'bob'}", "arn:aws:iam::${aws:PrincipalAccount}:*",
    "arn:aws:sts:::*",
  ]
  private static let principals = [
    "*", "111122223333", "arn:aws:iam::111122223333:root", "444455556666",
    "arn:aws:iam::111122223333:user/alice",
    "AIDAAAAAAAAAAAAAALICE", "arn:aws:iam::111122223333:role/ci/Builder", "AROAAAAAAAAAAAABUILDR",
    "arn:aws:sts::111122223333:assumed-role/Builder/run-7", "AROAAAAAAAAAAAABUILDR:run-7",
    "arn:aws:sts::111122223333:federated-user/carol",
  ]
  private static let operands: [(operators: [String], key: String, values: [String])] = [
    (
      [
        "StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
      ],
      "aws:PrincipalTag/X",
      ["bob", "b*", "B?b", "${aws:username}", "${aws:none, 'bob'}", "${*}", "", "${aws:none}"]
    ),
    (
      ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"],
      "sts:IdentityTokenAudience", ["https://a", "https://*", "HTTPS://B", "?ttps://b", "x${aws:username}"]
    ),
    (
      [
        "NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan",
        "NumericGreaterThanEquals",
      ],
      "sts:DurationSeconds", ["300", "300.0", "-1", "299.5", "0900", "1000"]
    ),
    (
      [
        "DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan",
        "DateGreaterThanEquals",
      ],
      "aws:CurrentTime", ["2026-04-21", "1776729600", "2026-04-21T07:37:10Z", "2026-04-21T07:37:09.5Z"]
    ),
    (["Bool"], "aws:SecureTransport", ["true", "false"]),
    (["BinaryEquals"], "aws:binary", ["QQ==", "QUE="]),
    (["IpAddress", "NotIpAddress"], "aws:SourceIp", ["10.0.0.0/8", "10.1.2.3", "0.0.0.0/0", "10.1.2.0/23"]),
    (
      ["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"], "aws:SourceArn",
      [
        "*", "arn:aws:s3:::b*", "arn:*:s3::*:b:?",
        "arn:aws:iam::${aws:PrincipalAccount}:user/${aws:username}",
      ]
    ),
  ]

  private mutating func condition() -> String {
    var blocks: Set<String> = []
    var members: [String] = []
    for _ in 0..<(1 + below(2)) {
      let row = one(of: PolicyGenerator.operands)
      var name =
        one(of: ["", "", "ForAllValues:", "ForAnyValue:"]) + one(of: row.operators)
        + one(of: ["", "", "IfExists"])
      var values = some(of: row.values)
      if chance(10) {
        name = "Null"
        values = some(of: ["true", "false"])
      }
      if blocks.insert(name).inserted { members.append("\(quoted(name)):{\(quoted(row.key)):\(values)}") }
    }
    return "{\(members.joined(separator: ","))}"
  }

  private mutating func statement(_ kind: PolicyKind) -> String {
    var members: [String] = []
    var effect = chance(kind == .resource || kind == .trust ? 15 : 8) ? "Deny" : "Allow"
    if kind == .resourceControl { effect = chance(60) ? "Deny" : "Allow" }
    if kind == .resourceControl, effect == "Allow" {
      return #"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#
    }
    if chance(30) { members.append(#""Sid":"S\#(below(1_000_000))""#) }
    members.append(#""Effect":"\#(effect)""#)
    switch kind {
    case .resourceControl: members.append(#""Principal":"*""#)
    case .resource, .trust:
      let name = effect == "Deny" && chance(40) ? "NotPrincipal" : "Principal"
      let listed = (0..<(1 + below(4))).map { _ in quoted(one(of: PolicyGenerator.principals)) }
      let value =
        chance(15) ? #"{"Service":"ec2.amazonaws.com"}"# : #"{"AWS":[\#(listed.joined(separator: ","))]}"#
      members.append("\(quoted(name)):\(value)")
    default: break
    }
    let actions = kind == .trust ? ["sts:*", "sts:AssumeRole", "sts:Get*"] : PolicyGenerator.actions
    let notAction = kind != .trust && kind != .resourceControl && chance(12)
    members.append("\(quoted(notAction ? "NotAction" : "Action")):\(some(of: actions))")
    if kind != .trust {
      members.append(
        "\(quoted(chance(12) ? "NotResource" : "Resource")):\(some(of: PolicyGenerator.resources))"
      )
    }
    if chance(40) || effect == "Deny" { members.append(#""Condition":\#(condition())"#) }
    return "{\(members.joined(separator: ","))}"
  }

  mutating func document(_ kind: PolicyKind) -> String {
    let needsCurrent = [.boundary, .serviceControl, .resourceControl].contains(kind)
    let version = needsCurrent || chance(85) ? "2012-10-17" : "2008-10-17"
    let list = (0..<(1 + below(3))).map { _ in statement(kind) }
    return #"{"Version":"\#(version)","Statement":[\#(list.joined(separator: ","))]}"#
  }

  // MARK: - Requests and sets

  private static let callers: [(RequestPrincipal, role: [String], itself: [String])] = [
    (alice, [], ["arn:aws:iam::111122223333:user/alice", "AIDAAAAAAAAAAAAAALICE"]),
    (
      session, ["arn:aws:iam::111122223333:role/ci/Builder", "AROAAAAAAAAAAAABUILDR"],
      ["arn:aws:sts::111122223333:assumed-role/Builder/run-7", "AROAAAAAAAAAAAABUILDR:run-7"]
    ),
    (federatedUser, [], ["arn:aws:sts::111122223333:federated-user/carol"]),
    (.root(account), [], []),
    (.service("ec2.amazonaws.com"), [], ["ec2.amazonaws.com"]),
    (.anonymous, [], []),
  ]

  mutating func request() -> (PolicyRequest, ReferenceEvaluator) {
    let action = one(of: [
      "sts:GetWebIdentityToken", "sts:TagGetWebIdentityToken", "iam:GetUser", "sts:AssumeRole",
    ])
    let resource = one(of: [
      "*", "arn:aws:sts::111122223333:self", "arn:aws:iam::111122223333:user/bob",
      "arn:aws:iam::444455556666:role/a:b/c", "arn:aws:iam::111122223333:role/é:b",
    ])
    var context: [String: [String]] = [:]
    if chance(60) { context["aws:username"] = chance(90) ? [one(of: ["bob", "*", "a:b"])] : ["bob", "eve"] }
    if chance(60) { context["aws:principaltag/x"] = [one(of: ["bob", "BOB", "*", "", "bib"])] }
    if chance(70) { context["aws:principalaccount"] = ["111122223333"] }
    if chance(70) {
      context["sts:identitytokenaudience"] = (0..<below(4)).map { _ in
        one(of: ["https://a", "https://b", "xbob"])
      }
    }
    if chance(70) { context["sts:durationseconds"] = [one(of: ["300", "299.5", "900", "-1.0", "many"])] }
    if chance(70) {
      context["aws:currenttime"] = [
        one(of: ["2026-04-21T00:00:00Z", "1776729600", "2026-04-21T07:37:09.5Z", "now"])
      ]
    }
    if chance(70) { context["aws:securetransport"] = [one(of: ["true", "false", "1"])] }
    if chance(50) { context["aws:binary"] = [one(of: ["QQ==", "QUE="])] }
    if chance(70) { context["aws:sourceip"] = [one(of: ["10.1.2.3", "10.1.3.9", "192.0.2.1", "host"])] }
    if chance(50) {
      context["aws:sourcearn"] = [
        one(of: ["arn:aws:s3:::bb", "arn:aws:s3::x:b:c", "arn:aws:iam::111122223333:user/bob", "x"])
      ]
    }
    let caller = one(of: PolicyGenerator.callers)
    let owner: AccountID? = chance(25) ? (chance(70) ? otherAccount : account) : nil
    let question = PolicyEngineTests.request(action, on: resource, by: caller.0, of: owner, context)
    var isRoot = false
    if case .root = caller.0 { isRoot = true }
    var isFederatedUser = false
    if case .federatedUser = caller.0 { isFederatedUser = true }
    let reference = ReferenceEvaluator(
      action: action,
      resource: resource,
      context: context,
      account: caller.0.account.map { "\($0)" },
      role: caller.role,
      itself: caller.itself,
      isRoot: isRoot,
      isFederatedUser: isFederatedUser,
      isCrossAccount: owner == otherAccount
    )
    return (question, reference)
  }

  mutating func policies(from pool: Pool) -> (PolicySet, ReferencePolicies) {
    var set = PolicySet()
    var plain = ReferencePolicies()
    var number = 0
    func pick(_ kind: PolicyKind, _ generator: inout PolicyGenerator) -> (NamedPolicy, ReferencePolicy) {
      number += 1
      let picked = generator.one(of: pool.documents[kind] ?? [])
      let name = "\(kind)-\(number)"
      return (
        NamedPolicy(identifier: name, document: picked.document),
        ReferencePolicy(name: name, tree: picked.tree)
      )
    }
    func picks(_ kind: PolicyKind, _ count: Int, _ generator: inout PolicyGenerator) -> (
      [NamedPolicy], [ReferencePolicy]
    ) {
      let list = (0..<count).map { _ in pick(kind, &generator) }
      return (list.map(\.0), list.map(\.1))
    }
    (set.identity, plain.identity) = picks(.identity, below(4), &self)
    if chance(25) {
      let (named, simple) = picks(.boundary, below(4), &self)
      (set.permissionsBoundary, plain.boundary) = (named, simple)
    }
    if chance(25) {
      let (named, simple) = picks(.session, below(4), &self)
      (set.session, plain.session) = (named, simple)
    }
    if chance(45) {
      plain.resourceIsTrust = chance(50)
      let (named, simple) = pick(plain.resourceIsTrust ? .trust : .resource, &self)
      (set.resource, plain.resource) = (named, simple)
    }
    if chance(20) {
      for _ in 0..<(1 + below(2)) {
        let (named, simple) = picks(.serviceControl, 1 + below(3), &self)
        set.serviceControl.append(named)
        plain.scp.append(simple)
      }
    }
    if chance(20) {
      for _ in 0..<(1 + below(2)) {
        let (named, simple) = picks(.resourceControl, 1 + below(3), &self)
        set.resourceControl.append(named)
        plain.rcp.append(simple)
      }
    }
    return (set, plain)
  }
}
