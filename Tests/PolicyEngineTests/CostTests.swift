// SPDX-License-Identifier: Apache-2.0
//
// Hostile documents are decided or refused in bounded time. The aim is 10 ms in a release build; the limit here leaves
// room for a debug build on a busy machine.

import Glibc
import IdentityModel
import PolicyEngine
import StrictJSON
import Testing

@Suite(.serialized)
struct CostTests {
  private let limit = Duration.milliseconds(100)

  private func time(_ name: String, _ body: () throws -> Void) rethrows -> Duration {
    var best = Duration.seconds(60)
    for _ in 0..<3 { best = min(best, try processorTime(body)) }
    print("cost: \(name): \(best)")
    return best
  }

  @Test(arguments: [#"["#, #"{"a":"#, #"{"Statement":["#])
  func `nesting to a depth of 100,000 is refused at once`(unit: String) {
    let json =
      #"{"Version":"2012-10-17","Statement":"# + String(repeating: unit, count: 100_000 / unit.utf8.count)
    let spent = time("depth") {
      #expect(refusal(json).map { if case .json(.tooDeep) = $0 { true } else { false } } == true)
    }
    #expect(spent < limit)
  }

  @Test func `a document over the limit is refused unread`() {
    let json = String(repeating: " ", count: PolicyDocument.maximumBytes + 1)
    let spent = time("size") {
      #expect(refusal(json) == .json(.tooLarge(limit: PolicyDocument.maximumBytes)))
    }
    #expect(spent < limit)
  }

  @Test func `sixty wildcards against two hundred characters`() throws {
    let pattern = "sts:" + String(repeating: "*a", count: 60) + "b"
    let set = PolicySet(identity: [
      try policy(statements(#"{"Effect":"Allow","Action":"\#(pattern)","Resource":"*"}"#))
    ])
    let question = request("sts:" + String(repeating: "a", count: 200))
    let spent = time("wildcards") {
      #expect(PolicyEvaluator.decide(question, set) == .implicitDeny(.identity))
    }
    #expect(spent < limit)
  }

  @Test(
    arguments: [
      ("many wildcards", "*a", 2900), ("question marks", "*?", 2900), ("one long run", "a", 500),
    ])
  func `a policy of 6,144 bytes against ten audiences of 1,000`(name: String, unit: String, count: Int) throws
  {
    let pattern = "*" + String(repeating: unit, count: count) + "b"
    let json = deny(if: #"{"ForAnyValue:StringLike":{"sts:IdentityTokenAudience":"\#(pattern)"}}"#)
    #expect(json.utf8.count <= 6144)
    let audiences = Array(repeating: String(repeating: "a", count: 1000), count: 10)
    let question = request("a:b", on: "*", by: alice, of: nil, ["sts:IdentityTokenAudience": audiences])
    let parsing = time("parse \(name)") { _ = refusal(json) }
    #expect(parsing < limit)
    let set = PolicySet(identity: [try policy(json)])
    let spent = time(name) { #expect(PolicyEvaluator.decide(question, set) == .implicitDeny(.identity)) }
    #expect(spent < .milliseconds(1000))
  }

  @Test(
    arguments: [
      // Every segment is found, the last is not; one segment nearly fits everywhere; characters of any byte.
      ("short segments", String(repeating: "*a", count: 390) + "*b*c*", 40),
      ("one long segment", "*" + String(repeating: "a", count: 490) + "bb*", 4),
      ("question marks in a long segment", "*" + String(repeating: "a?", count: 245) + "bb*", 4),
    ])
  func `managed policies full of wildcards against ten audiences of 1,000`(
    name: String,
    pattern: String,
    count: Int
  ) throws {
    let list = Array(repeating: "\"\(pattern)\"", count: 5900 / (pattern.utf8.count + 3)).joined(
      separator: ","
    )
    let json = deny(if: #"{"ForAnyValue:StringLike":{"sts:IdentityTokenAudience":[\#(list)]}}"#)
    #expect((4900...6144).contains(json.utf8.count))
    let policies = try (0..<count).map { try policy(json, named: "m\($0)") }
    let audience = String(repeating: "a", count: 998) + "cb"
    let question = request(
      "a:b",
      on: "*",
      by: alice,
      of: nil,
      ["sts:IdentityTokenAudience": Array(repeating: audience, count: 10)]
    )
    let spent = time("\(count) managed, \(name)") {
      #expect(PolicyEvaluator.decide(question, PolicySet(identity: policies)) == .implicitDeny(.identity))
    }
    #expect(spent < .milliseconds(2000))
  }

  @Test(
    arguments: [
      (
        "ArnLike", "aws:SourceArn", "arn:aws:iam::*:role/?x",
        "arn:aws:iam::111122223333:role/" + String(repeating: "y", count: 900)
      ),
      ("IpAddress", "aws:SourceIp", "2001:db8::/32", "2001:db9:0:0:0:0:192.0.2.1"),
      ("NumericLessThan", "sts:DurationSeconds", "1", String(repeating: "9", count: 1000)),
      ("DateLessThan", "aws:CurrentTime", "2026-04-21T07:37:10Z", "2026-04-21T07:37:11Z"),
      ("StringEqualsIgnoreCase", "aws:UserAgent", "${aws:username}", String(repeating: "a", count: 1000)),
    ])
  func `ten values against all operands of forty managed policies`(
    name: String,
    key: String,
    operand: String,
    value: String
  ) throws {
    let list = Array(repeating: "\"\(operand)\"", count: 5900 / (operand.utf8.count + 3)).joined(
      separator: ","
    )
    let json = deny(if: #"{"ForAnyValue:\#(name)":{"\#(key)":[\#(list)]}}"#)
    let policies = try (0..<40).map { try policy(json, named: "m\($0)") }
    let question = request(
      "a:b",
      on: "*",
      by: alice,
      of: nil,
      [key: Array(repeating: value, count: 10), "aws:username": [String(repeating: "a", count: 64)]]
    )
    let spent = time("operands, \(name)") {
      #expect(PolicyEvaluator.decide(question, PolicySet(identity: policies)) == .implicitDeny(.identity))
    }
    #expect(spent < .milliseconds(4000))
  }

  @Test(
    arguments: [
      #"{"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*","Action":"a:c"}}"#,
      #"{"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*","Extra":{}}}"#,
      #"{"Statement":{"Effect":"Allow","\u0391ction":"a:b","Resource":"*"}}"#,
      #"{"Statement":{"Effect":"Allow","Action":"\u212Ams:b","Resource":"*"}}"#,
    ])
  func `what could be misread is refused at once`(json: String) {
    let spent = time("refusal") { #expect(refusal(json) != nil) }
    #expect(spent < limit)
  }

  @Test func `a policy of 6,144 bytes of small statements`() throws {
    let statement = #"{"Effect":"Deny","Action":"a:*b","Resource":"*"}"#
    let json = statements(Array(repeating: statement, count: 124).joined(separator: ","))
    #expect((6000...6144).contains(json.utf8.count))
    let parsing = time("parse statements") { _ = refusal(json) }
    #expect(parsing < limit)
    let set = PolicySet(identity: [try policy(json)])
    let question = request("a:" + String(repeating: "x", count: 128))
    let spent = time("statements") {
      #expect(PolicyEvaluator.decide(question, set) == .implicitDeny(.identity))
    }
    #expect(spent < limit)
  }

  @Test func `a document as long as documents may be`() throws {
    let head = #"{"Statement":{"Effect":"Deny","Resource":"*","Action":["#
    let count = (PolicyDocument.maximumBytes - head.utf8.count - 3) / 7
    let json = head + Array(repeating: #""a:bc""#, count: count).joined(separator: ",") + "]}}"
    #expect((131_000...PolicyDocument.maximumBytes).contains(json.utf8.count))
    let parsing = time("parse the longest") { #expect(refusal(json) == nil) }
    #expect(parsing < .milliseconds(1000))
    let set = PolicySet(identity: [try policy(json)])
    let spent = time("the longest") {
      #expect(PolicyEvaluator.decide(request(), set) == .implicitDeny(.identity))
    }
    #expect(spent < limit)
  }
}

/// What `body` costs this thread: not what else the machine does meanwhile.
private func processorTime(_ body: () throws -> Void) rethrows -> Duration {
  func now() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
  let start = now()
  try body()
  return now() - start
}
