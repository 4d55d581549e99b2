// SPDX-License-Identifier: Apache-2.0
//
// Every way in which a JSON Web Token can fail, one case for each check, so that a caller can say which one it was.

package import IdentityModel
package import StrictJSON

/// The check that a token failed.
///
/// Values are the token's own words: a stranger's, to be escaped when shown.
package enum JWTVerificationError: Error, Hashable, Sendable {
  /// A part of a compact serialisation.
  package enum Part: Hashable, Sendable {
    /// The JOSE header.
    case header
    /// The claims.
    case payload
    /// The signature.
    case signature
  }

  // Form

  /// The token is longer than the cap, in bytes.
  case tooLong(limit: Int)
  /// There are not exactly three parts.
  case notCompact
  /// A part is not canonical base64url.
  case notBase64URL(Part)
  /// A part is not strict JSON.
  case notJSON(Part, JSONReaderError)
  /// A part is JSON, but not an object.
  case notAnObject(Part)

  // Header

  /// There is no `alg`, or it is not a string.
  case algorithmMissing
  /// The `alg` is no `JWSAlgorithm`.
  case algorithmNotAllowed(String)
  /// A header member that changes how the token is read: `crit`, `b64`, `cty`.
  case extensionNotUnderstood(String)
  /// There is no `kid`, or it is not a string.
  case keyIDMissing
  /// No key of the set has the `kid`.
  case keyUnknown(String)
  /// More than one key of the set has the `kid`, and could have signed.
  case keyAmbiguous(String)
  /// No key that `kid` selects may be used with `alg`.
  case keyDoesNotFit(JWSAlgorithm)
  /// The token has no `kid`, and not exactly one key of the set may be used with `alg`.
  case keyNotDetermined(JWSAlgorithm)
  /// The `typ` is that of another kind of token, or not a string.
  case typeMismatch(JSONValue)

  // Signature

  /// The signature is not the key's signature over header and payload.
  case signatureInvalid

  // Claims

  /// A claim that must stand is missing.
  case claimMissing(String)
  /// A claim has the wrong type or an impossible value.
  case claimMalformed(String)
  /// The `iss` is not the issuer that was expected.
  case issuerMismatch(String)
  /// The audience that was expected is not in `aud`.
  case audienceMismatch([String])
  /// The `azp` is not one of the client ids that were expected.
  case authorizedPartyMismatch(String)
  /// There are several audiences where one was expected.
  case severalAudiences
  /// The `exp` has passed, leeway included.
  case expired(Instant)
  /// The `nbf` is still to come, leeway included.
  case notYetValid(Instant)
  /// The `iat` is still to come, leeway included.
  case issuedInTheFuture(Instant)
  /// The `iat` is further back than is accepted.
  case tooOld(Instant)
}
