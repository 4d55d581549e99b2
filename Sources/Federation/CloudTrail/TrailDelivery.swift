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

  // More at a time would only take memory: a visit holds a file.
  private static let visitsAtATime = 32

  private let trails: @Sendable () async throws(StoreError) -> [TrailTerms]
  private let courier: TrailCourier
  private let diagnostics: Diagnostics
  private let attention = Mutex<[TrailID: Attention]>([:])

  /// Gathers the parts.
  ///
  /// - Parameters:
  ///   - trails: every trail there is, whether it logs or not.
  ///   - log: the audit log.
  ///   - progress: where the state of deliveries rests; nobody else delivers from it.
  ///   - buckets: the buckets that the operator gave.
  ///   - signer: makes the keys of digests and signs with them.
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
      signer: TrailDigestSigner(progress: progress, signer: signer),
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
    for visit in await dueVisits() { await carryOut(visit) }
  }

  // MARK: What is due

  /// The visits to be made now, marked as being made.
  private func dueVisits() async -> [Visit] {
    do throws(StoreError) {
      let asked = try await trails()
      var known = try await KnownTrails.read(from: courier.progress)
      let (news, gone) = (asked.filter { $0.startedAfter != nil }.map(\.trail), finishedTrails(notIn: asked))
      for trail in gone {
        try await TrailDeliveryState.remove(from: courier.progress, trail.account, trail.name)
      }
      if known.merge(news, without: gone) { try await known.write(to: courier.progress) }
      return await visits(to: known.names, asked)
    } catch {
      diagnostics.report(Incident(what: "look after trails", cause: String(describing: error)))
      return []
    }
  }

  /// The deleted trails of which nothing is left to deliver.
  private func finishedTrails(notIn asked: [TrailTerms]) -> [TrailID] {
    let there = Set(asked.map(\.trail))
    return attention.withLock { attention in
      let gone = attention.filter { name, item in item.isFinished && !item.isBusy && !there.contains(name) }
      for name in gone.keys { attention[name] = nil }
      return Array(gone.keys)
    }
  }

  private func visits(to names: [TrailID], _ asked: [TrailTerms]) async -> [Visit] {
    let now = courier.clock.now()
    let asked = Dictionary(asked.map { ($0.trail, $0) }) { first, _ in first }
    let due = attention.withLock { attention in
      var busy = attention.values.count { $0.isBusy }
      let late = names.filter { isDue(attention[$0], asked[$0], now) }
        .sorted { (attention[$0]?.nextVisit ?? now) < (attention[$1]?.nextVisit ?? now) }
      return late.filter { name in
        guard busy < TrailDelivery.visitsAtATime else { return false }
        busy += 1
        var item = attention[name] ?? Attention(visitedAt: now, nextVisit: now)
        item.terms = asked[name]
        item.visitedAt = now
        item.isBusy = true
        attention[name] = item
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
      let state = try await courier.visit(visit.trail, terms: visit.terms, key: visit.key)
      let now = courier.clock.now()
      let digest = state?.digestStart?.advanced(bySeconds: schedule.digestSeconds)
      let file = now.advanced(bySeconds: schedule.deliverySeconds)
      ended(visit, next: min(file, digest ?? file), isFinished: state?.isFinished ?? true, error: nil)
    } catch {
      guard !Task.isCancelled else {
        return ended(visit, next: courier.clock.now(), isFinished: false, error: nil)
      }
      if case .abandoned = error {
        ended(visit, next: courier.clock.now(), isFinished: true, error: error)
      } else {
        let failures = attention.withLock { $0[visit.trail]?.failures ?? 0 }
        let wait = min(300, Int64(1) << min(failures, 9))
        ended(visit, next: courier.clock.now().advanced(bySeconds: wait), isFinished: false, error: error)
      }
    }
  }

  private func ended(_ visit: Visit, next: Instant, isFinished: Bool, error: TrailDeliveryError?) {
    let isNews = attention.withLock { attention in
      guard var item = attention[visit.trail] else { return false }
      let isNews = error != nil && item.lastError != error
      item.isBusy = false
      item.nextVisit = next
      item.isFinished = isFinished
      item.failures = error == nil ? 0 : item.failures + 1
      item.lastError = error
      attention[visit.trail] = item
      return isNews
    }
    guard let error, isNews else { return }
    diagnostics.report(
      Incident(
        what: "deliver all of trail `\(visit.trail.name)` of \(visit.trail.account)",
        cause: String(describing: error)
      )
    )
  }
}

/// The trails whose delivery has a state: also those that were deleted since.
private struct KnownTrails: Codable {
  private(set) var names: [TrailID]

  private static let progressName = "trails"

  static func read(from progress: any ProgressReader) async throws(StoreError) -> KnownTrails {
    guard let bytes = try await progress.progress(of: progressName) else { return KnownTrails(names: []) }
    guard let names = HouseJSON.decode(KnownTrails.self, from: bytes) else {
      throw .corrupted("progress `\(progressName)`")
    }
    return names
  }

  /// Takes `news` in and `gone` out; whether that changed anything.
  mutating func merge(_ news: [TrailID], without gone: [TrailID]) -> Bool {
    let (known, lost) = (Set(names), Set(gone))
    let added = news.filter { !known.contains($0) && !lost.contains($0) }
    guard !added.isEmpty || !lost.isDisjoint(with: known) else { return false }
    names = names.filter { !lost.contains($0) } + added
    return true
  }

  func write(to progress: any ProgressStore) async throws(StoreError) {
    guard let bytes = HouseJSON.encode(self) else { throw .corrupted("progress `trails` does not encode") }
    try await progress.setProgress(of: KnownTrails.progressName, bytes)
  }
}
