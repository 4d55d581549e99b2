// SPDX-License-Identifier: Apache-2.0
//
// Files that are removed or replaced under a running server. The promise: what is acknowledged is in the store that
// the path leads to, and one server at a time acknowledges.

import Federation
import Foundation
import GRDB
import StoreSQLite
import Testing

@Suite(.timeLimit(.minutes(20))) struct LostFileTests {
  private func lost(_ path: String) -> StoreError {
    .unavailable("`\(path)` was removed or replaced; stop the server and restore it")
  }

  private func move(_ path: String, to destination: String) throws {
    guard rename(path, destination) == 0 else {
      throw UnusableFixture(text: "\(path): \(String(cString: strerror(errno)))")
    }
  }

  @Test(arguments: ["", "-wal", "-shm", ".lock"], [false, true])
  func `once a file is removed or replaced nothing is acknowledged, even when it is put back`(
    _ suffix: String,
    replaced: Bool
  ) async throws {
    try await withStoreFile { path in
      let file = path + suffix
      let store = try SQLiteStore.open(at: path)
      try await store.running {
        try await store.append(event("e1"))
        try FileManager.default.copyItem(atPath: file, toPath: path + ".copy")
        try move(file, to: path + ".aside")
        if replaced { try move(path + ".copy", to: file) }
        await #expect(throws: lost(file)) { try await store.append(event("e2")) }
        try move(path + ".aside", to: file)
        await #expect(throws: lost(file)) { try await store.append(event("e3")) }
        await #expect(throws: lost(file)) {
          try await store.commit(change(put("alice")), recording: event("e4"))
        }
      }
    }
  }

  @Test func `a file that is removed while its batch is written fails the batch`() async throws {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      try await store.running {
        try await store.append(event("e1"))
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let shell = try DatabaseQueue(path: path, configuration: configuration)
        // The batch has begun and waits for the shell's transaction.
        try await shell.writeWithoutTransaction { db in try db.execute(sql: "BEGIN IMMEDIATE") }
        let answer = Task { try await store.append(event("e2")) }
        try await Task.sleep(for: .milliseconds(300))
        try move(path + "-wal", to: path + ".aside")
        try await shell.writeWithoutTransaction { db in try db.execute(sql: "COMMIT") }
        await #expect(throws: lost(path + "-wal")) { try await answer.value }
        try shell.close()
      }
    }
  }

  @Test func `what was acknowledged before the write-ahead log was removed is in the store after the end`()
    async throws
  {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      try await store.running {
        try await store.append(event("e1"))
        for suffix in ["-wal", "-shm"] { try FileManager.default.removeItem(atPath: path + suffix) }
        await #expect(throws: lost(path + "-wal")) { try await store.append(event("e2")) }
      }
      // The copy stands for the next process: in this one SQLite still shares what the first store has open.
      try FileManager.default.copyItem(atPath: path, toPath: path + ".copy")
      let next = try SQLiteStore.open(at: path + ".copy")
      try await next.running {
        #expect(try await eventIDs(in: next) == ["e1"])
        try await next.append(event("e3"))
      }
    }
  }

  @Test func `a file put in the place of the store is left as it is`() async throws {
    try await withStoreFile { path in
      let copy = try #require(FileManager.default.contents(atPath: path))
      let store = try SQLiteStore.open(at: path)
      try await store.running {
        try await store.append(event("e1"))
        try copy.write(to: URL(fileURLWithPath: path + ".copy"))
        try move(path + ".copy", to: path)
        await #expect(throws: lost(path)) { try await store.append(event("e2")) }
      }
      #expect(FileManager.default.contents(atPath: path) == copy)
    }
  }

  @Test func `after the lock file is removed a second server may open, and the first acknowledges no more`()
    async throws
  {
    try await withStoreFile { path in
      let first = try SQLiteStore.open(at: path)
      try await first.running {
        try await first.append(event("e1"))
        try FileManager.default.removeItem(atPath: path + ".lock")
        let second = try SQLiteStore.open(at: path)
        try await second.running {
          try await second.append(event("e2"))
          await #expect(throws: lost(path + ".lock")) { try await first.append(event("e3")) }
          try await second.append(event("e4"))
          #expect(try await eventIDs(in: second) == ["e1", "e2", "e4"])
        }
      }
    }
  }
}
