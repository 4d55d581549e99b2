// SPDX-License-Identifier: Apache-2.0
//
// Each operator's table of cases. A case is judged twice: under Allow, and under Deny, because what cannot be answered
// must fall on the safe side of both.

import IdentityModel
import PolicyEngine
import Testing

struct OperatorTests {
  /// What a condition says to a request.
  enum Says {
    /// An Allow applies, a Deny applies.
    case yes
    /// Neither applies.
    case no
    /// It cannot be answered: an Allow does not apply, a Deny does.
    case unknown
  }

  struct Case: CustomTestStringConvertible {
    let condition: String
    let values: [String]?
    let says: Says

    init(_ condition: String, _ values: [String]?, _ says: Says) {
      self.condition = condition
      self.values = values
      self.says = says
    }

    var testDescription: String { "\(condition) with \(values.map { "\($0)" } ?? "no key") says \(says)" }
  }

  private func check(_ test: Case) throws {
    var context = ["aws:username": ["bob"], "aws:PrincipalTag/star": ["*"], "aws:PrincipalTag/two": ["a", "b"]]
    context["aws:k"] = test.values
    let question = request("sts:GetWebIdentityToken", on: "*", by: alice, of: nil, context)
    let allowed = try decide(allow(if: test.condition), question)
    #expect(allowed == (test.says == .yes ? .allow(by: [reference(0)]) : .implicitDeny(.identity)))
    let denied = try decide(deny(if: test.condition), question)
    #expect(denied == (test.says == .no ? .implicitDeny(.identity) : .explicitDeny(.identity, reference(0))))
  }

