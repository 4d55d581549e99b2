// SPDX-License-Identifier: Apache-2.0
//
// The verifier of tokens: the one place where the checks are ordered. Nothing in a token chooses whom to trust, which
// key, or where to connect: the issuer must be on the list before anything is fetched, the algorithm is the list's and
// the key's, and `jwk`, `jku`, `x5u` and `x5c` are not looked at. Source: RFC 7519 §7.2; RFC 7515 §5.2; RFC 8725 §3.

import IdentityModel
import TokenFormats

/// Verifies tokens of trusted issuers.
///
/// Make one and keep it: it remembers the keys of the issuers.
public struct TokenVerifier: Sendable {
  private final class Issuer: Sendable {
    let name: ByteName
    let trust: TrustedIssuer
    let algorithms: AlgorithmSet
    let pinned: ProviderKeySet?

    init(_ trust: TrustedIssuer, _ pinned: ProviderKeySet?) {
      name = ByteName(text: trust.issuer)
      self.trust = trust
      algorithms = AlgorithmSet(trust.algorithms)
      self.pinned = pinned
    }
  }

  private let maximumTokenBytes: Int
  private let limits: RegisteredClaims.Limits
  private let clock: VerifierClock
  private let issuers: [ByteName: Issuer]
  /// The same, when they are so few that looking at each is quicker.
  private let fewIssuers: [Issuer]
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
    limits = RegisteredClaims.Limits(
      skewMilliseconds: settings.skew.wholeMilliseconds,
      skewSeconds: settings.skew.wholeSeconds,
      lifetimeSeconds: settings.maximumLifetime.wholeSeconds
    )
    self.clock = clock
    self.issuers = issuers
    fewIssuers = issuers.count <= 8 ? Array(issuers.values) : []
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
    try await verify(token) { _ in }
  }

  /// As `verify(_:)`, and calls `held` for each step that held; of what is thrown, the step is the next one.
  package func verify(
    _ token: String,
    observing held: (VerificationStep) -> Void
  ) async throws(VerificationFailure) -> VerifiedToken {
    let now = Instant(milliseconds: clock.now().wholeMilliseconds)
    // 1. form, header, and claims that can be read
    let read = try ReadToken(token, maximumBytes: maximumTokenBytes, headers: headers)
    held(.form)
    // 2. issuer
    guard let issuer = issuer(of: read) else { throw .issuerNotTrusted(read.issuer) }
    held(.issuer)
    // 3. what the issuer is trusted with: what it is not makes nobody look for its keys
    try read.jws.header.require(issuer.trust.type)
    try read.jws.requireAlgorithm(issuer.algorithms)
    held(.header)
    // 4. keys
    let keys: ProviderKeySet
    if let known = knownKeys(issuer, holding: read.jws.keyID, now) {
      keys = known
    } else {
      keys = try await self.keys(issuer, holding: read.jws.keyID, now)
    }
    held(.keys(keys))
    // 5. key and signature
    let key = try keys.key(named: read.jws.keyID, for: read.jws.algorithm)
    held(.key)
    try read.jws.verify(key, remembering: headers)
    held(.signature)
    // 6. claims, audience, times
    let verified = try verifiedToken(read, issuer.trust, now, observing: held)
    // 7. what else is demanded
    for requirement in issuer.trust.requirements where !requirement.isMet(by: verified) {
      throw .requirementNotMet(requirement.description)
    }
    held(.requirements)
    // 8. status
    var statusTime: Instant?
    if read.plain?.hasStatus ?? true, let reference = try StatusChecker.reference(read.claims) {
      statusTime = try await statuses.check(
        reference,
        of: issuer.trust,
        keys,
        now,
        leewaySeconds: limits.skewSeconds
      )
    }
    held(.status(asOf: statusTime))
    // 9. replay: last, so that a token that is refused for something else is not used up
    try use(verified, now)
    held(.use)
    return verified
  }
}

// MARK: - The steps

extension TokenVerifier {
  /// The trusted issuer whose name is the `iss`, byte for byte.
  private func issuer(of token: ReadToken) -> Issuer? {
    guard let plain = token.plain, !fewIssuers.isEmpty else {
      return issuers[ByteName(text: token.issuer)]
    }
    return fewIssuers.first { plain.isIssuer($0.trust.issuer) }
  }

  /// The keys that are at hand, which nobody has to wait for.
  private func knownKeys(_ issuer: Issuer, holding keyID: String?, _ now: Instant) -> ProviderKeySet? {
    issuer.pinned ?? keyCache.knownKeys(of: issuer.name, holding: keyID, now: now)
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
    _ read: ReadToken,
    _ trust: TrustedIssuer,
    _ now: Instant,
    observing held: (VerificationStep) -> Void
  ) throws(VerificationFailure) -> VerifiedToken {
    let claims = try RegisteredClaims(read)
    held(.claims)
    let audience = try claims.audience(expectedBy: trust)
    held(.audience)
    try claims.checkExpiration(now, limits)
    held(.expiration)
    try claims.checkBeginning(now, limits)
    held(.notBefore)
    return VerifiedToken(
      issuer: trust.issuer,
      audience: audience,
      expiration: claims.expiration.seconds,
      issuedAt: claims.issuedAt.seconds,
      header: read.jws.header,
      claims: read.claims,
      awsClaims: claims.aws
    )
  }

  private func use(_ token: VerifiedToken, _ now: Instant) throws(VerificationFailure) {
    guard let replays else { return }
    guard let tokenID = token.tokenID else { throw .claimMissing("jti") }
    let end = Instant(seconds: token.expiration + 1 + limits.skewSeconds + 1)
    switch replays.use(issuer: token.issuer, tokenID: tokenID, until: end, now: now) {
    case .first: return
    case .again: throw .replayed
    case .full: throw .replayCacheFull
    }
  }
}
