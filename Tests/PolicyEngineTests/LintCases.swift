// SPDX-License-Identifier: Apache-2.0
//
// For every code of lint documents that have it, and their nearest that have it not.

import PolicyEngine
import Testing

/// A document of one statement, and whether `code` is found in it.
struct LintCase: Sendable, CustomTestStringConvertible {
  let code: LintCode
  let isFound: Bool
  let kind: PolicyKind
  let statement: String

  init(_ code: LintCode, _ isFound: Bool, _ statement: String, kind: PolicyKind = .identity) {
    (self.code, self.isFound, self.kind, self.statement) = (code, isFound, kind, statement)
  }

  var testDescription: String { "\(code.rawValue) \(isFound ? "in" : "not in") \(statement)" }
}

func conditional(_ effect: String, _ condition: String) -> String {
  #"{"Effect":"\#(effect)","Action":"sts:GetWebIdentityToken","Resource":"*","Condition":\#(condition)}"#
}

extension LintCase {
  /// For each code documents that have it, and their nearest that have it not.
  static let all: [LintCase] = [
    .init(
      .singleValuedOperator,
      true,
      conditional("Allow", #"{"StringEquals":{"STS:IdentityTokenAudience":"a"}}"#)
    ),
    .init(.singleValuedOperator, true, conditional("Deny", #"{"StringNotLike":{"aws:TagKeys":"a"}}"#)),
    .init(
      .singleValuedOperator,
      false,
      conditional("Deny", #"{"ForAnyValue:StringNotEquals":{"sts:IdentityTokenAudience":"a"}}"#)
    ),
    .init(.singleValuedOperator, false, conditional("Allow", #"{"Null":{"aws:TagKeys":"true"}}"#)),
    .init(
      .singleValuedOperator,
      false,
      conditional("Allow", #"{"StringEquals":{"sts:SigningAlgorithm":"ES384"}}"#)
    ),

    .init(
      .forAnyValueInAllow,
      true,
      conditional("Allow", #"{"ForAnyValue:StringEquals":{"sts:IdentityTokenAudience":"a"}}"#)
    ),
    .init(
      .forAnyValueInAllow,
      false,
      conditional("Deny", #"{"ForAnyValue:StringEquals":{"sts:IdentityTokenAudience":"a"}}"#)
    ),
    .init(
      .forAnyValueInAllow,
      false,
      conditional("Allow", #"{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o/*"}}"#)
    ),

    .init(
      .forAllValuesWithoutNull,
      true,
      conditional("Allow", #"{"ForAllValues:StringEquals":{"sts:IdentityTokenAudience":"a"}}"#)
    ),
    .init(
      .forAllValuesWithoutNull,
      true,
      conditional(
        "Allow",
        #"{"ForAllValues:StringEquals":{"aws:TagKeys":"a"},"Null":{"aws:TagKeys":["true","false"],"aws:x":"false"}}"#
      )
    ),
    .init(
      .forAllValuesWithoutNull,
      false,
      conditional(
        "Allow",
        #"{"ForAllValues:StringEquals":{"sts:IdentityTokenAudience":"a"},"Null":{"STS:identitytokenaudience":"false"}}"#
      )
    ),
    .init(
      .forAllValuesWithoutNull,
      false,
      conditional("Deny", #"{"ForAllValues:StringEquals":{"sts:IdentityTokenAudience":"a"}}"#)
    ),

    .init(
      .ifExistsInAllow,
      true,
      conditional("Allow", #"{"IpAddressIfExists":{"aws:SourceIp":"10.0.0.0/8"}}"#)
    ),
    .init(
      .ifExistsInAllow,
      true,
      conditional("Allow", #"{"StringEqualsIfExists":{"aws:PrincipalTag/team":"a"}}"#)
    ),
    .init(
      .ifExistsInAllow,
      true,
      conditional("Allow", #"{"StringLikeIfExists":{"iam:FederationTargetService":"https://a.example/*"}}"#)
    ),
    .init(
      .ifExistsInAllow,
      true,
      conditional("Allow", #"{"StringEqualsIfExists":{"IAM:FederationTokenType":"OIDC"}}"#)
    ),
    .init(.ifExistsInAllow, false, conditional("Allow", #"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#)),
    .init(
      .ifExistsInAllow,
      false,
      conditional("Deny", #"{"NotIpAddressIfExists":{"aws:SourceIp":"10.0.0.0/8"}}"#)
    ),
    .init(
      .ifExistsInAllow,
      false,
      conditional("Allow", #"{"StringEqualsIfExists":{"aws:RequestTag/a":"b"}}"#)
    ),

    .init(.denyWhenMissing, true, conditional("Deny", #"{"StringNotEquals":{"aws:PrincipalTag/team":"a"}}"#)),
    .init(
      .denyWhenMissing,
      false,
      conditional("Deny", #"{"StringNotEqualsIfExists":{"aws:PrincipalTag/team":"a"}}"#)
    ),
    .init(.denyWhenMissing, false, conditional("Deny", #"{"StringNotEquals":{"sts:SigningAlgorithm":"a"}}"#)),
    .init(
      .denyWhenMissing,
      false,
      conditional("Allow", #"{"StringNotEquals":{"aws:PrincipalTag/team":"a"}}"#)
    ),

    .init(
      .denyEscapedWhenMissing,
      true,
      conditional("Deny", #"{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#)
    ),
    .init(
      .denyEscapedWhenMissing,
      true,
      conditional("Deny", #"{"ForAllValues:StringEquals":{"aws:TagKeys":"a"}}"#)
    ),
    .init(
      .denyEscapedWhenMissing,
      false,
      conditional("Deny", #"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#)
    ),
    .init(
      .denyEscapedWhenMissing,
      false,
      conditional("Deny", #"{"ForAnyValue:StringEquals":{"aws:TagKeys":"a"}}"#)
    ),

    .init(.keyNeverSet, true, conditional("Allow", #"{"ArnLike":{"aws:SourceARN":"arn:aws:s3:::b"}}"#)),
    .init(.keyNeverSet, true, conditional("Deny", #"{"Null":{"aws:SourceVpce":"true"}}"#)),
    .init(.keyNeverSet, false, conditional("Allow", #"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#)),

    .init(.allowEverything, true, #"{"Effect":"Allow","Action":["a:b","*"],"Resource":"*"}"#),
    .init(.allowEverything, true, #"{"Effect":"Allow","Action":"*:*","Resource":["arn:aws:s3:::b","*"]}"#),
    .init(.allowEverything, false, #"{"Effect":"Deny","Action":"*","Resource":"*"}"#),
    .init(.allowEverything, false, #"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#),
    .init(.allowEverything, false, #"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b"}"#),
    .init(.allowEverything, false, #"{"Effect":"Allow","Action":"*","Resource":"*"}"#, kind: .serviceControl),
    .init(
      .allowEverything,
      false,
      #"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}"#
    ),

    .init(.allowNotAction, true, #"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#),
    .init(.allowNotAction, false, #"{"Effect":"Deny","NotAction":"iam:*","Resource":"*"}"#),

    .init(.tokensByWildcard, true, #"{"Effect":"Allow","Action":["iam:List*","IAM:get*"],"Resource":"*"}"#),
    .init(.tokensByWildcard, true, #"{"Effect":"Allow","Action":"iam:*Federation*","Resource":"*"}"#),
    .init(
      .tokensByWildcard,
      true,
      #"{"Effect":"Allow","Action":"iam:GetOutboundFederationToke?","Resource":"*"}"#,
      kind: .session
    ),
    .init(.tokensByWildcard, true, #"{"Effect":"Allow","Action":"*:Get*","Resource":"*"}"#),
    .init(
      .tokensByWildcard,
      false,
      #"{"Effect":"Allow","Action":["iam:*","iam:GetOutboundFederationToken","iam:GetO*Config"],"Resource":"*"}"#
    ),
    .init(.tokensByWildcard, false, #"{"Effect":"Allow","Action":["*","*:*","sts:Get*"],"Resource":"*"}"#),
    .init(.tokensByWildcard, false, #"{"Effect":"Deny","Action":"iam:Get*","Resource":"*"}"#),
    .init(.tokensByWildcard, false, #"{"Effect":"Allow","NotAction":"iam:Get*","Resource":"*"}"#),
    .init(
      .tokensByWildcard,
      false,
      #"{"Effect":"Allow","Action":"iam:Get*","Resource":"*"}"#,
      kind: .serviceControl
    ),

    .init(.unknownAction, true, #"{"Effect":"Allow","Action":["sts:GetWebIdentiyToken"],"Resource":"*"}"#),
    .init(.unknownAction, true, #"{"Effect":"Allow","Action":"IAM:Lst*","Resource":"*"}"#),
    .init(
      .unknownAction,
      false,
      #"{"Effect":"Allow","Action":["STS:getwebidentitytoken","iam:*User","sts:TagSession"],"Resource":"*"}"#
    ),
    .init(.unknownAction, true, #"{"Effect":"Allow","Action":"iam:GetFederationConfig","Resource":"*"}"#),
    .init(.unknownAction, false, #"{"Effect":"Allow","Action":["s3:Lst*","*:Lst"],"Resource":"*"}"#),

    .init(
      .notPrincipal,
      true,
      #"{"Effect":"Deny","NotPrincipal":{"AWS":"111122223333"},"Action":"sts:*","Resource":"*"}"#,
      kind: .resource
    ),
    .init(
      .notPrincipal,
      false,
      #"{"Effect":"Deny","Principal":{"AWS":"111122223333"},"Action":"sts:*","Resource":"*"}"#,
      kind: .resource
    ),
    .init(
      .notPrincipalIncomplete,
      true,
      #"{"Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:user/alice"},"Action":"sts:*"}"#,
      kind: .trust
    ),
    .init(
      .notPrincipalIncomplete,
      true,
      #"{"Effect":"Deny","NotPrincipal":{"AWS":["111122223333","arn:aws:iam::111122223333:role/ci/B"]},"Action":"sts:*"}"#,
      kind: .trust
    ),
    .init(
      .notPrincipalIncomplete,
      true,
      #"{"Effect":"Deny","NotPrincipal":{"AWS":["111122223333","arn:aws:sts::111122223333:assumed-role/B/s","arn:aws:iam::444455556666:role/B"]},"Action":"sts:*"}"#,
      kind: .trust
    ),
    .init(
      .notPrincipalIncomplete,
      false,
      #"{"Effect":"Deny","NotPrincipal":{"AWS":["arn:aws:iam::111122223333:root","arn:aws:iam::111122223333:role/ci/B","arn:aws:sts::111122223333:assumed-role/B/s"]},"Action":"sts:*"}"#,
      kind: .trust
    ),

    .init(
      .everyoneAllowed,
      true,
      #"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}"#,
      kind: .trust
    ),
    .init(
      .everyoneAllowed,
      true,
      #"{"Effect":"Allow","Principal":{"AWS":["111122223333","*"]},"Action":"s3:*","Resource":"*"}"#,
      kind: .resource
    ),
    .init(
      .everyoneAllowed,
      false,
      #"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o"}}}"#,
      kind: .trust
    ),
    .init(
      .everyoneAllowed,
      false,
      #"{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}"#,
      kind: .trust
    ),
    .init(
      .everyoneAllowed,
      false,
      #"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#,
      kind: .resourceControl
    ),

    .init(
      .actingByWildcard,
      true,
      #"{"Effect":"Allow","Action":"sts:*","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/idp.example"}}"#,
      kind: .trust
    ),
    .init(
      .actingByWildcard,
      false,
      #"{"Effect":"Allow","Action":["sts:AssumeRole*","sts:ActForSubject"],"Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/idp.example"}}"#,
      kind: .trust
    ),
    .init(
      .actingByWildcard,
      false,
      #"{"Effect":"Deny","Action":"sts:*","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/idp.example"}}"#,
      kind: .trust
    ),

    .init(
      .anySubjectAllowed,
      true,
      #"{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/idp.example"}}"#,
      kind: .trust
    ),
    .init(
      .anySubjectAllowed,
      true,
      #"{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/idp.example"},"Condition":{"StringEquals":{"idp.example:aud":"a"}}}"#,
      kind: .trust
    ),
    .init(
      .anySubjectAllowed,
      true,
      #"{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/idp.example"},"Condition":{"StringLike":{"idp.example:sub":"*"}}}"#,
      kind: .trust
    ),
    .init(
      .anySubjectAllowed,
      true,
      #"{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/idp.example"},"Condition":{"StringEqualsIfExists":{"idp.example:sub":"s"}}}"#,
      kind: .trust
    ),
    .init(
      .anySubjectAllowed,
      true,
      #"{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/idp.example"},"Condition":{"StringNotEquals":{"idp.example:sub":"s"}}}"#,
      kind: .trust
    ),
    .init(
      .anySubjectAllowed,
      true,
      #"{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/idp.example"},"Condition":{"ForAllValues:StringEquals":{"idp.example:sub":"s"}}}"#,
      kind: .trust
    ),
    .init(
      .anySubjectAllowed,
      false,
      #"{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/idp.example"},"Condition":{"StringEquals":{"idp.example:sub":"s"}}}"#,
      kind: .trust
    ),
    .init(
      .anySubjectAllowed,
      false,
      #"{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/idp.example"},"Condition":{"StringLike":{"idp.example:SUB":"repo:a/*"}}}"#,
      kind: .trust
    ),
  ]
}
