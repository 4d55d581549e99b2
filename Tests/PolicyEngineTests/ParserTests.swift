// SPDX-License-Identifier: Apache-2.0
//
// What is refused, and for which reason. Expected values follow the grammar of the IAM User Guide.

import IdentityModel
import PolicyEngine
import StrictJSON
import Testing

struct ParserTests {
  private static let everything = #""Effect":"Allow","Action":"*","Resource":"*""#

  @Test(
    arguments: [
      ("[]", .wrongType(element: "Policy")),
      ("null", .wrongType(element: "Policy")),
      (#"{"Statement":[]}"#, .wrongType(element: "Statement")),
      (#"{"Statement":{}}"#, .missingElement("Effect")),
      (#"{"Statement":"x"}"#, .wrongType(element: "Statement")),
      (#"{"Version":"2012-10-17"}"#, .missingElement("Statement")),
      (#"{"Version":"2012-10-17 ","Statement":[]}"#, .unknownVersion("2012-10-17 ")),
      (#"{"Version":20121017,"Statement":[]}"#, .wrongType(element: "Version")),
      (#"{"Version":"2012\u002D10-18","Statement":[]}"#, .unknownVersion("2012-10-18")),
      (#"{"Id":1,"Statement":[]}"#, .wrongType(element: "Id")),
      (#"{"statement":[]}"#, .unknownElement("statement")),
      (#"{"Conditions":{},"Statement":[]}"#, .unknownElement("Conditions")),
    ] as [(String, PolicyDocumentError)]
  )
  func `a document of the wrong shape is refused`(json: String, expected: PolicyDocumentError) {
    #expect(refusal(json) == expected)
  }

  @Test(
    arguments: [
      (#"{"Effect":"Allow","Action":[],"Resource":"*"}"#, .wrongType(element: "Action")),
      (
        #"{"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"}"#,
        .conflictingElements("Action", "NotAction")
      ),
      (
        #"{"Effect":"Allow","Action":"*","Resource":"*","NotResource":"*"}"#,
        .conflictingElements("Resource", "NotResource")
      ),
      (#"{"Effect":"Allow","Action":"*","Resource":[null]}"#, .wrongType(element: "Resource")),
      (#"{"Effect":null,"Action":"*","Resource":"*"}"#, .wrongType(element: "Effect")),
      (#"{"Action":"*","Resource":"*"}"#, .missingElement("Effect")),
      (#"{"Effect":"Allow","Action":"*","Resource":"*","Sid":"a b"}"#, .sidNotAlphanumeric("a b")),
      (#"{"Effect":"Allow","Action":"*","Resource":"*","Sid":"é"}"#, .sidNotAlphanumeric("é")),
      (#"{"Effect":"Allow","Action":"sts:","Resource":"*"}"#, .actionName("sts:")),
      (#"{"Effect":"Allow","Action":":Get","Resource":"*"}"#, .vendor("")),
      (#"{"Effect":"Allow","Action":"","Resource":"*"}"#, .actionWithoutVendor("")),
      (#"{"Effect":"Allow","Action":"a:b:c","Resource":"*"}"#, .actionWithSeveralColons("a:b:c")),
      (#"{"Effect":"Allow","Action":"*","Resource":""}"#, .resourceNotARN("")),
      (#"{"Effect":"Allow","Action":"*","Resource":"ARN:aws:s3:::b"}"#, .resourceNotARN("ARN:aws:s3:::b")),
      (#"{"Effect":"Allow","Action":"*","Resource":"arn:aws"}"#, .resourceVendor("arn:aws")),
      (#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s*:::b"}"#, .resourceVendor("arn:aws:s*:::b")),
      (#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3::b"}"#, .resourceParts("arn:aws:s3::b")),
      (
        #"{"Effect":"Allow","Action":"*","Resource":"arn:aw:s3:::b"}"#,
        .resourcePartition("aw", resource: "arn:aw:s3:::b")
      ),
      (
        #"{"Effect":"Allow","Action":"*","Resource":"arn:a*:s3:::b"}"#,
        .resourcePartition("a*", resource: "arn:a*:s3:::b")
      ),
      (
        #"{"Effect":"Allow","Action":"*","Resource":"arn:aws:iam:us-east-1:111122223333:user/a"}"#,
        .resourceRegion("arn:aws:iam:us-east-1:111122223333:user/a")
      ),
      (#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${x"}"#, .variable("arn:aws:s3:::${x")),
      (#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${}"}"#, .variable("arn:aws:s3:::${}")),
      (
        #"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${username}"}"#,
        .variable("arn:aws:s3:::${username}")
      ),
      (
        #"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:a, b}"}"#,
        .variable("arn:aws:s3:::${aws:a, b}")
      ),
      (#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${**}"}"#, .variable("arn:aws:s3:::${**}")),
      (
        #"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${${aws:a}}"}"#,
        .variable("arn:aws:s3:::${${aws:a}}")
      ),
    ] as [(String, PolicyDocumentError)]
  )
  func `a statement that could be misread is refused`(statement: String, expected: PolicyDocumentError) {
    #expect(refusal(statements(statement)) == expected)
  }

  @Test(
    arguments: [
      (#"[]"#, .wrongType(element: "Condition")),
      (#"{"StringEquals":{}}"#, .wrongType(element: "StringEquals")),
      (#"{"StringEquals":{"aws:a":[]}}"#, .wrongType(element: "aws:a")),
      (#"{"StringEquals":{"aws:a":null}}"#, .wrongType(element: "aws:a")),
      (#"{"StringEquals":{"aws:a":[["x"]]}}"#, .wrongType(element: "aws:a")),
      (#"{"StringEquals":{"":"x"}}"#, .conditionKey("")),
      (#"{"StringEquals":{"awsSourceIp":"x"}}"#, .conditionKey("awsSourceIp")),
      (#"{"StringEquals":{"aws:a":"x","AWS:A":"y"}}"#, .duplicateConditionKey("AWS:A")),
      (#"{"stringEquals":{"aws:a":"x"}}"#, .conditionOperator("stringEquals")),
      (#"{"StringEqualsifexists":{"aws:a":"x"}}"#, .conditionOperator("StringEqualsifexists")),
      (#"{"IfExists":{"aws:a":"x"}}"#, .conditionOperator("IfExists")),
      (#"{"":{"aws:a":"x"}}"#, .conditionOperator("")),
      (
        #"{"StringEqualsIfExistsIfExists":{"aws:a":"x"}}"#, .conditionOperator("StringEqualsIfExistsIfExists")
      ),
      (
        #"{"ForAllValues:ForAnyValue:StringEquals":{"aws:a":"x"}}"#,
        .conditionOperator("ForAllValues:ForAnyValue:StringEquals")
      ),
      (#"{"forallvalues:StringEquals":{"aws:a":"x"}}"#, .conditionOperator("forallvalues:StringEquals")),
      (#"{"NullIfExists":{"aws:a":"true"}}"#, .conditionOperator("NullIfExists")),
      // Greek capital epsilon for E, full-width S, zero-width space.
      (#"{"String\u0395quals":{"aws:a":"x"}}"#, .conditionOperator("String\u{395}quals")),
      (#"{"\uFF33tringEquals":{"aws:a":"x"}}"#, .conditionOperator("\u{FF33}tringEquals")),
      (#"{"String\u200BEquals":{"aws:a":"x"}}"#, .conditionOperator("String\u{200B}Equals")),
      (#"{"Null":{"aws:a":"maybe"}}"#, .conditionValue(operator: "Null", value: "maybe")),
      (#"{"Bool":{"aws:a":"yes"}}"#, .conditionValue(operator: "Bool", value: "yes")),
      (#"{"Bool":{"aws:a":"${aws:b}"}}"#, .conditionValue(operator: "Bool", value: "${aws:b}")),
      (#"{"NumericEquals":{"aws:a":1e2}}"#, .conditionValue(operator: "NumericEquals", value: "1e2")),
      (#"{"DateLessThan":{"aws:a":"2020"}}"#, .conditionValue(operator: "DateLessThan", value: "2020")),
      (#"{"BinaryEquals":{"aws:a":"QR=="}}"#, .conditionValue(operator: "BinaryEquals", value: "QR==")),
      (
        #"{"ArnLike":{"aws:a":"arn:aws:iam::111122223333"}}"#,
        .conditionValue(operator: "ArnLike", value: "arn:aws:iam::111122223333")
      ),
      (#"{"StringLike":{"aws:a":"${"}}"#, .variable("${")),
    ] as [(String, PolicyDocumentError)]
  )
  func `a condition that could be misread is refused`(condition: String, expected: PolicyDocumentError) {
    #expect(refusal(allow(if: condition)) == expected)
    #expect(refusal(deny(if: condition)) == expected)
  }

  @Test func `a name may stand once in every object, and Sids once in a document`() {
    let json = #"{"Statement":[{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}]}"#
    #expect(refusal(json) == .json(.duplicateName("Effect", offset: 39)))
    let twice = #"{"Sid":"A",\#(Self.everything)}"#
    #expect(refusal(statements(twice, twice)) == .duplicateSid("A"))
    let empty = #"{"Sid":"",\#(Self.everything)}"#
    #expect(refusal(statements(empty, empty)) == nil)
    #expect(refusal(statements(twice, #"{"Sid":"a",\#(Self.everything)}"#)) == nil)
  }

  @Test func `one statement, one action and one resource need no brackets`() {
    #expect(refusal(#"{"Id":"x","Statement":{\#(Self.everything),"Condition":{}}}"#) == nil)
  }

  // MARK: - Kinds

  private static let withPrincipal = #"{"Principal":"*",\#(everything)}"#
  private static let trust =
    #"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}"#

  @Test(arguments: PolicyKind.allCases)
  func `each kind has its elements`(kind: PolicyKind) {
    let plain = statements("{\(Self.everything)}")
    let resource = statements(Self.withPrincipal)
    switch kind {
    case .identity, .session, .boundary, .serviceControl:
      #expect(refusal(plain, kind) == nil)
      #expect(refusal(resource, kind) == .prohibitedElement("Principal"))
      #expect(refusal(statements(Self.trust), kind) == .prohibitedElement("Principal"))
    case .resource, .resourceControl:
      #expect(refusal(plain, kind) == .missingElement("Principal"))
      #expect(refusal(resource, kind) == nil)
      #expect(
        refusal(statements(#"{"Effect":"Deny","Principal":"*","Action":"*"}"#), kind)
          == .missingElement("Resource")
      )
    case .trust:
      #expect(refusal(statements(Self.trust), kind) == nil)
      #expect(
        refusal(statements(#"{"Effect":"Allow","Action":"sts:AssumeRole"}"#), kind)
          == .missingElement("Principal")
      )
      #expect(
        refusal(
          statements(#"{"Resource":"*","Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}"#),
          kind
        ) == .prohibitedElement("Resource")
      )
      #expect(refusal(resource, kind) == .trustAction("*"))
    }
  }

  @Test(arguments: PolicyKind.allCases)
  func `managed policies and policies of organizations need the current version`(kind: PolicyKind) {
    let body =
      switch kind {
      case .trust: Self.trust
      case .resource, .resourceControl: Self.withPrincipal
      default: "{\(Self.everything)}"
      }
    let expected: PolicyDocumentError? =
      [.boundary, .serviceControl, .resourceControl].contains(kind) ? .versionTooOld : nil
    #expect(refusal(#"{"Statement":\#(body)}"#, kind) == expected)
    #expect(refusal(#"{"Version":"2008-10-17","Statement":\#(body)}"#, kind) == expected)
    #expect(refusal(#"{"Version":"2012-10-17","Statement":\#(body)}"#, kind) == nil)
  }

  @Test func `a resource control policy denies, for everyone`() {
    #expect(
      refusal(
        statements(#"{"Effect":"Deny","Principal":{"AWS":"*"},"Action":"s3:*","Resource":"*"}"#),
        .resourceControl
      ) == nil
    )
    #expect(
      refusal(
        statements(#"{"Effect":"Deny","Principal":{"AWS":"111122223333"},"Action":"s3:*","Resource":"*"}"#),
        .resourceControl
      ) == .principalNotEveryone
    )
    #expect(
      refusal(
        statements(#"{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}"#),
        .resourceControl
      ) == .allowNotPermitted
    )
    #expect(
      refusal(
        statements(#"{"Effect":"Deny","Principal":"*","NotAction":"s3:*","Resource":"*"}"#),
        .resourceControl
      ) == .prohibitedElement("NotAction")
    )
    #expect(
      refusal(
        statements(#"{"Effect":"Deny","NotPrincipal":"*","Action":"s3:*","Resource":"*"}"#),
        .resourceControl
      ) == .prohibitedElement("NotPrincipal")
    )
  }

  @Test(
    arguments: [
      (
        #""arn:aws:iam::111122223333:user/a""#,
        .principal(type: "Principal", value: "arn:aws:iam::111122223333:user/a")
      ),
      (#"{}"#, .wrongType(element: "Principal")),
      (#"{"AWS":[]}"#, .wrongType(element: "Principal")),
      (#"{"aws":"*"}"#, .principal(type: "aws", value: "*")),
      (#"{"AWS":"11112222333"}"#, .principal(type: "AWS", value: "11112222333")),
      (
        #"{"AWS":"arn:aws:iam::111122223333:user/*"}"#,
        .principal(type: "AWS", value: "arn:aws:iam::111122223333:user/*")
      ),
      (#"{"AWS":"arn:aws:s3:::bucket"}"#, .principal(type: "AWS", value: "arn:aws:s3:::bucket")),
      (#"{"Service":"*"}"#, .principal(type: "Service", value: "*")),
      (#"{"CanonicalUser":"79a59df9"}"#, .principal(type: "CanonicalUser", value: "79a59df9")),
      (#"{"AWS":"*","Service":["ec2.amazonaws.com"],"Federated":"accounts.google.com"}"#, nil),
      (
        #"{"AWS":["arn:aws:iam::111122223333:root","AIDAAAAAAAAAAAAAALICE","AROAAAAAAAAAAAABUILDR:run-7"]}"#,
        nil
      ),
    ] as [(String, PolicyDocumentError?)]
  )
  func `principals are exact`(principal: String, expected: PolicyDocumentError?) {
    let statement = #"{"Principal":\#(principal),\#(Self.everything)}"#
    #expect(refusal(statements(statement), .resource) == expected)
  }

  @Test func `NotPrincipal goes with Deny only`() {
    let rest = #""NotPrincipal":{"AWS":"111122223333"},"Action":"sts:AssumeRole""#
    #expect(refusal(statements(#"{"Effect":"Allow",\#(rest)}"#), .trust) == .allowNotPermitted)
    #expect(refusal(statements(#"{"Effect":"Deny",\#(rest)}"#), .trust) == nil)
  }
}
