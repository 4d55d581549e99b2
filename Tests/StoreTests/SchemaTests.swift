// SPDX-License-Identifier: Apache-2.0
//
// What the schema itself refuses, whoever holds the SQL shell.

import AuditTrail
import Federation
import GRDB
import StoreSQLite
import Testing

@Suite struct SchemaTests {
  /// A store with the events e1 and e2 in its log, open in a SQL shell.
  private func withShell(_ body: (DatabaseQueue) throws -> Void) async throws {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      try await store.running {
        try await store.append(event("e1"))
        try await store.append(event("e2"))
      }
      let shell = try DatabaseQueue(path: path)
      try body(shell)
      let integrity = try shell.inDatabase { db in try String.fetchOne(db, sql: "PRAGMA integrity_check") }
      #expect(integrity == "ok")
      try shell.close()
    }
  }

  private static let auditRow = "(sequence, event_id, event_time, account, event_source, event_name, json)"

  @Test(arguments: [
    "UPDATE audit SET json = '{}' WHERE sequence = 1",
    "UPDATE audit SET sequence = 3 WHERE sequence = 2",
    "UPDATE OR REPLACE audit SET sequence = 1 WHERE sequence = 2",
    "DELETE FROM audit WHERE sequence = 2",
    "DELETE FROM audit",
    "INSERT INTO audit \(auditRow) VALUES (4, 'e4', 0, NULL, 's', 'n', '{}')",
    "INSERT INTO audit \(auditRow) VALUES (2, 'e3', 0, NULL, 's', 'n', '{}')",
    "INSERT OR REPLACE INTO audit \(auditRow) VALUES (2, 'e3', 0, NULL, 's', 'n', '{}')",
    "INSERT INTO audit \(auditRow) VALUES (2, 'e3', 0, NULL, 's', 'n', '{}') "
      + "ON CONFLICT (sequence) DO UPDATE SET json = '{}'",
    "INSERT INTO audit \(auditRow) VALUES (NULL, 'e3', 0, NULL, 's', 'n', '{}')",
    "INSERT INTO audit \(auditRow) VALUES (3, 'e3', 0, '12345678901', 's', 'n', '{}')",
    "INSERT INTO audit \(auditRow) VALUES (3, 'e3', 0, NULL, 's', NULL, '{}')",
    "INSERT INTO audit \(auditRow) VALUES (3, 'e3', 0, NULL, 's', 'n', x'7b7d')",
    "INSERT INTO audit \(auditRow) VALUES (3, 'e3', 'now', NULL, 's', 'n', '{}')",
  ])
  func `the audit log can only be continued`(_ sql: String) async throws {
    try await withShell { shell in
      try shell.inDatabase { db in
        let before = try Row.fetchAll(db, sql: "SELECT * FROM audit ORDER BY sequence")
        #expect(throws: DatabaseError.self) { try db.execute(sql: sql) }
        let after = try Row.fetchAll(db, sql: "SELECT * FROM audit ORDER BY sequence")
        #expect(before == after)
        try db.execute(
          sql: "INSERT INTO audit \(Self.auditRow) VALUES (3, 'e3', 0, NULL, 's', 'n', '{}')"
        )
      }
    }
  }

  @Test(arguments: [
    "('', 'a', '123456789012', 1, '{}')",
    "('User1', 'a', '123456789012', 1, '{}')",
    "('User', '', '123456789012', 1, '{}')",
    "('User', 'a', '12345678901', 1, '{}')",
    "('User', 'a', '1234567890123', 1, '{}')",
    "('User', 'a', '12345678901x', 1, '{}')",
    "('User', 'a', NULL, 1, '{}')",
    "('User', 'a', '123456789012', 0, '{}')",
    "('User', 'a', '123456789012', 1, '')",
    "('User', 'a', '123456789012', 1, x'7b7d')",
    "('User', NULL, '123456789012', 1, '{}')",
  ])
  func `a record that breaks its shape cannot be stored`(_ values: String) async throws {
    try await withShell { shell in
      try shell.inDatabase { db in
        let insert = "INSERT INTO record (kind, id, account, revision, body) VALUES "
        #expect(throws: DatabaseError.self) { try db.execute(sql: insert + values) }
        try db.execute(sql: insert + "('User', 'a', '123456789012', 1, '{}')")
      }
    }
  }

  @Test(arguments: [
    "UPDATE log_tile SET hashes = zeroblob(8192)",
    "UPDATE OR REPLACE log_tile SET idx = 1",
    "DELETE FROM log_tile",
    "INSERT INTO log_tile VALUES (1, 0, 0, zeroblob(8192))",
    "INSERT OR REPLACE INTO log_tile VALUES (1, 0, 0, zeroblob(8192))",
    "INSERT INTO log_tile VALUES (1, 0, 2, zeroblob(8192))",
    "INSERT INTO log_tile VALUES (1, 0, 1, zeroblob(8160))",
    "INSERT INTO log_tile VALUES (1, 8, 0, zeroblob(8192))",
    "INSERT INTO log_tile VALUES (1, 0, 1, 'hashes')",
    "UPDATE log_tree SET size = 1",
    "UPDATE log_tree SET size = 2",
    "UPDATE log_tree SET epoch = 2",
    "DELETE FROM log_tree",
    "INSERT OR REPLACE INTO log_tree VALUES (1, 0)",
    "INSERT INTO log_tree VALUES (3, 0)",
    "INSERT INTO log_tree VALUES (2, 1)",
    "INSERT INTO log_edge VALUES (1, 1, zeroblob(31))",
    "INSERT INTO log_edge VALUES (1, 1, zeroblob(8192))",
    "UPDATE retention SET floor = 1",
    "UPDATE retention SET floor = 256",
    "UPDATE retention SET floor = 0",
    "DELETE FROM retention",
    "INSERT OR REPLACE INTO retention VALUES (1, 256)",
    "INSERT INTO retention VALUES (2, 0)",
  ])
  func `the tables of the log can only be continued`(_ sql: String) async throws {
    try await withShell { shell in
      try shell.inDatabase { db in
        try db.execute(
          sql: "INSERT INTO log_tile VALUES (1, 0, 0, zeroblob(8192)); UPDATE log_tree SET size = 2"
        )
        #expect(throws: DatabaseError.self) { try db.execute(sql: sql) }
        // What is right is still taken.
        try db.execute(
          sql: "INSERT INTO log_tile VALUES (1, 0, 1, zeroblob(8192)); UPDATE log_tree SET size = 3"
        )
        try db.execute(sql: "INSERT INTO log_tree VALUES (2, 0)")
        #expect(throws: DatabaseError.self) {
          try db.execute(sql: "UPDATE log_tree SET size = 4 WHERE epoch = 1")
        }
      }
    }
  }

  @Test func `records leave from below the floor only, and the newest never does`() async throws {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      try await store.running {
        try await fill(store, 512)
        try await growFully(store)
      }
      let shell = try DatabaseQueue(path: path)
      try shell.inDatabase { db in
        #expect(throws: DatabaseError.self) { try db.execute(sql: "UPDATE retention SET floor = 512") }
        #expect(throws: DatabaseError.self) { try db.execute(sql: "DELETE FROM audit WHERE sequence <= 256") }
        try db.execute(sql: "UPDATE retention SET floor = 256")
        #expect(throws: DatabaseError.self) { try db.execute(sql: "UPDATE retention SET floor = 0") }
        #expect(throws: DatabaseError.self) { try db.execute(sql: "DELETE FROM audit WHERE sequence = 257") }
        try db.execute(sql: "DELETE FROM audit WHERE sequence <= 100")
      }
      try shell.close()
      let log = try SQLiteStore.openReadOnly(at: path)
      #expect(try await log.entries(after: 0, limit: 1).map(\.sequence) == [257])
      #expect(try await log.entries(after: 511, limit: 9).map(\.sequence) == [512])
      #expect(try await log.entries(inBundle: 0, width: 256) == nil)
      #expect(try await log.entries(inBundle: 1, width: 256)?.count == 256)
      #expect(try await log.hashes(of: #require(Tile(level: 0, index: 0)))?.count == 256)
      #expect(try await log.logTree().floor == 256)
      let again = try SQLiteStore.open(at: path)
      try await again.running { try await again.append(event("last")) }
      #expect(try await log.lastSequence() == 513)
    }
  }

  @Test func `a store says whose it is and which migrations made it`() async throws {
    try await withShell { shell in
      let (application, format, migrations) = try shell.inDatabase { db in
        (
          try Int.fetchOne(db, sql: "PRAGMA application_id"),
          try Int.fetchOne(db, sql: "PRAGMA user_version"),
          try String.fetchAll(db, sql: "SELECT identifier FROM grdb_migrations")
        )
      }
      #expect(application == 0x4558_4541)
      #expect(format == migrations.count)
      #expect(migrations == ["0001-records-and-audit", "0002-progress", "0003-merkle-log"])
    }
  }
}
