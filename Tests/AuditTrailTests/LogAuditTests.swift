// SPDX-License-Identifier: Apache-2.0
//
// A log of 1,000 records as files, tampered with in each way that there is.

import AuditTrail
import Testing

struct LogAuditTests {
  private static let size = 1000
  private static let records = (0..<size).map { Array(#"{"n":\#($0)}"#.utf8) }

  private static func audit(
    _ records: [[UInt8]],
    tiles: [[MerkleHash]]?,
    from start: Int = 0,
    upper: [MerkleHash]? = nil
  ) throws -> LogAudit {
    var before = TreeState()
    for record in Self.records.prefix(start * 256) { before.append(.leaf(record)) }
    var audit = try start == 0 ? LogAudit() : LogAudit(continuing: before)
    for bundle in start..<((records.count + 255) / 256) {
      let entries = Array(records[(bundle * 256)..<min(records.count, (bundle + 1) * 256)])
      try audit.add(bundle: UInt64(bundle), entries: entries, hashes: tiles?[bundle])
    }
    if let upper { try audit.check(#require(Tile(level: 1, index: 0, width: upper.count)), hashes: upper) }
    return audit
  }

  private static func leaves(_ records: [[UInt8]]) -> [[MerkleHash]] {
    stride(from: 0, to: records.count, by: 256).map { first in
      records[first..<min(records.count, first + 256)].map { MerkleHash.leaf($0) }
    }
  }

  private static let tiles = leaves(records)
  private static let upper: [MerkleHash] = {
    let tree = SmallTree(records.map { MerkleHash.leaf($0) })
    return (0..<3).map { tree.root(($0 * 256)..<(($0 + 1) * 256)) }
  }()

  private static func checkpoint(_ records: [[UInt8]]) throws -> Checkpoint {
    var tree = TreeState()
    for record in records { tree.append(.leaf(record)) }
    return try Checkpoint(origin: "log", size: tree.size, root: tree.root)
  }

  @Test func `an honest log passes, whole or from any tile on, with its tiles or without`() throws {
    let checkpoint = try Self.checkpoint(Self.records)
    for start in 0..<4 {
      try Self.audit(Self.records, tiles: Self.tiles, from: start, upper: start < 3 ? Self.upper : nil)
        .finish(checkpoint)
      try Self.audit(Self.records, tiles: nil, from: start).finish(checkpoint)
    }
  }

  @Test func `a changed record is named, wherever it is`() throws {
    for index in Array(stride(from: 0, to: Self.size, by: 37)) + [255, 256, 767, 768, 999] {
      for position in [0, Self.records[index].count - 1] {
        var records = Self.records
        records[index][position] ^= 1
        #expect(throws: AuditTrailError.recordDiffers(index: UInt64(index))) {
          try Self.audit(records, tiles: Self.tiles)
        }
        // Without tiles, or with tiles that were changed with it, the root tells that something is wrong.
        for tiles in [nil, Self.leaves(records)] {
          #expect(throws: AuditTrailError.rootDiffers) {
            try Self.audit(records, tiles: tiles).finish(Self.checkpoint(Self.records))
          }
        }
        // The tile above tells which 256 records it is among.
        if index < 768 {
          #expect(throws: AuditTrailError.tileDiffers(level: 1, index: UInt64(index / 256))) {
            try Self.audit(records, tiles: Self.leaves(records), upper: Self.upper)
          }
        }
      }
    }
  }

  @Test func `swapped, dropped, doubled and appended records are found`() throws {
    var swapped = Self.records
    swapped.swapAt(300, 301)
    #expect(throws: AuditTrailError.recordDiffers(index: 300)) { try Self.audit(swapped, tiles: Self.tiles) }
    var dropped = Self.records
    dropped.remove(at: 500)
    #expect(throws: AuditTrailError.recordDiffers(index: 500)) { try Self.audit(dropped, tiles: Self.tiles) }
    var doubled = Self.records
    doubled.insert(doubled[700], at: 700)
    #expect(throws: AuditTrailError.recordDiffers(index: 701)) { try Self.audit(doubled, tiles: Self.tiles) }
    let longer = Self.records + [Array("{}".utf8)]
    #expect(throws: AuditTrailError.malformedTile(count: 233)) { try Self.audit(longer, tiles: Self.tiles) }
    #expect(throws: AuditTrailError.sizesOutOfOrder(old: 1001, new: 1000)) {
      try Self.audit(longer, tiles: nil).finish(Self.checkpoint(Self.records))
    }
    #expect(throws: AuditTrailError.sizesOutOfOrder(old: 900, new: 1000)) {
      try Self.audit(Array(Self.records.prefix(900)), tiles: nil).finish(Self.checkpoint(Self.records))
    }
  }

  @Test func `a tile or bundle out of its place is refused`() throws {
    var audit = LogAudit()
    #expect(throws: AuditTrailError.tileOutOfOrder(expected: 0)) {
      try audit.add(bundle: 1, entries: [[]], hashes: nil)
    }
    #expect(throws: AuditTrailError.malformedTile(count: 0)) {
      try audit.add(bundle: 0, entries: [], hashes: nil)
    }
    #expect(throws: AuditTrailError.malformedTile(count: 257)) {
      try audit.add(bundle: 0, entries: Array(repeating: [], count: 257), hashes: nil)
    }
    try audit.add(bundle: 0, entries: [[]], hashes: nil)
    #expect(throws: AuditTrailError.tileOutOfOrder(expected: 0)) {
      try audit.add(bundle: 1, entries: [[]], hashes: nil)
    }
    #expect(throws: AuditTrailError.tileOutOfOrder(expected: 0)) {
      try audit.check(#require(Tile(level: 1, index: 0, width: 1)), hashes: [.emptyTree])
    }
    let whole = try Self.audit(Self.records, tiles: nil)
    #expect(throws: AuditTrailError.tileOutOfOrder(expected: 0)) {
      try whole.check(#require(Tile(level: 1, index: 1, width: 3)), hashes: Self.upper)
    }
    #expect(throws: AuditTrailError.malformedTile(count: 3)) {
      try whole.check(#require(Tile(level: 1, index: 0, width: 2)), hashes: Array(Self.upper.prefix(2)))
    }
    #expect(throws: AuditTrailError.tileOutOfOrder(expected: 0)) {
      try LogAudit(continuing: TreeState(size: 1, edge: [.emptyTree]))
    }
  }

  @Test func `what is claimed of records that are gone is proved by the root`() throws {
    let wrong = try TreeState(size: 256, edge: [flipped(Self.upper[0], 5)])
    var audit = try LogAudit(continuing: wrong)
    for bundle in 1..<4 {
      let entries = Array(Self.records[(bundle * 256)..<min(Self.size, (bundle + 1) * 256)])
      try audit.add(bundle: UInt64(bundle), entries: entries, hashes: Self.tiles[bundle])
    }
    #expect(throws: AuditTrailError.rootDiffers) { try audit.finish(Self.checkpoint(Self.records)) }
  }

  @Test func `hashes stand in for records that are gone, and the tiles above are still checked`() throws {
    var audit = LogAudit()
    for bundle in 0..<4 { try audit.add(bundle: UInt64(bundle), leaves: Self.tiles[bundle], hashes: nil) }
    #expect(audit.dueHashes(level: 1) == Self.upper)
    #expect(audit.dueHashes(level: 0).isEmpty && audit.dueHashes(level: 2).isEmpty)
    try audit.check(#require(Tile(level: 1, index: 0, width: 3)), hashes: Self.upper)
    try audit.finish(Self.checkpoint(Self.records))
    var changed = LogAudit()
    for bundle in 0..<4 {
      var leaves = Self.tiles[bundle]
      if bundle == 2 { leaves[7] = .emptyTree }
      try changed.add(bundle: UInt64(bundle), leaves: leaves, hashes: nil)
    }
    #expect(throws: AuditTrailError.tileDiffers(level: 1, index: 2)) {
      try changed.check(#require(Tile(level: 1, index: 0, width: 3)), hashes: Self.upper)
    }
    #expect(throws: AuditTrailError.rootDiffers) { try changed.finish(Self.checkpoint(Self.records)) }
  }

  @Test func `of a damaged bundle the entries before the damage are read`() throws {
    let entries = Array(Self.records.prefix(5))
    let bytes = try EntryBundle.bytes(of: entries)
    func readable(_ bytes: [UInt8], _ count: Int) -> (Int, Bool) {
      let (found, isWhole) = EntryBundle.readable(in: bytes, count: count)
      return (zip(found, entries).prefix { $0 == $1 }.count, isWhole)
    }
    #expect(readable(bytes, 5) == (5, true))
    #expect(readable(bytes, 4) == (4, false))
    #expect(readable(bytes, 6) == (5, false))
    #expect(readable(Array(bytes.dropLast()), 5) == (4, false))
    #expect(readable(bytes + [0], 5) == (5, false))
    var long = bytes
    long[18] = 0xFF  // the length of the third
    #expect(readable(long, 5) == (2, false))
    #expect(readable([], 0) == (0, true))
  }
}
