// SPDX-License-Identifier: Apache-2.0
//
// Takes the oldest segment out of the store: written to a file, read back, checked against the tree's tiles, durable under
// its name, counted as sealed outside the store, and only then deleted. A crash between any two steps leaves every record
// in one place at least.
// Source: docs/decisions/0017.

import AuditTrail
package import Federation
import GRDB
package import IdentityModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Segments of a store, in a folder of files.
package struct SegmentArchive: SegmentSealer {
  /// The records of a segment: 256 full bundles, a full tile of level 1.
  package static let segmentSize: UInt64 = 65_536
  /// How many records go in one transaction, behind the requests' own.
  private static let deletedAtOnce: Int64 = 512

  private let store: SQLiteStore
  private let folder: String
  private let keeper: any CheckpointKeeper
  private let size: UInt64

  /// Seals segments of `store`.
  ///
  /// - Parameters:
  ///   - store: what they leave.
  ///   - folder: where they go; made when it is not there.
  ///   - keeper: counts what was sealed, where nobody who has only the store reaches it.
  ///   - size: how many records a segment has, a multiple of 256.
  package init(
    _ store: SQLiteStore,
    folder: String,
    keeper: any CheckpointKeeper,
    size: UInt64 = SegmentArchive.segmentSize
  ) {
    self.store = store
    self.folder = folder
    self.keeper = keeper
    self.size = size
  }

  /// The file of the segment with these leaves: the numbers of its first and last record.
  package func path(of leaves: Range<UInt64>) -> String {
    "\(folder)/\(twelveDigits(leaves.lowerBound + 1))-\(twelveDigits(leaves.upperBound)).entries"
  }

  package func sealOldestSegment(
    before instant: Instant,
    among published: UInt64
  ) async throws(StoreError) -> Range<UInt64>? {
    try await removeSealedRecords()
    let tree = try await store.logTree()
    // A floor that was accepted together with a fork may stand within a segment: the next one ends where it always would.
    let leaves = tree.floor..<((tree.floor / size + 1) * size)
    guard leaves.upperBound <= min(tree.state.size, published), leaves.upperBound < tree.records,
      try await isOlder(leaves, than: instant)
    else { return nil }
    try await write(leaves, tree)
    try await keeper.keep(sealedRecords: leaves.upperBound)
    try await store.maintain { db in
      try db.execute(sql: "UPDATE retention SET floor = ?", arguments: [Int64(leaves.upperBound)])
    }
    try await removeSealedRecords()
    return leaves
  }

  private func isOlder(_ leaves: Range<UInt64>, than instant: Instant) async throws(StoreError) -> Bool {
    let first = Int64(leaves.lowerBound)
    let last = Int64(leaves.upperBound)
    let newest = try await store.reader.read { db -> Int64? in
      // The last one says it most of the time; times are only nearly in order.
      let time = try Int64.fetchOne(
        db,
        sql: "SELECT event_time FROM audit WHERE sequence = ?",
        arguments: [last]
      )
      guard let time, time < instant.milliseconds else { return nil }
      return try Int64.fetchOne(
        db,
        sql: "SELECT max(event_time) FROM audit WHERE sequence > ? AND sequence <= ?",
        arguments: [first, last]
      )
    }
    return newest.map { $0 < instant.milliseconds } ?? false
  }

  private func write(_ leaves: Range<UInt64>, _ tree: StoredTree) async throws(StoreError) {
    guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw .unavailable(systemError(folder)) }
    let path = path(of: leaves)
    let new = path + ".new"
    let written = try SegmentFile(creating: new)
    for index in (leaves.lowerBound / 256)..<(leaves.upperBound / 256) {
      guard let entries = try await store.entries(inBundle: index, width: Tile.fullWidth) else {
        throw .corrupted("audit log entry \(index * 256 + 1) is missing")
      }
      try await written.append(entries)
    }
    try await written.sync()
    // SECURITY: what is checked is what the file holds, not what was to be written.
    let read = try SegmentFile(reading: new)
    do {
      try await LogInspection(tree, in: store).requireRecords(leaves) { (_, width) async throws(StoreError) in
        try await read.next(width)
      }
    } catch {
      unlink(new)
      if case .unavailable(let cause) = error { throw .unavailable(cause) }
      throw .corrupted("the segment in `\(new)` is not what the log was made of: \(error)")
    }
    guard try await read.isAtEnd() else { throw .corrupted("`\(new)` holds more than its segment") }
    guard rename(new, path) == 0 else { throw .unavailable(systemError(path)) }
    try DurableFile.syncFolder(of: path)
    try DurableFile.syncFolder(of: folder)
  }

  /// Deletes what stands below the floor, also what a crash left there.
  private func removeSealedRecords() async throws(StoreError) {
    // SECURITY: a floor that somebody wrote into the store takes nothing away.
    let sealed = try await keeper.sealedRecords()
    let floor = try await store.logTree().floor
    guard floor <= sealed else {
      throw .corrupted("\(LogFault.floorNotSealed(floor: floor, sealed: sealed))")
    }
    var count = Int.max
    while count > 0 {
      let isClean = try await store.reader.read { db in
        try Bool.fetchOne(
          db,
          sql: "SELECT NOT EXISTS (SELECT 1 FROM audit WHERE sequence <= ?)",
          arguments: [Int64(floor)]
        ) ?? true
      }
      if isClean { return }
      count = try await store.maintain { db in
        let oldest = try Int64.fetchOne(db, sql: "SELECT coalesce(min(sequence), 0) FROM audit") ?? 0
        try db.execute(
          sql: "DELETE FROM audit WHERE sequence <= ?",
          arguments: [min(Int64(floor), oldest + SegmentArchive.deletedAtOnce - 1)]
        )
        return db.changesCount
      }
    }
  }
}

private func twelveDigits(_ number: UInt64) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, 12 - digits.utf8.count)) + digits
}
