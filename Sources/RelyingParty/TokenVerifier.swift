// SPDX-License-Identifier: Apache-2.0
//
// The verifier of tokens: the one place where the checks are ordered. Nothing in a token chooses whom to trust, which
// key, or where to connect: the issuer must be on the list before anything is fetched, the algorithm is the list's and
// the key's, and `jwk`, `jku`, `x5u` and `x5c` are not looked at. Source: RFC 7519 §7.2; RFC 7515 §5.2; RFC 8725 §3.

import IdentityModel
import StrictJSON
import TokenFormats

/// Verifies tokens of trusted issuers.
///
/// Make one and keep it: it remembers the keys of the issuers.
public struct TokenVerifier: Sendable {
  private struct Issuer: Sendable {
    let trust: TrustedIssuer
    let pinned: ProviderKeySet?
  }

  private let settings: VerifierSettings
  private let clock: VerifierClock
  /// By the UTF-8 bytes of the issuer.
  private let issuers: [[UInt8]: Issuer]
  private let keyCache: IssuerKeyCache<KeysUnavailable>
  private let replays: ReplayCache?
  private let statuses: StatusChecker
  private let headers = HeaderMemory()

  /// Makes a verifier that trusts `trusted` and nobody else.
  ///
  /// - Parameters:
  ///   - trusted: the allow-list.
  ///   - fetcher: the way to the issuers.
  ///   - settings: the limits.
  ///   - clock: the time.
  /// - Throws: `VerifierConfigurationError`.
  public init(
    trusting trusted: [TrustedIssuer],
    fetcher: any DocumentFetcher,
    settings: VerifierSettings = VerifierSettings(),
    clock: VerifierClock = .system
  ) throws(VerifierConfigurationError) {
    try settings.check()
    var issuers: [[UInt8]: Issuer] = [:]
    for trust in trusted {
      let pinned = try trust.check()
      guard issuers.updateValue(Issuer(trust: trust, pinned: pinned), forKey: Array(trust.issuer.utf8)) == nil
      else { throw .issuerTwice(trust.issuer) }
    }
    guard !issuers.isEmpty else { throw .noIssuer }
    self.settings = settings
    self.clock = clock
    self.issuers = issuers
    let documents = IssuerDocuments(fetcher: fetcher)
    let sources = issuers.mapValues(\.trust.keys)
    keyCache = IssuerKeyCache(
      rules: settings.keyCache.rules(maximumIssuers: issuers.count),
      none: .notFetched(url: "", .unavailable("not asked yet"))
    ) { issuer in
      await documents.keys(of: issuer, sources[Array(issuer.utf8)] ?? .discovery)
    }
    if case .once(let capacity) = settings.replay {
      replays = ReplayCache(capacity: capacity)
    } else {
      replays = nil
    }
    statuses = StatusChecker(fetcher: fetcher)
  }

  /// Verifies `token`, making every check up to the first that fails.
  ///
  /// `iss`, `sub`, `aud`, `exp` and `iat` must stand; `nbf` and `jti` are checked when they do.
  ///
  /// - Parameter token: a JWS in compact form, without `Bearer`.
  /// - Returns: what the token says.
  /// - Throws: `VerificationFailure`, the check that failed.
  public func verify(_ token: String) async throws(VerificationFailure) -> VerifiedToken {
    let now = Instant(milliseconds: clock.now().wholeMilliseconds)
    // 1. form and header
    let read = try ReadJWS(token, maximumBytes: settings.maximumTokenBytes, headers: headers)
    // 2. issuer, and what it is trusted with
    let (claims, name) = try claims(read.jws)
    guard let issuer = issuers[Array(name.utf8)] else { throw .issuerNotTrusted(name) }
    try checkType(read.jws.header, issuer.trust.type)
    // 3. keys; an algorithm that is not allowed makes nobody look for them
    guard issuer.trust.algorithms.contains(TokenAlgorithm(read.algorithm)) else {
      throw .algorithmNotAllowed(read.algorithm.rawValue)
    }
    let keys = try await keys(issuer, holding: read.keyID, now)
    // 4. key and signature
    try read.verify(keys, issuer.trust.algorithms)
    headers.remember(read.jws)
    // 5. claims, times, audience
    let verified = try verifiedToken(read, claims, issuer.trust, now)
    // 6. what else is demanded
    for requirement in issuer.trust.requirements where !requirement.isMet(by: verified) {
      throw .requirementNotMet(requirement.description)
    }
    // 7. status
    try await statuses.check(
      claims,
      of: issuer.trust,
      keys,
      now,
      leewaySeconds: settings.skew.wholeSeconds
    )
    // 8. replay: last, so that a token that is refused for something else is not used up
    try use(verified, now)
    return verified
  }
}

