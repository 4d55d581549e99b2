// SPDX-License-Identifier: Apache-2.0
//
// The keys of issuers, remembered: when to look again, what to do while an issuer does not answer, and how little a
// stranger who invents key ids can make us do. Knows no clock: whoever asks brings the time. Refuses to know tokens, how
// keys are fetched, and who is trusted. Source: RFC 9111 §4.2, §5.2.2; OpenID Connect Core 1.0 §10.1.1.

package import IdentityModel
import Synchronization
package import TokenFormats

/// The keys of an issuer as they were fetched.
package struct FetchedKeys: Sendable {
  /// The keys.
  package let keys: ProviderKeySet
  /// How long the answer said it was good; `nil` when it did not say.
  ///
  /// Unit: seconds.
  package let maximumAgeSeconds: Int64?

  /// Gathers the parts.
  package init(keys: ProviderKeySet, maximumAgeSeconds: Int64?) {
    self.keys = keys
    self.maximumAgeSeconds = maximumAgeSeconds
  }
}

/// Why keys were not fetched.
package protocol KeyFetchFailure: Error {
  /// Whether the issuer did not answer, so that its last keys may bridge the time.
  var isTransient: Bool { get }
}

/// Remembers the keys of issuers.
package final class IssuerKeyCache<Failure: KeyFetchFailure>: Sendable {
  /// The times, in seconds, and the bound.
  package struct Rules: Hashable, Sendable {
    /// How long keys are used before they are fetched again: what their `Cache-Control` says, within these bounds.
    package var freshSeconds: ClosedRange<Int64>
    /// How long keys are used when their answer does not say.
    package var defaultFreshSeconds: Int64
    /// How much longer keys are used while their issuer does not answer.
    package var staleSeconds: Int64
    /// How long an issuer that could not be asked is left alone.
    package var failureSeconds: Int64
    /// How often keys that are still good are fetched for the sake of a key id that is not among them: once in this
    /// time.
    package var unknownKeySeconds: Int64
    /// The most issuers that are remembered; the one that was not asked for longest makes room.
    package var maximumIssuers: Int

    /// Gathers the rules.
    package init(
      freshSeconds: ClosedRange<Int64>,
      defaultFreshSeconds: Int64,
      staleSeconds: Int64,
      failureSeconds: Int64,
      unknownKeySeconds: Int64,
      maximumIssuers: Int
    ) {
      self.freshSeconds = freshSeconds
      self.defaultFreshSeconds = defaultFreshSeconds
      self.staleSeconds = staleSeconds
      self.failureSeconds = failureSeconds
      self.unknownKeySeconds = unknownKeySeconds
      self.maximumIssuers = maximumIssuers
    }
  }

  private struct Keys {
    let set: ProviderKeySet
    let freshUntil: Instant
    var staleUntil: Instant
  }

  private struct Entry: Sendable {
    var keys: Keys?
    var failure: (error: Failure, until: Instant)?
    var nextUnknownKeyFetch: Instant?
    var lastAsked: Instant
    /// The fetch that is under way, whose outcome all get who come while it lasts.
    var fetch: Task<Entry, Never>?
  }

  private enum Step {
    case use(ProviderKeySet)
    case conclude(Entry)
    case wait(Task<Entry, Never>)
  }

  private let rules: Rules
  private let fetch: @Sendable (_ issuer: String) async -> Result<FetchedKeys, Failure>
  private let none: Failure
  /// By the UTF-8 bytes of the issuer.
  private let entries = Mutex<[ByteName: Entry]>([:])

  /// Remembers nothing yet.
  ///
  /// - Parameters:
  ///   - rules: how long what is kept.
  ///   - none: what to throw when there is neither a key nor a reason.
  ///   - fetch: asks an issuer; comes to an end by itself.
  package init(
    rules: Rules,
    none: Failure,
    fetch: @escaping @Sendable (_ issuer: String) async -> Result<FetchedKeys, Failure>
  ) {
    self.rules = rules
    self.none = none
    self.fetch = fetch
  }

  /// The keys of `issuer`, among which that of `keyID` if the issuer has one and may be asked again.
  ///
  /// - Parameters:
  ///   - issuer: an issuer that may be asked.
  ///   - keyID: the `kid` that is wanted; `nil` when a token names none.
  ///   - now: the time.
  /// - Returns: the keys, those of `keyID` not necessarily among them.
  /// - Throws: `Failure` when there are no keys that may be used.
  package func keys(
    of issuer: String,
    holding keyID: String?,
    now: Instant
  ) async throws(Failure) -> ProviderKeySet {
    let name = ByteName(text: issuer)
    let step = entries.withLock { entries in next(name, issuer, keyID, now, &entries) }
    switch step {
    case .use(let set): return set
    case .conclude(let entry): return try usable(entry, now)
    case .wait(let task): return try usable(await task.value, now)
    }
  }

  /// The keys of `issuer` when they are good at `now` and hold that of `keyID`: what `keys(of:holding:now:)` would
  /// answer without waiting.
  func knownKeys(of issuer: ByteName, holding keyID: String?, now: Instant) -> ProviderKeySet? {
    entries.withLock { entries in
      guard let place = entries.index(forKey: issuer) else { return nil }
      guard let keys = entries.values[place].keys, now < keys.freshUntil,
        keyID.map({ keys.set.holds(keyID: $0) }) ?? true
      else { return nil }
      entries.values[place].lastAsked = now
      return keys.set
    }
  }

  /// Decides what to do for one who asks, and begins a fetch when that is it.
  private func next(
    _ name: ByteName,
    _ issuer: String,
    _ keyID: String?,
    _ now: Instant,
    _ entries: inout [ByteName: Entry]
  ) -> Step {
    var entry = remember(name, now, &entries)
    defer { entries[name] = entry }
    if let keys = entry.keys, now < keys.freshUntil {
      if keyID.map({ keys.set.holds(keyID: $0) }) ?? true { return .use(keys.set) }
      if entry.fetch == nil {
        if let next = entry.nextUnknownKeyFetch, now < next { return .use(keys.set) }
        entry.nextUnknownKeyFetch = now.advanced(bySeconds: rules.unknownKeySeconds)
      }
    } else if let failure = entry.failure, now < failure.until {
      return .conclude(entry)
    }
    if let task = entry.fetch { return .wait(task) }
    // A task of its own: one who asks and goes away must not make the issuer look unreachable to the others.
    let task = Task { self.end(name, await self.fetch(issuer), now) }
    entry.fetch = task
    return .wait(task)
  }

  /// The entry of `name`, made when there is none, marked as asked for.
  private func remember(_ name: ByteName, _ now: Instant, _ entries: inout [ByteName: Entry]) -> Entry {
    if entries[name] == nil, entries.count >= rules.maximumIssuers {
      let idle = entries.filter { $0.value.fetch == nil }
      if let oldest = idle.min(by: { $0.value.lastAsked < $1.value.lastAsked }) {
        entries[oldest.key] = nil
      }
    }
    var entry = entries[name] ?? Entry(lastAsked: now)
    entry.lastAsked = now
    return entry
  }

  /// Keeps what came of a fetch.
  private func end(_ name: ByteName, _ fetched: Result<FetchedKeys, Failure>, _ now: Instant) -> Entry {
    entries.withLock { entries in
      // INVARIANT: an entry that is being fetched for is never forgotten.
      var entry = entries[name] ?? Entry(lastAsked: now)
      entry.fetch = nil
      switch fetched {
      case .success(let fetched):
        let asked = fetched.maximumAgeSeconds ?? rules.defaultFreshSeconds
        let seconds = min(max(asked, rules.freshSeconds.lowerBound), rules.freshSeconds.upperBound)
        let freshUntil = now.advanced(bySeconds: seconds)
        entry.keys = Keys(
          set: fetched.keys,
          freshUntil: freshUntil,
          staleUntil: freshUntil.advanced(bySeconds: rules.staleSeconds)
        )
        entry.failure = nil
      case .failure(let error):
        entry.failure = (error, now.advanced(bySeconds: rules.failureSeconds))
        // Keys stay in use only while their issuer does not answer; one that answers something else has changed its
        // mind, whether it answers afterwards or not.
        if !error.isTransient, let keys = entry.keys { entry.keys?.staleUntil = keys.freshUntil }
      }
      entries[name] = entry
      return entry
    }
  }

  /// The keys that may be used at `now`, fresh or stale.
  private func usable(_ entry: Entry, _ now: Instant) throws(Failure) -> ProviderKeySet {
    if let keys = entry.keys, now < keys.staleUntil { return keys.set }
    throw entry.failure?.error ?? none
  }
}
