// SPDX-License-Identifier: Apache-2.0
//
// Lint finds what `LintCase` says and nothing else, and says where.

import IdentityModel
import PolicyEngine
import Testing

struct LintTests {
  @Test(arguments: LintCase.all)
  func `a trap is found where it is, and only there`(lint: LintCase) throws {
    let findings = PolicyLint.findings(try document(statements(lint.statement), lint.kind))
    #expect(findings.contains { $0.code == lint.code } == lint.isFound, "\(findings)")
    #expect(findings.allSatisfy { !$0.sentence.contains("\n") && $0.sentence.hasSuffix(".") })
  }

  @Test(
    arguments: [
      ("2008-10-17", "arn:aws:iam::111122223333:user/${aws:username}", true),
      ("2012-10-17", "arn:aws:iam::111122223333:user/${aws:username}", false),
      ("2012-10-17", "arn:aws:iam::111122223333:user/${$}{", false),
      ("2008-10-17", "arn:aws:iam::111122223333:user/$x{", false),
    ])
  func `a variable needs the version that has variables`(version: String, resource: String, isFound: Bool)
    throws
  {
    let json =
      #"{"Version":"\#(version)","Statement":{"Effect":"Allow","Action":"a:b","Resource":"\#(resource)"}}"#
    #expect(PolicyLint.findings(try document(json)).map(\.code) == (isFound ? [.literalVariable] : []))
  }

  @Test func `a variable in a condition needs the version too`() throws {
    let json =
      #"{"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"StringEquals":{"a:b":"${aws:x}"}}}}"#
    #expect(PolicyLint.findings(try document(json)).map(\.code) == [.literalVariable])
  }

  @Test func `every code has a document with it and one without`() {
    for code in LintCode.allCases where code != .literalVariable {
      #expect(Set(LintCase.all.filter { $0.code == code }.map(\.isFound)) == [true, false], "\(code)")
    }
  }

  @Test func `a finding says where and how much it matters`() throws {
    let findings = PolicyLint.findings(
      try document(
        statements(
          #"{"Effect":"Allow","Action":"sts:GetCallerIdentity","Resource":"*"}"#,
          #"{"Sid":"Open","Effect":"Allow","Action":"sts:AssumeRol","Resource":"*"}"#
        )
      )
    )
    #expect(findings.map(\.index) == [1] && findings.map(\.sid) == ["Open"])
    #expect(findings.map(\.code) == [.unknownAction] && findings.map(\.severity) == [.warning])
    let trust = try trustPolicy(#""*""#).document
    #expect(PolicyLint.findings(trust).map(\.severity) == [.error])
  }

  @Test func `the policy that the contract calls safe has no finding`() throws {
    let json = statements(
      conditional(
        "Allow",
        #"{"ForAllValues:StringEquals":{"sts:IdentityTokenAudience":"https://a"},"Null":{"sts:IdentityTokenAudience":"false"}}"#
      ),
      conditional("Deny", #"{"ForAnyValue:StringNotEquals":{"sts:IdentityTokenAudience":"https://a"}}"#)
    )
    #expect(PolicyLint.findings(try document(json)).isEmpty)
  }
}
