// SPDX-License-Identifier: Apache-2.0
//
// A SQLite store as a file: who may open it, with which settings, and what its schema refuses to a SQL shell.

import Federation
import Foundation
import GRDB
import StoreSQLite
import Testing

@Suite struct FileTests {
  private func mode(_ path: String) throws -> Int {
    try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
  }

  /// Runs SQL on a connection that knows nothing of the store.
  private func shell(_ path: String, _ sql: String) throws {
    var configuration = Configuration()
    configuration.busyMode = .timeout(5)
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    try queue.inDatabase { db in try db.execute(sql: sql) }
    try queue.close()
  }

  // MARK: - Opening

  @Test func `what was written is there after reopening, and the sequence goes on`() async throws {
    try await withStoreFile { path in
      for round in 1...3 {
        let store = try SQLiteStore.open(at: path)
        try await store.running {
          #expect(try await store.lastSequence() == Int64(round - 1))
          try await store.commit(change(put("user\(round)")), recording: event("e\(round)"))
        }
      }
      let store = try SQLiteStore.openReadOnly(at: path)
      #expect(try await store.records(of: kind, prefix: "", after: nil, limit: 9).count == 3)
      #expect(try await eventIDs(in: store) == ["e1", "e2", "e3"])
    }
  }

  @Test func `a new store and all that lies beside it is for its owner only`() async throws {
    try await withStoreFile { path in
      #expect(try mode(path) == 0o600)
      let store = try SQLiteStore.open(at: path)
      try await store.running {
        try await store.append(event())
        for suffix in ["", "-wal", "-shm", ".lock"] { #expect(try mode(path + suffix) == 0o600, "\(suffix)") }
      }
    }
  }

  @Test func `after a clean end the file alone is the whole store`() async throws {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      try await store.running { try await store.append(event("e1")) }
      let copy = path + ".copy"
      try FileManager.default.copyItem(atPath: path, toPath: copy)
      #expect(try await eventIDs(in: SQLiteStore.openReadOnly(at: copy)) == ["e1"])
    }
  }

