// SPDX-License-Identifier: Apache-2.0
//
// The claims that every token is asked for, read at once: each stands where it must and is what it should be, before any
// of them is compared with anything. Source: RFC 7519 §4.1; AWS IAM User Guide, claims of outbound identity federation.

import IdentityModel
import StrictJSON
import TokenFormats

/// The claims that every token is asked for.
struct RegisteredClaims {
  /// What is expected of the times, in units that cost no division of 128 bits.
  struct Limits: Sendable {
    let skewMilliseconds: Int64
    let skewSeconds: Int64
    let lifetimeSeconds: Int64
  }

  let expiration: Instant
  let issuedAt: Instant
  let notBefore: Instant?
  let aws: LazyAWSClaims?
  private let token: ReadToken

  /// Reads them; `sub`, `aud`, `exp` and `iat` must stand.
  ///
  /// - Throws: `claimMissing`, `claimMalformed`.
  init(_ token: ReadToken) throws(VerificationFailure) {
    self.token = token
    let claims = token.claims
    if let plain = token.plain {
      (expiration, issuedAt, notBefore) = (plain.expiration, plain.issuedAt, plain.notBefore)
    } else {
      do throws(JWTVerificationError) {
        guard !(try claims.claim("sub")).isEmpty else { throw .claimMalformed("sub") }
        _ = try claims.audiences()
        guard let expiration = try claims.numericDate("exp") else { throw .claimMissing("exp") }
        guard let issuedAt = try claims.numericDate("iat") else { throw .claimMissing("iat") }
        (self.expiration, self.issuedAt) = (expiration, issuedAt)
        notBefore = try claims.numericDate("nbf")
        _ = try claims.claimIfPresent("jti")
      } catch {
        throw VerificationFailure(error)
      }
    }
    aws = try LazyAWSClaims(claims, token.plain)
  }

  /// The first audience that `trust` expects.
  func audience(expectedBy trust: TrustedIssuer) throws(VerificationFailure) -> String {
    if let found = token.plain?.audience(among: trust.audiences) { return found }
    do throws(JWTVerificationError) {
      let audiences = try token.claims.audiences()
      let expected = audiences.first { name in
        trust.acceptsAnyAudience || trust.audiences.contains { same($0, name) }
      }
      guard let expected else { throw .audienceMismatch(audiences) }
      return expected
    } catch {
      throw VerificationFailure(error)
    }
  }

  func checkExpiration(_ now: Instant, _ limits: Limits) throws(VerificationFailure) {
    guard Instant(milliseconds: now.milliseconds - limits.skewMilliseconds) < expiration else {
      throw .expired(expiration.seconds)
    }
  }

  func checkBeginning(_ now: Instant, _ limits: Limits) throws(VerificationFailure) {
    let latest = Instant(milliseconds: now.milliseconds + limits.skewMilliseconds)
    if let notBefore, notBefore > latest { throw .notYetValid(notBefore.seconds) }
    guard issuedAt <= latest else { throw .issuedInTheFuture(issuedAt.seconds) }
    guard issuedAt.advanced(bySeconds: limits.lifetimeSeconds) >= expiration else {
      throw .lifetimeTooLong(limit: limits.lifetimeSeconds)
    }
  }
}
