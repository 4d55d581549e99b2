// SPDX-License-Identifier: Apache-2.0
//
// A disk that is full and a disk that fails, for real: a small tmpfs, and system calls that return EIO. The promise:
// success means durable, the sequence has no gap and no fork, and service comes back with the disk.

import AuditTrail
import Federation
import Foundation
import GRDB
import StoreSQLite
import Testing

/// Whether `program` runs here as root.
private func works(_ program: String...) async -> Bool {
  guard getuid() == 0 else { return false }
  return (try? await run(program)) == 0
}

@Suite(.serialized, .timeLimit(.minutes(20))) struct FaultTests {
  private func integrity(_ path: String) throws -> String? {
    let shell = try DatabaseQueue(path: path)
    defer { try? shell.close() }
    return try shell.inDatabase { db in try String.fetchOne(db, sql: "PRAGMA integrity_check") }
  }

  @Test(.enabled("mounting a tmpfs takes root") { await works("unshare", "-m", "true") })
  func `a full disk refuses writes, keeps reads, and is forgotten once there is space`() async throws {
    try await withFolder { folder in
      try #require(try await run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]) == 0)
      let outcome: Result<Void, any Error>
      do {
        outcome = .success(try await fillAndFree(folder))
      } catch {
        outcome = .failure(error)
      }
      #expect(try await run(["umount", "-l", folder]) == 0)
      try outcome.get()
    }
  }

  private func fillAndFree(_ folder: String) async throws {
    let path = folder + "/store.sqlite"
    let ballast = folder + "/ballast"
    try SQLiteStore.create(at: path)
    let store = try SQLiteStore.open(at: path)
    var acknowledged: Set<String> = []
    try await store.running {
      for cycle in 0..<5 {
        let before = try await Answers(appendingTo: store, callers: 4, rounds: 2, prefix: "before\(cycle)")
        #expect(before.refused == 0)
        #expect(try await run(["sh", "-c", "cat /dev/zero > \(ballast)"]) != 0)
        let full = try await Answers(appendingTo: store, callers: 8, rounds: 20, prefix: "full\(cycle)")
        #expect(full.refused > 0)
        // The tree may fail to grow as well; then it is what it was.
        _ = try? await store.growLogTree(atMost: 100)
        await #expect(throws: StoreError.self) {
          try await store.commit(change(put("user\(cycle)")), recording: event("user\(cycle)"))
        }
        #expect(try await store.record(at: key("user\(cycle)")) == nil)
        try FileManager.default.removeItem(atPath: ballast)
        let after = try await Answers(appendingTo: store, callers: 4, rounds: 2, prefix: "after\(cycle)")
        #expect(after.refused == 0)
        try await growFully(store)
        #expect(try await store.logTree().state.root == merkleTreeHash(leaves(of: store)[...]))
        for answers in [before, full, after] { acknowledged.formUnion(answers.acknowledged) }
        #expect(try await acknowledged.isSubset(of: eventIDs(in: store)))
      }
    }
    #expect(try integrity(path) == "ok")
    #expect(try await acknowledged.isSubset(of: eventIDs(in: SQLiteStore.openReadOnly(at: path))))
  }

  // The calls are made to fail in a process of their own: this test binary, started again to run `FaultyProcess`.
  @Test(
    .enabled("failing system calls takes root and strace") {
      await works("strace", "-o", "/dev/null", "true")
    },
    arguments: [
      ("fdatasync", "-wal", "6+3"), ("pwrite64", "-wal", "6+3"), ("fdatasync", "", "2+2"),
      ("pwrite64", "", "6+3"),
    ]
  )
  func `an I/O error fails its batch only, and what was acknowledged stays`(
    _ call: String,
    on suffix: String,
    when: String
  ) async throws {
    try await withStoreFile { path in
      let answersPath = path + ".answers"
      let status = try await run(
        [
          "strace", "-f", "-o", path + ".trace", "-P", path + suffix, "-e", "trace=openat,\(call)", "-e",
          "inject=\(call):error=EIO:when=\(when)", CommandLine.arguments[0], "--testing-library",
          "swift-testing",
          "--filter", "FaultyProcess",
        ],
        environment: ["EXEAT_FAULTY_STORE": path, "EXEAT_FAULTY_ANSWERS": answersPath]
      )
      #expect(status == 0)
      let trace = try String(contentsOfFile: path + ".trace", encoding: .utf8)
      #expect(trace.contains("(INJECTED)"))
      if suffix == "-wal" { expectReconnection(after: "(INJECTED)", in: trace, call) }
      let data = try #require(FileManager.default.contents(atPath: answersPath))
      let answers = try JSONDecoder().decode(Answers.self, from: data)
      // The store file is written by checkpoints only, and they are tried again: callers never hear of those errors.
      #expect((answers.refused > 0) == (suffix == "-wal"))
      #expect(!answers.acknowledged.isEmpty)
      #expect(try integrity(path) == "ok")
      let store = try SQLiteStore.open(at: path)
      try await store.running { try await store.append(event("last")) }
      let found = try await eventIDs(in: store)
      #expect(answers.acknowledged.isSubset(of: found))
      #expect(found.last == "last")
    }
  }
}

/// After each failed call the WAL must be opened anew before anything else is done to it.
private func expectReconnection(after failure: String, in trace: String, _ call: String) {
  let lines = trace.split(separator: "\n").filter { $0.contains("openat") || $0.contains(call) }
  for (line, next) in zip(lines, lines.dropFirst()) where line.contains(failure) {
    #expect(next.contains("openat"), "\(line) was followed by \(next)")
  }
}

/// What runs in the process whose system calls fail.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["EXEAT_FAULTY_STORE"] != nil, "runs under strace"))
struct FaultyProcess {
  @Test func `many callers append and note what they were told`() async throws {
    let environment = ProcessInfo.processInfo.environment
    let path = try #require(environment["EXEAT_FAULTY_STORE"])
    let store = try SQLiteStore.open(at: path)
    try await store.running {
      let answers = try await Answers(appendingTo: store, callers: 4, rounds: 400, prefix: "faulty")
      #expect(try await answers.acknowledged.isSubset(of: eventIDs(in: store)))
      try JSONEncoder().encode(answers)
        .write(to: URL(fileURLWithPath: try #require(environment["EXEAT_FAULTY_ANSWERS"])))
    }
  }
}
