// SPDX-License-Identifier: Apache-2.0
//
// The tree as static files: which tile holds which hashes, and which tiles a tree of a size has. Refuses to know where
// they are kept or served. Source: C2SP tlog-tiles, "Merkle Tree".

/// A run of up to 256 hashes of complete subtrees of one height, side by side.
///
/// At level 0 these are leaves; at each further level the subtrees are 8 levels higher, so that a hash stands for a
/// whole tile of the level below.
package struct Tile: Hashable, Sendable {
  /// The most hashes that a tile holds.
  package static let fullWidth = 256

  /// The level, 0...63; trees of less than 2^64 leaves have none above 7.
  package let level: Int
  /// How many tiles of the level lie to the left.
  package let index: UInt64
  /// The number of hashes, 1...256; below 256 the tile is partial.
  package let width: Int

  /// Names a tile; `nil` when no tree can have it.
  package init?(level: Int, index: UInt64, width: Int = Tile.fullWidth) {
    guard (0...63).contains(level), (1...Self.fullWidth).contains(width) else { return nil }
    self.init(level, index, width)
  }

  private init(_ level: Int, _ index: UInt64, _ width: Int) {
    self.level = level
    self.index = index
    self.width = width
  }

  /// Whether the tile still grows.
  package var isPartial: Bool { width < Self.fullWidth }

  /// The complete subtrees whose hashes the tile holds, in order; empty for a tile beyond leaf 2^64 − 1.
  package var subtrees: [Subtree] {
    let (first, overflow) = index.multipliedReportingOverflow(by: UInt64(Self.fullWidth))
    guard !overflow, level < 8 else { return [] }
    return (0..<UInt64(width)).compactMap { Subtree(height: 8 * level, index: first + $0) }
  }

  /// The tiles of a tree of `size` leaves, the leaves' level first, left to right.
  package static func all(ofTree size: UInt64) -> [Tile] {
    made(from: 0, to: size)
  }

  /// The tiles of a tree of `size` leaves that still grow, the leaves' level first.
  package static func partial(ofTree size: UInt64) -> [Tile] {
    (0..<8).compactMap { level in
      let count = hashes(level, size)
      return count % 256 == 0 ? nil : Tile(level, count / 256, Int(count % 256))
    }
  }

  /// The tiles that a tree has after it grew from `old` to `new` leaves and did not have before.
  ///
  /// Level by level, left to right. A tile that was partial comes again, wider; the narrower one stays as it was and
  /// may go once no checkpoint that is still of use needs it.
  package static func made(from old: UInt64, to new: UInt64) -> [Tile] {
    var tiles: [Tile] = []
    for level in 0..<8 {
      let before = hashes(level, old)
      let now = hashes(level, new)
      guard now > before else { break }
      for index in (before / 256)...((now - 1) / 256) {
        tiles.append(Tile(level, index, Int(min(256, now - index * 256))))
      }
    }
    return tiles
  }

  /// Where the hash of `subtree` is found in a tree of `size` leaves; `nil` when the subtree is not complete there.
  ///
  /// - Returns: the tile as wide as that tree has it, and the hashes in it that fold into the subtree's.
  package static func holding(_ subtree: Subtree, inTree size: UInt64) -> (tile: Tile, hashes: Range<Int>)? {
    guard subtree.index < hashes(ofHeight: subtree.height, size) else { return nil }
    let level = subtree.height / 8
    // INVARIANT: below 2^64 >> 8 · level, as the subtree is complete.
    let first = subtree.index << (subtree.height % 8)
    let index = first / 256
    let width = Int(min(256, hashes(level, size) - index * 256))
    let offset = Int(first % 256)
    return (Tile(level, index, width), offset..<(offset + 1 << (subtree.height % 8)))
  }

  // How many complete subtrees of the level's height a tree of `size` leaves has.
  private static func hashes(_ level: Int, _ size: UInt64) -> UInt64 {
    hashes(ofHeight: 8 * level, size)
  }

  private static func hashes(ofHeight height: Int, _ size: UInt64) -> UInt64 {
    size >> height
  }
}

// MARK: - Contents

extension Tile {
  /// The bytes of a tile that holds `hashes`: one after the other.
  package static func bytes(of hashes: some Sequence<MerkleHash>) -> [UInt8] {
    hashes.flatMap(\.bytes)
  }

  /// The hashes that the bytes of this tile spell.
  ///
  /// - Throws: `AuditTrailError.malformedTile` when they are not exactly as many as the tile is wide.
  package func hashes(in bytes: [UInt8]) throws(AuditTrailError) -> [MerkleHash] {
    guard bytes.count == width * MerkleHash.byteCount else { throw .malformedTile(count: width) }
    return stride(from: 0, to: bytes.count, by: MerkleHash.byteCount).compactMap {
      MerkleHash(bytes[$0..<($0 + MerkleHash.byteCount)])
    }
  }

  /// The hash of a subtree of up to 8 levels from the hashes of a tile that make it; their number is a power of two.
  ///
  /// - Throws: `AuditTrailError.malformedTile` when it is not.
  package static func hash(folding hashes: some Collection<MerkleHash>) throws(AuditTrailError) -> MerkleHash
  {
    var row = Array(hashes)
    guard row.count.nonzeroBitCount == 1 else { throw .malformedTile(count: row.count) }
    while row.count > 1 {
      row = stride(from: 0, to: row.count, by: 2).map { .node(row[$0], row[$0 + 1]) }
    }
    return row[0]
  }
}
