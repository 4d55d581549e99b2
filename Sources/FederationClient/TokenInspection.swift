// SPDX-License-Identifier: Apache-2.0
//
// Looks at a JWT as a relying party that has nothing but the token and what it expects, and reports every step. The
// verifier is the library's, `RelyingParty`: it alone makes the checks and decides. Here is whom it trusts, which is the
// issuer that was expected or else the one that the token names, and what its steps are called. One token, at most three
// fetches; nothing is kept. Source: docs/decisions/0018-token-transparency.md for what a promise is.

package import IdentityModel
package import RelyingParty
import StrictJSON
import Synchronization
package import TokenFormats

/// Verifies tokens of issuers that are found by discovery.
package struct TokenInspection: Sendable {
  private let fetcher: IssuerFetcher

  /// Makes an inspection.
  ///
  /// - Parameters:
  ///   - http: the way to the issuer.
  ///   - policy: which addresses an issuer may have.
  ///   - resolver: how hosts are resolved.
  package init(http: FederationHTTPClient, policy: IssuerPolicy, resolver: HostResolver = .system) {
    fetcher = IssuerFetcher(http: http, resolver: resolver, policy: policy)
  }

  /// Makes every check, in order, up to the first that fails.
  ///
  /// The algorithms are RS256 and ES384, and a token may live for as long as it likes.
  ///
  /// - Parameters:
  ///   - token: a JWS in compact form.
  ///   - expectedIssuer: the only issuer to accept; `nil` accepts the one that the token names.
  ///   - expectedAudience: the audience that must be in `aud`; `nil` leaves that check out.
  ///   - log: the log that must have promised the token; `nil` leaves that check out.
  ///   - now: the time of the check.
  ///   - leewaySeconds: how far clocks may differ.
  /// - Returns: the report. Whatever is wrong with the token is a check that failed.
  /// - Throws: `VerifierConfigurationError` for an audience that is empty, and a leeway that is not 0 to a day.
  package func verifyToken(
    _ token: String,
    expectedIssuer: String?,
    expectedAudience: String?,
    log: PromisingLog? = nil,
    now: Instant,
    leewaySeconds: Int64 = 60
  ) async throws(VerifierConfigurationError) -> VerificationReport {
    let unverified = UnverifiedToken(token)
    var run = ReportedRun(unverified, expectedIssuer: expectedIssuer, expectedAudience: expectedAudience)
    let named: String
    do throws(VerificationFailure) {
      named = try unverified.issuer.get()
    } catch {
      run.fail(error)
      return run.report
    }
    if let reason = whyNotAsked(expectedIssuer ?? named) {
      run.hold(.form)
      run.fail(reason)
      return run.report
    }
    let documents = AskedDocuments(fetcher)
    var trust = TrustedIssuer(
      expectedIssuer ?? named,
      audiences: expectedAudience.map { [$0] } ?? [],
      algorithms: [.es384, .rs256]
    )
    trust.acceptsAnyAudience = expectedAudience == nil
    var settings = VerifierSettings()
    settings.skew = .seconds(leewaySeconds)
    // A token of a federation config lives for up to 12 hours, those of others for longer.
    settings.maximumLifetime = .seconds(Int64.max)
    let verifier = try TokenVerifier(
      trusting: [trust],
      fetcher: documents,
      settings: settings,
      clock: VerifierClock { .milliseconds(now.milliseconds) }
    )
    var held: [VerificationStep] = []
    do throws(VerificationFailure) {
      let verified = try await verifier.verify(token) { held.append($0) }
      run.hold(held, documents.addresses)
      run.concludePromise(of: log, token, verified, now, leewaySeconds)
    } catch {
      run.hold(held, documents.addresses)
      run.fail(error)
    }
    return run.report
  }

  /// OpenID Connect Discovery 1.0 §3: a URL without query or fragment; why `issuer` is none.
  private func whyNotAsked(_ issuer: String) -> String? {
    do throws(HTTPURLError) {
      return try HTTPURL(issuer).query == nil ? nil : "`\(issuer)` is no acceptable URL: it has a query"
    } catch {
      return "`\(issuer)` is no acceptable URL: \(reason(error))"
    }
  }
}

/// Fetches, and keeps what was asked for: discovery, the JWK set, the status list, in this order.
private final class AskedDocuments: DocumentFetcher {
  private let fetcher: IssuerFetcher
  private let asked = Mutex<[String]>([])

  init(_ fetcher: IssuerFetcher) {
    self.fetcher = fetcher
  }

  var addresses: [String] { asked.withLock { $0 } }

  func fetch(_ url: String, accept: String) async throws(DocumentFetchError) -> FetchedDocument {
    asked.withLock { $0.append(url) }
    return try await fetcher.fetch(url, accept: accept)
  }
}
