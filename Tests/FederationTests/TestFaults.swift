// SPDX-License-Identifier: Apache-2.0
//
// What a test puts between the house and its store: a clock that it moves, writes that fail, and other calls that come
// between two reads or between a decision and its write. Everything else is the real store's.

import AuditTrail
import Federation
import IdentityModel
import StoreSQLite
import Synchronization

/// A clock that a test moves.
final class TestClock: Sendable {
  private let instant = Mutex(Instant(seconds: 1_800_000_000))

  var now: Instant { instant.withLock { $0 } }

  func advance(seconds: Int64) {
    instant.withLock { $0 = $0.advanced(bySeconds: seconds) }
  }
}

/// What was reported to the operator.
final class TestIncidents: Sendable {
  private let reported = Mutex<[Incident]>([])

  var all: [Incident] { reported.withLock { $0 } }

  func add(_ incident: Incident) { reported.withLock { $0.append(incident) } }

  /// The keys in the store that were found to be nobody's, each once.
  var strangers: Set<String> {
    Set(
      all.filter { $0.cause.contains("not one of ours") }.compactMap { incident in
        incident.what.split(separator: "`").dropFirst().first.map(String.init)
      }
    )
  }
}

/// An audit sink that can be told to fail: stands in for a full disk.
final class FaultySink: AuditSink, RecordWriter {
  private let store: SQLiteStore
  private let isBroken = Mutex(false)
  private let interference = Mutex<(@Sendable () async -> Void)?>(nil)
  private let aftermath = Mutex<(@Sendable () async -> Void)?>(nil)

  init(_ store: SQLiteStore) {
    self.store = store
  }

  func setBroken(_ value: Bool) { isBroken.withLock { $0 = value } }

  /// Runs `body` once, when the next change has been decided and before it is written.
  func interfereOnce(_ body: @escaping @Sendable () async -> Void) { interference.withLock { $0 = body } }

  /// Runs `body` once, when the next change or record has been written and before its caller learns of it.
  func interfereOnceAfter(_ body: @escaping @Sendable () async -> Void) { aftermath.withLock { $0 = body } }

  func append(_ record: AuditRecord) async throws(StoreError) {
    guard !isBroken.withLock({ $0 }) else { throw .unavailable("disk full") }
    try await store.append(record)
    await runAftermath()
  }

  func commit(_ change: Change, recording record: AuditRecord) async throws(StoreError) {
    let interfere = interference.withLock { interference in
      defer { interference = nil }
      return interference
    }
    await interfere?()
    guard !isBroken.withLock({ $0 }) else { throw .unavailable("disk full") }
    try await store.commit(change, recording: record)
    await runAftermath()
  }

  private func runAftermath() async {
    let body = aftermath.withLock { aftermath in
      defer { aftermath = nil }
      return aftermath
    }
    await body?()
  }
}

/// Reads the store, and lets a test do something between two reads.
final class InterferingReader: RecordReader {
  private let store: SQLiteStore
  private let interference = Mutex<(kind: RecordKind, body: @Sendable () async -> Void)?>(nil)
  private let isBroken = Mutex(false)
  private let counts = Mutex<[RecordKind: Int]>([:])

  init(_ store: SQLiteStore) {
    self.store = store
  }

  /// Runs `body` once, when the next record of `kind` has been read and before anything is read after it.
  func interfereOnce(after kind: RecordKind, _ body: @escaping @Sendable () async -> Void) {
    interference.withLock { $0 = (kind, body) }
  }

  /// Makes every read fail: stands in for a store that is gone.
  func setBroken(_ value: Bool) { isBroken.withLock { $0 = value } }

  /// How often single records of `kind` were asked for.
  func reads(of kind: RecordKind) -> Int { counts.withLock { $0[kind, default: 0] } }

  private func check() throws(StoreError) {
    guard !isBroken.withLock({ $0 }) else { throw .unavailable("gone") }
  }

  func record(at key: RecordKey) async throws(StoreError) -> StoredRecord? {
    try check()
    counts.withLock { $0[key.kind, default: 0] += 1 }
    let found = try await store.record(at: key)
    await interfere(key.kind)
    return found
  }

  func records(
    of kind: RecordKind,
    prefix: String,
    after: String?,
    limit: Int
  ) async throws(StoreError) -> [StoredRecord] {
    try check()
    let found = try await store.records(of: kind, prefix: prefix, after: after, limit: limit)
    await interfere(kind)
    return found
  }

  private func interfere(_ kind: RecordKind) async {
    let body = interference.withLock { interference -> (@Sendable () async -> Void)? in
      guard let (wanted, body) = interference, wanted == kind else { return nil }
      interference = nil
      return body
    }
    await body?()
  }
}
