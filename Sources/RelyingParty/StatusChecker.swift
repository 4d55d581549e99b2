// SPDX-License-Identifier: Apache-2.0
//
// The status of a token: the list that its `status` claim names, fetched, verified with the keys of the token's issuer,
// and kept for as long as it says, within bounds. Source: draft-ietf-oauth-status-list §6, §8.3.

import IdentityModel
import StrictJSON
import Synchronization
import TokenFormats

/// Finds out whether tokens were revoked.
final class StatusChecker: Sendable {
  /// How long a list is used: what its `ttl` says, within these bounds.
  private static let keptSeconds: ClosedRange<Int64> = 10...3600
  private static let keptByDefaultSeconds: Int64 = 300
  /// How long a list that could not be had is not asked for again.
  private static let failureSeconds: Int64 = 10
  private static let maximumLists = 64

  private struct Entry {
    var outcome: Result<StatusListToken, VerificationFailure>
    var until: Instant
  }

  private let fetcher: any DocumentFetcher
  /// By the UTF-8 bytes of the issuer and of the list's URI.
  private let lists = Mutex<[[UInt8]: Entry]>([:])

  init(fetcher: any DocumentFetcher) {
    self.fetcher = fetcher
  }

  /// Checks the status that `claims`, those of a token of `issuer`, name; nothing when they name none.
  ///
  /// - Throws: `revoked`, `statusUnavailable`, or `claimMalformed`.
  func check(
    _ claims: any JSONMembers & Sendable,
    of issuer: TrustedIssuer,
    _ keys: ProviderKeySet,
    _ now: Instant,
    leewaySeconds: Int64
  ) async throws(VerificationFailure) {
    let reference: StatusListReference
    do {
      guard let named = try StatusListReference(claims) else { return }
      reference = named
    } catch {
      throw .claimMalformed("status")
    }
    let list = try await list(reference.uri, issuer, keys, now, leewaySeconds)
    // Whatever is not plainly valid is not: revoked, suspended, and what an application made up.
    guard let status = try? list.status(of: reference) else {
      throw .statusUnavailable("the list has no place \(reference.index)")
    }
    guard status == StatusList.valid else { throw .revoked }
  }

  private func list(
    _ uri: String,
    _ issuer: TrustedIssuer,
    _ keys: ProviderKeySet,
    _ now: Instant,
    _ leewaySeconds: Int64
  ) async throws(VerificationFailure) -> StatusListToken {
    // The length of the issuer keeps the two texts apart.
    let name = Array("\(issuer.issuer.utf8.count):".utf8) + issuer.issuer.utf8 + uri.utf8
    if let kept = lists.withLock({ $0[name] }), now < kept.until { return try kept.outcome.get() }
    let outcome: Result<StatusListToken, VerificationFailure>
    do throws(VerificationFailure) {
      outcome = .success(try await fetch(uri, issuer, keys, now, leewaySeconds))
    } catch {
      outcome = .failure(error)
    }
    let until = Self.end(of: outcome, now)
    lists.withLock { lists in
      if lists.count >= Self.maximumLists { lists = lists.filter { now < $0.value.until } }
      if lists.count >= Self.maximumLists { lists.removeAll() }
      lists[name] = Entry(outcome: outcome, until: until)
    }
    return try outcome.get()
  }

  private func fetch(
    _ uri: String,
    _ issuer: TrustedIssuer,
    _ keys: ProviderKeySet,
    _ now: Instant,
    _ leewaySeconds: Int64
  ) async throws(VerificationFailure) -> StatusListToken {
    let document: FetchedDocument
    do {
      document = try await fetcher.fetch(uri, accept: StatusListToken.contentType)
    } catch {
      throw .statusUnavailable(error.description)
    }
    let claims: JSONObject
    let read: ReadJWS
    do throws(VerificationFailure) {
      let text = String(decoding: document.body, as: UTF8.self)
      read = try ReadJWS(text, maximumBytes: StatusListToken.maximumBytes)
      try read.verify(keys, issuer.algorithms)
      do {
        claims = try JWS.object(read.jws.payload, part: .payload, maximumBytes: StatusListToken.maximumBytes)
      } catch {
        throw VerificationFailure(error)
      }
    } catch {
      throw .statusUnavailable("the list: \(error.description)")
    }
    do {
      return try StatusListToken.read(
        header: read.jws.header,
        claims: claims,
        uri: uri,
        now: now,
        leewaySeconds: leewaySeconds,
        inflate: { Inflate.zlib($0, maximumBytes: $1) }
      )
    } catch {
      throw .statusUnavailable("the list is not one that may be used now")
    }
  }

  /// §8.3: a list is used up to its `ttl`, and never beyond its `exp`.
  private static func end(of outcome: Result<StatusListToken, VerificationFailure>, _ now: Instant) -> Instant
  {
    guard case .success(let list) = outcome else { return now.advanced(bySeconds: failureSeconds) }
    let seconds = list.timeToLiveSeconds ?? keptByDefaultSeconds
    let end = now.advanced(bySeconds: min(max(seconds, keptSeconds.lowerBound), keptSeconds.upperBound))
    return list.expiration.map { min($0, end) } ?? end
  }
}
