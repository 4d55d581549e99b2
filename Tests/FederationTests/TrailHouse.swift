// SPDX-License-Identifier: Apache-2.0
//
// What tests of delivery need around it: a bucket and a store's progress that fail when told to, and trails as a list.

import AuditTrail
import Federation
import IdentityModel
import LocalKeys
import SigV4
import StoreSQLite
import StrictJSON
import Synchronization
import Testing
import TokenFormats

/// A fault to be injected once: the operation with this number fails, before or after it did its work.
final class FaultPlan: Sendable {
  enum Kind: CaseIterable, Sendable {
    /// It did nothing and failed.
    case before
    /// It did its work and said that it failed.
    case after
  }

  private struct State {
    var count = 0
    var target: Int?
    var kind = Kind.before
    var hasFired = false
  }

  private let state = Mutex(State())

  /// Fails the operation `number`, counting from 1.
  init(failing number: Int? = nil, _ kind: Kind = .before) {
    state.withLock {
      $0.target = number
      $0.kind = kind
    }
  }

  var hasFired: Bool { state.withLock { $0.hasFired } }
  /// How many operations there were.
  var count: Int { state.withLock { $0.count } }

  /// Counts an operation and says how it is to fail.
  func next() -> Kind? {
    state.withLock { state in
      state.count += 1
      guard state.count == state.target else { return nil }
      state.hasFired = true
      return state.kind
    }
  }
}

/// A bucket in memory.
final class MemoryBucket: TrailBucket {
  struct Put: Sendable {
    let key: String
    let body: [UInt8]
    let metadata: [String: String]
  }

  private let state = Mutex<(puts: [Put], refusal: TrailBucketError?)>(([], nil))
  private let faults: FaultPlan

  init(faults: FaultPlan = FaultPlan()) {
    self.faults = faults
  }

  /// Every put that did its work, in order.
  var puts: [Put] { state.withLock { $0.puts } }

  /// The objects as they are now, in the order in which their keys first appeared.
  var objects: [Put] {
    var order: [String] = []
    var latest: [String: Put] = [:]
    for put in puts {
      if latest.updateValue(put, forKey: put.key) == nil { order.append(put.key) }
    }
    return order.compactMap { latest[$0] }
  }

  /// Refuses everything with `error`, or nothing.
  func refuse(_ error: TrailBucketError?) { state.withLock { $0.refusal = error } }

  func put(_ object: TrailObject) async throws(TrailBucketError) {
    let fault = faults.next()
    if fault == .before { throw .unreachable(cause: "injected") }
    if let refusal = state.withLock({ $0.refusal }) { throw refusal }
    let metadata = Dictionary(uniqueKeysWithValues: object.metadata.map { ($0.name, $0.value) })
    state.withLock { $0.puts.append(Put(key: object.key, body: object.body, metadata: metadata)) }
    if fault == .after { throw .unreachable(cause: "injected") }
  }
}

/// A bucket that keeps its caller waiting until the caller gives up.
final class SilentBucket: TrailBucket {
  private let count = Mutex(0)

  /// How often it was asked.
  var asked: Int { count.withLock { $0 } }
  var wasAsked: Bool { asked > 0 }

  func put(_ object: TrailObject) async throws(TrailBucketError) {
    count.withLock { $0 += 1 }
    try? await Task.sleep(for: .seconds(3600))
    throw .unreachable(cause: "no answer")
  }
}

/// The store's progress and log, with faults at each write.
struct FaultyProgress: ProgressStore, AccountLogReader {
  let store: SQLiteStore
  let faults: FaultPlan
  /// Changes what the log says, as somebody with a SQL shell would.
  var forgery: @Sendable (AccountLogEntry) -> AccountLogEntry = { $0 }
  /// The names whose removal fails; the empty name stands for the list of all.
  var broken: @Sendable (String) -> Bool = { _ in false }

  func progress(of name: String) async throws(StoreError) -> [UInt8]? { try await store.progress(of: name) }

  func setProgress(of name: String, _ body: [UInt8]?) async throws(StoreError) {
    let fault = faults.next()
    if fault == .before || body == nil && broken(name) { throw .unavailable("injected") }
    try await store.setProgress(of: name, body)
    if fault == .after { throw .unavailable("injected") }
  }

  func progressNames() async throws(StoreError) -> [String] {
    if broken("") { throw .unavailable("injected") }
    return try await store.progressNames()
  }

  func entries(after sequence: Int64, limit: Int) async throws(StoreError) -> [AuditLogEntry] {
    try await store.entries(after: sequence, limit: limit)
  }

