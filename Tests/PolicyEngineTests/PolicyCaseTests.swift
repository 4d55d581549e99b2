// SPDX-License-Identifier: Apache-2.0
//
// Cases that are written down: what the format takes, what it refuses, and what a real request would say besides.
// Expected decisions follow the evaluation logic of the IAM User Guide.

import IdentityModel
import PolicyEngine
import StrictJSON
import Testing

struct PolicyCaseTests {
  private static let all = #"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#
  private static let none = #"{"Statement":{"Effect":"Allow","Action":"x:y","Resource":"*"}}"#

  private func read(_ json: String) throws -> PolicyCase {
    let reader = try PolicyCaseReader(Array(json.utf8), locating: true)
    return try reader.read(reader.cases[0])
  }

  private func decide(
    _ action: String,
    on resource: String,
    of owner: String = "111122223333",
    by principal: String = "arn:aws:iam::111122223333:user/alice",
    context: String = "{}",
    _ policies: String
  ) throws -> String {
    let item = try read(
      #"{"name":"n","request":{"action":"\#(action)","resource":{"resource":"\#(resource)","accountId":"\#(owner)"},"principal":"\#(principal)","context":\#(context)}\#(policies.isEmpty ? "" : ",")\#(policies)}"#
    )
    return switch PolicyEvaluator.decide(item.request, item.policies) {
    case .allow: "Allowed"
    case .explicitDeny(let type, _): "denied by \(type)"
    case .implicitDeny(let type): "silent \(type)"
    }
  }

  private static func granting(_ principal: String, _ element: String = "Principal", effect: String = "Allow")
    -> String
  {
    #"{"Version":"2012-10-17","Statement":[{"Sid":"any sid","Effect":"\#(effect)","\#(element)":\#(principal),"Action":"*","Resource":"*"}]}"#
  }