  @Test(
    arguments: [
      Case(#"{"StringEquals":{"aws:k":"a"}}"#, ["a"], .yes),
      Case(#"{"StringEquals":{"aws:k":"a"}}"#, ["A"], .no),
      Case(#"{"StringEquals":{"aws:k":["b","a"]}}"#, ["a"], .yes),
      Case(#"{"StringEquals":{"aws:k":"*"}}"#, ["a"], .no),
      Case(#"{"StringEquals":{"aws:k":""}}"#, [""], .yes),
      Case(#"{"StringEquals":{"aws:k":1}}"#, ["1"], .yes),
      Case(#"{"StringEquals":{"aws:k":true}}"#, ["true"], .yes),
      Case(#"{"StringEquals":{"AWS:K":"a"}}"#, ["a"], .yes),
      Case(#"{"StringNotEquals":{"aws:k":"a"}}"#, ["b"], .yes),
      Case(#"{"StringNotEquals":{"aws:k":["b","a"]}}"#, ["a"], .no),
      Case(#"{"StringEqualsIgnoreCase":{"aws:k":"aBc"}}"#, ["AbC"], .yes),
      Case(#"{"StringEqualsIgnoreCase":{"aws:k":"k"}}"#, ["\u{212A}"], .no),
      Case(#"{"StringNotEqualsIgnoreCase":{"aws:k":"aBc"}}"#, ["AbC"], .no),
      Case(#"{"StringNotEqualsIgnoreCase":{"aws:k":"aBc"}}"#, ["abcd"], .yes),
      Case(#"{"StringLike":{"aws:k":"a*c?e"}}"#, ["abbcde"], .yes),
      Case(#"{"StringLike":{"aws:k":"a*c?e"}}"#, ["abbce"], .no),
      Case(#"{"StringLike":{"aws:k":"*"}}"#, [""], .yes),
      Case(#"{"StringLike":{"aws:k":"?"}}"#, [""], .no),
      Case(#"{"StringLike":{"aws:k":"?"}}"#, ["é"], .yes),
      Case(#"{"StringLike":{"aws:k":"?"}}"#, ["e\u{301}"], .no),
      Case(#"{"StringLike":{"aws:k":"*?"}}"#, ["\u{1F511}"], .yes),
      Case(#"{"StringLike":{"aws:k":"*??"}}"#, ["\u{1F511}"], .no),
      Case(#"{"StringLike":{"aws:k":"a*b*c"}}"#, ["a-b-b-c"], .yes),
      Case(#"{"StringLike":{"aws:k":"[a-z].+"}}"#, ["b1"], .no),
      Case(#"{"StringNotLike":{"aws:k":"a*"}}"#, ["abc"], .no),
      Case(#"{"StringNotLike":{"aws:k":"a*"}}"#, ["bc"], .yes),
    ])
  func `string operators`(test: Case) throws { try check(test) }

  @Test(
    arguments: [
      Case(#"{"NumericEquals":{"aws:k":"300"}}"#, ["300.0"], .yes),
      Case(#"{"NumericEquals":{"aws:k":300}}"#, ["0300"], .yes),
      Case(#"{"NumericEquals":{"aws:k":"-0"}}"#, ["0"], .yes),
      Case(#"{"NumericEquals":{"aws:k":"0.1"}}"#, ["0.10000000000000000000000000001"], .no),
      Case(#"{"NumericEquals":{"aws:k":"9007199254740993"}}"#, ["9007199254740992"], .no),
      Case(#"{"NumericNotEquals":{"aws:k":"1"}}"#, ["2"], .yes),
      Case(#"{"NumericNotEquals":{"aws:k":"1"}}"#, ["1"], .no),
      Case(#"{"NumericLessThan":{"aws:k":"300"}}"#, ["299.9"], .yes),
      Case(#"{"NumericLessThan":{"aws:k":"300"}}"#, ["300"], .no),
      Case(#"{"NumericLessThan":{"aws:k":"-2"}}"#, ["-10"], .yes),
      Case(#"{"NumericLessThan":{"aws:k":"10"}}"#, ["9"], .yes),
      Case(#"{"NumericLessThanEquals":{"aws:k":"300"}}"#, ["300"], .yes),
      Case(#"{"NumericLessThanEquals":{"aws:k":"300"}}"#, ["301"], .no),
      Case(#"{"NumericGreaterThan":{"aws:k":"300"}}"#, ["301"], .yes),
      Case(#"{"NumericGreaterThan":{"aws:k":"300"}}"#, ["300"], .no),
      Case(#"{"NumericGreaterThan":{"aws:k":"-1"}}"#, ["-0.5"], .yes),
      Case(#"{"NumericGreaterThanEquals":{"aws:k":"1.2"}}"#, ["1.19"], .no),
      Case(#"{"NumericGreaterThanEquals":{"aws:k":"1.2"}}"#, ["1.2"], .yes),
      Case(#"{"NumericGreaterThan":{"aws:k":"300"}}"#, ["many"], .unknown),
      Case(#"{"NumericLessThan":{"aws:k":"300"}}"#, ["1e2"], .unknown),
      Case(#"{"NumericNotEquals":{"aws:k":"300"}}"#, [" 300"], .unknown),
      Case(#"{"NumericEquals":{"aws:k":["1","2"]}}"#, ["+2"], .unknown),
    ])
  func `numeric operators`(test: Case) throws { try check(test) }

  @Test(
    arguments: [
      Case(#"{"DateEquals":{"aws:k":"2026-04-21T07:37:10Z"}}"#, ["1776757030"], .yes),
      Case(#"{"DateEquals":{"aws:k":"2026-04-21T09:37:10+02:00"}}"#, ["2026-04-21T07:37:10.000Z"], .yes),
      Case(#"{"DateEquals":{"aws:k":"2026-04-21"}}"#, ["2026-04-21T00:00Z"], .yes),
      Case(#"{"DateEquals":{"aws:k":"2026-04"}}"#, ["2026-04-01T00:00:00Z"], .yes),
      Case(#"{"DateNotEquals":{"aws:k":"2026-04-21"}}"#, ["2026-04-22"], .yes),
      Case(#"{"DateNotEquals":{"aws:k":"2026-04-21"}}"#, ["2026-04-21"], .no),
      Case(#"{"DateLessThan":{"aws:k":"2026-04-21T07:37:10Z"}}"#, ["2026-04-21T07:37:09.999Z"], .yes),
      Case(#"{"DateLessThan":{"aws:k":"2026-04-21T07:37:10Z"}}"#, ["2026-04-21T07:37:10Z"], .no),
      Case(#"{"DateLessThanEquals":{"aws:k":"2026-04-21T07:37:10Z"}}"#, ["2026-04-21T07:37:10Z"], .yes),
      Case(#"{"DateGreaterThan":{"aws:k":1776757030}}"#, ["2026-04-21T07:37:11Z"], .yes),
      Case(#"{"DateGreaterThan":{"aws:k":1776757030}}"#, ["2026-04-21T07:37:10Z"], .no),
      Case(#"{"DateGreaterThanEquals":{"aws:k":"2026-04-21T07:37:10-01:30"}}"#, ["2026-04-21T09:07:10Z"], .yes),
      Case(#"{"DateGreaterThanEquals":{"aws:k":"2026-04-21T07:37:10-01:30"}}"#, ["2026-04-21T09:07:09Z"], .no),
      Case(#"{"DateLessThan":{"aws:k":"2026-04-21"}}"#, ["yesterday"], .unknown),
      Case(#"{"DateNotEquals":{"aws:k":"2026-04-21"}}"#, ["2026-02-30"], .unknown),
    ])
  func `date operators`(test: Case) throws { try check(test) }

  @Test(
    arguments: [
      Case(#"{"Bool":{"aws:k":"true"}}"#, ["true"], .yes),
      Case(#"{"Bool":{"aws:k":true}}"#, ["true"], .yes),
      Case(#"{"Bool":{"aws:k":"False"}}"#, ["false"], .yes),
      Case(#"{"Bool":{"aws:k":"true"}}"#, ["false"], .no),
      Case(#"{"Bool":{"aws:k":"false"}}"#, ["0"], .unknown),
      Case(#"{"BinaryEquals":{"aws:k":"QmluYXJ5"}}"#, ["QmluYXJ5"], .yes),
      Case(#"{"BinaryEquals":{"aws:k":"QQ=="}}"#, ["QUE="], .no),
      Case(#"{"BinaryEquals":{"aws:k":"QQ=="}}"#, ["QR=="], .unknown),
      Case(#"{"BinaryEquals":{"aws:k":""}}"#, [""], .yes),
      Case(#"{"Null":{"aws:k":"true"}}"#, nil, .yes),
      Case(#"{"Null":{"aws:k":"true"}}"#, [], .yes),
      Case(#"{"Null":{"aws:k":"true"}}"#, [""], .no),
      Case(#"{"Null":{"aws:k":false}}"#, ["a", "b"], .yes),
      Case(#"{"Null":{"aws:k":false}}"#, nil, .no),
    ])
  func `truth, bytes and presence`(test: Case) throws { try check(test) }

  @Test(
    arguments: [
      Case(#"{"IpAddress":{"aws:k":"203.0.113.0/24"}}"#, ["203.0.113.255"], .yes),
      Case(#"{"IpAddress":{"aws:k":"203.0.113.0/24"}}"#, ["203.0.114.0"], .no),
      Case(#"{"IpAddress":{"aws:k":"203.0.113.9/25"}}"#, ["203.0.113.127"], .yes),
      Case(#"{"IpAddress":{"aws:k":"203.0.113.9/25"}}"#, ["203.0.113.128"], .no),
      Case(#"{"IpAddress":{"aws:k":"203.0.113.9"}}"#, ["203.0.113.9"], .yes),
      Case(#"{"IpAddress":{"aws:k":"203.0.113.9"}}"#, ["203.0.113.8"], .no),
      Case(#"{"IpAddress":{"aws:k":"0.0.0.0/0"}}"#, ["2001:db8::1"], .no),
      Case(#"{"IpAddress":{"aws:k":"10.0.0.0/8"}}"#, ["::ffff:10.1.2.3"], .yes),
      Case(#"{"IpAddress":{"aws:k":"::ffff:10.0.0.0/104"}}"#, ["10.9.9.9"], .yes),
      Case(#"{"IpAddress":{"aws:k":"2001:DB8:1234:5678::/64"}}"#, ["2001:db8:1234:5678:9::1"], .yes),
      Case(#"{"IpAddress":{"aws:k":"2001:DB8:1234:5678::/64"}}"#, ["2001:db8:1234:5679::1"], .no),
      Case(#"{"IpAddress":{"aws:k":"2001:db8::/33"}}"#, ["2001:db8:8000::"], .no),
      Case(#"{"IpAddress":{"aws:k":"::/0"}}"#, ["fe80::1"], .yes),
      Case(#"{"IpAddress":{"aws:k":["10.0.0.0/8","::1"]}}"#, ["0:0:0:0:0:0:0:1"], .yes),
      Case(#"{"NotIpAddress":{"aws:k":"10.0.0.0/8"}}"#, ["11.0.0.1"], .yes),
      Case(#"{"NotIpAddress":{"aws:k":"10.0.0.0/8"}}"#, ["10.0.0.1"], .no),
      Case(#"{"NotIpAddress":{"aws:k":"10.0.0.0/8"}}"#, ["AWS Internal"], .unknown),
      Case(#"{"IpAddress":{"aws:k":"10.0.0.0/8"}}"#, ["10.0.0.01"], .unknown),
      Case(#"{"IpAddress":{"aws:k":"10.0.0.0/8"}}"#, ["167772161"], .unknown),
      Case(#"{"IpAddress":{"aws:k":"::/0"}}"#, ["fe80::1%eth0"], .unknown),
      Case(#"{"IpAddress":{"aws:k":"::/0"}}"#, ["1::2::3"], .unknown),
      Case(#"{"IpAddress":{"aws:k":"::/0"}}"#, ["1:2:3:4:5:6:7:8:9"], .unknown),
      Case(#"{"IpAddress":{"aws:k":"::/0"}}"#, ["1:2:3:4:5:6:7::8"], .unknown),
    ])
  func `address operators`(test: Case) throws { try check(test) }

  @Test(
    arguments: [
      "1.2.3", "1.2.3.4.5", "256.0.0.1", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/08", "1.2.3.4/-1", "0x1.2.3.4", "1.2.3.4 ",
      ":", ":::", "::g", "12345::", "::/129", "::ffff:1.2.3.4/95", "1.2.3.4::", "[::1]", "::1/64/64", "",
    ])
  func `addresses have one spelling`(range: String) {
    #expect(
      refusal(allow(if: #"{"IpAddress":{"aws:k":"\#(range)"}}"#))
        == .conditionValue(operator: "IpAddress", value: range))
  }

  private static let arn = "arn:aws:sts::111122223333:assumed-role/Builder/run:7"

  @Test(
    arguments: [
      Case(#"{"ArnEquals":{"aws:k":"arn:aws:sts::111122223333:assumed-role/Builder/run:7"}}"#, [arn], .yes),
      Case(#"{"ArnEquals":{"aws:k":"arn:aws:sts::*:assumed-role/*"}}"#, [arn], .yes),
      Case(#"{"ArnLike":{"aws:k":"arn:aws:sts:*:1111?2223333:*"}}"#, [arn], .no),
      Case(#"{"ArnLike":{"aws:k":"arn:aws:sts:*:1111?2222333?:*7"}}"#, [arn], .no),
      Case(#"{"ArnLike":{"aws:k":"arn:aws:sts:*:11112222333?:*7"}}"#, [arn], .yes),
      Case(#"{"ArnLike":{"aws:k":"*"}}"#, [arn], .yes),
      // A wildcard stays in its part: this would fit if it could swallow a colon.
      Case(#"{"ArnLike":{"aws:k":"arn:aws:*:assumed-role/Builder/run:*:*:7"}}"#, [arn], .no),
      Case(#"{"ArnLike":{"aws:k":"arn:aws:sts::111122223333:Assumed-role/*"}}"#, [arn], .no),
      Case(#"{"ArnNotEquals":{"aws:k":"arn:aws:sts::111122223333:*"}}"#, [arn], .no),
      Case(#"{"ArnNotLike":{"aws:k":"arn:aws:iam::*:*"}}"#, [arn], .yes),
      Case(#"{"ArnLike":{"aws:k":"*"}}"#, ["not an arn"], .unknown),
      Case(#"{"ArnNotLike":{"aws:k":"arn:aws:iam::*:*"}}"#, ["arn:aws:iam"], .unknown),
    ])
  func `ARN operators`(test: Case) throws { try check(test) }

  // MARK: - Missing keys, IfExists, set operators

  private static let families = [
    ("StringEquals", "StringNotEquals", "a"), ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "a"),
    ("StringLike", "StringNotLike", "a*"), ("NumericEquals", "NumericNotEquals", "1"),
    ("NumericLessThan", nil, "1"), ("NumericLessThanEquals", nil, "1"), ("NumericGreaterThan", nil, "1"),
    ("NumericGreaterThanEquals", nil, "1"), ("DateEquals", "DateNotEquals", "2026-04-21"),
    ("DateLessThan", nil, "2026-04-21"), ("DateLessThanEquals", nil, "2026-04-21"),
    ("DateGreaterThan", nil, "2026-04-21"), ("DateGreaterThanEquals", nil, "2026-04-21"), ("Bool", nil, "true"),
    ("BinaryEquals", nil, "QQ=="), ("IpAddress", "NotIpAddress", "10.0.0.0/8"),
    ("ArnEquals", "ArnNotEquals", "arn:aws:s3:::b"), ("ArnLike", "ArnNotLike", "arn:aws:s3:::b*"),
  ]

  @Test(arguments: families, [nil, []] as [[String]?])
  func `a key that is missing or empty fits no operator, and every negated one`(
    family: (String, String?, String), values: [String]?
  ) throws {
    func condition(_ name: String) -> String { #"{"\#(name)":{"aws:k":"\#(family.2)"}}"# }
    for (name, isNegated) in [(family.0, false), (family.1, true)] {
      guard let name else { continue }
      try check(Case(condition(name), values, isNegated ? .yes : .no))
      try check(Case(condition(name + "IfExists"), values, .yes))
      try check(Case(condition("ForAllValues:" + name), values, .yes))
      try check(Case(condition("ForAllValues:" + name + "IfExists"), values, .yes))
      try check(Case(condition("ForAnyValue:" + name), values, .no))
      try check(Case(condition("ForAnyValue:" + name + "IfExists"), values, .yes))
    }
  }

  @Test(
    arguments: [
      Case(#"{"StringEqualsIfExists":{"aws:k":"a"}}"#, ["b"], .no),
      Case(#"{"StringEqualsIfExists":{"aws:k":"a"}}"#, ["a"], .yes),
      Case(#"{"ForAllValues:StringEquals":{"aws:k":["a","b"]}}"#, ["b", "a", "a"], .yes),
      Case(#"{"ForAllValues:StringEquals":{"aws:k":["a","b"]}}"#, ["a", "c"], .no),
      Case(#"{"ForAnyValue:StringEquals":{"aws:k":["a","b"]}}"#, ["c", "b"], .yes),
      Case(#"{"ForAnyValue:StringEquals":{"aws:k":["a","b"]}}"#, ["c", "d"], .no),
      Case(#"{"ForAllValues:StringNotEquals":{"aws:k":["a","b"]}}"#, ["c", "d"], .yes),
      Case(#"{"ForAllValues:StringNotEquals":{"aws:k":["a","b"]}}"#, ["c", "a"], .no),
      Case(#"{"ForAnyValue:StringNotEquals":{"aws:k":["a","b"]}}"#, ["a", "c"], .yes),
      Case(#"{"ForAnyValue:StringNotEquals":{"aws:k":["a","b"]}}"#, ["a", "b"], .no),
      Case(#"{"ForAllValues:NumericLessThan":{"aws:k":"9"}}"#, ["1", "x"], .unknown),
      Case(#"{"ForAllValues:NumericLessThan":{"aws:k":"9"}}"#, ["10", "x"], .no),
      Case(#"{"ForAnyValue:NumericLessThan":{"aws:k":"9"}}"#, ["1", "x"], .yes),
      Case(#"{"ForAnyValue:NumericLessThan":{"aws:k":"9"}}"#, ["10", "x"], .unknown),
      // Several values without a set operator: only "none of them" is an answer.
      Case(#"{"StringEquals":{"aws:k":"a"}}"#, ["a", "b"], .unknown),
      Case(#"{"StringEquals":{"aws:k":"a"}}"#, ["a", "a"], .unknown),
      Case(#"{"StringEquals":{"aws:k":"a"}}"#, ["b", "c"], .no),
      Case(#"{"StringNotEquals":{"aws:k":"a"}}"#, ["b", "c"], .unknown),
      Case(#"{"StringNotEquals":{"aws:k":"a"}}"#, ["a", "a"], .no),
      // Keys and operators are joined by AND.
      Case(#"{"StringEquals":{"aws:k":"a","aws:username":"bob"}}"#, ["a"], .yes),
      Case(#"{"StringEquals":{"aws:k":"a","aws:username":"eve"}}"#, ["a"], .no),
      Case(#"{"StringEquals":{"aws:k":"a"},"Null":{"aws:username":"true"}}"#, ["a"], .no),
    ])
  func `set operators and several keys`(test: Case) throws { try check(test) }

  @Test(
    arguments: [
      Case(#"{"StringEquals":{"aws:k":"${aws:username}"}}"#, ["bob"], .yes),
      Case(#"{"StringEquals":{"aws:k":"${AWS:UserName}-x"}}"#, ["bob-x"], .yes),
      Case(#"{"StringLike":{"aws:k":"${aws:username}*"}}"#, ["bobby"], .yes),
      Case(#"{"StringLike":{"aws:k":"${aws:PrincipalTag/star}"}}"#, ["anything"], .no),
      Case(#"{"StringLike":{"aws:k":"${aws:PrincipalTag/star}"}}"#, ["*"], .yes),
      Case(#"{"StringLike":{"aws:k":"a${*}${?}${$}"}}"#, ["a*?$"], .yes),
      Case(#"{"StringLike":{"aws:k":"a${*}"}}"#, ["ab"], .no),
      Case(#"{"StringEquals":{"aws:k":"${$}{aws:username}"}}"#, ["${aws:username}"], .yes),
      Case(#"{"StringEquals":{"aws:k":"$5 {x}"}}"#, ["$5 {x}"], .yes),
      Case(#"{"StringEquals":{"aws:k":"${aws:PrincipalTag/none, 'all'}"}}"#, ["all"], .yes),
      Case(#"{"StringEquals":{"aws:k":"${aws:username, 'all'}"}}"#, ["all"], .no),
      Case(#"{"StringLike":{"aws:k":"${aws:PrincipalTag/none, '*'}"}}"#, ["all"], .no),
      Case(#"{"StringEquals":{"aws:k":"${aws:PrincipalTag/none,''}"}}"#, [""], .yes),
      // Without a value a variable equals nothing; that proves nothing for a negated operator.
      Case(#"{"StringEquals":{"aws:k":"${aws:PrincipalTag/none}"}}"#, [""], .no),
      Case(#"{"StringEquals":{"aws:k":["${aws:PrincipalTag/none}","a"]}}"#, ["a"], .yes),
      Case(#"{"StringNotEquals":{"aws:k":"${aws:PrincipalTag/none}"}}"#, ["a"], .unknown),
      Case(#"{"StringNotEquals":{"aws:k":["${aws:PrincipalTag/none}","a"]}}"#, ["a"], .no),
      Case(#"{"StringEquals":{"aws:k":"${aws:PrincipalTag/two}"}}"#, ["a"], .no),
      Case(#"{"StringEquals":{"aws:k":"${aws:PrincipalTag/two, 'a'}"}}"#, ["a"], .no),
      Case(#"{"ArnLike":{"aws:k":"arn:aws:iam::*:user/${aws:username}"}}"#, ["arn:aws:iam::1:user/bob"], .yes),
      Case(#"{"ArnLike":{"aws:k":"arn:aws:iam::${aws:PrincipalTag/star}:user/bob"}}"#, ["arn:aws:iam::1:user/bob"], .no),
      Case(#"{"ArnEquals":{"aws:k":"${aws:k}"}}"#, ["arn:aws:iam::1:user/bob"], .yes),
    ])
  func `variables`(test: Case) throws { try check(test) }

  @Test func `in the first version of the language a variable is text`() throws {
    let json = allow(if: #"{"StringEquals":{"aws:k":"${aws:username"}}"#)
      .replacing("2012-10-17", with: "2008-10-17")
    let question = request("a:b", on: "*", by: alice, of: nil, ["aws:k": ["${aws:username"]])
    #expect(try decide(json, question) == .allow(by: [reference(0)]))
  }
}
