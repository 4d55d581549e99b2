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

  private typealias Outcome = Result<StatusListToken, VerificationFailure>

  private struct Entry: Sendable {
    var list: (token: StatusListToken, until: Instant)?
    var failure: (error: VerificationFailure, until: Instant)?
    /// The fetch that is under way, whose outcome all get who come while it lasts.
    var fetch: Task<Outcome, Never>?

    func isNeeded(_ now: Instant) -> Bool {
      fetch != nil || list.map { now < $0.until } ?? false || failure.map { now < $0.until } ?? false
    }
  }

  private enum Step {
    case conclude(Outcome)
    case wait(Task<Outcome, Never>)
  }

  private let fetcher: any DocumentFetcher
  /// By the UTF-8 bytes of the issuer and of the list's URI.
  private let lists = Mutex<[[UInt8]: Entry]>([:])

  init(fetcher: any DocumentFetcher) {
    self.fetcher = fetcher
  }

  /// Where the status of a token with `claims` stands; `nil` when they name no place.
  ///
  /// - Throws: `claimMalformed`.
  static func reference(_ claims: LazyJSONObject) throws(VerificationFailure) -> StatusListReference? {
    do {
      return try StatusListReference(claims)
    } catch {
      throw .claimMalformed("status")
    }
  }

  /// Checks the status at `reference`, that of a token of `issuer`; returns when the list was made that says it is valid.
  ///
  /// - Throws: `revoked`, `suspended`, `statusUnknown` or `statusUnavailable`.
  func check(
    _ reference: StatusListReference,
    of issuer: TrustedIssuer,
    _ keys: ProviderKeySet,
    _ now: Instant,
    leewaySeconds: Int64
  ) async throws(VerificationFailure) -> Instant {
    let list = try await list(reference.uri, issuer, keys, now, leewaySeconds)
    let status: UInt8
    do {
      status = try list.status(of: reference)
    } catch {
      throw .statusUnavailable("`\(reference.uri)`: \(reason(error))")
    }
    // Whatever is not plainly valid is not.
    switch status {
    case StatusList.valid: return list.issuedAt
    case StatusList.invalid: throw .revoked
    case StatusList.suspended: throw .suspended
    default: throw .statusUnknown(status)
    }
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
    let step = lists.withLock { lists in next(name, uri, issuer, keys, now, leewaySeconds, &lists) }
    switch step {
    case .conclude(let outcome): return try outcome.get()
    case .wait(let task): return try await task.value.get()
    }
  }

  /// Decides what to do for one who asks, and begins a fetch when that is it.
  private func next(
    _ name: [UInt8],
    _ uri: String,
    _ issuer: TrustedIssuer,
    _ keys: ProviderKeySet,
    _ now: Instant,
    _ leewaySeconds: Int64,
    _ lists: inout [[UInt8]: Entry]
  ) -> Step {
    var entry = lists[name] ?? Entry()
    if let list = entry.list, now < list.until { return .conclude(.success(list.token)) }
    if let failure = entry.failure, now < failure.until { return .conclude(.failure(failure.error)) }
    if let task = entry.fetch { return .wait(task) }
    if lists.count >= Self.maximumLists { lists = lists.filter { $0.value.isNeeded(now) } }
    if lists.count >= Self.maximumLists { lists = lists.filter { $0.value.fetch != nil } }
    // A task of its own: one who asks and goes away must not make the list look unreachable to the others.
    let task = Task {
      let outcome: Outcome
      do throws(VerificationFailure) {
        outcome = .success(try await self.fetch(uri, issuer, keys, now, leewaySeconds))
      } catch {
        outcome = .failure(error)
      }
      self.end(name, outcome, now, leewaySeconds)
      return outcome
    }
    entry.fetch = task
    lists[name] = entry
    return .wait(task)
  }

  /// Keeps what came of a fetch; a failure beside the last list, which is good for its time.
  private func end(_ name: [UInt8], _ outcome: Outcome, _ now: Instant, _ leewaySeconds: Int64) {
    lists.withLock { lists in
      // INVARIANT: an entry that is being fetched for is never forgotten.
      var entry = lists[name] ?? Entry()
      entry.fetch = nil
      switch outcome {
      case .success(let list):
        entry.list = (list, Self.end(of: list, now, leewaySeconds))
        entry.failure = nil
      case .failure(let error):
        entry.failure = (error, now.advanced(bySeconds: Self.failureSeconds))
      }
      lists[name] = entry
    }
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
      throw .statusUnavailable("`\(uri)`: \(error)")
    }
    let claims: JSONObject
    let read: ReadJWS
    do throws(VerificationFailure) {
      let text = String(decoding: document.body, as: UTF8.self)
      read = try ReadJWS(text, maximumBytes: StatusListToken.maximumBytes)
      try read.verify(keys, AlgorithmSet(issuer.algorithms))
      do {
        claims = try JWS.object(read.payload, part: .payload, maximumBytes: StatusListToken.maximumBytes)
      } catch {
        throw VerificationFailure(error)
      }
    } catch {
      throw .statusUnavailable("`\(uri)`: \(error)")
    }
    do {
      return try StatusListToken.read(
        header: read.header.members,
        claims: claims,
        uri: uri,
        now: now,
        leewaySeconds: leewaySeconds,
        inflate: { Inflate.zlib($0, maximumBytes: $1) }
      )
    } catch {
      throw .statusUnavailable("`\(uri)`: \(reason(error))")
    }
  }

  /// §8.3: a list is used up to its `ttl` and its `exp`; for the shortest time also where that has passed and the
  /// leeway has not, so that it is not fetched for every token.
  private static func end(of list: StatusListToken, _ now: Instant, _ leewaySeconds: Int64) -> Instant {
    let seconds = min(list.timeToLiveSeconds ?? keptByDefaultSeconds, keptSeconds.upperBound)
    let asked = now.advanced(bySeconds: seconds)
    let shortest = now.advanced(bySeconds: keptSeconds.lowerBound)
    guard let expiration = list.expiration else { return max(asked, shortest) }
    return min(max(min(asked, expiration), shortest), expiration.advanced(bySeconds: leewaySeconds))
  }
}