  func lastSequence() async throws(StoreError) -> Int64 { try await store.lastSequence() }

  func entries(
    of account: AccountID,
    after sequence: Int64,
    through last: Int64,
    limit: Int
  ) async throws(StoreError) -> [AccountLogEntry] {
    try await store.entries(of: account, after: sequence, through: last, limit: limit).map(forgery)
  }
}

/// Trails, their buckets, and a delivery that can be started anew.
final class TrailHouse: Sendable {
  static let account = "111122223333"
  static let other = "444455556666"

  let store: SQLiteStore
  let clock = TestClock()
  let account: AccountID
  let otherAccount: AccountID
  let signer: any TokenSigner
  let buckets: TrailBuckets
  let incidents = Mutex<[Incident]>([])
  private let terms = Mutex<[TrailTerms]>([])
  private let numbers = Mutex(0)

  init(_ store: SQLiteStore, buckets: TrailBuckets, signer: any TokenSigner) throws {
    self.store = store
    self.buckets = buckets
    self.signer = signer
    account = try #require(AccountID(Self.account))
    otherAccount = try #require(AccountID(Self.other))
  }

  /// Runs `body` with a store in memory and the bucket `audit`.
  static func run(
    faults: FaultPlan = FaultPlan(),
    signer: (any TokenSigner)? = nil,
    others: [TrailBuckets.Given] = [],
    _ body: (TrailHouse, MemoryBucket) async throws -> Void
  ) async throws {
    let store = try SQLiteStore.inMemory()
    let bucket = MemoryBucket(faults: faults)
    let account = try #require(AccountID(account))
    let own: any TokenSigner = if let signer { signer } else { try await OneKeySigner(account: account) }
    let house = try TrailHouse(
      store,
      buckets: TrailBuckets([.init(name: "audit", accounts: [account], bucket: bucket)] + others),
      signer: own
    )
    try await store.running { try await body(house, bucket) }
  }

  /// A delivery, as after a start of the server.
  func delivery(
    faults: FaultPlan = FaultPlan(),
    schedule: TrailSchedule = TrailSchedule(),
    forgery: @escaping @Sendable (AccountLogEntry) -> AccountLogEntry = { $0 },
    broken: @escaping @Sendable (String) -> Bool = { _ in false }
  ) -> TrailDelivery {
    let progress = FaultyProgress(store: store, faults: faults, forgery: forgery, broken: broken)
    let clock = clock
    return TrailDelivery(
      trails: { () async throws(StoreError) in self.terms.withLock { $0 } },
      log: progress,
      progress: progress,
      buckets: buckets,
      signer: signer,
      gzip: Gzip { $0 },
      clock: WallClock { clock.now },
      entropy: .system,
      diagnostics: Diagnostics { incident in self.incidents.withLock { $0.append(incident) } },
      schedule: schedule
    )
  }

  /// Puts a trail in the list, in place of one of the same name.
  func set(
    _ name: String = "main",
    of account: AccountID? = nil,
    after startedAfter: Int64?,
    bucket: String = "audit",
    prefix: String? = nil,
    validates: Bool = true
  ) {
    let trail = TrailTerms(
      trail: TrailID(account: account ?? self.account, name: name),
      startedAfter: startedAfter,
      destination: .init(bucket: bucket, prefix: prefix, homeRegion: "us-east-1"),
      validatesLogFiles: validates
    )
    terms.withLock { list in list = list.filter { $0.trail.name != name } + [trail] }
  }

  /// Takes a trail off the list.
  func delete(_ name: String = "main") { terms.withLock { list in list.removeAll { $0.trail.name == name } } }

  /// Appends records; gives their event ids.
  @discardableResult
  func append(_ count: Int, of account: AccountID? = nil) async throws -> [String] {
    var ids: [String] = []
    for _ in 0..<count {
      let record = AuditRecord(
        operatorEvent: "Event",
        parameters: [
          "number": .number(
            JSONNumber(
              Int64(
                numbers.withLock {
                  $0 += 1; return $0
                }
              )
            )
          )
        ],
        account: account ?? self.account,
        now: clock.now,
        entropy: .system
      )
      try await store.append(record)
      ids.append(record.eventID)
    }
    return ids
  }

  /// The trails of all accounts whose delivery has a state, as `ACCOUNT/NAME`.
  func trailsWithState() async throws -> [String] {
    try await store.progressNames().filter { $0.hasPrefix("trail/") }.map { String($0.dropFirst(6)) }
  }

  func state(_ name: String = "main") async throws -> TrailDeliveryState? {
    try await TrailDeliveryState.read(from: store, account, name)
  }
}
