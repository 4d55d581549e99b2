// SPDX-License-Identifier: Apache-2.0
//
// What an explanation names. That its decision is the evaluator's: DifferentialTests.

import IdentityModel
import PolicyEngine
import Testing

struct ExplanationTests {
  private func explain(_ json: String, _ question: PolicyRequest) throws -> Explanation {
    PolicyEvaluator.explain(question, PolicySet(identity: [try policy(json)]))
  }

  @Test func `positions are those that SimulateCustomPolicy prints`() throws {
    // Source: AWS CLI, examples of simulate-custom-policy.
    let json =
      #"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}"#
    let question = request(
      "dynamodb:CreateBackup",
      on: "*",
      by: alice,
      of: nil,
      ["aws:CurrentTime": ["2019-04-25T11:00:00Z"]]
    )
    let matched = try explain(json, question).matched
    #expect(matched.map(\.span.start) == [SourcePosition(line: 1, column: 38)])
    #expect(matched.map(\.span.end) == [SourcePosition(line: 1, column: 167)])
    #expect(matched.map(\.reference) == [reference(0)])
  }

  @Test func `positions count lines and characters, and escaped names are names`() throws {
    let json = """
      { "Id": "\u{E9}\u{1F600}", "Version": "2012-10-17", "State\\u006dent":
        [{"Sid": "A","Effect":"Allow","Action":"a:b","Resource":["*"]
         }, {"Effect":"Deny","Action":"c:d","Resource":"*","Condition":{"StringEquals":{"a:k":"}]\\"{"}}}]}
      """
    let spans = try document(json).statementSpans
    #expect(spans.map(\.start) == [SourcePosition(line: 2, column: 5), SourcePosition(line: 3, column: 8)])
    #expect(spans.map(\.end) == [SourcePosition(line: 3, column: 5), SourcePosition(line: 3, column: 99)])
    let one = try document(
      "{\"Id\":\"\u{E9}\u{1F600}\",\(statements(#"{"Effect":"Allow","Action":"a:b","Resource":"*"}"#).dropFirst())"
    )
    #expect(one.statementSpans.first?.start == SourcePosition(line: 1, column: 49))
  }

  @Test(
    arguments: [
      (#""Action":"iam:*","Resource":"*""#, Mismatch.action),
      (#""NotAction":"sts:*","Resource":"*""#, .action),
      (#""Action":"*","Resource":"arn:aws:sts::111122223333:other""#, .resource),
      (#""Action":"*","NotResource":"*""#, .resource),
      (#""Action":"*","Resource":"arn:aws:sts::${aws:none}:self""#, .resource),
      (#""Action":"*","NotResource":"arn:aws:sts::${aws:none}:self""#, .resource),
      (
        #""Action":"*","Resource":"*","Condition":{"Bool":{"aws:Here":"true"},"NumericLessThanIfExists":{"sts:Seconds":[300,"5"]}}"#,
        .condition(
          UnmetCondition(
            operator: "NumericLessThanIfExists",
            key: "sts:Seconds",
            policyValues: ["300", "5"],
            requestValues: ["900"]
          )
        )
      ),
      (
        #""Action":"*","Resource":"*","Condition":{"ForAnyValue:StringLike":{"aws:None":"x*"}}"#,
        .condition(
          UnmetCondition(
            operator: "ForAnyValue:StringLike",
            key: "aws:None",
            policyValues: ["x*"],
            requestValues: nil
          )
        )
      ),
      (
        #""Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:Many":"a"}}"#,
        .condition(
          UnmetCondition(
            operator: "StringEquals",
            key: "aws:Many",
            policyValues: ["a"],
            requestValues: ["a", "b"]
          )
        )
      ),
    ] as [(String, Mismatch)]
  )
  func `a statement that does not apply says why`(elements: String, expected: Mismatch) throws {
    let question = request(
      "sts:GetWebIdentityToken",
      on: "arn:aws:sts::111122223333:self",
      by: alice,
      of: nil,
      ["aws:Here": ["true"], "sts:Seconds": ["900"], "aws:Many": ["a", "b"]]
    )
    let explanation = try explain(statements(#"{"Effect":"Allow",\#(elements)}"#), question)
    #expect(explanation.unmatched.map(\.reason) == [expected])
    #expect(explanation.matched.isEmpty && explanation.decision == .implicitDeny(.identity))
  }

  @Test func `a statement of a resource's policy about others says so`() throws {
    let set = PolicySet(resource: try resourcePolicy(#"{"AWS":"444455556666"}"#))
    let explanation = PolicyEvaluator.explain(request(), set)
    #expect(explanation.unmatched.map(\.reason) == [.principal])
    #expect(explanation.unmatched.map(\.type) == [.resource])
  }

  @Test func `keys are missing when the action and the resource match`() throws {
    let json = statements(
      #"{"Effect":"Allow","Action":"sts:*","Resource":"arn:aws:sts::${aws:Account}:self","Condition":{"StringEquals":{"aws:A":"${aws:B}","aws:Here":"x"},"Null":{"AWS:a":"false"},"StringLike":{"aws:C":"${aws:D, 'd'}"}}}"#,
      #"{"Effect":"Deny","Action":"iam:*","Resource":"*","Condition":{"Bool":{"aws:OtherAction":"true"}}}"#,
      #"{"Effect":"Deny","Action":"sts:*","Resource":"arn:aws:iam::*:*","Condition":{"Bool":{"aws:OtherResource":"true"}}}"#
    )
    let question = request(
      "sts:GetWebIdentityToken",
      on: "arn:aws:sts::111122223333:self",
      by: alice,
      of: nil,
      ["aws:Here": ["x"]]
    )
    #expect(try explain(json, question).missingContextKeys == ["aws:Account", "aws:A", "aws:B", "aws:C"])
    #expect(
      try document(json).contextKeys == [
        "aws:Account", "aws:A", "aws:B", "aws:Here", "aws:C", "aws:D", "aws:OtherAction", "aws:OtherResource",
      ]
    )
  }

  @Test func `every kind of policy has a verdict of its own`() throws {
    let all = try policy(statements(#"{"Effect":"Allow","Action":"*","Resource":"*"}"#), named: "all")
    let none = try policy(statements(#"{"Effect":"Allow","Action":"x:y","Resource":"*"}"#), named: "none")
    let deny = try policy(statements(#"{"Effect":"Deny","Action":"*","Resource":"*"}"#), named: "deny")
    let set = PolicySet(
      identity: [all],
      permissionsBoundary: [none],
      session: [all, deny],
      serviceControl: [[all], [none, all]]
    )
    let explanation = PolicyEvaluator.explain(request(), set)
    #expect(
      explanation.verdicts == [
        TypeVerdict(type: .serviceControl, verdict: .allowed),
        TypeVerdict(type: .identity, verdict: .allowed),
        TypeVerdict(type: .permissionsBoundary, verdict: .implicitlyDenied),
        TypeVerdict(type: .session, verdict: .explicitlyDenied),
      ]
    )
    #expect(explanation.isAllowedByOrganization == true && explanation.isAllowedByBoundary == false)
    #expect(explanation.matched.map(\.reference.policy) == ["all", "all", "all", "all", "deny"])
    let silent = PolicyEvaluator.explain(request(), PolicySet(serviceControl: [[all], [none]]))
    #expect(silent.isAllowedByOrganization == false && silent.isAllowedByBoundary == nil)
    #expect(PolicyEvaluator.explain(request(), PolicySet()).isAllowedByOrganization == nil)
  }
}
