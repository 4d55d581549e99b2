// SPDX-License-Identifier: Apache-2.0
//
// SQLite's write-ahead log beside the writes: it is moved into the store file and begun anew while they go on, and not while
// somebody reads what would be lost.

import Federation
import Foundation
import GRDB
import StoreSQLite
import Testing

@Suite(.timeLimit(.minutes(3))) struct CheckpointTests {
  /// How often the log of the store at `path` was begun.
  ///
  /// Source: SQLite, "WAL-mode File Format", "Checkpoint sequence number", octets 12 to 15.
  private func beginnings(_ path: String) throws -> UInt32 {
    let file = try #require(FileHandle(forReadingAtPath: path + "-wal"))
    defer { try? file.close() }
    let header = try #require(try file.read(upToCount: 16))
    try #require(header.count == 16)
    return header[12..<16].reduce(0) { $0 << 8 | UInt32($1) }
  }

  private func length(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path + "-wal")
    return try #require(attributes[.size] as? Int)
  }

  /// Writes users of 25 pages each until `isDone`; returns how many that took.
  private func write(
    _ prefix: String,
    to store: SQLiteStore,
    until isDone: () throws -> Bool
  ) async throws -> Int {
    let body = "{\"text\":\"\(String(repeating: "x", count: 100_000))\"}"
    let end = ContinuousClock.now + .seconds(60)
    var count = 0
    while try !isDone() {
      try #require(ContinuousClock.now < end)
      let user = "\(prefix)\(count)"
      try await store.commit(change(put(user, body)), recording: event(user))
      count += 1
    }
    return count
  }

  @Test func `the log is begun anew while writes go on, and nothing is lost`() async throws {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      var written = 0
      try await store.running {
        try await store.append(event("first"))
        for pass in 0..<2 {
          let before = try beginnings(path)
          written += try await write("\(pass)-", to: store) { try beginnings(path) != before }
        }
      }
      let found = try await eventIDs(in: SQLiteStore.openReadOnly(at: path))
      #expect(found.count == written + 1)
    }
  }

  @Test func `a log that somebody reads is kept until the end of the reading`() async throws {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      try await store.running {
        try await store.append(event("first"))
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let shell = try DatabaseQueue(path: path, configuration: configuration)
        try await shell.writeWithoutTransaction { db in
          try db.execute(sql: "BEGIN; SELECT count(*) FROM audit")
        }
        // What was in the store file by then is not needed from the log, which may begin once more.
        try await store.append(event("second"))
        let before = try beginnings(path)
        // Twice what begins it anew when nobody reads.
        _ = try await write("read-", to: store) { try length(path) > 2 * 4096 * 4096 }
        #expect(try beginnings(path) == before)
        let seen = try await shell.unsafeRead { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM audit")
        }
        #expect(seen == 1)
        try await shell.writeWithoutTransaction { db in try db.execute(sql: "COMMIT") }
        _ = try await write("after-", to: store) { try beginnings(path) != before }
        try shell.close()
      }
    }
  }
}
