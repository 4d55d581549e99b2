// SPDX-License-Identifier: Apache-2.0
//
// Each operator's table of cases. Expected values follow the IAM User Guide, condition operators and policy variables;
// what it leaves open has the answer that fails closed.

import IdentityModel
import PolicyEngine
import Testing

struct OperatorTests {
  @Test(
    arguments: [
      ConditionCase(#"{"StringEquals":{"aws:k":"a"}}"#, ["a"], .yes),
      ConditionCase(#"{"StringEquals":{"aws:k":"a"}}"#, ["A"], .no),
      ConditionCase(#"{"StringEquals":{"aws:k":["b","a"]}}"#, ["a"], .yes),
      ConditionCase(#"{"StringEquals":{"aws:k":"*"}}"#, ["a"], .no),
      ConditionCase(#"{"StringEquals":{"aws:k":""}}"#, [""], .yes),
      ConditionCase(#"{"StringEquals":{"aws:k":1}}"#, ["1"], .yes),
      ConditionCase(#"{"StringEquals":{"aws:k":true}}"#, ["true"], .yes),
      ConditionCase(#"{"StringEquals":{"AWS:K":"a"}}"#, ["a"], .yes),
      ConditionCase(#"{"StringNotEquals":{"aws:k":"a"}}"#, ["b"], .yes),
      ConditionCase(#"{"StringNotEquals":{"aws:k":["b","a"]}}"#, ["a"], .no),
      ConditionCase(#"{"StringEqualsIgnoreCase":{"aws:k":"aBc"}}"#, ["AbC"], .yes),
      ConditionCase(#"{"StringEqualsIgnoreCase":{"aws:k":"k"}}"#, ["\u{212A}"], .no),
      ConditionCase(#"{"StringNotEqualsIgnoreCase":{"aws:k":"aBc"}}"#, ["AbC"], .no),
      ConditionCase(#"{"StringNotEqualsIgnoreCase":{"aws:k":"aBc"}}"#, ["abcd"], .yes),
      ConditionCase(#"{"StringLike":{"aws:k":"a*c?e"}}"#, ["abbcde"], .yes),
      ConditionCase(#"{"StringLike":{"aws:k":"a*c?e"}}"#, ["abbce"], .no),
      ConditionCase(#"{"StringLike":{"aws:k":"*"}}"#, [""], .yes),
      ConditionCase(#"{"StringLike":{"aws:k":"?"}}"#, [""], .no),
      ConditionCase(#"{"StringLike":{"aws:k":"?"}}"#, ["é"], .yes),
      ConditionCase(#"{"StringLike":{"aws:k":"?"}}"#, ["e\u{301}"], .no),
      ConditionCase(#"{"StringLike":{"aws:k":"*?"}}"#, ["\u{1F511}"], .yes),
      ConditionCase(#"{"StringLike":{"aws:k":"*??"}}"#, ["\u{1F511}"], .no),
      ConditionCase(#"{"StringLike":{"aws:k":"a*b*c"}}"#, ["a-b-b-c"], .yes),
      ConditionCase(#"{"StringLike":{"aws:k":"[a-z].+"}}"#, ["b1"], .no),
      ConditionCase(#"{"StringNotLike":{"aws:k":"a*"}}"#, ["abc"], .no),
      ConditionCase(#"{"StringNotLike":{"aws:k":"a*"}}"#, ["bc"], .yes),
    ])
  func `string operators`(test: ConditionCase) throws { try test.check() }

  @Test(
    arguments: [
      ConditionCase(#"{"NumericEquals":{"aws:k":"300"}}"#, ["300.0"], .yes),
      ConditionCase(#"{"NumericEquals":{"aws:k":300}}"#, ["0300"], .yes),
      ConditionCase(#"{"NumericEquals":{"aws:k":"-0"}}"#, ["0"], .yes),
      ConditionCase(#"{"NumericEquals":{"aws:k":"0.1"}}"#, ["0.10000000000000000000000000001"], .no),
      ConditionCase(#"{"NumericEquals":{"aws:k":"9007199254740993"}}"#, ["9007199254740992"], .no),
      ConditionCase(#"{"NumericNotEquals":{"aws:k":"1"}}"#, ["2"], .yes),
      ConditionCase(#"{"NumericNotEquals":{"aws:k":"1"}}"#, ["1"], .no),
      ConditionCase(#"{"NumericLessThan":{"aws:k":"300"}}"#, ["299.9"], .yes),
      ConditionCase(#"{"NumericLessThan":{"aws:k":"300"}}"#, ["300"], .no),
      ConditionCase(#"{"NumericLessThan":{"aws:k":"-2"}}"#, ["-10"], .yes),
      ConditionCase(#"{"NumericLessThan":{"aws:k":"10"}}"#, ["9"], .yes),
      ConditionCase(#"{"NumericLessThanEquals":{"aws:k":"300"}}"#, ["300"], .yes),
      ConditionCase(#"{"NumericLessThanEquals":{"aws:k":"300"}}"#, ["301"], .no),
      ConditionCase(#"{"NumericGreaterThan":{"aws:k":"300"}}"#, ["301"], .yes),
      ConditionCase(#"{"NumericGreaterThan":{"aws:k":"300"}}"#, ["300"], .no),
      ConditionCase(#"{"NumericGreaterThan":{"aws:k":"-1"}}"#, ["-0.5"], .yes),
      ConditionCase(#"{"NumericGreaterThanEquals":{"aws:k":"1.2"}}"#, ["1.19"], .no),
      ConditionCase(#"{"NumericGreaterThanEquals":{"aws:k":"1.2"}}"#, ["1.2"], .yes),
      ConditionCase(#"{"NumericGreaterThan":{"aws:k":"300"}}"#, ["many"], .unknown),
      ConditionCase(#"{"NumericLessThan":{"aws:k":"300"}}"#, ["1e2"], .unknown),
      ConditionCase(#"{"NumericNotEquals":{"aws:k":"300"}}"#, [" 300"], .unknown),
      ConditionCase(#"{"NumericEquals":{"aws:k":["1","2"]}}"#, ["+2"], .unknown),
    ])
  func `numeric operators`(test: ConditionCase) throws { try test.check() }

  @Test(
    arguments: [
      ConditionCase(#"{"DateEquals":{"aws:k":"2026-04-21T07:37:10Z"}}"#, ["1776757030"], .yes),
      ConditionCase(
        #"{"DateEquals":{"aws:k":"2026-04-21T09:37:10+02:00"}}"#,
        ["2026-04-21T07:37:10.000Z"],
        .yes
      ),
      ConditionCase(#"{"DateEquals":{"aws:k":"2026-04-21"}}"#, ["2026-04-21T00:00Z"], .yes),
      ConditionCase(#"{"DateEquals":{"aws:k":"2026-04"}}"#, ["2026-04-01T00:00:00Z"], .yes),
      ConditionCase(#"{"DateNotEquals":{"aws:k":"2026-04-21"}}"#, ["2026-04-22"], .yes),
      ConditionCase(#"{"DateNotEquals":{"aws:k":"2026-04-21"}}"#, ["2026-04-21"], .no),
      ConditionCase(
        #"{"DateLessThan":{"aws:k":"2026-04-21T07:37:10Z"}}"#,
        ["2026-04-21T07:37:09.999Z"],
        .yes
      ),
      ConditionCase(#"{"DateLessThan":{"aws:k":"2026-04-21T07:37:10Z"}}"#, ["2026-04-21T07:37:10Z"], .no),
      ConditionCase(
        #"{"DateLessThanEquals":{"aws:k":"2026-04-21T07:37:10Z"}}"#,
        ["2026-04-21T07:37:10Z"],
        .yes
      ),
      ConditionCase(#"{"DateGreaterThan":{"aws:k":1776757030}}"#, ["2026-04-21T07:37:11Z"], .yes),
      ConditionCase(#"{"DateGreaterThan":{"aws:k":1776757030}}"#, ["2026-04-21T07:37:10Z"], .no),
      ConditionCase(
        #"{"DateGreaterThanEquals":{"aws:k":"2026-04-21T07:37:10-01:30"}}"#,
        ["2026-04-21T09:07:10Z"],
        .yes
      ),
      ConditionCase(
        #"{"DateGreaterThanEquals":{"aws:k":"2026-04-21T07:37:10-01:30"}}"#,
        ["2026-04-21T09:07:09Z"],
        .no
      ),
      ConditionCase(#"{"DateLessThan":{"aws:k":"2026-04-21"}}"#, ["yesterday"], .unknown),
      ConditionCase(#"{"DateNotEquals":{"aws:k":"2026-04-21"}}"#, ["2026-02-30"], .unknown),
    ])
  func `date operators`(test: ConditionCase) throws { try test.check() }

  @Test(
    arguments: [
      ConditionCase(#"{"Bool":{"aws:k":"true"}}"#, ["true"], .yes),
      ConditionCase(#"{"Bool":{"aws:k":true}}"#, ["true"], .yes),
      ConditionCase(#"{"Bool":{"aws:k":"False"}}"#, ["false"], .yes),
      ConditionCase(#"{"Bool":{"aws:k":"true"}}"#, ["false"], .no),
      ConditionCase(#"{"Bool":{"aws:k":"false"}}"#, ["0"], .unknown),
      ConditionCase(#"{"BinaryEquals":{"aws:k":"QmluYXJ5"}}"#, ["QmluYXJ5"], .yes),
      ConditionCase(#"{"BinaryEquals":{"aws:k":"QQ=="}}"#, ["QUE="], .no),
      ConditionCase(#"{"BinaryEquals":{"aws:k":"QQ=="}}"#, ["QR=="], .unknown),
      ConditionCase(#"{"BinaryEquals":{"aws:k":""}}"#, [""], .yes),
      ConditionCase(#"{"Null":{"aws:k":"true"}}"#, nil, .yes),
      ConditionCase(#"{"Null":{"aws:k":"true"}}"#, [], .yes),
      ConditionCase(#"{"Null":{"aws:k":"true"}}"#, [""], .no),
      ConditionCase(#"{"Null":{"aws:k":false}}"#, ["a", "b"], .yes),
      ConditionCase(#"{"Null":{"aws:k":false}}"#, nil, .no),
    ])
  func `truth, bytes and presence`(test: ConditionCase) throws { try test.check() }

  @Test(
    arguments: [
      ConditionCase(#"{"IpAddress":{"aws:k":"203.0.113.0/24"}}"#, ["203.0.113.255"], .yes),
      ConditionCase(#"{"IpAddress":{"aws:k":"203.0.113.0/24"}}"#, ["203.0.114.0"], .no),
      ConditionCase(#"{"IpAddress":{"aws:k":"203.0.113.9/25"}}"#, ["203.0.113.127"], .yes),
      ConditionCase(#"{"IpAddress":{"aws:k":"203.0.113.9/25"}}"#, ["203.0.113.128"], .no),
      ConditionCase(#"{"IpAddress":{"aws:k":"203.0.113.9"}}"#, ["203.0.113.9"], .yes),
      ConditionCase(#"{"IpAddress":{"aws:k":"203.0.113.9"}}"#, ["203.0.113.8"], .no),
      ConditionCase(#"{"IpAddress":{"aws:k":"0.0.0.0/0"}}"#, ["2001:db8::1"], .no),
      ConditionCase(#"{"IpAddress":{"aws:k":"10.0.0.0/8"}}"#, ["::ffff:10.1.2.3"], .yes),
      ConditionCase(#"{"IpAddress":{"aws:k":"::ffff:10.0.0.0/104"}}"#, ["10.9.9.9"], .yes),
      ConditionCase(#"{"IpAddress":{"aws:k":"2001:DB8:1234:5678::/64"}}"#, ["2001:db8:1234:5678:9::1"], .yes),
      ConditionCase(#"{"IpAddress":{"aws:k":"2001:DB8:1234:5678::/64"}}"#, ["2001:db8:1234:5679::1"], .no),
      ConditionCase(#"{"IpAddress":{"aws:k":"2001:db8::/33"}}"#, ["2001:db8:8000::"], .no),
      ConditionCase(#"{"IpAddress":{"aws:k":"::/0"}}"#, ["fe80::1"], .yes),
      ConditionCase(#"{"IpAddress":{"aws:k":["10.0.0.0/8","::1"]}}"#, ["0:0:0:0:0:0:0:1"], .yes),
      ConditionCase(#"{"NotIpAddress":{"aws:k":"10.0.0.0/8"}}"#, ["11.0.0.1"], .yes),
      ConditionCase(#"{"NotIpAddress":{"aws:k":"10.0.0.0/8"}}"#, ["10.0.0.1"], .no),
      ConditionCase(#"{"NotIpAddress":{"aws:k":"10.0.0.0/8"}}"#, ["AWS Internal"], .unknown),
      ConditionCase(#"{"IpAddress":{"aws:k":"10.0.0.0/8"}}"#, ["10.0.0.01"], .unknown),
      ConditionCase(#"{"IpAddress":{"aws:k":"10.0.0.0/8"}}"#, ["167772161"], .unknown),
      ConditionCase(#"{"IpAddress":{"aws:k":"::/0"}}"#, ["fe80::1%eth0"], .unknown),
      ConditionCase(#"{"IpAddress":{"aws:k":"::/0"}}"#, ["1::2::3"], .unknown),
      ConditionCase(#"{"IpAddress":{"aws:k":"::/0"}}"#, ["1:2:3:4:5:6:7:8:9"], .unknown),
      ConditionCase(#"{"IpAddress":{"aws:k":"::/0"}}"#, ["1:2:3:4:5:6:7::8"], .unknown),
    ])
  func `address operators`(test: ConditionCase) throws { try test.check() }

  @Test(
    arguments: [
      "1.2.3", "1.2.3.4.5", "256.0.0.1", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/08", "1.2.3.4/-1", "0x1.2.3.4",
      "1.2.3.4 ",
      ":", ":::", "::g", "12345::", "::/129", "::ffff:1.2.3.4/95", "1.2.3.4::", "[::1]", "::1/64/64", "",
    ])
  func `addresses have one spelling`(range: String) {
    #expect(
      refusal(allow(if: #"{"IpAddress":{"aws:k":"\#(range)"}}"#))
        == .conditionValue(operator: "IpAddress", value: range)
    )
  }

  private static let arn = "arn:aws:sts::111122223333:assumed-role/Builder/run:7"

  @Test(
    arguments: [
      ConditionCase(
        #"{"ArnEquals":{"aws:k":"arn:aws:sts::111122223333:assumed-role/Builder/run:7"}}"#,
        [arn],
        .yes
      ),
      ConditionCase(#"{"ArnEquals":{"aws:k":"arn:aws:sts::*:assumed-role/*"}}"#, [arn], .yes),
      ConditionCase(#"{"ArnLike":{"aws:k":"arn:aws:sts:*:1111?222333:*"}}"#, [arn], .no),
      ConditionCase(#"{"ArnLike":{"aws:k":"arn:aws:sts:*:1111?2222333?:*7"}}"#, [arn], .no),
      ConditionCase(#"{"ArnLike":{"aws:k":"arn:aws:sts:*:11112222333?:*7"}}"#, [arn], .yes),
      ConditionCase(#"{"ArnLike":{"aws:k":"*"}}"#, [arn], .yes),
      // A wildcard stays in its part: this would fit if it could swallow a colon.
      ConditionCase(#"{"ArnLike":{"aws:k":"arn:aws:*:assumed-role/Builder/run:*:*:7"}}"#, [arn], .no),
      ConditionCase(#"{"ArnLike":{"aws:k":"arn:aws:sts::111122223333:Assumed-role/*"}}"#, [arn], .no),
      ConditionCase(#"{"ArnNotEquals":{"aws:k":"arn:aws:sts::111122223333:*"}}"#, [arn], .no),
      ConditionCase(#"{"ArnNotLike":{"aws:k":"arn:aws:iam::*:*"}}"#, [arn], .yes),
      ConditionCase(#"{"ArnLike":{"aws:k":"*"}}"#, ["not an arn"], .unknown),
      ConditionCase(#"{"ArnNotLike":{"aws:k":"arn:aws:iam::*:*"}}"#, ["arn:aws:iam"], .unknown),
    ])
  func `ARN operators`(test: ConditionCase) throws { try test.check() }

  // MARK: - Missing keys, IfExists, set operators

  private static let families = [
    ("StringEquals", "StringNotEquals", "a"), ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "a"),
    ("StringLike", "StringNotLike", "a*"), ("NumericEquals", "NumericNotEquals", "1"),
    ("NumericLessThan", nil, "1"), ("NumericLessThanEquals", nil, "1"), ("NumericGreaterThan", nil, "1"),
    ("NumericGreaterThanEquals", nil, "1"), ("DateEquals", "DateNotEquals", "2026-04-21"),
    ("DateLessThan", nil, "2026-04-21"), ("DateLessThanEquals", nil, "2026-04-21"),
    ("DateGreaterThan", nil, "2026-04-21"), ("DateGreaterThanEquals", nil, "2026-04-21"),
    ("Bool", nil, "true"),
    ("BinaryEquals", nil, "QQ=="), ("IpAddress", "NotIpAddress", "10.0.0.0/8"),
    ("ArnEquals", "ArnNotEquals", "arn:aws:s3:::b"), ("ArnLike", "ArnNotLike", "arn:aws:s3:::b*"),
  ]

  @Test(arguments: families, [nil, []] as [[String]?])
  func `a key that is missing or empty fits no operator, and every negated one`(
    family: (String, String?, String),
    values: [String]?
  ) throws {
    func condition(_ name: String) -> String { #"{"\#(name)":{"aws:k":"\#(family.2)"}}"# }
    for (name, isNegated) in [(family.0, false), (family.1, true)] {
      guard let name else { continue }
      try ConditionCase(condition(name), values, isNegated ? .yes : .no).check()
      try ConditionCase(condition(name + "IfExists"), values, .yes).check()
      try ConditionCase(condition("ForAllValues:" + name), values, .yes).check()
      try ConditionCase(condition("ForAllValues:" + name + "IfExists"), values, .yes).check()
      try ConditionCase(condition("ForAnyValue:" + name), values, .no).check()
      try ConditionCase(condition("ForAnyValue:" + name + "IfExists"), values, .yes).check()
    }
  }

  @Test(
    arguments: [
      ConditionCase(#"{"StringEqualsIfExists":{"aws:k":"a"}}"#, ["b"], .no),
      ConditionCase(#"{"StringEqualsIfExists":{"aws:k":"a"}}"#, ["a"], .yes),
      ConditionCase(#"{"ForAllValues:StringEquals":{"aws:k":["a","b"]}}"#, ["b", "a", "a"], .yes),
      ConditionCase(#"{"ForAllValues:StringEquals":{"aws:k":["a","b"]}}"#, ["a", "c"], .no),
      ConditionCase(#"{"ForAnyValue:StringEquals":{"aws:k":["a","b"]}}"#, ["c", "b"], .yes),
      ConditionCase(#"{"ForAnyValue:StringEquals":{"aws:k":["a","b"]}}"#, ["c", "d"], .no),
      ConditionCase(#"{"ForAllValues:StringNotEquals":{"aws:k":["a","b"]}}"#, ["c", "d"], .yes),
      ConditionCase(#"{"ForAllValues:StringNotEquals":{"aws:k":["a","b"]}}"#, ["c", "a"], .no),
      ConditionCase(#"{"ForAnyValue:StringNotEquals":{"aws:k":["a","b"]}}"#, ["a", "c"], .yes),
      ConditionCase(#"{"ForAnyValue:StringNotEquals":{"aws:k":["a","b"]}}"#, ["a", "b"], .no),
      ConditionCase(#"{"ForAllValues:NumericLessThan":{"aws:k":"9"}}"#, ["1", "x"], .unknown),
      ConditionCase(#"{"ForAllValues:NumericLessThan":{"aws:k":"9"}}"#, ["10", "x"], .no),
      ConditionCase(#"{"ForAnyValue:NumericLessThan":{"aws:k":"9"}}"#, ["1", "x"], .yes),
      ConditionCase(#"{"ForAnyValue:NumericLessThan":{"aws:k":"9"}}"#, ["10", "x"], .unknown),
      // Several values without a set operator: only "none of them" is an answer.
      ConditionCase(#"{"StringEquals":{"aws:k":"a"}}"#, ["a", "b"], .unknown),
      ConditionCase(#"{"StringEquals":{"aws:k":"a"}}"#, ["a", "a"], .unknown),
      ConditionCase(#"{"StringEquals":{"aws:k":"a"}}"#, ["b", "c"], .no),
      ConditionCase(#"{"StringNotEquals":{"aws:k":"a"}}"#, ["b", "c"], .unknown),
      ConditionCase(#"{"StringNotEquals":{"aws:k":"a"}}"#, ["a", "a"], .no),
      // Keys and operators are joined by AND.
      ConditionCase(#"{"StringEquals":{"aws:k":"a","aws:username":"bob"}}"#, ["a"], .yes),
      ConditionCase(#"{"StringEquals":{"aws:k":"a","aws:username":"eve"}}"#, ["a"], .no),
      ConditionCase(#"{"StringEquals":{"aws:k":"a"},"Null":{"aws:username":"true"}}"#, ["a"], .no),
    ])
  func `set operators and several keys`(test: ConditionCase) throws { try test.check() }

  @Test(
    arguments: [
      ConditionCase(#"{"StringEquals":{"aws:k":"${aws:username}"}}"#, ["bob"], .yes),
      ConditionCase(#"{"StringEquals":{"aws:k":"${AWS:UserName}-x"}}"#, ["bob-x"], .yes),
      ConditionCase(#"{"StringLike":{"aws:k":"${aws:username}*"}}"#, ["bobby"], .yes),
      ConditionCase(#"{"StringLike":{"aws:k":"${aws:PrincipalTag/star}"}}"#, ["anything"], .no),
      ConditionCase(#"{"StringLike":{"aws:k":"${aws:PrincipalTag/star}"}}"#, ["*"], .yes),
      ConditionCase(#"{"StringLike":{"aws:k":"a${*}${?}${$}"}}"#, ["a*?$"], .yes),
      ConditionCase(#"{"StringLike":{"aws:k":"a${*}"}}"#, ["ab"], .no),
      ConditionCase(#"{"StringEquals":{"aws:k":"${$}{aws:username}"}}"#, ["${aws:username}"], .yes),
      ConditionCase(#"{"StringEquals":{"aws:k":"$5 {x}"}}"#, ["$5 {x}"], .yes),
      ConditionCase(#"{"StringEquals":{"aws:k":"${aws:PrincipalTag/none, 'all'}"}}"#, ["all"], .yes),
      ConditionCase(#"{"StringEquals":{"aws:k":"${aws:username, 'all'}"}}"#, ["all"], .no),
      ConditionCase(#"{"StringLike":{"aws:k":"${aws:PrincipalTag/none, '*'}"}}"#, ["all"], .no),
      ConditionCase(#"{"StringEquals":{"aws:k":"${aws:PrincipalTag/none,''}"}}"#, [""], .yes),
      // Without a value a variable equals nothing; that proves nothing for a negated operator.
      ConditionCase(#"{"StringEquals":{"aws:k":"${aws:PrincipalTag/none}"}}"#, [""], .no),
      ConditionCase(#"{"StringEquals":{"aws:k":["${aws:PrincipalTag/none}","a"]}}"#, ["a"], .yes),
      ConditionCase(#"{"StringNotEquals":{"aws:k":"${aws:PrincipalTag/none}"}}"#, ["a"], .unknown),
      ConditionCase(#"{"StringNotEquals":{"aws:k":["${aws:PrincipalTag/none}","a"]}}"#, ["a"], .no),
      ConditionCase(#"{"StringEquals":{"aws:k":"${aws:PrincipalTag/two}"}}"#, ["a"], .no),
      ConditionCase(#"{"StringEquals":{"aws:k":"${aws:PrincipalTag/two, 'a'}"}}"#, ["a"], .no),
      ConditionCase(
        #"{"ArnLike":{"aws:k":"arn:aws:iam::*:user/${aws:username}"}}"#,
        ["arn:aws:iam::1:user/bob"],
        .yes
      ),
      ConditionCase(
        #"{"ArnLike":{"aws:k":"arn:aws:iam::${aws:PrincipalTag/star}:user/bob"}}"#,
        ["arn:aws:iam::1:user/bob"],
        .no
      ),
      ConditionCase(#"{"ArnEquals":{"aws:k":"${aws:k}"}}"#, ["arn:aws:iam::1:user/bob"], .yes),
    ])
  func `variables`(test: ConditionCase) throws { try test.check() }

  @Test func `in the first version of the language a variable is text`() throws {
    let json = allow(if: #"{"StringEquals":{"aws:k":"${aws:username"}}"#)
      .replacing("2012-10-17", with: "2008-10-17")
    let question = request("a:b", on: "*", by: alice, of: nil, ["aws:k": ["${aws:username"]])
    #expect(try decide(json, question) == .allow(by: [reference(0)]))
  }
}
