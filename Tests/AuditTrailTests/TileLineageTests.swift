// SPDX-License-Identifier: Apache-2.0

import AuditTrail
import Testing

struct TileLineageTests {
  private static let sizes: [UInt64] = [1, 255, 256, 257, 1000, 65_536, 65_537, 65_793, 66_600]

  private static func tree(_ size: UInt64) -> (tiles: [Tile: [MerkleHash]], root: MerkleHash) {
    var state = TreeState()
    var rows: [Int: [MerkleHash]] = [:]
    for number in 0..<size {
      state.append(.leaf(Array("\(number)".utf8))) { subtree, hash in
        if subtree.height % 8 == 0 { rows[subtree.height / 8, default: []].append(hash) }
      }
    }
    var tiles: [Tile: [MerkleHash]] = [:]
    for tile in Tile.all(ofTree: size) {
      let first = Int(tile.index) * 256
      tiles[tile] = Array((rows[tile.level] ?? [])[first..<(first + tile.width)])
    }
    return (tiles, state.root)
  }

  private static func isRight(
    _ tile: Tile,
    _ lineage: TileLineage,
    _ tiles: [Tile: [MerkleHash]],
    _ root: MerkleHash
  )
    throws -> Bool?
  {
    switch lineage.verdict(tiles, root: root) {
    case .proved: true
    case .folds(let hash): try Tile.hash(folding: #require(tiles[tile])) == hash
    case .unknown: nil
    }
  }

  @Test(arguments: sizes) func `every tile of an honest tree is right`(size: UInt64) throws {
    let (tiles, root) = Self.tree(size)
    for tile in tiles.keys {
      let lineage = try #require(TileLineage(of: tile, inTree: size))
      #expect(try Self.isRight(tile, lineage, tiles, root) == true, "\(tile)")
      // Nothing but what it names is needed.
      let few = tiles.filter { lineage.tiles.contains($0.key) || $0.key == tile }
      #expect(try Self.isRight(tile, lineage, few, root) == true, "\(tile)")
      #expect(lineage.verdict(tiles, root: .leaf([])) == .unknown)
    }
  }

  @Test(arguments: sizes) func `a changed tile is wrong, and tells nothing of those below it`(size: UInt64)
    throws
  {
    let (tiles, root) = Self.tree(size)
    for tile in tiles.keys where tile.level > 0 || tile.index % 64 == 0 || tile.isPartial {
      var changed = tiles
      changed[tile]?[tile.width - 1] = .leaf([1])
      let lineage = try #require(TileLineage(of: tile, inTree: size))
      #expect(try Self.isRight(tile, lineage, changed, root) != true, "\(tile)")
      guard tile.level > 0 else { continue }
      let below = try #require(Tile(level: tile.level - 1, index: tile.index * 256))
      let child = try #require(TileLineage(of: below, inTree: size))
      #expect(child.verdict(changed, root: root) == .unknown, "\(tile)")
      changed[tile] = nil
      #expect(child.verdict(changed, root: root) == .unknown, "\(tile)")
    }
  }

  @Test func `a tile that the tree does not have has no lineage`() throws {
    for (level, index, width) in [(0, 4, 256), (0, 3, 256), (0, 3, 231), (1, 0, 4), (2, 0, 1), (8, 0, 1)] {
      let tile = try #require(Tile(level: level, index: UInt64(index), width: width))
      #expect(TileLineage(of: tile, inTree: 1000) == nil, "\(tile)")
    }
    let last = try #require(Tile(level: 0, index: 3, width: 232))
    #expect(
      TileLineage(of: last, inTree: 1000)?.tiles == [last, try #require(Tile(level: 1, index: 0, width: 3))]
    )
  }

  @Test(arguments: sizes + [0]) func `the tiles that still grow are the partial ones`(size: UInt64) {
    #expect(Tile.partial(ofTree: size) == Tile.all(ofTree: size).filter(\.isPartial))
  }
}
