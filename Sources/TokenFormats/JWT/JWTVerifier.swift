// SPDX-License-Identifier: Apache-2.0
//
// A JSON Web Token, checked as a relying party that trusts nobody: form, header, signature, then every claim that
// decides who it is from, whom it is for, and when. Source: RFC 7519 §4.1, §7.2; RFC 8725 §3.

package import IdentityModel
package import StrictJSON

/// What a relying party expects of a token.
package struct JWTExpectations: Hashable, Sendable {
  /// The issuer, compared byte for byte.
  package var issuer: String
  /// The audience that must be among `aud`, compared byte for byte; `nil` accepts any well-formed `aud`.
  package var audience: String?
  /// The time of the check.
  package var now: Instant
  /// How far clocks may differ, for `exp`, `nbf` and `iat`.
  ///
  /// Unit: seconds.
  package var leewaySeconds: Int64
  /// The longest span from `iat` to `exp` that is accepted; `nil` for any.
  ///
  /// Unit: seconds.
  package var maximumLifetimeSeconds: Int64?

  /// Gathers the expectations.
  package init(
    issuer: String,
    audience: String?,
    now: Instant,
    leewaySeconds: Int64 = 60,
    maximumLifetimeSeconds: Int64? = nil
  ) {
    self.issuer = issuer
    self.audience = audience
    self.now = now
    self.leewaySeconds = leewaySeconds
    self.maximumLifetimeSeconds = maximumLifetimeSeconds
  }
}

/// A token that passed every check.
package struct VerifiedToken: Hashable, Sendable {
  /// The header.
  package let header: JSONObject
  /// The claims.
  package let claims: JSONObject
  /// The `kid` of the key that verified it.
  package let keyID: String
  /// The algorithm of the signature.
  package let algorithm: SigningAlgorithm
}

/// Verifies JSON Web Tokens.
package struct JWTVerifier: Sendable {
  /// Makes a verifier.
  ///
  /// It has no state: keys and expectations come with each token.
  package init() {}

  /// Verifies `token` against `keys` and `expectations`.
  ///
  /// `iss`, `sub`, `aud`, `exp` and `iat` must stand; `nbf` and `jti` are checked when they do. `typ` may be absent
  /// (RFC 7519 §5.1 leaves it optional) but not another one than `JWT`.
  ///
  /// - Throws: the first check that failed.
  package func verify(
    _ token: String,
    keys: JWKSet,
    expectations: JWTExpectations
  ) throws(JWTVerificationError) -> VerifiedToken {
    let jws = try JWS.verify(token, keys: keys)
    try jws.header.requireJWT()
    let claims = try JWS.object(jws.payload, part: .payload)
    try checkParties(claims, expectations)
    try checkTimes(claims, expectations)
    return VerifiedToken(header: jws.header, claims: claims, keyID: jws.keyID, algorithm: jws.algorithm)
  }

  private func checkParties(
    _ claims: JSONObject,
    _ expectations: JWTExpectations
  ) throws(JWTVerificationError) {
    let issuer = try claims.claim("iss")
    guard same(issuer, expectations.issuer) else { throw .issuerMismatch(issuer) }
    guard !(try claims.claim("sub")).isEmpty else { throw .claimMalformed("sub") }
    _ = try claims.claimIfPresent("jti")
    let audiences = try claims.audiences()
    if let expected = expectations.audience, !audiences.contains(where: { same($0, expected) }) {
      throw .audienceMismatch(audiences)
    }
  }

  private func checkTimes(
    _ claims: JSONObject,
    _ expectations: JWTExpectations
  ) throws(JWTVerificationError) {
    let earliest = expectations.now.advanced(bySeconds: -expectations.leewaySeconds)
    let latest = expectations.now.advanced(bySeconds: expectations.leewaySeconds)
    guard let expiration = try claims.numericDate("exp") else { throw .claimMissing("exp") }
    guard let issuedAt = try claims.numericDate("iat") else { throw .claimMissing("iat") }
    guard earliest < expiration else { throw .expired(expiration) }
    if let notBefore = try claims.numericDate("nbf"), notBefore > latest {
      throw .notYetValid(notBefore)
    }
    guard issuedAt <= latest else { throw .issuedInTheFuture(issuedAt) }
    if let limit = expectations.maximumLifetimeSeconds, issuedAt.advanced(bySeconds: limit) < expiration {
      throw .lifetimeTooLong(limit: limit)
    }
  }
}

/// 9999-12-31T23:59:59Z.
let maximumNumericDate: Int64 = 253_402_300_799
