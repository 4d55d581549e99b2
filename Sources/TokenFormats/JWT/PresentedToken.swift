// SPDX-License-Identifier: Apache-2.0
//
// The token of an identity provider, as somebody presents it to get a session: first what it says of itself, so that
// its provider and keys can be found, then everything verified at once. Stricter than AWS in the leeway of clocks, and
// in that `azp` does not stand in for `aud`. Source: AWS STS API, AssumeRoleWithWebIdentity; OpenID Connect Core 1.0
// §2, §3.1.3.7; RFC 7519 §7.2; RFC 8725 §3.

package import IdentityModel
import StrictJSON

/// What is expected of a provider's token.
package struct ProviderTokenExpectations: Hashable, Sendable {
  /// The URL of the registered provider, compared with `iss` byte for byte.
  package var issuer: String
  /// The client ids (audiences) that the provider is registered with, compared byte for byte.
  package var clientIDs: [String]
  /// Whether `aud` may name others besides.
  package var allowsSeveralAudiences: Bool
  /// The time of the check.
  package var now: Instant

  /// Gathers the expectations.
  package init(issuer: String, clientIDs: [String], allowsSeveralAudiences: Bool = true, now: Instant) {
    self.issuer = issuer
    self.clientIDs = clientIDs
    self.allowsSeveralAudiences = allowsSeveralAudiences
    self.now = now
  }
}

/// The token of an identity provider of which nothing is verified yet.
package struct PresentedToken: Sendable {
  /// The longest token that is read.
  ///
  /// Unit: bytes. Source: AWS STS API, `WebIdentityToken`.
  package static let maximumBytes = 20_000
  /// How far clocks may differ, for `exp`, `nbf` and `iat`.
  ///
  /// DEVIATION: AWS accepts a token for five minutes after its `exp`. Unit: seconds.
  package static let leewaySeconds: Int64 = 60
  /// How long ago a token may have been issued, whatever its `exp`.
  ///
  /// DEVIATION: AWS has such a limit and does not state it. Here a day, as long as Kubernetes lets a projected token
  /// get before it makes another, and an hour for the making. Unit: seconds.
  package static let maximumAgeSeconds: Int64 = 90_000

  /// The `iss` that the token claims: what to look the provider up by, and nothing to trust.
  package let issuer: String
  /// The `kid` that the token claims.
  package let keyID: String?

  private let jws: CompactJWS
  private let algorithm: JWSAlgorithm
  private let claims: JSONObject

  /// Reads form, header and claims; the signature is not looked at.
  ///
  /// - Throws: the first check that failed.
  package init(_ token: String) throws(JWTVerificationError) {
    jws = try CompactJWS(token, maximumBytes: Self.maximumBytes)
    guard let algorithm = JWSAlgorithm(name: jws.algorithm) else { throw .algorithmNotAllowed(jws.algorithm) }
    self.algorithm = algorithm
    try jws.refuseExtensions()
    try jws.header.requireJWT()
    if let member = jws.header["kid"] {
      guard let name = member.string else { throw .keyIDMissing }
      keyID = name
    } else {
      keyID = nil
    }
    claims = try JWS.object(jws.payload, part: .payload)
    issuer = try claims.claim("iss")
  }

  /// Verifies the token against the keys of the provider that was registered for `issuer`.
  ///
  /// `iss`, `sub`, `aud`, `exp` and `iat` must stand; dates are integers, as AWS demands. One audience of `aud` must be
  /// a client id; an `azp` that stands must be one too.
  ///
  /// - Throws: the first check that failed.
  package func verify(
    keys: ProviderKeySet,
    expectations: ProviderTokenExpectations
  ) throws(JWTVerificationError) -> ProviderToken {
    let key = try keys.key(withID: keyID, for: algorithm)
    guard key.isValid(signature: jws.signature, for: jws.signed, algorithm: algorithm) else {
      throw .signatureInvalid
    }
    guard same(issuer, expectations.issuer) else { throw .issuerMismatch(issuer) }
    let (expiration, issuedAt) = try checkTimes(expectations.now)
    let (audiences, audience, authorizedParty) = try checkAudience(expectations)
    return ProviderToken(
      issuer: issuer,
      subject: try name("sub"),
      audiences: audiences,
      audience: audience,
      authorizedParty: authorizedParty,
      expiration: expiration,
      issuedAt: issuedAt,
      tokenID: try claims.claimIfPresent("jti"),
      sessionClaims: try SessionClaims(claims),
      claims: claims
    )
  }

  private func checkTimes(_ now: Instant) throws(JWTVerificationError) -> (exp: Instant, iat: Instant) {
    let earliest = now.advanced(bySeconds: -Self.leewaySeconds)
    let latest = now.advanced(bySeconds: Self.leewaySeconds)
    guard let expiration = try date("exp") else { throw .claimMissing("exp") }
    guard let issuedAt = try date("iat") else { throw .claimMissing("iat") }
    guard earliest < expiration else { throw .expired(expiration) }
    if let notBefore = try date("nbf"), notBefore > latest { throw .notYetValid(notBefore) }
    guard issuedAt <= latest else { throw .issuedInTheFuture(issuedAt) }
    guard now < issuedAt.advanced(bySeconds: Self.maximumAgeSeconds) else { throw .tooOld(issuedAt) }
    return (expiration, issuedAt)
  }

  // OpenID Connect Core 1.0 §3.1.3.7: "3. The Client MUST validate that the aud (audience) Claim contains its client_id
  // value"; "5. If an azp (authorized party) Claim is present, the Client SHOULD verify that its client_id is the Claim
  // Value."
  //
  // DEVIATION: AWS compares `azp` alone when it stands. A token that names only others in `aud` is not for this server.
  private func checkAudience(
    _ expectations: ProviderTokenExpectations
  ) throws(JWTVerificationError) -> (all: [String], own: String, azp: String?) {
    let audiences = try claims.audiences()
    func isClient(_ name: String) -> Bool { expectations.clientIDs.contains { same($0, name) } }
    guard audiences.count == 1 || expectations.allowsSeveralAudiences else { throw .severalAudiences }
    guard let own = audiences.first(where: isClient) else { throw .audienceMismatch(audiences) }
    guard claims["azp"] != nil else { return (audiences, own, nil) }
    let party = try name("azp")
    guard isClient(party) else { throw .authorizedPartyMismatch(party) }
    return (audiences, own, party)
  }

  /// A string of 1 to 255 characters without controls: what goes on record and into an answer.
  ///
  /// Source: OpenID Connect Core 1.0 §2; STS service model, `webIdentitySubjectType`.
  private func name(_ claim: String) throws(JWTVerificationError) -> String {
    let text = try claims.claim(claim)
    guard isPrintable(text, 1...255) else { throw .claimMalformed(claim) }
    return text
  }

  /// Seconds since the Epoch, spelled as an integer, up to the end of the year 9999; `nil` when the claim is absent.
  private func date(_ claim: String) throws(JWTVerificationError) -> Instant? {
    guard let value = claims[claim] else { return nil }
    guard let seconds = value.int64, (0...maximumNumericDate).contains(seconds) else {
      throw .claimMalformed(claim)
    }
    return Instant(seconds: seconds)
  }
}
