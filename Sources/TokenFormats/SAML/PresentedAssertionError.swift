// SPDX-License-Identifier: Apache-2.0
//
// Every way in which a presented assertion can fail, one case for each check.

package import IdentityModel

/// The check that an assertion failed.
///
/// Values are the assertion's own words: a stranger's, to be escaped when shown.
package enum PresentedAssertionError: Error, Hashable, Sendable {
  // Form

  /// The text is longer than the cap, in bytes.
  case tooLong(limit: Int)
  /// The text is not base64url.
  case notBase64URL
  /// It is not XML that is read here.
  case xml(XMLReadError)
  /// The root is not an `Assertion` of SAML 2.0.
  case notAnAssertion
  /// An element or attribute must stand and does not, or cannot be understood, by its name.
  case malformed(String)
  /// An element that changes what the assertion means, and is not understood or not taken here, by its name.
  case notTaken(String)

  // Signature

  /// Nobody signed it.
  case notSigned
  /// Its signature does not count, with the reason: `foreignKey` when the key is none of the provider's.
  case signature(XMLSignatureError)

  // Statements

  /// `Issuer` is not the provider.
  case issuerMismatch(String)
  /// No confirmation is one of a bearer that names this endpoint in `Recipient`.
  case recipientMismatch
  /// An `AudienceRestriction` names others only, or there is none.
  case audienceMismatch
  /// Its time has passed, leeway included.
  case expired(Instant)
  /// Its time is still to come, leeway included.
  case notYetValid(Instant)
  /// `IssueInstant` is still to come, leeway included.
  case issuedInTheFuture(Instant)
  /// `IssueInstant` is further back than is accepted.
  case tooOld(Instant)
}
