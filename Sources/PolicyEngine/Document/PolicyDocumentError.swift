// SPDX-License-Identifier: Apache-2.0
//
// Why a text is not a policy document of its kind. Values only: the sentences that a client reads are made in the
// house (ErrorMapping).

package import StrictJSON

/// Why a text is not a policy document.
package enum PolicyDocumentError: Error, Hashable, Sendable {
  /// The text is not strict JSON (RFC 8259), holds a name twice, or is longer or deeper than a policy may be.
  case json(JSONReaderError)
  /// An element, or the document (`Policy`), holds a value of a type that it may not have, or an empty list.
  case wrongType(element: String)
  /// A member that is no element of the language stands in the document or in a statement.
  case unknownElement(String)
  /// An element that this kind of policy needs is not there.
  case missingElement(String)
  /// An element stands in a kind of policy that may not have it.
  case prohibitedElement(String)
  /// An element and its `Not…` form stand in one statement.
  case conflictingElements(String, String)
  /// `Version` is neither 2008-10-17 nor 2012-10-17.
  case unknownVersion(String)
  /// `Version` is missing or 2008-10-17 in a kind of policy that needs 2012-10-17.
  case versionTooOld
  /// `Effect` is neither `Allow` nor `Deny`.
  case unknownEffect(String)
  /// `Allow` stands where only `Deny` may: with `NotPrincipal`, and in a resource control policy that is not the one
  /// that allows everything.
  case allowNotPermitted
  /// `Sid` holds a character other than an ASCII letter or digit.
  case sidNotAlphanumeric(String)
  /// Two statements have this `Sid`.
  case duplicateSid(String)
  /// An action without `vendor:`.
  case actionWithoutVendor(String)
  /// An action with more than one colon.
  case actionWithSeveralColons(String)
  /// The part before the colon is not `*` or `[0-9A-Za-z.-]+`.
  case vendor(String)
  /// The part after the colon is empty or holds other characters than `[0-9A-Za-z._*?-]`.
  case actionName(String)
  /// A trust policy names an action of another service than STS.
  case trustAction(String)
  /// A resource that is neither `*` nor an ARN.
  case resourceNotARN(String)
  /// A resource that begins like an ARN and has fewer than six parts.
  case resourceParts(String)
  /// A resource whose partition AWS does not have.
  case resourcePartition(String, resource: String)
  /// A resource whose service is empty or holds a wildcard or a variable.
  case resourceVendor(String)
  /// A resource of IAM with a region.
  case resourceRegion(String)
  /// A principal that cannot stand under this type (`AWS`, `Service`, `Federated`, `CanonicalUser`, or another name).
  case principal(type: String, value: String)
  /// A resource control policy names another principal than `*`.
  case principalNotEveryone
  /// A resource control policy denies an action of a service whose resources such policies do not protect, or of none.
  case unprotectedAction(String)
  /// No condition operator has this name.
  case conditionOperator(String)
  /// A condition key that is empty, has no vendor prefix or holds a control character.
  case conditionKey(String)
  /// A condition key that stands twice under one operator when ASCII case is folded.
  case duplicateConditionKey(String)
  /// A value that the operator cannot compare with: no number, no date, no address.
  case conditionValue(operator: String, value: String)
  /// `${` that begins no policy variable.
  case variable(String)
}
