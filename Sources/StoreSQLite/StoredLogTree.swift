// SPDX-License-Identifier: Apache-2.0
//
// The tree as its tables hold it: full tiles, and for each level the tile that still grows. The right edge is made from
// these, so that no two places can disagree about it. Source: RFC 6962 §2.1; C2SP tlog-tiles, "Merkle Tree".

import AuditTrail
import Federation
import FoundationEssentials
import GRDB

/// The newest tree: its size and the tiles that still grow.
struct StoredLogTree: Sendable {
  /// Which tree of this store it is.
  let epoch: Int64
  /// The tree.
  private(set) var state: TreeState
  /// For each level, from 0, the hashes of the tile that still grows; fewer than 256.
  private(set) var edge: [[MerkleHash]]

  /// Reads the newest tree.
  init(_ db: Database) throws {
    let row = try Row.fetchOne(
      db.cachedStatement(sql: "SELECT epoch, size FROM log_tree ORDER BY epoch DESC LIMIT 1")
    )
    guard let row, let epoch = Int64.fromDatabaseValue(row[0]),
      let size = Int64.fromDatabaseValue(row[1]), size >= 0
    else { throw StoreError.corrupted("the log has no tree") }
    self.epoch = epoch
    edge = []
    let rows = try Row.fetchCursor(
      db.cachedStatement(sql: "SELECT level, hashes FROM log_edge WHERE epoch = ? ORDER BY level"),
      arguments: [epoch]
    )
    while let row = try rows.next() {
      guard Int.fromDatabaseValue(row[0]) == edge.count, let bytes = [UInt8].fromDatabaseBlob(row[1]) else {
        throw StoreError.corrupted("the edge of the log's tree breaks the schema")
      }
      edge.append(try storedHashes(bytes))
    }
    state = try Self.state(size: UInt64(size), edge)
  }

  // The complete subtrees, the largest first: within each growing tile the runs that the bits of its width say.
  private static func state(size: UInt64, _ edge: [[MerkleHash]]) throws -> TreeState {
    var subtrees: [MerkleHash] = []
    for level in edge.indices.reversed() {
      let row = edge[level]
      let due = level < 8 ? (size >> (8 * UInt64(level))) % 256 : 0
      guard row.count == Int(due) else {
        throw StoreError.corrupted("the edge of the log's tree does not make \(size) records")
      }
      var start = 0
      for bit in stride(from: 7, through: 0, by: -1) where row.count >> bit & 1 == 1 {
        subtrees.append(try Tile.hash(folding: row[start..<(start + 1 << bit)]))
        start += 1 << bit
      }
    }
    do {
      return try TreeState(size: size, edge: subtrees)
    } catch {
      throw StoreError.corrupted("the edge of the log's tree does not make \(size) records")
    }
  }

  /// How many complete subtrees of the height of `level` there are.
  func width(_ level: Int) -> UInt64 {
    level < 8 ? state.size >> (8 * UInt64(level)) : 0
  }

  /// Appends `leaf`; `isFull` learns of each tile that became full.
  mutating func append(_ leaf: MerkleHash, isFull: (Tile, [MerkleHash]) -> Void) {
    var edge = edge
    self.edge = []
    state.append(leaf) { subtree, hash in
      guard subtree.height % 8 == 0 else { return }
      let level = subtree.height / 8
      if level == edge.count { edge.append([]) }
      edge[level].append(hash)
      guard edge[level].count == Tile.fullWidth, let tile = Tile(level: level, index: subtree.index / 256)
      else { return }
      isFull(tile, edge[level])
      edge[level].removeAll(keepingCapacity: true)
    }
    self.edge = edge
  }
}

/// The hashes that a blob spells.
func storedHashes(_ bytes: [UInt8]) throws(StoreError) -> [MerkleHash] {
  guard bytes.count % MerkleHash.byteCount == 0 else {
    throw .corrupted("a tile of the log's tree breaks the schema")
  }
  return stride(from: 0, to: bytes.count, by: MerkleHash.byteCount).compactMap {
    MerkleHash(bytes[$0..<($0 + MerkleHash.byteCount)])
  }
}

extension [UInt8] {
  /// The octets of a blob; `nil` for anything else, also for text.
  static func fromDatabaseBlob(_ value: DatabaseValue) -> [UInt8]? {
    guard case .blob(let data) = value.storage else { return nil }
    return Array(data)
  }
}
