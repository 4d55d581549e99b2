// SPDX-License-Identifier: Apache-2.0
//
// Entries as they are served beside the tiles: up to 256, each behind its length. An entry is a record's JSON, byte for
// byte; `AuditRecord.json` never makes one that does not fit. Source: C2SP tlog-tiles, "Log entries".

/// The entries of a tile of level 0.
package enum EntryBundle {
  /// The longest entry, in bytes: the length stands in 16 bits.
  package static let maximumEntryBytes = 65_535

  /// The bytes of a bundle.
  ///
  /// - Throws: `AuditTrailError.entryTooLong`.
  package static func bytes(of entries: some Sequence<[UInt8]>) throws(AuditTrailError) -> [UInt8] {
    var bytes: [UInt8] = []
    for entry in entries { try append(entry, to: &bytes) }
    return bytes
  }

  /// Appends one entry to the bytes of a bundle.
  ///
  /// - Throws: `AuditTrailError.entryTooLong`.
  package static func append(_ entry: [UInt8], to bytes: inout [UInt8]) throws(AuditTrailError) {
    guard entry.count <= maximumEntryBytes else { throw .entryTooLong(bytes: entry.count) }
    bytes.append(UInt8(entry.count >> 8))
    bytes.append(UInt8(entry.count & 0xFF))
    bytes.append(contentsOf: entry)
  }

  /// The entries that `bytes` spells.
  ///
  /// - Throws: `AuditTrailError.malformedTile` when they are not exactly `count`.
  package static func entries(in bytes: [UInt8], count: Int) throws(AuditTrailError) -> [[UInt8]] {
    let (entries, isWhole) = readable(in: bytes, count: count)
    guard isWhole else { throw .malformedTile(count: count) }
    return entries
  }

  /// The entries that can be told apart in `bytes`, at most `count`; and whether that is all of `bytes` and all of them.
  ///
  /// So that of a bundle that was damaged the first entry that is wrong can be named.
  package static func readable(in bytes: [UInt8], count: Int) -> (entries: [[UInt8]], isWhole: Bool) {
    var entries: [[UInt8]] = []
    entries.reserveCapacity(min(count, Tile.fullWidth))
    var position = 0
    while entries.count < count, position + 2 <= bytes.count {
      let length = Int(bytes[position]) << 8 | Int(bytes[position + 1])
      let end = position + 2 + length
      guard end <= bytes.count else { break }
      entries.append(Array(bytes[(position + 2)..<end]))
      position = end
    }
    return (entries, entries.count == count && position == bytes.count)
  }
}
