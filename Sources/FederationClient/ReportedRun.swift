// SPDX-License-Identifier: Apache-2.0
//
// The steps of one verification as checks of a report, and the demand that the library does not know: a log's promise.
// Decides nothing of the token itself; its words are for people, values in backticks, and whoever prints them removes
// control characters. Source: docs/decisions/0018-token-transparency.md.

import IdentityModel
import RelyingParty
import StrictJSON
import TokenFormats

/// One token on its way through the checks.
struct ReportedRun {
  private let unverified: UnverifiedToken
  private let expectedIssuer: String?
  private let expectedAudience: String?
  private var entries: [VerificationReport.Entry] = []
  private var promised: PromisedToken?

  init(_ unverified: UnverifiedToken, expectedIssuer: String?, expectedAudience: String?) {
    self.unverified = unverified
    self.expectedIssuer = expectedIssuer
    self.expectedAudience = expectedAudience
  }

  var report: VerificationReport {
    VerificationReport(
      entries: entries,
      header: unverified.header,
      claims: unverified.claims,
      promised: promised
    )
  }

  /// Records `steps`, for which `documents` were fetched.
  mutating func hold(_ steps: [VerificationStep], _ documents: [String]) {
    for step in steps { hold(step, documents) }
    // The second document is asked for when the first one is what it should be.
    if entries.last?.check == .header, documents.count > 1 { pass(.discovery, documents[0]) }
  }

  /// Records `step`, after which those before it are recorded.
  mutating func hold(_ step: VerificationStep, _ documents: [String] = []) {
    switch step {
    case .form:
      let named = unverified.header?["kid"]?.string.map { "kid `\($0)`" } ?? "no kid"
      pass(.parse, "a signed JWT, alg \(unverified.header?["alg"]?.string ?? ""), \(named)")
    case .issuer: pass(.issuer, unverified.claims?["iss"]?.string ?? "")
    case .header: pass(.header, unverified.header?["typ"]?.string.map { "typ `\($0)`" } ?? "no typ")
    case .keys(let keys):
      pass(.discovery, documents.first ?? "")
      pass(.jwks, "\(documents.dropFirst().first ?? ""): \(describe(keys))")
    case .key:
      let kid =
        unverified.header?["kid"] == nil ? "the only key of the set" : "one key of the set has the `kid` and"
      pass(.key, "\(kid) signs with the `alg`")
    case .signature: pass(.signature, "made by that key")
    case .claims: pass(.claims, "sub `\(unverified.claims?["sub"]?.string ?? "")`")
    case .audience:
      if let expectedAudience {
        pass(.audience, "`\(expectedAudience)` is in `aud`")
      } else {
        leaveOut(.audience, "no audience was expected")
      }
    case .expiration: pass(.expiration, "expires \(time("exp"))")
    case .notBefore:
      let begins = unverified.claims?["nbf"] == nil ? "" : ", valid from \(time("nbf"))"
      pass(.notBefore, "issued \(time("iat"))\(begins)")
    case .status(let time?): pass(.status, "valid as of \(time.rfc3339)")
    case .status(nil): leaveOut(.status, "the token names no status list")
    // Nothing else is demanded, and a token may be looked at as often as one likes.
    case .requirements, .use: break
    }
  }

  /// Records that the check after the last one failed, and that nothing after it was looked at.
  mutating func fail(_ failure: VerificationFailure) {
    fail(
      reason(failure, expectedIssuer: expectedIssuer ?? "", expectedAudience: expectedAudience ?? "")
    )
  }

  /// The same, for a reason that is not the library's.
  mutating func fail(_ reason: String) {
    guard let failed = VerificationReport.Check.allCases.dropFirst(entries.count).first else { return }
    entries.append(.init(check: failed, outcome: .failed(reason)))
    for check in VerificationReport.Check.allCases.dropFirst(entries.count) {
      leaveOut(check, "`\(failed.rawValue)` failed")
    }
  }

  /// docs/decisions/0018: the promise in the header is the log's, for this token.
  ///
  /// SECURITY: the log's key comes from the caller; nothing that the token or its issuer names is asked for one.
  mutating func concludePromise(
    of log: PromisingLog?,
    _ token: String,
    _ verified: VerifiedToken,
    _ now: Instant,
    _ leewaySeconds: Int64
  ) {
    if let log {
      do throws(PromiseRefused) {
        let (described, promise) = try promise(in: token, verified)
        do throws(TransparencyPromiseError) {
          try promise.verify(described, log: log, now: now, leewaySeconds: leewaySeconds)
        } catch {
          throw PromiseRefused(reason: reason(error))
        }
        promised = described
        pass(.transparency, "promised at \(promise.time.rfc3339Milliseconds)")
      } catch {
        return fail(error.reason)
      }
    } else {
      leaveOut(.transparency, "no promise was demanded")
    }
    // Whoever has a proof goes on.
    leaveOut(.inclusion, "no proof was demanded")
  }

  private struct PromiseRefused: Error {
    let reason: String
  }

  private func promise(
    in token: String,
    _ verified: VerifiedToken
  ) throws(PromiseRefused) -> (PromisedToken, TransparencyPromise) {
    guard let text = verified[header: TransparencyPromise.headerMember]?.string else {
      throw PromiseRefused(reason: "the header holds no promise (`tlog`) that the token is in a log")
    }
    guard let keyID = verified.keyID, let algorithm = SigningAlgorithm(rawValue: verified.algorithm.rawValue),
      let described = PromisedToken(token, algorithm: algorithm, keyID: keyID)
    else { throw PromiseRefused(reason: "the `kid` is missing, or cannot stand in a promise") }
    do {
      return (described, try TransparencyPromise(parsing: text))
    } catch {
      throw PromiseRefused(reason: reason(error))
    }
  }

  private mutating func pass(_ check: VerificationReport.Check, _ detail: String) {
    entries.append(.init(check: check, outcome: .passed(detail)))
  }

  /// Records that a check was not asked for, or not reached.
  private mutating func leaveOut(_ check: VerificationReport.Check, _ why: String) {
    entries.append(.init(check: check, outcome: .notReached(why)))
  }

  private func time(_ name: String) -> String {
    (unverified.claims?[name]?.int64).map { Instant(seconds: $0).rfc3339 } ?? "present"
  }

  /// How many keys there are, and what is wrong with those that are broken.
  private func describe(_ keys: ProviderKeySet) -> String {
    let broken = keys.ignored.compactMap { index, reason in
      if case .malformed(let member) = reason { ", key \(index) is malformed in `\(member)`" } else { nil }
    }
    return "\(keys.keys.count) usable, \(keys.ignored.count) other\(broken.joined())"
  }
}
