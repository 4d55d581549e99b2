// SPDX-License-Identifier: Apache-2.0
//
// What the signed root says of one tile: the tiles above it lead from the root down to it. So that of a record and a
// tile that disagree the one that was changed can be told. Refuses to know where tiles are kept.
// Source: C2SP tlog-tiles; RFC 6962 §2.1.

/// The way from the root of a tree down to a tile.
package struct TileLineage: Hashable, Sendable {
  /// What must be true of the tile.
  package enum Verdict: Hashable, Sendable {
    /// The root is made of the tile's hashes, and they are right.
    case proved
    /// The tile is right when its hashes fold into this one.
    case folds(into: MerkleHash)
    /// The tiles above are not those of the root: nothing is known.
    case unknown
  }

  /// The tile.
  package let tile: Tile
  /// The tiles that have to be read: those above the tile, up to the first partial one, and the partial ones.
  package let tiles: [Tile]

  private let size: UInt64
  private let ancestors: [Tile]

  /// Finds the way; `nil` when a tree of `size` leaves has no such tile.
  package init?(of tile: Tile, inTree size: UInt64) {
    guard Self.tile(at: tile.level, tile.index, inTree: size) == tile else { return nil }
    self.tile = tile
    self.size = size
    var ancestors: [Tile] = []
    var last = tile
    // A full tile stands for one hash of the level above, so there is a tile there.
    while !last.isPartial, let above = Self.tile(at: last.level + 1, last.index / 256, inTree: size) {
      ancestors.append(above)
      last = above
    }
    self.ancestors = ancestors
    tiles = ancestors + Tile.partial(ofTree: size).filter { !ancestors.contains($0) }
  }

  /// What the root says of the tile.
  ///
  /// - Parameters:
  ///   - hashes: what the tiles of `tiles`, and the tile itself where it is partial, hold; those that cannot be read are
  ///     left out.
  ///   - root: the root that is trusted.
  /// - Returns: what must be true of the tile.
  package func verdict(_ hashes: [Tile: [MerkleHash]], root: MerkleHash) -> Verdict {
    // The partial tiles make the root.
    var edge: [MerkleHash] = []
    for subtree in TreeState.subtrees(ofTree: size) {
      guard let (holder, range) = Tile.holding(subtree, inTree: size), let row = hashes[holder],
        row.count == holder.width, let hash = try? Tile.hash(folding: row[range])
      else { return .unknown }
      edge.append(hash)
    }
    guard (try? TreeState(size: size, edge: edge))?.root == root else { return .unknown }
    guard !ancestors.isEmpty else { return .proved }
    // From there down, each tile is what the one above says.
    var due: MerkleHash?
    let path = [tile] + ancestors
    for (above, below) in zip(path.dropFirst(), path).reversed() {
      guard let row = hashes[above], row.count == above.width else { return .unknown }
      if let due, (try? Tile.hash(folding: row)) != due { return .unknown }
      due = row[Int(below.index % 256)]
    }
    return due.map { .folds(into: $0) } ?? .unknown
  }

  /// The tile at a place, as wide as a tree of `size` leaves has it; `nil` when it has none there.
  private static func tile(at level: Int, _ index: UInt64, inTree size: UInt64) -> Tile? {
    let count = level < 8 ? size >> (8 * level) : 0
    guard count > 0, index <= (count - 1) / 256 else { return nil }
    return Tile(level: level, index: index, width: Int(min(256, count - index * 256)))
  }
}
