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
  private final class Issuer: Sendable {
    let trust: TrustedIssuer
    let algorithms: AlgorithmSet
    let pinned: ProviderKeySet?

    init(_ trust: TrustedIssuer, _ pinned: ProviderKeySet?) {
      self.trust = trust
      algorithms = AlgorithmSet(trust.algorithms)
      self.pinned = pinned
    }
  }

  /// What `Duration` needs 128 bits for.
  private struct Times: Sendable {
    let skewMilliseconds: Int64
    let skewSeconds: Int64
    let lifetimeSeconds: Int64
  }

  private let maximumTokenBytes: Int
  private let times: Times
  private let clock: VerifierClock
  private let issuers: [ByteName: Issuer]
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
    var issuers: [ByteName: Issuer] = [:]
    for trust in trusted {
      let pinned = try trust.check()
      guard issuers.updateValue(Issuer(trust, pinned), forKey: ByteName(text: trust.issuer)) == nil
      else { throw .issuerTwice(trust.issuer) }
    }
    guard !issuers.isEmpty else { throw .noIssuer }
    maximumTokenBytes = settings.maximumTokenBytes
    times = Times(
      skewMilliseconds: settings.skew.wholeMilliseconds,
      skewSeconds: settings.skew.wholeSeconds,
      lifetimeSeconds: settings.maximumLifetime.wholeSeconds
    )
    self.clock = clock
    self.issuers = issuers
    let documents = IssuerDocuments(fetcher: fetcher)
    let sources = issuers.mapValues(\.trust.keys)
    keyCache = IssuerKeyCache(
      rules: settings.keyCache.rules(maximumIssuers: issuers.count),
      none: .notFetched(url: "", .unavailable("not asked yet"))
    ) { issuer in
      await documents.keys(of: issuer, sources[ByteName(text: issuer)] ?? .discovery)
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
    let read = try ReadJWS(token, maximumBytes: maximumTokenBytes, headers: headers)
    // 2. issuer, and what it is trusted with
    let (claims, name) = try claims(read.payload)
    guard let issuer = issuers[ByteName(text: name)] else { throw .issuerNotTrusted(name) }
    try checkType(read.header, issuer.trust.type)
    // 3. keys; an algorithm that is not allowed makes nobody look for them
    guard issuer.algorithms.contains(read.algorithm) else {
      throw .algorithmNotAllowed(read.algorithm.rawValue)
    }
    let keys: ProviderKeySet
    if let known = knownKeys(issuer, holding: read.keyID, now) {
      keys = known
    } else {
      keys = try await self.keys(issuer, holding: read.keyID, now)
    }
    // 4. key and signature
    try read.verify(keys, issuer.algorithms, remembering: headers)
    // 5. claims, times, audience
    let verified = try verifiedToken(read, claims, issuer.trust, now)
    // 6. what else is demanded
    for requirement in issuer.trust.requirements where !requirement.isMet(by: verified) {
      throw .requirementNotMet(requirement.description)
    }
    // 7. status
    if let reference = try StatusChecker.reference(claims) {
      try await statuses.check(reference, of: issuer.trust, keys, now, leewaySeconds: times.skewSeconds)
    }
    // 8. replay: last, so that a token that is refused for something else is not used up
    try use(verified, now)
    return verified
  }
}

// MARK: - The steps

extension TokenVerifier {
  private func claims(
    _ payload: [UInt8]
  ) throws(VerificationFailure) -> (claims: LazyJSONObject, issuer: String) {
    do throws(JWTVerificationError) {
      let claims = try JWS.members(payload, part: .payload)
      return (claims, try claims.claim("iss"))
    } catch {
      throw VerificationFailure(error)
    }
  }

  private func checkType(
    _ header: ReadHeader,
    _ type: TrustedIssuer.TokenType
  ) throws(VerificationFailure) {
    do {
      try header.require(type)
    } catch {
      throw VerificationFailure(error)
    }
  }

  /// The keys that are at hand, which nobody has to wait for.
  private func knownKeys(_ issuer: Issuer, holding keyID: String?, _ now: Instant) -> ProviderKeySet? {
    issuer.pinned ?? keyCache.knownKeys(of: issuer.trust.issuer, holding: keyID, now: now)
  }

  private func keys(
    _ issuer: Issuer,
    holding keyID: String?,
    _ now: Instant
  ) async throws(VerificationFailure) -> ProviderKeySet {
    do {
      return try await keyCache.keys(of: issuer.trust.issuer, holding: keyID, now: now)
    } catch {
      throw .keysUnavailable(error)
    }
  }

  private func verifiedToken(
    _ read: ReadJWS,
    _ claims: LazyJSONObject,
    _ trust: TrustedIssuer,
    _ now: Instant
  ) throws(VerificationFailure) -> VerifiedToken {
    let aws = try LazyAWSClaims(claims)
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
        claims: claims,
        awsClaims: aws
      )
    } catch {
      throw VerificationFailure(error)
    }
  }

  private func checkTimes(
    _ claims: LazyJSONObject,
    _ now: Instant
  ) throws(JWTVerificationError) -> (exp: Instant, iat: Instant) {
    let earliest = Instant(milliseconds: now.milliseconds - times.skewMilliseconds)
    let latest = Instant(milliseconds: now.milliseconds + times.skewMilliseconds)
    guard let expiration = try claims.numericDate("exp") else { throw .claimMissing("exp") }
    guard let issuedAt = try claims.numericDate("iat") else { throw .claimMissing("iat") }
    guard earliest < expiration else { throw .expired(expiration) }
    if let notBefore = try claims.numericDate("nbf"), notBefore > latest { throw .notYetValid(notBefore) }
    guard issuedAt <= latest else { throw .issuedInTheFuture(issuedAt) }
    guard issuedAt.advanced(bySeconds: times.lifetimeSeconds) >= expiration else {
      throw .lifetimeTooLong(limit: times.lifetimeSeconds)
    }
    return (expiration, issuedAt)
  }

  private func use(_ token: VerifiedToken, _ now: Instant) throws(VerificationFailure) {
    guard let replays else { return }
    guard let tokenID = token.tokenID else { throw .claimMissing("jti") }
    let end = Instant(seconds: token.expiration + 1 + times.skewSeconds + 1)
    switch replays.use(issuer: token.issuer, tokenID: tokenID, until: end, now: now) {
    case .first: return
    case .again: throw .replayed
    case .full: throw .replayCacheFull
    }
  }
}
