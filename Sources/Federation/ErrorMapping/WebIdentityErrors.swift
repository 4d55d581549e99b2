// SPDX-License-Identifier: Apache-2.0
//
// Why a token of an identity provider is refused, as the client reads it. Codes and statuses from botocore's service
// model; the texts that AWS was seen to send are AWS's, the others are ours.

package import IdentityModel
package import TokenFormats

extension ServiceError {
  /// A provider that does not answer is IDPCommunicationError, which clients try again; one that must not be asked, or
  /// answers what cannot be used, is InvalidIdentityToken.
  package init(_ error: IdentityProviderError) {
    switch error {
    case .unreachable:
      self.init(
        code: "IDPCommunicationError",
        httpStatus: 400,
        message: "The identity provider that was asked to verify the token did not answer; try again."
      )
    case .unusable:
      self = .noVerificationKey
    }
  }

  /// Refuses a token of an identity provider for the first check that it failed.
  ///
  /// The texts say what the token's maker can mend; they hold nothing of what the provider answered.
  package init(webIdentity error: JWTVerificationError, now: Instant) {
    switch error {
    case .tooLong, .notCompact, .notBase64URL, .notJSON, .notAnObject, .algorithmMissing, .typeMismatch,
      .extensionNotUnderstood, .keyIDMissing:
      self = .invalidIdentityToken("The ID Token provided is not a valid JWT.")
    case .algorithmNotAllowed:
      self = .invalidIdentityToken("The signing algorithm of the token is not supported.")
    case .keyUnknown, .keyAmbiguous, .keyDoesNotFit, .keyNotDetermined:
      self = .noVerificationKey
    case .signatureInvalid:
      self = .invalidIdentityToken("The signature of the token is not valid.")
    case .claimMissing(let claim):
      self = .invalidIdentityToken("Missing a required claim: \(claim)")
    case .claimMalformed(let claim):
      self = .invalidIdentityToken("Malformed claim: \(claim)")
    case .issuerMismatch:
      self = .invalidIdentityToken("Incorrect token issuer")
    case .audienceMismatch, .authorizedPartyMismatch:
      self = .invalidIdentityToken("Incorrect token audience")
    case .severalAudiences:
      self = .invalidIdentityToken("A token of this server must have a single audience")
    case .expired(let expiration):
      self = .expiredWebIdentity(
        "Token expired: current date/time \(now.seconds) must be before the expiration date/time "
          + "\(expiration.seconds)"
      )
    case .tooOld(let issuedAt):
      self = .expiredWebIdentity("Token too old: \(now.seconds - issuedAt.seconds)")
    case .notYetValid:
      self = .invalidIdentityToken("Token is not yet valid")
    case .issuedInTheFuture:
      self = .invalidIdentityToken("Token was issued in the future")
    }
  }

  /// 400. Source: STS service model, InvalidIdentityTokenException.
  package static func invalidIdentityToken(_ message: String) -> ServiceError {
    ServiceError(code: "InvalidIdentityToken", httpStatus: 400, message: message)
  }

  /// 400. Source: STS service model, ExpiredTokenException.
  private static func expiredWebIdentity(_ message: String) -> ServiceError {
    ServiceError(code: "ExpiredTokenException", httpStatus: 400, message: message)
  }

  // AWS's sentence, its two spaces included.
  private static let noVerificationKey = ServiceError.invalidIdentityToken(
    "Couldn't retrieve verification key from your identity provider,  please reference "
      + "AssumeRoleWithWebIdentity documentation for requirements"
  )
}
