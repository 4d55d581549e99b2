// SPDX-License-Identifier: Apache-2.0
//
// Why an assertion of an identity provider is refused, as the client reads it. Codes from botocore's service model of STS
// (AssumeRoleWithSAML); the texts are ours.

import IdentityModel
import TokenFormats

extension ServiceError {
  /// Refuses an assertion for the first check that it failed.
  ///
  /// The texts say what the assertion's maker can mend.
  init(saml error: PresentedAssertionError, now: Instant) {
    switch error {
    case .tooLong, .notBase64URL, .xml, .notAnAssertion:
      self = .invalidIdentityToken("The token is not a SAML 2.0 assertion in base64url.")
    case .malformed(let name):
      self = .invalidIdentityToken("Missing or malformed in the assertion: \(name)")
    case .notTaken(let name):
      self = .invalidIdentityToken("Not taken in an assertion: \(name)")
    case .notSigned:
      self = .invalidIdentityToken("The assertion is not signed.")
    case .signature:
      self = .invalidIdentityToken("The signature of the assertion is not valid.")
    case .issuerMismatch:
      self = .invalidIdentityToken("Incorrect issuer of the assertion")
    case .recipientMismatch:
      self = .invalidIdentityToken(
        "No bearer confirmation of the assertion has this endpoint as its Recipient"
      )
    case .audienceMismatch:
      self = .invalidIdentityToken("Incorrect audience of the assertion")
    case .expired(let end):
      self = ServiceError(
        code: "ExpiredTokenException",
        httpStatus: 400,
        message: "Assertion expired: current date/time \(now.seconds) must be before \(end.seconds)"
      )
    case .tooOld(let issuedAt):
      self = ServiceError(
        code: "ExpiredTokenException",
        httpStatus: 400,
        message: "Assertion too old: \(now.seconds - issuedAt.seconds)"
      )
    case .notYetValid:
      self = .invalidIdentityToken("Assertion is not yet valid")
    case .issuedInTheFuture:
      self = .invalidIdentityToken("Assertion was issued in the future")
    }
  }
}
