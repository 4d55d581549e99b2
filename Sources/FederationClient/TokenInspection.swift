// SPDX-License-Identifier: Apache-2.0
//
// Verifies a JWT as a relying party that has nothing but the token and what it expects: finds the issuer's keys by
// discovery, then checks signature, time and audience. Keys come from the issuer alone: `jwk`, `jku`, `x5u` and `x5c`
// in a header are not looked at. One token, at most three fetches; nothing is cached and nothing fetched again.
// Source: OpenID Connect Discovery 1.0 §4; RFC 7519 §7.2; RFC 8725 §3; draft-ietf-oauth-status-list §8.3.

package import IdentityModel
import RelyingParty
import StrictJSON
package import TokenFormats

/// Verifies tokens of issuers that are found by discovery.
package struct TokenInspection: Sendable {
  private let fetcher: IssuerFetcher
  private let inflate: StatusListToken.Inflate

  /// Makes an inspection.
  ///
  /// - Parameters:
  ///   - http: the way to the issuer.
  ///   - policy: which addresses an issuer may have.
  ///   - resolver: how hosts are resolved.
  ///   - inflate: decompresses status lists; without it no status can be told, and a token that names a list is refused.
  package init(
    http: FederationHTTPClient,
    policy: IssuerPolicy,
    resolver: HostResolver = .system,
    inflate: @escaping StatusListToken.Inflate = { _, _ in nil }
  ) {
    self.inflate = inflate
    self.fetcher = IssuerFetcher(http: http, resolver: resolver, policy: policy)
  }

  /// Makes every check, in order, up to the first that fails.
  ///
  /// - Parameters:
  ///   - token: a JWS in compact form.
  ///   - expectedIssuer: the only issuer to accept; `nil` accepts the one that the token names.
  ///   - expectedAudience: the audience that must be in `aud`; `nil` leaves that check out.
  ///   - log: the log that must have promised the token; `nil` leaves that check out.
  ///   - now: the time of the check.
  ///   - leewaySeconds: how far clocks may differ.
  /// - Returns: the report. Whatever goes wrong is a check that failed.
  package func verifyToken(
    _ token: String,
    expectedIssuer: String?,
    expectedAudience: String?,
    log: PromisingLog? = nil,
    now: Instant,
    leewaySeconds: Int64 = 60
  ) async -> VerificationReport {
    var run = Run(token: token)
    do throws(Stop) {
      // 1. parse
      let issuer = try run.parse()
      // 2. issuer
      let url = try run.checkIssuer(issuer, expected: expectedIssuer)
      // 3. discovery
      let jwksURI = try await run.discover(issuer, url, fetcher)
      // 4. jwks
      let keys = try await run.fetchKeys(jwksURI, fetcher)
      // 5. key; 6. signature; 7. claims; 8. expiration; 9. notBefore
      let expectations = JWTExpectations(
        issuer: issuer,
        audience: nil,
        now: now,
        leewaySeconds: leewaySeconds
      )
      let verified = try run.verify(keys, expectations)
      // 10. audience
      try run.checkAudience(expectedAudience, verified, keys, expectations)
      // 11. status
      try await run.checkStatus(verified, keys, expectations, fetcher, inflate)
      // 12. transparency
      try run.checkPromise(of: log, verified, expectations)
      // 13. inclusion: whoever has a proof goes on
      run.leaveOut(.inclusion, "no proof was demanded")
    } catch {
      run.stop(at: error)
    }
    return run.report
  }
}

/// The check that ended a run, and why.
private struct Stop: Error {
  let check: VerificationReport.Check
  let reason: String
}

/// One token on its way through the checks.
private struct Run {
  let token: String
  private var entries: [VerificationReport.Entry] = []
  private var header: JSONObject?
  private var claims: JSONObject?
  private var promised: PromisedToken?

  init(token: String) {
    self.token = token
  }

  var report: VerificationReport {
    VerificationReport(entries: entries, header: header, claims: claims, promised: promised)
  }