  @Test func `a store that was not shut down opens with all that it acknowledged`() async throws {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      try await store.running {
        for number in 1...5 { try await store.append(event("e\(number)")) }
        // What a killed process leaves behind.
        for suffix in ["", "-wal"] {
          try FileManager.default.copyItem(atPath: path + suffix, toPath: path + "2" + suffix)
        }
      }
      #expect(try await eventIDs(in: SQLiteStore.openReadOnly(at: path + "2")).count == 5)
      let copy = try SQLiteStore.open(at: path + "2")
      try await copy.running { try await copy.append(event("e6")) }
      #expect(try await eventIDs(in: copy) == ["e1", "e2", "e3", "e4", "e5", "e6"])
    }
  }

  @Test func `create refuses a file that exists and leaves it alone`() async throws {
    try await withFolder { folder in
      let path = folder + "/store.sqlite"
      try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
      #expect(throws: StoreError.self) { try SQLiteStore.create(at: path) }
      #expect(FileManager.default.contents(atPath: path) == Data("precious".utf8))
      try FileManager.default.removeItem(atPath: path)
      try SQLiteStore.create(at: path)
      #expect(throws: StoreError.self) { try SQLiteStore.create(at: path) }
      // A link that leads nowhere is something at the path, too.
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/link",
        withDestinationPath: folder + "/new"
      )
      #expect(throws: StoreError.self) { try SQLiteStore.create(at: folder + "/link") }
      #expect(!FileManager.default.fileExists(atPath: folder + "/new"))
      #expect(throws: StoreError.self) { try SQLiteStore.create(at: folder + "/missing/store.sqlite") }
    }
  }

  @Test func `open refuses what is missing, and makes nothing`() async throws {
    try await withFolder { folder in
      #expect(throws: StoreError.unavailable("there is no store at `\(folder)/none`")) {
        _ = try SQLiteStore.open(at: folder + "/none")
      }
      #expect(throws: StoreError.self) { _ = try SQLiteStore.openReadOnly(at: folder + "/none") }
      let contents = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(contents.isEmpty)
      #expect(throws: StoreError.corrupted("`\(folder)` is not a regular file")) {
        _ = try SQLiteStore.open(at: folder)
      }
    }
  }

  @Test func `open refuses files that are not a store, and does not change them`() async throws {
    try await withFolder { folder in
      let path = folder + "/foreign"
      let text = Data(String(repeating: "not a database. ", count: 100).utf8)
      try Data().write(to: URL(fileURLWithPath: folder + "/empty"))
      try text.write(to: URL(fileURLWithPath: folder + "/text"))
      try shell(path, "CREATE TABLE record (x); PRAGMA user_version = 1")
      for name in ["empty", "text", "foreign"] {
        let before = FileManager.default.contents(atPath: "\(folder)/\(name)")
        let refusal = StoreError.corrupted("`\(folder)/\(name)` is not an Exeat store")
        #expect(throws: refusal) { _ = try SQLiteStore.open(at: "\(folder)/\(name)") }
        #expect(throws: refusal) { _ = try SQLiteStore.openReadOnly(at: "\(folder)/\(name)") }
        #expect(FileManager.default.contents(atPath: "\(folder)/\(name)") == before)
      }
    }
  }

  @Test func `open refuses a store of a newer format`() async throws {
    try await withStoreFile { path in
      let format = try DatabaseQueue(path: path).inDatabase { db in
        try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
      }
      try shell(path, "PRAGMA user_version = \(format + 1)")
      for open in [{ _ = try SQLiteStore.open(at: path) }, { _ = try SQLiteStore.openReadOnly(at: path) }] {
        #expect(throws: StoreError.self) { try open() }
      }
      try shell(path, "PRAGMA user_version = \(format)")
      _ = try SQLiteStore.open(at: path)
    }
  }

  @Test func `one server at a time has a store, whatever path leads to it`() async throws {
    try await withStoreFile { path in
      let inUse = StoreError.unavailable("`\(path)` is in use by another server")
      try FileManager.default.createSymbolicLink(atPath: path + "-link", withDestinationPath: path)
      let first = try SQLiteStore.open(at: path)
      for spelling in [path, path + "-link", "//" + path, "/proc/self/root" + path] {
        #expect(throws: inUse) { _ = try SQLiteStore.open(at: spelling) }
      }
      try await first.running {
        #expect(throws: inUse) { _ = try SQLiteStore.open(at: path) }
      }
      let second = try SQLiteStore.open(at: path)
      try await second.running { try await second.append(event()) }
    }
  }

  // MARK: - Settings

  @Test func `the writing connection syncs every commit`() async throws {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      #expect(store.settings == ConnectionSettings(journalMode: "wal", synchronous: 2, foreignKeys: true))
      try store.settings.requireDurable()
    }
  }

  @Test func `settings that would lose acknowledged records are refused`() {
    for (mode, synchronous, foreignKeys) in [
      ("wal", 1, true), ("wal", 0, true), ("wal", 3, true), ("wal", -1, true), ("delete", 2, true),
      ("memory", 2, true),
      ("", 2, true), ("wal", 2, false),
    ] {
      let settings = ConnectionSettings(
        journalMode: mode,
        synchronous: synchronous,
        foreignKeys: foreignKeys
      )
      #expect(throws: StoreError.self) { try settings.requireDurable() }
    }
  }

  // MARK: - Readers beside the server

  @Test func `a reader without the lock sees what a running server writes, and cannot write`() async throws {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      try await store.running {
        let reader = try SQLiteStore.openReadOnly(at: path)
        #expect(try await reader.lastSequence() == 0)
        for number in 1...3 {
          try await store.commit(change(put("user\(number)")), recording: event("e\(number)"))
          #expect(try await reader.lastSequence() == Int64(number))
          #expect(try await reader.record(at: key("user\(number)"))?.revision == Int64(number))
        }
        #expect(try await eventIDs(in: reader) == ["e1", "e2", "e3"])
      }
    }
  }

  @Test func `a hole in the log is reported, not skipped`() async throws {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      try await store.running { for _ in 1...3 { try await store.append(event()) } }
      try shell(path, "DROP TRIGGER audit_keeps; DELETE FROM audit WHERE sequence = 2")
      let reader = try SQLiteStore.openReadOnly(at: path)
      await #expect(throws: StoreError.corrupted("audit log entry 2 is missing")) {
        _ = try await reader.entries(after: 0, limit: 10)
      }
      #expect(try await reader.entries(after: 2, limit: 10).map(\.sequence) == [3])
    }
  }

  @Test func `a row that breaks the schema is reported, not trusted`() async throws {
    try await withStoreFile { path in
      try shell(
        path,
        """
        PRAGMA ignore_check_constraints = ON;
        INSERT INTO record (kind, id, account, revision, body) VALUES ('User', 'alice', '12345678901x', 1, '{}');
        """
      )
      let reader = try SQLiteStore.openReadOnly(at: path)
      await #expect(throws: StoreError.corrupted("a record of kind `User` breaks the schema")) {
        _ = try await reader.record(at: key("alice"))
      }
    }
  }
}