  @Test(
    arguments: [
      // The bucket's own account need not speak; another's must.
      ("111122223333", #""identityPolicies":[\#(all)]"#, "Allowed"),
      ("444455556666", #""identityPolicies":[\#(all)]"#, "silent resource"),
      ("444455556666", #""identityPolicies":[\#(all)],"resourcePolicy":\#(granting(#""*""#))"#, "Allowed"),
      (
        "444455556666", #""identityPolicies":[],"resourcePolicy":\#(granting(#"{"AWS":"*"}"#))"#,
        "silent identity"
      ),
      (
        "111122223333",
        #""resourcePolicy":\#(granting(#"{"AWS":"arn:aws:iam::111122223333:user/alice"}"#)),"permissionBoundaries":[\#(none)]"#,
        "Allowed"
      ),
      ("111122223333", #""resourcePolicy":\#(granting(#"{"AWS":"111122223333"}"#))"#, "silent identity"),
      (
        "111122223333", #""identityPolicies":[\#(all)],"permissionBoundaries":[\#(none)]"#,
        "silent permissionsBoundary"
      ),
      ("111122223333", #""identityPolicies":[\#(all)],"permissionBoundaries":[]"#, "Allowed"),
      (
        "111122223333",
        #""identityPolicies":[\#(all)],"permissionBoundaries":null,"sessionPolicy":null,"resourcePolicy":null"#,
        "Allowed"
      ),
      (
        "111122223333", #""identityPolicies":[\#(all)],"sessionPolicy":{"name":"s","policy":\#(none)}"#,
        "silent session"
      ),
      (
        "111122223333",
        #""identityPolicies":[\#(all)],"resourcePolicy":\#(granting(#"{"CanonicalUser":"79a59df900b949e55d96a1e698fbaced"}"#))"#,
        "Allowed"
      ),
      (
        "111122223333",
        #""identityPolicies":[\#(all)],"resourcePolicy":{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*"}}"#,
        "denied by resource"
      ),
      (
        "111122223333",
        #""resourcePolicy":\#(granting(#"{"AWS":"arn:aws:iam::111122223333:user/bob"}"#, "NotPrincipal"))"#,
        "Allowed"
      ),
      (
        "111122223333",
        #""resourcePolicy":\#(granting(#"{"AWS":"arn:aws:iam::111122223333:user/alice"}"#, "NotPrincipal"))"#,
        "silent identity"
      ),
      (
        "111122223333",
        #""identityPolicies":[\#(all)],"serviceControlPolicies":[{"orgIdentifier":"r","policies":[\#(all)]},{"orgIdentifier":"ou","policies":[\#(none)]}]"#,
        "silent serviceControl"
      ),
      (
        "111122223333",
        #""identityPolicies":[\#(all)],"serviceControlPolicies":[{"orgIdentifier":"r","policies":[]}]"#,
        "silent serviceControl"
      ),
      (
        "111122223333",
        #""identityPolicies":[\#(all)],"serviceControlPolicies":[{"orgIdentifier":"r","policies":[\#(all)]}]"#,
        "Allowed"
      ),
      (
        "111122223333",
        #""identityPolicies":[\#(all)],"resourceControlPolicies":[{"orgIdentifier":"r","policies":[]}]"#,
        "Allowed"
      ),
      (
        "111122223333",
        #""identityPolicies":[\#(all)],"resourceControlPolicies":[{"orgIdentifier":"r","policies":[\#(granting(#""*""#, effect: "Deny"))]}]"#,
        "denied by resourceControl"
      ),
      ("111122223333", #""identityPolicies":[{"name":"w","policy":{"Statement":[]}}]"#, "silent identity"),
      ("111122223333", #""identityPolicies":["\#(all.replacing("\"", with: "\\\""))"]"#, "Allowed"),
      ("111122223333", #""identityPolicies":\#(all)"#, "Allowed"),
      ("111122223333", "", "silent identity"),
    ])
  func `policies of every kind bear on a bucket`(owner: String, policies: String, expected: String) throws {
    #expect(try decide("s3:GetObject", on: "arn:aws:s3:::b/k", of: owner, policies) == expected)
  }

  @Test(
    arguments: [
      (
        "kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/k", #""identityPolicies":[\#(all)]"#,
        "silent resource"
      ),
      (
        "kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/k",
        #""identityPolicies":[\#(all)],"resourcePolicy":\#(granting(#"{"AWS":"arn:aws:iam::111122223333:root"}"#))"#,
        "Allowed"
      ),
      (
        "kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/k",
        #""identityPolicies":[\#(all)],"resourcePolicy":\#(granting(#"{"AWS":"444455556666"}"#))"#,
        "silent resource"
      ),
      ("kms:ListKeys", "*", #""identityPolicies":[\#(all)]"#, "Allowed"),
      (
        "sts:AssumeRole", "arn:aws:iam::111122223333:role/R", #""identityPolicies":[\#(all)]"#,
        "silent resource"
      ),
      (
        "sts:AssumeRole", "arn:aws:iam::111122223333:role/R",
        #""identityPolicies":[\#(all)],"resourcePolicy":\#(granting(#"{"AWS":"444455556666"}"#))"#,
        "silent roleTrust"
      ),
      (
        "sts:AssumeRole", "arn:aws:iam::111122223333:role/R",
        #""resourcePolicy":{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"},"Action":"sts:AssumeRole"}}"#,
        "Allowed"
      ),
      (
        "sts:AssumeRole", "arn:aws:iam::111122223333:role/R",
        #""resourcePolicy":{"Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"NotAction":"sts:TagSession"}}"#,
        "silent identity"
      ),
      ("iam:GetRole", "arn:aws:iam::111122223333:role/R", #""identityPolicies":[\#(all)]"#, "Allowed"),
    ])
  func `keys and roles have a policy that must allow`(
    action: String,
    resource: String,
    policies: String,
    expected: String
  ) throws {
    #expect(try decide(action, on: resource, policies) == expected)
  }

  @Test(
    arguments: [
      (
        "arn:aws:iam::111122223333:role/p/R", granting(#"{"AWS":"arn:aws:iam::111122223333:role/p/R"}"#),
        "Allowed"
      ),
      (
        "arn:aws:sts::111122223333:assumed-role/R/s",
        granting(#"{"AWS":"arn:aws:iam::111122223333:role/R"}"#), "Allowed"
      ),
      (
        "arn:aws:sts::111122223333:assumed-role/R/s",
        granting(#"{"AWS":"arn:aws:iam::111122223333:role/p/R"}"#), "silent identity"
      ),
      (
        "arn:aws:sts::111122223333:assumed-role/R/s",
        granting(#"{"AWS":"arn:aws:sts::111122223333:assumed-role/R/s"}"#), "Allowed"
      ),
      (
        "arn:aws:iam::111122223333:role/R",
        granting(#"{"AWS":"arn:aws:sts::111122223333:assumed-role/R/s"}"#), "silent identity"
      ),
      (
        "arn:aws:sts::111122223333:federated-user/f",
        granting(#"{"AWS":"arn:aws:sts::111122223333:federated-user/f"}"#), "Allowed"
      ),
      ("arn:aws:sts::111122223333:federated-user/f", granting(#""*""#), "silent session"),
      ("arn:aws:iam::111122223333:root", granting(#"{"AWS":"444455556666"}"#), "Allowed"),
      ("111122223333", granting(#"{"AWS":"444455556666"}"#), "Allowed"),
      ("lambda.amazonaws.com", granting(#"{"Service":"lambda.amazonaws.com"}"#), "Allowed"),
      ("lambda.amazonaws.com", granting(#"{"Service":"ec2.amazonaws.com"}"#), "silent resource"),
      ("lambda.amazonaws.com", granting(#"{"AWS":"*"}"#), "Allowed"),
      ("accounts.google.com", granting(#"{"Federated":"accounts.google.com"}"#), "Allowed"),
      (
        "arn:aws:iam::111122223333:oidc-provider/h/p",
        granting(#"{"Federated":"arn:aws:iam::111122223333:oidc-provider/h/p"}"#), "Allowed"
      ),
      ("*", granting(#""*""#), "Allowed"), ("*", granting(#"{"AWS":"111122223333"}"#), "silent resource"),
      (
        "arn:aws:iam::111122223333:role/R",
        granting(
          #"{"AWS":["111122223333","arn:aws:iam::111122223333:role/R"]}"#,
          "NotPrincipal",
          effect: "Deny"
        ), "silent identity"
      ),
      (
        "arn:aws:iam::111122223333:role/R",
        granting(#"{"AWS":["arn:aws:iam::111122223333:role/R"]}"#, "NotPrincipal", effect: "Deny"),
        "denied by resource"
      ),
    ])
  func `callers of every kind are known by name`(principal: String, policy: String, expected: String) throws {
    #expect(
      try decide("s3:GetObject", on: "arn:aws:s3:::b/k", by: principal, #""resourcePolicy":\#(policy)"#)
        == expected
    )
  }

  @Test func `a service and a linked role are not bound by the policies of an organization`() throws {
    let silent = #""serviceControlPolicies":[{"orgIdentifier":"r","policies":[]}]"#
    let grant = Self.granting(#"{"Service":"lambda.amazonaws.com"}"#)
    let lambda = try decide(
      "s3:GetObject",
      on: "arn:aws:s3:::b",
      by: "lambda.amazonaws.com",
      #""resourcePolicy":\#(grant),\#(silent)"#
    )
    #expect(lambda == "Allowed")
    let deny = Self.granting(#""*""#, effect: "Deny")
    let both =
      #"\#(silent),"resourceControlPolicies":[{"orgIdentifier":"r","policies":[\#(deny)]}],"identityPolicies":[\#(Self.all)]"#
    let role = "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/L"
    #expect(try decide("s3:GetObject", on: "arn:aws:s3:::b", by: role, both) == "Allowed")
    #expect(try decide("s3:GetObject", on: "arn:aws:s3:::b", both) == "denied by resourceControl")
  }

  @Test(
    arguments: [
      ("{}", "aws:PrincipalArn", "arn:aws:iam::111122223333:user/p/alice"),
      ("{}", "aws:PrincipalAccount", "111122223333"), ("{}", "aws:PrincipalType", "User"),
      ("{}", "aws:username", "alice"), ("{}", "aws:ResourceAccount", "444455556666"),
      (#"{"AWS:Username":"given"}"#, "aws:username", "given"), (#"{"a:n":300}"#, "a:n", "300"),
      (#"{"a:b":true}"#, "a:b", "true"),
    ])
  func `what every request says is there unless the case says it`(context: String, key: String, value: String)
    throws
  {
    let policy =
      #"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"\#(key)":"\#(value)"}}}}"#
    let decision = try decide(
      "s3:GetObject",
      on: "arn:aws:s3:::b",
      of: "444455556666",
      by: "arn:aws:iam::111122223333:user/p/alice",
      context: context,
      #""identityPolicies":[\#(policy)],"resourcePolicy":\#(Self.granting(#""*""#))"#
    )
    #expect(decision == "Allowed")
  }

  @Test func `a list has several values, and an empty one is a missing key`() throws {
    func decision(_ context: String, _ condition: String) throws -> String {
      let policy = #"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":\#(condition)}}"#
      return try decide("a:b", on: "*", context: context, #""identityPolicies":[\#(policy)]"#)
    }
    #expect(
      try decision(#"{"a:k":["x",1,false]}"#, #"{"ForAllValues:StringEquals":{"a:k":["x","1","false"]}}"#)
        == "Allowed"
    )
    #expect(
      try decision(#"{"a:k":["x","y"]}"#, #"{"ForAllValues:StringEquals":{"a:k":"x"}}"#) == "silent identity"
    )
    #expect(try decision(#"{"a:k":[]}"#, #"{"Null":{"a:k":"true"}}"#) == "Allowed")
  }

  @Test func `a session's role and ids are those that the context names`() throws {
    let context =
      #"{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/p/R","aws:userid":"AROAAAAAAAAAAAABUILDR:s"}"#
    for name in ["arn:aws:iam::111122223333:role/p/R", "AROAAAAAAAAAAAABUILDR", "AROAAAAAAAAAAAABUILDR:s"] {
      let policy = Self.granting(#"{"AWS":"\#(name)"}"#)
      let decision = try decide(
        "s3:GetObject",
        on: "arn:aws:s3:::b",
        by: "arn:aws:sts::111122223333:assumed-role/R/s",
        context: context,
        #""resourcePolicy":\#(policy)"#
      )
      #expect(decision == "Allowed", "\(name)")
    }
  }

  @Test(
    arguments: [
      ("[]", PolicyCaseError.wrongType(path: "the case")), ("{}", .missing(path: "request")),
      (#"{"request":1}"#, .wrongType(path: "request")),
      (#"{"request":{"resource":"*","principal":"*"}}"#, .missing(path: "request.action")),
      (#"{"request":{"action":1,"resource":"*","principal":"*"}}"#, .wrongType(path: "request.action")),
      (#"{"request":{"action":"a:b","principal":"*"}}"#, .missing(path: "request.resource")),
      (#"{"request":{"action":"a:b","resource":[],"principal":"*"}}"#, .wrongType(path: "request.resource")),
      (
        #"{"request":{"action":"a:b","resource":{"resource":"*","accountId":"1"},"principal":"*"}}"#,
        .account("1", path: "request.resource.accountId")
      ),
      (
        #"{"request":{"action":"a:b","resource":{"resource":"*","accountId":1},"principal":"*"}}"#,
        .wrongType(path: "request.resource.accountId")
      ),
      (#"{"request":{"action":"a:b","resource":"*","principal":"x"}}"#, .principal("x")),
      (
        #"{"request":{"action":"a:b","resource":"*","principal":"arn:aws:iam::111122223333:group/g"}}"#,
        .principal("arn:aws:iam::111122223333:group/g")
      ),
      (
        #"{"request":{"action":"a:b","resource":"*","principal":"arn:aws:sts::111122223333:assumed-role/r"}}"#,
        .principal("arn:aws:sts::111122223333:assumed-role/r")
      ),
      (
        #"{"request":{"action":"a:b","resource":"*","principal":"*","context":[]}}"#,
        .wrongType(path: "request.context")
      ),
      (
        #"{"request":{"action":"a:b","resource":"*","principal":"*","context":{"a:b":{}}}}"#,
        .wrongType(path: "request.context.a:b")
      ),
      (
        #"{"request":{"action":"a:b","resource":"*","principal":"*"},"identityPolicys":[]}"#,
        .unknown(path: "identityPolicys")
      ),
      (
        #"{"request":{"action":"a:b","resource":"*","principal":"*"},"identityPolicies":[{"Statement":1}]}"#,
        .policy(.wrongType(element: "Statement"), path: "identityPolicies[0]")
      ),
      (
        #"{"request":{"action":"a:b","resource":"*","principal":"*"},"serviceControlPolicies":[{"policies":[{"name":"n","policy":{}}]}]}"#,
        .policy(.missingElement("Statement"), path: "serviceControlPolicies[0].policies[0]")
      ),
      (
        #"{"request":{"action":"a:b","resource":"*","principal":"*"},"serviceControlPolicies":{}}"#,
        .wrongType(path: "serviceControlPolicies")
      ),
      (
        #"{"request":{"action":"a:b","resource":"*","principal":"*"},"resourceControlPolicies":[{}]}"#,
        .missing(path: "resourceControlPolicies[0].policies")
      ),
      (
        #"{"request":{"action":"a:b","resource":"*","principal":"*"},"resourcePolicy":[\#(granting(#""*""#)),\#(granting(#""*""#))]}"#,
        .wrongType(path: "resourcePolicy")
      ),
    ])
  func `what is no case is refused by its member`(json: String, expected: PolicyCaseError) throws {
    #expect(throws: expected) { try read("[\(json)]") }
  }

  @Test func `members that say nothing of policies are the writer's own`() throws {
    let item = try read(
      #"{"expected":"Allowed","request":{"action":"a:b","resource":"*","principal":"*","note":1},"identityPolicies":[]}"#
    )
    #expect(item.name == nil)
  }

  @Test func `a statement's place is the one in the file`() throws {
    let item = try read(
      """
      [{"request":{"action":"a:b","resource":"*","principal":"arn:aws:iam::111122223333:user/u"},
        "identityPolicies":[
         {"Statement":{"Effect":"Allow","Action":"x:y","Resource":"*"}}, {"name":"n",
          "policy":{"Statement":[
            {"Effect":"Deny","Action":"*","Resource":"*"}]}}]}]
      """
    )
    let explanation = PolicyEvaluator.explain(item.request, item.policies)
    #expect(explanation.matched.map(\.span.start) == [SourcePosition(line: 5, column: 8)])
    #expect(explanation.unmatched.map(\.span.start) == [SourcePosition(line: 3, column: 18)])
    #expect(explanation.unmatched.map(\.reference.policy) == ["identityPolicies[0]"])
  }

  @Test func `what is not strict JSON is no file of cases`() {
    #expect(throws: JSONReaderError.unexpectedEnd) { try PolicyCaseReader(Array("[".utf8), locating: false) }
    #expect(throws: JSONReaderError.duplicateName("a", offset: 10)) {
      try PolicyCaseReader(Array(#"{"a":1,"a":2}"#.utf8), locating: false)
    }
  }
}
