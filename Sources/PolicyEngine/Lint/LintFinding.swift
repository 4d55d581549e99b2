// SPDX-License-Identifier: Apache-2.0
//
// What lint finds. Source: docs/policy.md lists the codes.

/// One finding about one statement.
package struct LintFinding: Hashable, Sendable {
  /// The place of the statement in its document, from 0.
  package let index: Int
  /// The statement's `Sid`.
  package let sid: String?
  /// What was found.
  package let code: LintCode
  /// How much it matters.
  package let severity: LintSeverity
  /// What the statement does and what to write in its place: sentences without a line break.
  package let sentence: String
}

/// How much a finding matters.
package enum LintSeverity: String, Hashable, Sendable {
  /// The statement gives more than it says, or does nothing of what it says.
  case error
  /// It may be meant so, and often is not.
  case warning
}

/// What lint looks for.
package enum LintCode: String, Hashable, Sendable, CaseIterable {
  /// An operator without a set operator on a key with several values.
  case singleValuedOperator = "SingleValuedOperator"
  /// `ForAnyValue:` in an Allow on values that the caller chooses.
  case forAnyValueInAllow = "ForAnyValueInAllow"
  /// `ForAllValues:` in an Allow without a test that the key is there.
  case forAllValuesWithoutNull = "ForAllValuesWithoutNull"
  /// `…IfExists` in an Allow on a key that is to protect.
  case ifExistsInAllow = "IfExistsInAllow"
  /// A negated operator in a Deny on a key that may be missing.
  case denyWhenMissing = "DenyWhenMissing"
  /// A Deny that a request without the key escapes.
  case denyEscapedWhenMissing = "DenyEscapedWhenMissing"
  /// A key that no request to this server has.
  case keyNeverSet = "KeyNeverSet"
  /// `${` in a document of version 2008-10-17.
  case literalVariable = "LiteralVariable"
  /// An Allow of every action on every resource, without a condition.
  case allowEverything = "AllowEverything"
  /// An Allow with `NotAction`.
  case allowNotAction = "AllowNotAction"
  /// An Allow whose wildcard covers iam:GetOutboundFederationToken among others.
  case tokensByWildcard = "TokensByWildcard"
  /// An action that neither IAM nor STS has.
  case unknownAction = "UnknownAction"
  /// A `NotPrincipal` that does not spare whom it names.
  case notPrincipalIncomplete = "NotPrincipalIncomplete"
  /// A `NotPrincipal`.
  case notPrincipal = "NotPrincipal"
  /// An Allow for everyone without a condition.
  case everyoneAllowed = "EveryoneAllowed"
  /// An Allow for an identity provider that does not test the subject.
  case anySubjectAllowed = "AnySubjectAllowed"
  /// An Allow for an identity provider whose wildcard covers sts:ActForSubject among others.
  case actingByWildcard = "ActingByWildcard"
}