// MARK: - The steps

extension TokenVerifier {
  private func claims(
    _ jws: CompactJWS
  ) throws(VerificationFailure) -> (claims: any JSONMembers & Sendable, issuer: String) {
    do throws(JWTVerificationError) {
      let claims = try JWS.members(jws.payload, part: .payload)
      return (claims, try claims.claim("iss"))
    } catch {
      throw VerificationFailure(error)
    }
  }

  private func checkType(
    _ header: JSONObject,
    _ type: TrustedIssuer.TokenType
  ) throws(VerificationFailure) {
    do {
      switch type {
      case .jwt: try header.requireType("jwt", mayBeAbsent: true)
      case .explicit(let name): try header.requireType(name, mayBeAbsent: false)
      }
    } catch {
      throw VerificationFailure(error)
    }
  }

  private func keys(
    _ issuer: Issuer,
    holding keyID: String?,
    _ now: Instant
  ) async throws(VerificationFailure) -> ProviderKeySet {
    if let pinned = issuer.pinned { return pinned }
    do {
      return try await keyCache.keys(of: issuer.trust.issuer, holding: keyID, now: now)
    } catch {
      throw .keysUnavailable(error)
    }
  }

  private func verifiedToken(
    _ read: ReadJWS,
    _ claims: any JSONMembers & Sendable,
    _ trust: TrustedIssuer,
    _ now: Instant
  ) throws(VerificationFailure) -> VerifiedToken {
    let aws = try claims[AWSFederationClaims.claimName].map(AWSFederationClaims.init)
    do throws(JWTVerificationError) {
      let subject = try claims.claim("sub")
      guard !subject.isEmpty else { throw .claimMalformed("sub") }
      let audiences = try claims.audiences()
      guard let audience = audiences.first(where: { name in trust.audiences.contains { same($0, name) } })
      else { throw .audienceMismatch(audiences) }
      let (expiration, issuedAt) = try checkTimes(claims, now)
      return VerifiedToken(
        issuer: trust.issuer,
        subject: subject,
        audiences: audiences,
        audience: audience,
        expiration: expiration.seconds,
        issuedAt: issuedAt.seconds,
        tokenID: try claims.claimIfPresent("jti"),
        keyID: read.keyID,
        algorithm: TokenAlgorithm(read.algorithm),
        aws: aws,
        claims: claims
      )
    } catch {
      throw VerificationFailure(error)
    }
  }

  private func checkTimes(
    _ claims: any JSONMembers,
    _ now: Instant
  ) throws(JWTVerificationError) -> (exp: Instant, iat: Instant) {
    let skew = settings.skew.wholeMilliseconds
    let earliest = Instant(milliseconds: now.milliseconds - skew)
    let latest = Instant(milliseconds: now.milliseconds + skew)
    guard let expiration = try claims.numericDate("exp") else { throw .claimMissing("exp") }
    guard let issuedAt = try claims.numericDate("iat") else { throw .claimMissing("iat") }
    guard earliest < expiration else { throw .expired(expiration) }
    if let notBefore = try claims.numericDate("nbf"), notBefore > latest { throw .notYetValid(notBefore) }
    guard issuedAt <= latest else { throw .issuedInTheFuture(issuedAt) }
    let lifetime = settings.maximumLifetime.wholeSeconds
    guard issuedAt.advanced(bySeconds: lifetime) >= expiration else {
      throw .lifetimeTooLong(limit: lifetime)
    }
    return (expiration, issuedAt)
  }

  private func use(_ token: VerifiedToken, _ now: Instant) throws(VerificationFailure) {
    guard let replays else { return }
    guard let tokenID = token.tokenID else { throw .claimMissing("jti") }
    let end = Instant(seconds: token.expiration + 1 + settings.skew.wholeSeconds + 1)
    switch replays.use(issuer: token.issuer, tokenID: tokenID, until: end, now: now) {
    case .first: return
    case .again: throw .replayed
    case .full: throw .replayCacheFull
    }
  }
}
