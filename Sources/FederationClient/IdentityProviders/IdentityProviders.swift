// SPDX-License-Identifier: Apache-2.0
//
// The keys of identity providers, remembered: when to look again, what to do while an issuer does not answer, and how
// little a stranger who invents key ids can make us do. Knows no clock: whoever asks brings the time. Refuses to know
// tokens and who may register an issuer. Source: RFC 9111 §4.2, §5.2.2; OpenID Connect Core 1.0 §10.1.1.

package import IdentityModel
package import TokenFormats

/// Looks up the keys of identity providers.
package actor IdentityProviders {
  /// How long keys are used before they are fetched again: what their `Cache-Control` says, within these bounds.
  ///
  /// Unit: seconds.
  package static let freshSeconds: ClosedRange<Int64> = 60...3600
  /// How long keys are used when their answer does not say.
  ///
  /// Unit: seconds.
  package static let defaultFreshSeconds: Int64 = 300
  /// How much longer keys are used while their issuer does not answer.
  ///
  /// A key that its issuer removed is thus accepted for two hours at most. Unit: seconds.
  package static let staleSeconds: Int64 = 3600
  /// How long an issuer that could not be asked is left alone.
  ///
  /// Unit: seconds.
  package static let failureSeconds: Int64 = 30
  /// How often keys that are still good are fetched for the sake of a key id that is not among them: once in this time.
  ///
  /// Unit: seconds.
  package static let unknownKeySeconds: Int64 = 300
  /// The most issuers that are remembered; the one that was not asked for longest makes room.
  package static let maximumIssuers = 1000

  private struct Keys {
    let set: ProviderKeySet
    let freshUntil: Instant
    let staleUntil: Instant
  }

  private struct Entry {
    var keys: Keys?
    var failure: (error: IdentityProviderFetchError, until: Instant)?
    var nextUnknownKeyFetch: Instant?
    var lastAsked: Instant
    var isFetching = false
    /// Those who get what comes of the fetch that is under way.
    var waiting: [CheckedContinuation<Entry, Never>] = []
  }

  private let documents: IdentityProviderDocuments
  /// By the UTF-8 bytes of the issuer.
  private var entries: [[UInt8]: Entry] = [:]

  /// Remembers nothing yet.
  ///
  /// - Parameters:
  ///   - policy: which addresses an issuer may have.
  ///   - trustRoots: which certification authorities to trust.
  ///   - resolver: how hosts are resolved.
  package init(policy: IssuerPolicy, trustRoots: TrustRoots, resolver: HostResolver = .system) {
    documents = IdentityProviderDocuments(policy: policy, trustRoots: trustRoots, resolver: resolver)
  }

  /// The keys of `issuer`, among which that of `keyID` if the issuer has one and may be asked again.
  ///
  /// - Parameters:
  ///   - issuer: the URL of a registered provider.
  ///   - keyID: the `kid` that is wanted; `nil` when a token names none.
  ///   - now: the time.
  /// - Returns: the keys, those of `keyID` not necessarily among them.
  /// - Throws: `IdentityProviderFetchError` when there are no keys that may be used.
  package func keys(
    of issuer: String,
    holding keyID: String?,
    now: Instant
  ) async throws(IdentityProviderFetchError) -> ProviderKeySet {
    let name = Array(issuer.utf8)
    var entry = remember(name, now)
    if let keys = entry.keys, now < keys.freshUntil {
      if keyID.map({ keys.set.holds(keyID: $0) }) ?? true { return keys.set }
      if !entry.isFetching {
        if let next = entry.nextUnknownKeyFetch, now < next { return keys.set }
        entry.nextUnknownKeyFetch = now.advanced(bySeconds: Self.unknownKeySeconds)
      }
    } else if let failure = entry.failure, now < failure.until {
      return try usable(entry, now)
    }
    // One fetch serves all who come while it lasts, whatever comes of it.
    guard !entry.isFetching else {
      let ended = await withCheckedContinuation {
        entries[name]?.waiting.append($0) ?? $0.resume(returning: entry)
      }
      return try usable(ended, now)
    }
    entry.isFetching = true
    entries[name] = entry
    let fetched: Result<FetchedKeys, IdentityProviderFetchError>
    do {
      fetched = .success(try await documents.keys(of: issuer))
    } catch {
      fetched = .failure(error)
    }
    return try usable(end(name, fetched, now), now)
  }

  /// The entry of `name`, made when there is none, marked as asked for.
  private func remember(_ name: [UInt8], _ now: Instant) -> Entry {
    if entries[name] == nil, entries.count >= Self.maximumIssuers {
      let idle = entries.filter { !$0.value.isFetching && $0.value.waiting.isEmpty }
      if let oldest = idle.min(by: { $0.value.lastAsked < $1.value.lastAsked }) {
        entries[oldest.key] = nil
      }
    }
    var entry = entries[name] ?? Entry(lastAsked: now)
    entry.lastAsked = now
    entries[name] = entry
    return entry
  }

  /// Keeps what came of a fetch and wakes those who waited for it.
  private func end(
    _ name: [UInt8],
    _ fetched: Result<FetchedKeys, IdentityProviderFetchError>,
    _ now: Instant
  ) -> Entry {
    // INVARIANT: an entry that is being fetched for is never forgotten.
    var entry = entries[name] ?? Entry(lastAsked: now)
    let waiting = entry.waiting
    entry.waiting = []
    entry.isFetching = false
    switch fetched {
    case .success(let fetched):
      let asked = fetched.maximumAgeSeconds ?? Self.defaultFreshSeconds
      let seconds = min(max(asked, Self.freshSeconds.lowerBound), Self.freshSeconds.upperBound)
      let freshUntil = now.advanced(bySeconds: seconds)
      entry.keys = Keys(
        set: fetched.keys,
        freshUntil: freshUntil,
        staleUntil: freshUntil.advanced(bySeconds: Self.staleSeconds)
      )
      entry.failure = nil
    case .failure(let error):
      // Requests run to their end also when their client hangs up, so that nobody can make an issuer look unreachable.
      entry.failure = (error, now.advanced(bySeconds: Self.failureSeconds))
    }
    entries[name] = entry
    for continuation in waiting { continuation.resume(returning: entry) }
    return entry
  }

  /// The keys that may be used at `now`, fresh or stale.
  private func usable(_ entry: Entry, _ now: Instant) throws(IdentityProviderFetchError) -> ProviderKeySet {
    if let keys = entry.keys {
      // Keys stay in use only while their issuer does not answer; one that answers something else has changed its mind.
      let isBridged = entry.failure.map { $0.error.isTransient } ?? true
      if now < keys.freshUntil || isBridged && now < keys.staleUntil { return keys.set }
    }
    throw entry.failure?.error ?? .notFetched(.discovery, .http(.connectionLost))
  }
}
