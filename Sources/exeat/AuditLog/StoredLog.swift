// SPDX-License-Identifier: Apache-2.0
//
// A log in the data directory of a server: records and tiles in the store, the checkpoint and sealed segments beside it.
// Reads only, also while the server runs.

import AuditTrail
import Federation
import StoreSQLite

/// A log in a store.
struct StoredLog: LogSource {
  private let directory: DataDirectory
  private let reader: SQLiteReader
  private let sealed: SealedRecords

  /// Opens the store of `directory`.
  init(_ directory: DataDirectory) throws(CommandFailure) {
    self.directory = directory
    sealed = SealedRecords(directory.path + "/log/segments")
    do throws(StoreError) {
      reader = try SQLiteStore.openReadOnly(at: directory.store)
    } catch {
      throw CommandFailure(startError: error)
    }
  }

  var name: String { directory.path }
  var holdsRecords: Bool { true }

  func file(_ resource: LogResource) async throws(CommandFailure) -> [UInt8]? {
    switch resource {
    case .checkpoint:
      return try LogDisk.read(directory.logCheckpoint, limit: SignedNote.maximumBytes)
    case .tile(let tile):
      return try await damagedIsMissing { () async throws(StoreError) in
        try await reader.hashes(of: tile).map { Tile.bytes(of: $0) }
      }
    case .entries(let index, let width):
      return try await bundle(index, width)
    }
  }

  // Of the records that have left the store, those whose files are not beside it either.
  func prunedRecords(ofTree size: UInt64) async throws(CommandFailure) -> UInt64 {
    let floor = min(size, try await floor())
    var pruned: UInt64 = 0
    while pruned + LogSegment.records <= floor, !sealed.has(pruned / LogSegment.records) {
      pruned += LogSegment.records
    }
    return pruned
  }

  // SECURITY: the number stands in the database, where whoever rewrites a record can raise it.
  func objection(toTree size: UInt64) async throws(CommandFailure) -> LogFinding? {
    let floor = try await floor()
    guard floor > 0 else { return nil }
    guard floor % LogSegment.records == 0 else {
      return LogFinding(
        .log,
        "has a store that says that retention took records 1 to \(floor): it takes \(LogSegment.records) at a time"
      )
    }
    guard floor <= size else {
      return LogFinding(
        .log,
        "has a store that says that retention took records 1 to \(floor), and \(size) were signed"
      )
    }
    return nil
  }

  // Outside of the store it is counted what retention has sealed: whoever only has the store cannot delete more.
  func unsealedRecord(ofPruned count: UInt64) async throws(CommandFailure) -> LogFinding? {
    let keeper = CheckpointFolder(directory.log)
    let sealed = try await store { () async throws(StoreError) in try await keeper.sealedRecords() }
    guard count > sealed else { return nil }
    return LogFinding(
      .record(sealed + 1),
      "is missing: the store says that retention took the records up to \(count), and only \(sealed) were sealed"
    )
  }

  private func floor() async throws(CommandFailure) -> UInt64 {
    try await store { () async throws(StoreError) in try await reader.logTree().floor }
  }

  // What has left the store is filed under nothing any more.
  func misfiledRecord(inBundle index: UInt64, width: Int) async throws(CommandFailure) -> UInt64? {
    guard index * 256 >= (try await floor()) else { return nil }
    return try await store { () async throws(StoreError) in
      try await reader.misfiledRecord(inBundle: index, width: width)
    }
  }

  func recordCount() async throws(CommandFailure) -> UInt64? {
    try await store { () async throws(StoreError) in UInt64(clamping: try await reader.lastSequence()) }
  }

  func place(of id: String, inTree size: UInt64) async throws(CommandFailure) -> UInt64? {
    let place = try await store { () async throws(StoreError) -> UInt64? in
      if let place = try await reader.leafIndex(ofToken: id) { return place }
      return try await reader.leafIndex(ofEvent: id)
    }
    if let place { return place }
    return try await scan(for: id, inTree: min(size, try await floor()))
  }

  // The records up to the first that is missing, so that this one can be named.
  private func bundle(_ index: UInt64, _ width: Int) async throws(CommandFailure) -> [UInt8]? {
    if index * 256 < (try await floor()) { return try await sealed.bundle(index) }
    let whole = try await damagedIsMissing { () async throws(StoreError) in
      try await reader.entries(inBundle: index, width: width)
    }
    var entries = whole ?? []
    while entries.count < width {
      let before = Int64(clamping: index * 256) + Int64(entries.count)
      let next = try await damagedIsMissing { () async throws(StoreError) in
        try await reader.entries(after: before, limit: 1).first
      }
      guard let next, next.sequence == before + 1 else { break }
      entries.append(next.json)
    }
    do throws(AuditTrailError) {
      return try EntryBundle.bytes(of: entries)
    } catch {
      throw .failed("\(name): \(AuditTrailWords.text(error))")
    }
  }

  private func damagedIsMissing<Value>(
    _ body: () async throws(StoreError) -> Value?
  ) async throws(CommandFailure) -> Value? {
    do throws(StoreError) {
      return try await body()
    } catch .corrupted {
      return nil
    } catch {
      throw CommandFailure(startError: error)
    }
  }

  private func store<Value>(
    _ body: () async throws(StoreError) -> Value
  ) async throws(CommandFailure) -> Value {
    do throws(StoreError) {
      return try await body()
    } catch {
      throw CommandFailure(startError: error)
    }
  }
}
