// SPDX-License-Identifier: Apache-2.0
//
// Reads records and the audit log, each call from one snapshot. Owns the queries; refuses to write. What a row holds
// is checked again: whoever can write the file can drop a constraint.

package import Federation
import GRDB
import IdentityModel

/// Reads a store, also while a server in another process writes to it.
package struct SQLiteReader: RecordReader, AuditLogReader {
  private let database: any DatabaseReader

  init(_ database: any DatabaseReader) {
    self.database = database
  }

  func read<Value: Sendable>(
    _ body: @Sendable (Database) throws -> Value
  ) async throws(StoreError) -> Value {
    do {
      return try await database.read(body)
    } catch {
      throw StoreError(error)
    }
  }
}

// MARK: - Records

extension SQLiteReader {
  package func record(at key: RecordKey) async throws(StoreError) -> StoredRecord? {
    // SECURITY: bound as a C string, `alice\0x` would find `alice`. No key in the store holds U+0000.
    guard !key.id.utf8.contains(0), !key.kind.name.utf8.contains(0) else { return nil }
    return try await read { db in
      let statement = try db.cachedStatement(
        sql: "SELECT id, account, revision, body FROM record WHERE kind = ? AND id = ?"
      )
      return try Row.fetchOne(statement, arguments: [key.kind.name, key.id]).map { row in
        try StoredRecord(row, kind: key.kind)
      }
    }
  }

  package func records(
    of kind: RecordKind,
    prefix: String,
    after: String?,
    limit: Int
  ) async throws(StoreError) -> [StoredRecord] {
    guard limit > 0, !prefix.utf8.contains(0), !kind.name.utf8.contains(0) else { return [] }
    // Cut at U+0000: no id holds it, so exactly the same ids are greater.
    let after = after.map { String($0.prefix { $0 != "\0" }) }
    let end = endOfPrefix(prefix)
    return try await read { db in
      let statement = try db.cachedStatement(
        sql: """
          SELECT id, account, revision, body FROM record
          WHERE kind = ?1 AND id >= ?2 AND (?3 IS NULL OR id > ?3) AND (?4 IS NULL OR id < ?4)
          ORDER BY id LIMIT ?5
          """
      )
      let rows = try Row.fetchCursor(statement, arguments: [kind.name, prefix, after, end, limit])
      var records: [StoredRecord] = []
      while let row = try rows.next() { records.append(try StoredRecord(row, kind: kind)) }
      return records
    }
  }
}

/// The least text greater than every text that begins with `prefix`; `nil` when there is none.
///
/// The last scalar that has a successor is replaced by it and what follows is dropped. UTF-8 orders by bytes as it
/// orders by scalars (RFC 3629 §1), so this is also the order of the BINARY collation.
func endOfPrefix(_ prefix: String) -> String? {
  var scalars = Array(prefix.unicodeScalars)
  while let last = scalars.popLast() {
    // D7FF is followed by the surrogates, which are not scalars.
    let next = last.value == 0xD7FF ? 0xE000 : last.value + 1
    guard let successor = Unicode.Scalar(next) else { continue }
    scalars.append(successor)
    var end = String.UnicodeScalarView()
    end.append(contentsOf: scalars)
    return String(end)
  }
  return nil
}

extension StoredRecord {
  fileprivate init(_ row: Row, kind: RecordKind) throws(StoreError) {
    guard let id = String.fromDatabaseValue(row[0]),
      let account = String.fromDatabaseValue(row[1]).flatMap({ AccountID($0) }),
      let revision = Int64.fromDatabaseValue(row[2]), revision >= 1,
      let body = String.fromDatabaseValue(row[3])
    else { throw .corrupted("a record of kind `\(kind.name)` breaks the schema") }
    self.init(key: RecordKey(kind, id), account: account, revision: revision, body: Array(body.utf8))
  }
}

// MARK: - Audit log

extension SQLiteReader {
  package func entries(
    after sequence: Int64,
    limit: Int
  ) async throws(StoreError) -> [AuditLogEntry] {
    guard limit > 0 else { return [] }
    return try await read { db in
      // Records below the floor have left the store, sealed; a few of them may still be on their way out.
      let start = max(sequence, try retentionFloor(db))
      let statement = try db.cachedStatement(
        sql: "SELECT sequence, json FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?"
      )
      let rows = try Row.fetchCursor(statement, arguments: [start, limit])
      var entries: [AuditLogEntry] = []
      var last = start
      while let row = try rows.next() {
        guard let sequence = Int64.fromDatabaseValue(row[0]), let json = String.fromDatabaseValue(row[1])
        else { throw StoreError.corrupted("an audit log entry breaks the schema") }
        // SECURITY: no other entry is ever removed, so a gap is a hole that somebody made.
        guard sequence - 1 == last else {
          throw StoreError.corrupted("audit log entry \(last + 1) is missing")
        }
        last = sequence
        entries.append(AuditLogEntry(sequence: sequence, json: Array(json.utf8)))
      }
      return entries
    }
  }

  package func lastSequence() async throws(StoreError) -> Int64 {
    try await read { db in
      try Int64.fetchOne(db.cachedStatement(sql: "SELECT coalesce(max(sequence), 0) FROM audit")) ?? 0
    }
  }
}