  /// Reads header and claims, of which nothing is trusted yet, and returns `iss`.
  mutating func parse() throws(Stop) -> String {
    let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    if parts.count == 3, token.utf8.count <= JWS.maximumBytes {
      header = object(parts[0])
      claims = object(parts[1])
    }
    // Against an empty set, a token that is well-formed fails for want of a key and for no other reason.
    guard let noKeys = JWKSet(publicKeys: []) else { throw Stop(check: .parse, reason: "no empty key set") }
    do throws(JWTVerificationError) {
      _ = try JWS.verify(token, keys: noKeys)
    } catch .keyUnknown {
    } catch .notCompact where (header?["alg"]?.string ?? "").utf8.elementsEqual("none".utf8) {
      // RFC 7519 §6: an unsecured JWT has an empty signature; say that rather than that a part is missing.
      throw Stop(check: .parse, reason: reason(.algorithmNotAllowed("none")))
    } catch {
      throw Stop(check: .parse, reason: reason(error))
    }
    guard let claims else { throw Stop(check: .parse, reason: "the payload is not a JSON object") }
    guard let issuer = claims["iss"]?.string else {
      throw Stop(check: .parse, reason: "there is no `iss`, or it is not a string")
    }
    let algorithm = header?["alg"]?.string ?? "", keyID = header?["kid"]?.string ?? ""
    pass(.parse, "a signed JWT, alg \(algorithm), kid `\(keyID)`")
    return issuer
  }

  /// OpenID Connect Discovery 1.0 §3: a URL without query or fragment.
  mutating func checkIssuer(_ issuer: String, expected: String?) throws(Stop) -> HTTPURL {
    if let expected, !issuer.utf8.elementsEqual(expected.utf8) {
      throw Stop(check: .issuer, reason: "the issuer is `\(issuer)`, expected `\(expected)`")
    }
    let url: HTTPURL
    do throws(HTTPURLError) {
      url = try HTTPURL(issuer)
    } catch {
      throw Stop(check: .issuer, reason: "`\(issuer)` is no acceptable URL: \(reason(error))")
    }
    guard url.query == nil else {
      throw Stop(check: .issuer, reason: "`\(issuer)` is no acceptable URL: it has a query")
    }
    pass(.issuer, issuer)
    return url
  }

  /// OpenID Connect Discovery 1.0 §4.1, §4.3: fetches the document and compares `issuer`; returns `jwks_uri`.
  mutating func discover(
    _ issuer: String,
    _ url: HTTPURL,
    _ fetcher: IssuerFetcher
  ) async throws(Stop) -> String {
    let address = discoveryAddress(of: url)
    let body = try await fetch(address, fetcher, for: .discovery)
    let document: DiscoveryDocument
    do throws(DiscoveryDocumentError) {
      document = try DiscoveryDocument(json: body)
    } catch {
      throw Stop(check: .discovery, reason: "`\(address)` is no discovery document: \(reason(error))")
    }
    guard document.issuer.utf8.elementsEqual(issuer.utf8) else {
      throw Stop(
        check: .discovery,
        reason: "the document names the issuer `\(document.issuer)`, the token `\(issuer)`"
      )
    }
    pass(.discovery, address)
    return document.jwksURI
  }

  mutating func fetchKeys(_ jwksURI: String, _ fetcher: IssuerFetcher) async throws(Stop) -> JWKSet {
    let body = try await fetch(jwksURI, fetcher, for: .jwks)
    do throws(JWKSetError) {
      let keys = try JWKSet(json: body)
      pass(.jwks, "\(jwksURI): \(keys.keys.count) usable, \(keys.ignored.count) other")
      return keys
    } catch {
      throw Stop(check: .jwks, reason: "`\(jwksURI)` is no JWK set: \(reason(error))")
    }
  }

  mutating func verify(_ keys: JWKSet, _ expectations: JWTExpectations) throws(Stop)
    -> TokenFormats.VerifiedToken
  {
    do throws(JWTVerificationError) {
      let verified = try JWTVerifier().verify(token, keys: keys, expectations: expectations)
      passUpTo(.audience)
      return verified
    } catch {
      let failed = check(of: error)
      passUpTo(failed)
      throw Stop(check: failed, reason: reason(error))
    }
  }

  mutating func checkAudience(
    _ audience: String?,
    _ verified: TokenFormats.VerifiedToken,
    _ keys: JWKSet,
    _ expectations: JWTExpectations
  ) throws(Stop) {
    guard let audience else {
      leaveOut(.audience, "no audience was expected")
      return
    }
    var expectations = expectations
    expectations.audience = audience
    do throws(JWTVerificationError) {
      _ = try JWTVerifier().verify(token, keys: keys, expectations: expectations)
      pass(.audience, "`\(audience)` is in `aud`")
    } catch {
      throw Stop(check: .audience, reason: "the audience `\(audience)` was expected; \(reason(error))")
    }
  }

