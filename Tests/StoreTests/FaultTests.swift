// SPDX-License-Identifier: Apache-2.0
//
// A disk that is full and a disk that fails, for real: a small tmpfs, and system calls that return EIO. The promise:
// success means durable, the sequence has no gap and no fork, and service comes back with the disk.

import Federation
import Foundation
import GRDB
import StoreSQLite
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct FaultTests {
  static let mayMount = getuid() == 0 && (try? run("/usr/bin/unshare", "-m", "true")) == 0
  static let mayTrace =
    getuid() == 0 && (try? run("/usr/bin/strace", "-qq", "-o", "/dev/null", "true")) == 0

  private static func run(_ arguments: String...) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  private func integrity(_ path: String) throws -> String? {
    let shell = try DatabaseQueue(path: path)
    defer { try? shell.close() }
    return try shell.inDatabase { db in try String.fetchOne(db, sql: "PRAGMA integrity_check") }
  }

  /// Appends under new event ids until `enough`; returns what was acknowledged and how many were refused.
  private func append(
    to store: SQLiteStore, callers: Int, prefix: String, rounds: Int
  ) async throws -> (acknowledged: Set<String>, refused: Int) {
    try await withThrowingTaskGroup(of: (Set<String>, Int).self) { group in
      for caller in 0..<callers {
        group.addTask {
          var acknowledged: Set<String> = []
          var refused = 0
          for round in 0..<rounds {
            let eventID = "\(prefix)-\(caller)-\(round)"
            do {
              try await store.append(event(eventID))
              acknowledged.insert(eventID)
            } catch StoreError.unavailable {
              refused += 1
            }
          }
          return (acknowledged, refused)
        }
      }
      return try await group.reduce(into: ([], 0)) { total, part in
        total.0.formUnion(part.0)
        total.1 += part.1
      }
    }
  }

  @Test(.enabled(if: mayMount, "mounting a tmpfs takes root"))
  func `a full disk refuses writes, keeps reads, and is forgotten once there is space`() async throws {
    try await withFolder { folder in
      try #require(try Self.run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder) == 0)
      defer { _ = try? Self.run("umount", "-l", folder) }
      let path = folder + "/store.sqlite"
      try SQLiteStore.create(at: path)
      let store = try SQLiteStore.open(at: path)
      var acknowledged: Set<String> = []
      try await store.running {
        for cycle in 0..<5 {
          acknowledged.formUnion(try await append(to: store, callers: 4, prefix: "a\(cycle)", rounds: 2).acknowledged)
          let ballast = folder + "/ballast"
          #expect(try Self.run("sh", "-c", "cat /dev/zero > \(ballast)") != 0)
          let full = try await append(to: store, callers: 8, prefix: "f\(cycle)", rounds: 10)
          #expect(full.refused > 0)
          acknowledged.formUnion(full.acknowledged)
          await #expect(throws: StoreError.self) {
            try await store.commit(change(put("user\(cycle)")), recording: event("full\(cycle)"))
          }
          #expect(try await store.record(at: key("user\(cycle)")) == nil)
          #expect(try await store.lastSequence() >= Int64(acknowledged.count))

          try FileManager.default.removeItem(atPath: ballast)
          let freed = try await append(to: store, callers: 4, prefix: "b\(cycle)", rounds: 2)
          #expect(freed.refused == 0)
          acknowledged.formUnion(freed.acknowledged)
        }
        #expect(try await acknowledged.isSubset(of: eventIDs(in: store)))
      }
      #expect(try integrity(path) == "ok")
      let found = try await eventIDs(in: SQLiteStore.openReadOnly(at: path))
      #expect(acknowledged.isSubset(of: found))
      #expect(Set(found).count == found.count)
    }
  }

  @Test(.enabled(if: mayTrace, "failing system calls takes root and strace"), arguments: ["fdatasync", "pwrite64"])
  func `an I/O error fails its batch only, and what was acknowledged stays`(_ call: String) async throws {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      var acknowledged: Set<String> = []
      try await store.running {
        acknowledged.formUnion(try await append(to: store, callers: 4, prefix: "before", rounds: 5).acknowledged)
        let failing = try await withFailing(call, on: path + "-wal") {
          try await append(to: store, callers: 4, prefix: "failing", rounds: 20)
        }
        #expect(failing.refused > 0)
        #expect(!failing.acknowledged.isEmpty)
        acknowledged.formUnion(failing.acknowledged)
        let after = try await append(to: store, callers: 4, prefix: "after", rounds: 5)
        #expect(after.refused == 0)
        acknowledged.formUnion(after.acknowledged)
        #expect(try await acknowledged.isSubset(of: eventIDs(in: store)))
      }
      #expect(try integrity(path) == "ok")
      #expect(try await acknowledged.isSubset(of: eventIDs(in: SQLiteStore.openReadOnly(at: path))))
    }
  }

  /// Runs `body` while every third `call` on `file` returns EIO.
  private func withFailing<Value>(
    _ call: String, on file: String, _ body: () async throws -> Value
  ) async throws -> Value {
    let strace = Process()
    strace.executableURL = URL(fileURLWithPath: "/usr/bin/strace")
    strace.arguments = [
      "-f", "-p", "\(getpid())", "-P", file, "-e", "trace=\(call)", "-e", "inject=\(call):error=EIO:when=3+3", "-o",
      "/dev/null",
    ]
    let messages = Pipe()
    strace.standardError = messages
    try strace.run()
    // The first message says that every thread is attached.
    let attached = String(decoding: messages.fileHandleForReading.availableData, as: UTF8.self)
    let result: Result<Value, any Error>
    do {
      try #require(attached.contains("attached"), "\(attached)")
      result = .success(try await body())
    } catch {
      result = .failure(error)
    }
    strace.interrupt()
    strace.waitUntilExit()
    return try result.get()
  }
}
