// SPDX-License-Identifier: Apache-2.0
//
// Reads the log's tree, its tiles and its records, each call from one snapshot; also beside a running server. Owns the
// queries; refuses to judge whether records and hashes agree.

package import AuditTrail
package import Federation
import GRDB

extension SQLiteReader: LogTreeReader {
  package func logTree() async throws(StoreError) -> StoredTree {
    try await read { db in
      StoredTree(
        state: try StoredLogTree(db).state,
        floor: UInt64(try retentionFloor(db)),
        records: UInt64(try newestSequence(db))
      )
    }
  }

  package func hashes(of tile: Tile) async throws(StoreError) -> [MerkleHash]? {
    try await read { db in
      let tree = try StoredLogTree(db)
      let width = tree.width(tile.level)
      guard tile.index <= width / 256, tile.index * 256 + UInt64(tile.width) <= width else { return nil }
      if tile.index == width / 256 { return Array(tree.edge[tile.level].prefix(tile.width)) }
      let statement = try db.cachedStatement(
        sql: "SELECT hashes FROM log_tile WHERE epoch = ? AND level = ? AND idx = ?"
      )
      let row = try Row.fetchOne(statement, arguments: [tree.epoch, tile.level, Int64(tile.index)])
      guard let bytes = row.flatMap({ [UInt8].fromDatabaseBlob($0[0]) }), bytes.count == 8192 else {
        throw StoreError.corrupted("tile \(tile.index) of level \(tile.level) of the log's tree is missing")
      }
      return Array(try storedHashes(bytes).prefix(tile.width))
    }
  }

  package func entries(inBundle index: UInt64, width: Int) async throws(StoreError) -> [[UInt8]]? {
    guard (1...Tile.fullWidth).contains(width) else { return nil }
    return try await read { db in
      let size = try StoredLogTree(db).state.size
      guard index <= size / 256, index * 256 + UInt64(width) <= size else { return nil }
      let first = Int64(index) * 256
      guard try first >= retentionFloor(db) else { return nil }
      let statement = try db.cachedStatement(
        sql: "SELECT sequence, json FROM audit WHERE sequence > ? AND sequence <= ? ORDER BY sequence"
      )
      let rows = try Row.fetchCursor(statement, arguments: [first, first + Int64(width)])
      var entries: [[UInt8]] = []
      while let row = try rows.next() {
        guard Int64.fromDatabaseValue(row[0]) == first + Int64(entries.count) + 1,
          let json = String.fromDatabaseValue(row[1])
        else { break }
        entries.append(Array(json.utf8))
      }
      guard entries.count == width else {
        throw StoreError.corrupted("audit log entry \(first + Int64(entries.count) + 1) is missing")
      }
      return entries
    }
  }

  /// The bytes of a tile or a bundle of entries; `nil` when there is none, and of the checkpoint, which is a file.
  package func bytes(of resource: LogResource) async throws(StoreError) -> [UInt8]? {
    switch resource {
    case .checkpoint:
      return nil
    case .tile(let tile):
      return try await hashes(of: tile).map { Tile.bytes(of: $0) }
    case .entries(let index, let width):
      guard let entries = try await entries(inBundle: index, width: width) else { return nil }
      do {
        return try EntryBundle.bytes(of: entries)
      } catch {
        throw .corrupted("an audit log entry in bundle \(index) is too long")
      }
    }
  }
}

// MARK: - Which leaf

extension SQLiteReader {
  package func leafIndex(ofToken jti: String) async throws(StoreError) -> UInt64? {
    guard jti.utf8.count <= 128, jti.utf8.allSatisfy(isNameByte) else { return nil }
    // What a caller wrote stands in a record with its quotation marks escaped: only the member itself is found.
    let member = "\"webIdentityTokenId\":\"\(jti)\""
    return try await read { db in
      let statement = try db.cachedStatement(
        sql: """
          SELECT sequence FROM audit
          WHERE event_name IN ('GetWebIdentityToken', 'GetOutboundFederationToken', 'ExchangeOutboundToken')
            AND instr(json, ?) > 0
          ORDER BY sequence DESC LIMIT 1
          """
      )
      return try Int64.fetchOne(statement, arguments: [member]).map { UInt64($0 - 1) }
    }
  }

  package func leafIndex(ofEvent eventID: String) async throws(StoreError) -> UInt64? {
    guard eventID.utf8.count <= 128, eventID.utf8.allSatisfy(isNameByte) else { return nil }
    return try await read { db in
      let statement = try db.cachedStatement(
        sql: "SELECT sequence FROM audit WHERE event_id = ? ORDER BY sequence DESC LIMIT 1"
      )
      return try Int64.fetchOne(statement, arguments: [eventID]).map { UInt64($0 - 1) }
    }
  }
}

/// Letters, digits and hyphens: what ids of ours are made of.
private func isNameByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"):
    true
  default: false
  }
}

/// The number of the newest record that has left the store; 0 when none has.
func retentionFloor(_ db: Database) throws -> Int64 {
  guard let floor = try Int64.fetchOne(db.cachedStatement(sql: "SELECT floor FROM retention")), floor >= 0
  else { throw StoreError.corrupted("the retention floor is missing") }
  return floor
}

/// The number of the newest record; 0 when there is none.
func newestSequence(_ db: Database) throws -> Int64 {
  try Int64.fetchOne(db.cachedStatement(sql: "SELECT coalesce(max(sequence), 0) FROM audit")) ?? 0
}
