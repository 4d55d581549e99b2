// SPDX-License-Identifier: Apache-2.0
//
// Every way in which a token can fail, one case for each check, so that a program can say which one it was. Values are
// the token's own words, a stranger's: escape them when they are shown. docs/relying-party-library.md has the table.

import IdentityModel
import StrictJSON
import TokenFormats

/// The check that a token failed.
public enum VerificationFailure: Error, Hashable, Sendable {
  /// A part of a token.
  public enum Part: String, Hashable, Sendable {
    /// The JOSE header.
    case header
    /// The claims.
    case payload
    /// The signature.
    case signature
  }

  // Form: RFC 7515 §3.1, §5.2; RFC 7519 §7.2; RFC 8725 §3.7

  /// The token is longer than the limit, in bytes.
  case tooLong(limit: Int)
  /// The token is not three parts joined by dots.
  case notCompact
  /// A part is not canonical base64url without padding.
  case notBase64URL(Part)
  /// A part is not strict JSON, and why: not UTF-8, a name that stands twice, a comma too many.
  case notJSON(Part, String)
  /// A part is JSON, but not an object.
  case notAnObject(Part)

  // Header: RFC 7515 §4.1; RFC 8725 §3.1, §3.11

  /// There is no `alg`, or it is not a string.
  case algorithmMissing
  /// The `alg` is none that the issuer is trusted with; `none` and every HMAC never are.
  case algorithmNotAllowed(String)
  /// The header holds `crit`, `b64` or `cty`, which change how a token is read.
  case extensionNotUnderstood(String)
  /// The `typ` is that of another kind of token; `nil` when there is none and one is demanded.
  case typeNotAllowed(String?)
  /// There is no `kid` though the issuer has several keys, or it is not a string.
  case keyIDMissing

  // Issuer and keys: RFC 8725 §3.8, §3.10; OpenID Connect Discovery 1.0 §4.3

  /// The `iss` is not on the list of trusted issuers.
  case issuerNotTrusted(String)
  /// The keys of the issuer cannot be had.
  case keysUnavailable(KeysUnavailable)
  /// The issuer has no key with the `kid` that can be used.
  case keyUnknown(String)
  /// More than one key of the issuer has the `kid`, and could have signed.
  case keyAmbiguous(String)
  /// The key that `kid` names is not for the `alg`.
  case keyDoesNotFit(TokenAlgorithm)

  // Signature: RFC 7515 §5.2

  /// The signature is not the key's over header and payload.
  case signatureInvalid

  // Claims: RFC 7519 §4.1

  /// A claim that must stand is missing.
  case claimMissing(String)
  /// A claim has the wrong type or an impossible value.
  case claimMalformed(String)
  /// None of the expected audiences is in `aud`.
  case audienceMismatch([String])
  /// The `exp` has passed, skew included. Unit: seconds since the Epoch.
  case expired(Int64)
  /// The `nbf` is still to come, skew included. Unit: seconds since the Epoch.
  case notYetValid(Int64)
  /// The `iat` is still to come, skew included. Unit: seconds since the Epoch.
  case issuedInTheFuture(Int64)
  /// From `iat` to `exp` is longer than the limit. Unit: seconds.
  case lifetimeTooLong(limit: Int64)
  /// What else was demanded of the token does not hold.
  case requirementNotMet(String)

  // Use: RFC 9700 §2.2.1

  /// The token was used before.
  case replayed
  /// As many tokens are remembered as may be; no more are taken until some expire.
  case replayCacheFull

  // Status: draft-ietf-oauth-status-list §8.3

  /// The token was revoked for good.
  case revoked
  /// The token is not to be accepted for now.
  case suspended
  /// The status of the token is one that the draft leaves to applications, so that it means nothing here.
  case statusUnknown(UInt8)
  /// The status of the token cannot be found out.
  case statusUnavailable(String)
}

extension VerificationFailure {
  /// Whether the token may be good and only could not be checked now: answer 503 rather than 401.
  public var isTransient: Bool {
    switch self {
    case .keysUnavailable(let reason): reason.isTransient
    case .replayCacheFull, .statusUnavailable: true
    default: false
    }
  }

  init(_ error: JWTVerificationError) {
    self =
      switch error {
      case .tooLong(let limit): .tooLong(limit: limit)
      case .notCompact: .notCompact
      case .notBase64URL(let part): .notBase64URL(Part(part))
      case .notJSON(let part, let error): .notJSON(Part(part), reason(error))
      case .notAnObject(let part): .notAnObject(Part(part))
      case .algorithmMissing: .algorithmMissing
      case .algorithmNotAllowed(let name): .algorithmNotAllowed(name)
      case .extensionNotUnderstood(let name): .extensionNotUnderstood(name)
      case .keyIDMissing, .keyNotDetermined: .keyIDMissing
      case .keyUnknown(let id): .keyUnknown(id)
      case .keyAmbiguous(let id): .keyAmbiguous(id)
      case .keyDoesNotFit(let algorithm): .keyDoesNotFit(TokenAlgorithm(algorithm))
      case .typeMismatch(let type): .typeNotAllowed(type.string)
      case .signatureInvalid: .signatureInvalid
      case .claimMissing(let name): .claimMissing(name)
      case .claimMalformed(let name): .claimMalformed(name)
      case .issuerMismatch(let issuer): .issuerNotTrusted(issuer)
      case .audienceMismatch(let audiences): .audienceMismatch(audiences)
      case .authorizedPartyMismatch: .requirementNotMet("azp")
      case .severalAudiences: .claimMalformed("aud")
      case .expired(let instant): .expired(instant.seconds)
      case .notYetValid(let instant): .notYetValid(instant.seconds)
      case .issuedInTheFuture(let instant): .issuedInTheFuture(instant.seconds)
      case .tooOld(let instant): .expired(instant.seconds)
      }
  }
}

extension VerificationFailure.Part {
  init(_ part: JWTVerificationError.Part) {
    self =
      switch part {
      case .header: .header
      case .payload: .payload
      case .signature: .signature
      }
  }
}
