// SPDX-License-Identifier: Apache-2.0
//
// Grows the tree behind the records. Records are read and hashed on a reader, beside the request path; the one writing
// connection only puts down what came of it. A reader sees what a commit has made durable, and the log of writes keeps
// the order: when the tree's commit is durable, so are the records below it. Source: SQLite, "Write-Ahead Logging".

package import AuditTrail
package import Federation
import FoundationEssentials
import GRDB

/// What a run of records adds to the tree.
struct LogTreeGrowth: Sendable {
  private let before: StoredLogTree
  private var after: StoredLogTree
  private var full: [(tile: Tile, hashes: [MerkleHash])] = []

  /// Reads up to `limit` records after the tree's last one; `nil` when there are none.
  init?(_ db: Database, limit: Int) throws {
    let size = try Int64.fetchOne(
      db.cachedStatement(sql: "SELECT size FROM log_tree ORDER BY epoch DESC LIMIT 1")
    )
    // Most of the time there is nothing to do.
    guard try size ?? -1 < newestSequence(db) else { return nil }
    before = try StoredLogTree(db)
    after = before
    let floor = UInt64(try retentionFloor(db))
    if before.state.size < floor {
      try takeSealed(db, below: floor, limit: limit)
    } else {
      try takeRecords(db, limit: limit)
    }
    guard count > 0 else { return nil }
  }

  /// How many records there are.
  var count: Int { Int(after.state.size - before.state.size) }

  private mutating func append(_ leaf: MerkleHash) {
    after.append(leaf) { full.append(($0, $1)) }
  }

  private mutating func takeRecords(_ db: Database, limit: Int) throws {
    let first = Int64(before.state.size)
    let statement = try db.cachedStatement(
      sql: "SELECT sequence, json FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?"
    )
    let rows = try Row.fetchCursor(statement, arguments: [first, limit])
    while let row = try rows.next() {
      let due = Int64(after.state.size) + 1
      // SECURITY: a gap is a hole that somebody made.
      guard Int64.fromDatabaseValue(row[0]) == due, let json = String.fromDatabaseValue(row[1]) else {
        throw StoreError.corrupted("audit log entry \(due) is missing")
      }
      append(.leaf(Array(json.utf8)))
    }
  }

  // A tree that began anew after records had left: of those the hashes are known, from the newest tree before that came
  // so far.
  private mutating func takeSealed(_ db: Database, below floor: UInt64, limit: Int) throws {
    let statement = try db.cachedStatement(
      sql: "SELECT hashes FROM log_tile WHERE epoch < ? AND level = 0 AND idx = ? ORDER BY epoch DESC LIMIT 1"
    )
    while after.state.size < floor, count + Tile.fullWidth <= max(limit, Tile.fullWidth) {
      let index = Int64(after.state.size / 256)
      let row = try Row.fetchOne(statement, arguments: [before.epoch, index])
      guard let bytes = row.flatMap({ [UInt8].fromDatabaseBlob($0[0]) }), bytes.count == 8192 else {
        throw StoreError.corrupted("tile \(index) of level 0 of the log's tree is missing")
      }
      for leaf in try storedHashes(bytes) { append(leaf) }
    }
  }

  /// Puts it down, if the tree is still the one that was read.
  func write(_ db: Database) throws {
    let grow = try db.cachedStatement(sql: "UPDATE log_tree SET size = ? WHERE epoch = ? AND size = ?")
    try grow.execute(arguments: [Int64(after.state.size), before.epoch, Int64(before.state.size)])
    guard db.changesCount == 1 else { throw StoreError.unavailable("the log's tree has changed meanwhile") }
    let insert = try db.cachedStatement(
      sql: "INSERT INTO log_tile (epoch, level, idx, hashes) VALUES (?, ?, ?, ?)"
    )
    for (tile, hashes) in full {
      try insert.execute(arguments: [before.epoch, tile.level, Int64(tile.index), blob(hashes)])
    }
    let rewrite = try db.cachedStatement(
      sql: """
        INSERT INTO log_edge (epoch, level, hashes) VALUES (?, ?, ?)
        ON CONFLICT (epoch, level) DO UPDATE SET hashes = excluded.hashes
        """
    )
    for (level, hashes) in after.edge.enumerated() {
      guard level >= before.edge.count || before.edge[level] != hashes else { continue }
      try rewrite.execute(arguments: [before.epoch, level, blob(hashes)])
    }
  }
}

private func blob(_ hashes: [MerkleHash]) -> DatabaseValue {
  Data(Tile.bytes(of: hashes)).databaseValue
}

// MARK: - The seam

extension SQLiteStore: LogTreeStore {
  package func growLogTree(atMost limit: Int) async throws(StoreError) -> Int {
    guard let growth = try await reader.read({ db in try LogTreeGrowth(db, limit: limit) }) else { return 0 }
    try await maintain { db in try growth.write(db) }
    return growth.count
  }

  package func beginLogTree() async throws(StoreError) {
    try await maintain { db in
      // One that began, and of which nothing is known yet, is as good as another.
      try db.execute(
        sql: """
          INSERT INTO log_tree (epoch, size)
          SELECT epoch + 1, 0 FROM (SELECT epoch, size FROM log_tree ORDER BY epoch DESC LIMIT 1) AS newest
          WHERE size > 0
            OR EXISTS (SELECT 1 FROM log_tile WHERE log_tile.epoch = newest.epoch)
            OR EXISTS (SELECT 1 FROM log_edge WHERE log_edge.epoch = newest.epoch)
          """
      )
    }
  }

  package func logTree() async throws(StoreError) -> StoredTree {
    try await reader.logTree()
  }

  package func hashes(of tile: Tile) async throws(StoreError) -> [MerkleHash]? {
    try await reader.hashes(of: tile)
  }

  package func entries(inBundle index: UInt64, width: Int) async throws(StoreError) -> [[UInt8]]? {
    try await reader.entries(inBundle: index, width: width)
  }

  package func leafIndex(ofToken jti: String) async throws(StoreError) -> UInt64? {
    try await reader.leafIndex(ofToken: jti)
  }

  package func leafIndex(ofEvent eventID: String) async throws(StoreError) -> UInt64? {
    try await reader.leafIndex(ofEvent: eventID)
  }
}
