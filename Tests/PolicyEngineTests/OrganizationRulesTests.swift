// SPDX-License-Identifier: Apache-2.0
//
// What an organization's policies must be when a customer writes them, and which level of them refuses.

import IdentityModel
import PolicyEngine
import Testing

private func refusalOfCustomer(_ json: String, _ kind: PolicyKind) throws -> PolicyDocumentError? {
  let document = try document(json, kind)
  do throws(PolicyDocumentError) {
    try document.requireCustomers()
    return nil
  } catch {
    return error
  }
}

private func denying(_ action: String) -> String {
  statements(#"{"Effect":"Deny","Principal":"*","Action":\#(action),"Resource":"*"}"#)
}

struct OrganizationRulesTests {
  @Test(
    arguments: [
      (#""sts:GetWebIdentityToken""#, nil),
      (#"["sts:*","s3:Get*"]"#, nil),
      (#""STS:AssumeRole""#, nil),
      (#""iam:GetOutboundFederationToken""#, nil),
      (#""*""#, .unprotectedAction("*")),
      (#""*:*""#, .unprotectedAction("*:*")),
      (#""ec2:RunInstances""#, .unprotectedAction("ec2:RunInstances")),
      (#"["sts:*","organizations:*"]"#, .unprotectedAction("organizations:*")),
    ] as [(String, PolicyDocumentError?)]
  )
  func `a customer's resource control policy denies named services`(
    action: String,
    expected: PolicyDocumentError?
  ) throws {
    #expect(try refusalOfCustomer(denying(action), .resourceControl) == expected)
  }

  @Test func `only AWS's own resource control policy allows`() throws {
    let all = statements(#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#)
    #expect(try refusalOfCustomer(all, .resourceControl) == .allowNotPermitted)
  }

  @Test func `a service control policy may use the whole language but principals`() throws {
    let text = statements(
      #"{"Effect":"Allow","NotAction":"ec2:*","NotResource":"arn:aws:s3:::secret/*","#
        + #""Condition":{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/${aws:PrincipalTag/team}-*"}}}"#,
      #"{"Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*"}"#,
      #"{"Effect":"Allow","Action":"sts:Get*Token","Resource":"*"}"#
    )
    #expect(try refusalOfCustomer(text, .serviceControl) == nil)
    let named = statements(#"{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}"#)
    #expect(refusal(named, .serviceControl) == .prohibitedElement("Principal"))
  }

  @Test(
    .enabled(if: Corpus.has("iam-policies-aws-rcp") && Corpus.has("iam-policies-aws-perimeter")),
    arguments: ["iam-policies-aws-rcp", "iam-policies-aws-perimeter"]
  )
  func `AWS's samples of resource control policies are those of a customer`(set: String) throws {
    var count = 0
    for file in try Corpus.files(in: set)
    where set == "iam-policies-aws-rcp" || file.hasPrefix("resource_control_policies/") {
      guard let document = try? document(try Corpus.text("\(set)/\(file)"), .resourceControl) else {
        continue
      }
      count += 1
      #expect(throws: Never.self, "\(file)") { try document.requireCustomers() }
    }
    // Templates with placeholders that make no ARN are none yet.
    #expect(count >= 2, "\(count)")
  }

  @Test func `the level that refuses is the first that denies, or the first that is silent`() throws {
    let all = try policy(statements(#"{"Effect":"Allow","Action":"*","Resource":"*"}"#), .serviceControl)
    let deny = try policy(statements(#"{"Effect":"Deny","Action":"sts:*","Resource":"*"}"#), .serviceControl)
    let other = try policy(
      statements(#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#),
      .serviceControl
    )
    func level(_ levels: [[NamedPolicy]], identity: [NamedPolicy] = []) -> Int? {
      let set = PolicySet(identity: identity, serviceControl: levels)
      return PolicyEvaluator.explain(request(), set).refusingLevel
    }
    #expect(level([[all], [all, deny], [all, deny]]) == 1)
    #expect(level([[all], [all], [other]]) == 2)
    // A Deny anywhere comes before silence nearer to the root.
    #expect(level([[other], [all], [all, deny]]) == 2)
    // Denied by something else, or by nothing.
    #expect(level([[all], [all]]) == nil)
    let mine = try policy(statements(#"{"Effect":"Allow","Action":"*","Resource":"*"}"#))
    #expect(level([[all], [all]], identity: [mine]) == nil)

    let full = statements(#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#)
    let set = PolicySet(
      identity: [mine],
      serviceControl: [[all]],
      resourceControl: [
        [try policy(full, .resourceControl)],
        [try policy(full, .resourceControl), try policy(denying(#""sts:*""#), .resourceControl)],
      ]
    )
    #expect(PolicyEvaluator.explain(request(), set).refusingLevel == 1)
  }
}
