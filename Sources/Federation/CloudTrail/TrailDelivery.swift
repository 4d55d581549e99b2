// SPDX-License-Identifier: Apache-2.0
//
// When each trail is visited: every few minutes, at once when it changes, and again after a failure, later each time.
// Trails do not wait for each other. Knows neither files nor buckets; reads no clock but the one it is given.

import IdentityModel
import Synchronization

/// Delivers the files of all trails, for as long as the server runs.
package final class TrailDelivery: Sendable {
  /// What is known of a trail between visits.
  private struct Attention {
    var terms: TrailTerms?
    var visitedAt: Instant
    var nextVisit: Instant
    var failures = 0
    var lastError: TrailDeliveryError?
    var isBusy = true
    /// Whether nothing is left to deliver of the logging that ended.
    var isFinished = false
  }

  private struct Visit: Sendable {
    let trail: TrailID
    let terms: TrailTerms?
    let key: Result<TrailDigestKey, TrailDigestKeyError>
  }

  /// What is known between two looks.
  private struct Memory {
    var attention: [TrailID: Attention] = [:]
    /// The trails that may have something to deliver: those that log, and those whose delivery has a state, also when they
    /// were deleted since.
    var known: Set<TrailID> = []
    /// Whether `known` has what a server before this one knew.
    var hasRecalled = false
  }

  // More at a time would only take memory: a visit holds a file.
  private static let visitsAtATime = 32
  // SECURITY: a bucket that never answers holds a visit for a minute. One account's buckets leave room for others.
  private static let visitsPerAccount = 2
  // SECURITY: an account that makes trails and deletes them, over and over, does not fill the store with what is left.
  private static let deletedTrailsPerAccount = 10

  private let trails: @Sendable () async throws(StoreError) -> [TrailTerms]
  private let courier: TrailCourier
  private let diagnostics: Diagnostics
  private let memory = Mutex(Memory())

  /// Gathers the parts.
  ///
  /// - Parameters:
  ///   - trails: every trail there is, whether it logs or not.
  ///   - log: the audit log.
  ///   - progress: where the state of deliveries rests; nobody else delivers from it.
  ///   - buckets: the buckets that the operator gave.
  ///   - signer: makes the keys of digests and signs with them.
  ///   - digestKeys: whoever else changes these keys goes through here too.
  ///   - gzip: compresses files.
  ///   - clock: the time of deliveries.
  ///   - entropy: the chance in the names of files.
  ///   - diagnostics: takes the causes of failures.
  ///   - schedule: how often there are files.
  package init(
    trails: @escaping @Sendable () async throws(StoreError) -> [TrailTerms],
    log: any AccountLogReader,
    progress: any ProgressStore,
    buckets: TrailBuckets,
    signer: any TokenSigner,
    digestKeys: Turnstile = Turnstile(),
    gzip: Gzip,
    clock: WallClock,
    entropy: Entropy,
    diagnostics: Diagnostics,
    schedule: TrailSchedule = TrailSchedule()
  ) {
    self.trails = trails
    self.diagnostics = diagnostics
    self.courier = TrailCourier(
      log: log,
      progress: progress,
      buckets: buckets,
      signer: TrailDigestSigner(progress: progress, signer: signer, turnstile: digestKeys),
      gzip: gzip,
      clock: clock,
      entropy: entropy,
      schedule: schedule
    )
  }

  /// Visits trails when something of theirs is due, until the task is cancelled or `pause` throws.
  ///
  /// To be run once. `pause` waits between two looks at all trails: a second, say.
  package func run(pause: @escaping @Sendable () async throws -> Void) async {
    await withDiscardingTaskGroup { group in
      while !Task.isCancelled {
        for visit in await dueVisits() {
          group.addTask { await self.carryOut(visit) }
        }
        guard (try? await pause()) != nil else { return group.cancelAll() }
      }
    }
  }

  /// Makes every visit that is due now, one after the other, for a caller that sets the pace itself.
  package func runOnce() async {
    while case let visits = await dueVisits(), !visits.isEmpty, !Task.isCancelled {
      for visit in visits { await carryOut(visit) }
    }
  }

  // MARK: What is due

  /// The visits to be made now, marked as being made.
  private func dueVisits() async -> [Visit] {
    do throws(StoreError) {
      let asked = Dictionary(try await trails().map { ($0.trail, $0) }) { first, _ in first }
      memory.withLock { $0.known.formUnion(asked.values.filter { $0.startedAfter != nil }.map(\.trail)) }
      do throws(StoreError) {
        try await recall()
        try await forgetDeleted(notIn: asked)
      } catch {
        // Tried again at the next look. Those that are known do not wait for it.
        diagnostics.report(Incident(what: "look after deleted trails", cause: String(describing: error)))
      }
      return await visits(asked)
    } catch {
      diagnostics.report(Incident(what: "look after trails", cause: String(describing: error)))
      return []
    }
  }

  private func visits(_ asked: [TrailID: TrailTerms]) async -> [Visit] {
    let now = courier.clock.now()
    let due = memory.withLock { memory in
      let attention = memory.attention
      var busy = attention.filter { $0.value.isBusy }.reduce(into: [:]) {
        $0[$1.key.account, default: 0] += 1
      }
      var total = busy.values.reduce(0, +)
      let late = memory.known.filter { isDue(attention[$0], asked[$0], now) }
        .sorted { left, right in
          let (first, second) = (attention[left]?.nextVisit ?? now, attention[right]?.nextVisit ?? now)
          return first == second ? left.precedes(right) : first < second
        }
      return late.filter { trail in
        let own = busy[trail.account, default: 0]
        guard total < TrailDelivery.visitsAtATime, own < TrailDelivery.visitsPerAccount else { return false }
        busy[trail.account] = own + 1
        total += 1
        var item = attention[trail] ?? Attention(visitedAt: now, nextVisit: now)
        item.terms = asked[trail]
        item.visitedAt = now
        item.isBusy = true
        memory.attention[trail] = item
        return true
      }
    }
    var visits: [Visit] = []
    for name in due {
      // One after the other: of two that ask for an account's first key at once, each would make one.
      let key: Result<TrailDigestKey, TrailDigestKeyError>
      do {
        let makesOne = asked[name]?.validatesLogFiles == true
        key = .success(try await courier.signer.currentKey(of: name.account, now: now, makesOne: makesOne))
      } catch {
        key = .failure(error)
      }
      visits.append(Visit(trail: name, terms: asked[name], key: key))
    }
    return visits
  }

  private func isDue(_ item: Attention?, _ terms: TrailTerms?, _ now: Instant) -> Bool {
    guard let item else { return true }
    guard !item.isBusy else { return false }
    // A change is looked at as soon as it is seen; a clock that went back must not stop anything.
    if item.terms != terms || now < item.visitedAt { return true }
    return !item.isFinished && now >= item.nextVisit
  }

  // MARK: Visits

  private func carryOut(_ visit: Visit) async {
    let schedule = courier.schedule
    do throws(TrailDeliveryError) {
      let (state, heldUntil) = try await courier.visit(visit.trail, terms: visit.terms, key: visit.key)
      let now = courier.clock.now()
      let digest = state?.digestStart?.advanced(bySeconds: schedule.digestSeconds)
      let file = now.advanced(bySeconds: schedule.deliverySeconds)
      ended(
        visit,
        next: heldUntil ?? min(file, digest ?? file),
        isFinished: state?.isFinished ?? true,
        error: nil
      )
    } catch {
      guard !Task.isCancelled else {
        return ended(visit, next: courier.clock.now(), isFinished: false, error: nil)
      }
      if case .abandoned = error {
        ended(visit, next: courier.clock.now(), isFinished: true, error: error)
      } else {
        let failures = memory.withLock { $0.attention[visit.trail]?.failures ?? 0 }
        let wait = min(300, Int64(1) << min(failures, 9))
        ended(visit, next: courier.clock.now().advanced(bySeconds: wait), isFinished: false, error: error)
      }
    }
  }

  private func ended(_ visit: Visit, next: Instant, isFinished: Bool, error: TrailDeliveryError?) {
    let isNews = memory.withLock { memory in
      guard var item = memory.attention[visit.trail] else { return false }
      let isNews = error != nil && item.lastError != error
      item.isBusy = false
      item.nextVisit = next
      item.isFinished = isFinished
      item.failures = error == nil ? 0 : item.failures + 1
      item.lastError = error
      memory.attention[visit.trail] = item
      return isNews
    }
    if let error, isNews { report(error, of: visit.trail) }
  }

  private func report(_ error: TrailDeliveryError, of trail: TrailID) {
    let what = "deliver all of trail `\(trail.name)` of \(trail.account)"
    diagnostics.report(Incident(what: what, cause: String(describing: error)))
  }

  // MARK: Deleted trails

  /// Takes up what a server before this one knew.
  private func recall() async throws(StoreError) {
    guard memory.withLock({ !$0.hasRecalled }) else { return }
    let trails = try await courier.progress.progressNames().compactMap(TrailDeliveryState.trail(ofProgress:))
    memory.withLock { memory in
      memory.known.formUnion(trails)
      memory.hasRecalled = true
    }
  }

  /// Forgets the deleted trails of which nothing is left to deliver, and gives up the oldest of an account's that has more
  /// of the others than it may.
  private func forgetDeleted(notIn asked: [TrailID: TrailTerms]) async throws(StoreError) {
    let (finished, others) = memory.withLock { memory in
      let deleted = memory.known.filter { asked[$0] == nil && memory.attention[$0]?.isBusy != true }
      let finished = deleted.filter { memory.attention[$0]?.isFinished == true }
      return (finished, Dictionary(grouping: deleted.subtracting(finished), by: \.account))
    }
    for trail in finished { try await forget(trail) }
    for crowd in others.values where crowd.count > TrailDelivery.deletedTrailsPerAccount {
      var states: [(trail: TrailID, state: TrailDeliveryState)] = []
      for trail in crowd {
        if let state = try await TrailDeliveryState.read(from: courier.progress, trail.account, trail.name) {
          states.append((trail, state))
        } else {
          try await forget(trail)
        }
      }
      // Of what ended last nobody may have noticed yet that it did.
      let latest = Instant(milliseconds: .max)
      states.sort {
        ($0.state.endedAt ?? latest, $0.trail.name) < ($1.state.endedAt ?? latest, $1.trail.name)
      }
      for (trail, state) in states.dropLast(TrailDelivery.deletedTrailsPerAccount) {
        try await forget(trail)
        report(.abandoned(position: state.position), of: trail)
      }
    }
  }

  private func forget(_ trail: TrailID) async throws(StoreError) {
    try await TrailDeliveryState.remove(from: courier.progress, trail.account, trail.name)
    memory.withLock { memory in
      memory.known.remove(trail)
      memory.attention[trail] = nil
    }
  }
}

extension TrailID {
  /// Whether it comes before `other`, when nothing else says which is first.
  fileprivate func precedes(_ other: TrailID) -> Bool {
    (account.description, name) < (other.account.description, other.name)
  }
}