  /// draft-ietf-oauth-status-list §8.3: the list that the token names, signed by a key of the same issuer.
  ///
  /// SECURITY: the token is verified before anything that it names is fetched, and what is fetched is judged as the
  /// issuer's own documents are. A status that cannot be told is none that is good.
  mutating func checkStatus(
    _ verified: TokenFormats.VerifiedToken,
    _ keys: JWKSet,
    _ expectations: JWTExpectations,
    _ fetcher: IssuerFetcher,
    _ inflate: StatusListToken.Inflate
  ) async throws(Stop) {
    let reference: StatusListReference?
    do throws(StatusListError) {
      reference = try StatusListReference(verified.claims)
    } catch {
      throw Stop(check: .status, reason: "the `status` of the token cannot be read: \(reason(error))")
    }
    guard let reference else {
      leaveOut(.status, "the token names no status list")
      return
    }
    let body = try await fetch(reference.uri, fetcher, for: .status, accept: StatusListToken.contentType)
    let list: StatusListToken, status: UInt8
    do throws(StatusListError) {
      list = try StatusListToken.read(
        String(decoding: body, as: UTF8.self),
        uri: reference.uri,
        keys: keys,
        now: expectations.now,
        leewaySeconds: expectations.leewaySeconds,
        inflate: inflate
      )
      status = try list.status(of: reference)
    } catch {
      throw Stop(check: .status, reason: "`\(reference.uri)` says nothing: \(reason(error))")
    }
    switch status {
    case StatusList.valid: pass(.status, "valid as of \(list.issuedAt.rfc3339)")
    case StatusList.invalid: throw Stop(check: .status, reason: "the token was revoked")
    case StatusList.suspended: throw Stop(check: .status, reason: "the token is suspended")
    default: throw Stop(check: .status, reason: "the status of the token is \(status), which is not known")
    }
  }

  /// docs/decisions/0018: the promise in the header is the log's, for this token.
  ///
  /// SECURITY: the log's key comes from the caller; nothing that the token or its issuer names is asked for one.
  mutating func checkPromise(
    of log: PromisingLog?,
    _ verified: TokenFormats.VerifiedToken,
    _ expectations: JWTExpectations
  ) throws(Stop) {
    guard let log else {
      leaveOut(.transparency, "no promise was demanded")
      return
    }
    guard let text = verified.header[TransparencyPromise.headerMember]?.string else {
      throw Stop(
        check: .transparency,
        reason: "the header holds no promise (`tlog`) that the token is in a log"
      )
    }
    guard let described = PromisedToken(token, verified: verified) else {
      throw Stop(check: .transparency, reason: "the `kid` cannot stand in a promise")
    }
    do throws(TransparencyPromiseError) {
      let promise = try TransparencyPromise(parsing: text)
      try promise.verify(
        described,
        log: log,
        now: expectations.now,
        leewaySeconds: expectations.leewaySeconds
      )
      promised = described
      pass(.transparency, "promised at \(promise.time.rfc3339Milliseconds)")
    } catch {
      throw Stop(check: .transparency, reason: reason(error))
    }
  }

  /// Records that a check was not asked for.
  mutating func leaveOut(_ check: VerificationReport.Check, _ why: String) {
    entries.append(.init(check: check, outcome: .notReached(why)))
  }

  /// Records `stop` and that nothing after it was looked at.
  mutating func stop(at stop: Stop) {
    entries.append(.init(check: stop.check, outcome: .failed(stop.reason)))
    for check in VerificationReport.Check.allCases.dropFirst(entries.count) {
      entries.append(.init(check: check, outcome: .notReached("`\(stop.check.rawValue)` failed")))
    }
  }

  private mutating func pass(_ check: VerificationReport.Check, _ detail: String) {
    entries.append(.init(check: check, outcome: .passed(detail)))
  }

  /// The checks from `key` on are made by one call, in this order: those before `end` held.
  private mutating func passUpTo(_ end: VerificationReport.Check) {
    let checks = VerificationReport.Check.allCases.dropFirst(entries.count)
    for check in checks.prefix(while: { $0 != end }) {
      pass(check, detail(check, claims: claims))
    }
  }

  private func fetch(
    _ address: String,
    _ fetcher: IssuerFetcher,
    for check: VerificationReport.Check,
    accept: String = "application/json"
  ) async throws(Stop) -> [UInt8] {
    let url: HTTPURL
    do throws(HTTPURLError) {
      url = try HTTPURL(address)
    } catch {
      throw Stop(check: check, reason: "`\(address)` is no acceptable URL: \(reason(error))")
    }
    do throws(IssuerFetchError) {
      return try await fetcher.fetch(url, accept: accept).body
    } catch {
      throw Stop(check: check, reason: "`\(address)`: \(reason(error))")
    }
  }

  private func object(_ part: Substring.UTF8View) -> JSONObject? {
    guard let bytes = Base64URL.decode(utf8: part) else { return nil }
    return (try? JSONReader.read(bytes, maximumBytes: JWS.maximumBytes))?.object
  }
}
