// SPDX-License-Identifier: Apache-2.0
//
// Checks a whole log from its files: bundles and tiles go in from left to right, and the first record or hash that is
// not what the tree says is named. Knows 64 hashes and one tile a level, whatever the size of the log.
// Source: C2SP tlog-tiles; RFC 6962 §2.1.

/// A check of a log's entries against its tiles, and of both against a checkpoint.
package struct LogAudit: Sendable {
  /// The tree that the checked entries make.
  package private(set) var tree: TreeState

  // For each level from 1 on: the hashes that its next tile must hold.
  private var due: [[MerkleHash]] = []

  /// Begins with the first entry.
  package init() {
    tree = TreeState()
  }

  /// Begins after entries that were left out: of a log whose older segments are gone, or that was checked up to there.
  ///
  /// - Parameter tree: the tree of the entries before, whose size is a multiple of 256. What it claims is proved, like
  ///   everything else, by the root in the end.
  /// - Throws: `AuditTrailError.tileOutOfOrder` for another size.
  package init(continuing tree: TreeState) throws(AuditTrailError) {
    guard tree.size % 256 == 0 else { throw .tileOutOfOrder(expected: tree.size / 256) }
    self.tree = tree
  }

  /// Takes the next bundle and, when it is at hand, the tile of level 0 that belongs to it.
  ///
  /// - Parameters:
  ///   - index: the place of the bundle.
  ///   - entries: its entries, at most 256; fewer only in the last bundle.
  ///   - hashes: the hashes of the tile; `nil` to go without.
  /// - Throws: `AuditTrailError.recordDiffers` with the index of the first record that is not the one that the tile was
  ///   made of, `.malformedTile` when there are not as many hashes as entries, or `.tileOutOfOrder`.
  package mutating func add(
    bundle index: UInt64,
    entries: [[UInt8]],
    hashes: [MerkleHash]?
  ) throws(AuditTrailError) {
    try add(bundle: index, leaves: entries.map { MerkleHash.leaf($0) }, hashes: hashes)
  }

  /// Takes the next bundle as the hashes of its entries, which were hashed elsewhere or are gone.
  ///
  /// - Parameters:
  ///   - index: the place of the bundle.
  ///   - leaves: `MerkleHash.leaf` of each entry; of entries that are gone, the hashes of the tile, proved by the root.
  ///   - hashes: as for entries.
  /// - Throws: as for entries.
  package mutating func add(
    bundle index: UInt64,
    leaves: [MerkleHash],
    hashes: [MerkleHash]?
  ) throws(AuditTrailError) {
    guard tree.size % 256 == 0, index == tree.size / 256 else {
      throw .tileOutOfOrder(expected: tree.size / 256)
    }
    guard (1...Tile.fullWidth).contains(leaves.count), hashes.map({ $0.count == leaves.count }) ?? true
    else { throw .malformedTile(count: leaves.count) }
    for (offset, leaf) in leaves.enumerated() {
      if let hashes, hashes[offset] != leaf { throw .recordDiffers(index: tree.size) }
      tree.append(leaf) { subtree, hash in
        let level = subtree.height / 8
        guard subtree.height % 8 == 0, level > 0 else { return }
        while due.count < level { due.append([]) }
        // The tile that was full has been checked by now, or nobody asked for it.
        if subtree.index % UInt64(Tile.fullWidth) == 0 { due[level - 1] = [] }
        due[level - 1].append(hash)
      }
    }
  }

  /// The hashes that the tile of `level`, 1 or above, must hold after the entries so far: its last ones, where the check
  /// began within it.
  package func dueHashes(level: Int) -> [MerkleHash] {
    level >= 1 && level <= due.count ? due[level - 1] : []
  }

  /// Checks a tile of a level above 0, right after the last bundle below it.
  ///
  /// - Throws: `AuditTrailError.tileDiffers` with the place of the first hash that is wrong, or `.tileOutOfOrder` when
  ///   another tile of the level is due.
  package func check(_ tile: Tile, hashes: [MerkleHash]) throws(AuditTrailError) {
    let now = tile.level < 8 ? tree.size >> (8 * tile.level) : 0
    guard now > 0, tile.level > 0, due.count >= tile.level, tile.index == (now - 1) / 256 else {
      throw .tileOutOfOrder(expected: now == 0 ? 0 : (now - 1) / 256)
    }
    let width = Int(now - tile.index * 256)
    guard tile.width == width, hashes.count == width else { throw .malformedTile(count: width) }
    // Hashes of entries before the first one here are part of the root, which is checked in the end.
    let expected = due[tile.level - 1]
    let first = width - expected.count
    for (offset, hash) in expected.enumerated() where hashes[first + offset] != hash {
      throw .tileDiffers(level: tile.level, index: tile.index * 256 + UInt64(first + offset))
    }
  }

  /// Passes when the entries are those of the checkpoint.
  ///
  /// - Throws: `AuditTrailError.sizesOutOfOrder` when the entries are not as many, `.rootDiffers` when they are others.
  package func finish(_ checkpoint: Checkpoint) throws(AuditTrailError) {
    guard tree.size == checkpoint.size else {
      throw .sizesOutOfOrder(old: tree.size, new: checkpoint.size)
    }
    guard tree.root == checkpoint.root else { throw .rootDiffers }
  }
}
