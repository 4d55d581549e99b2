// SPDX-License-Identifier: Apache-2.0
//
// What every engine promises about a change that only requires: the write of a token. It must see each revision as
// it is at that moment, whatever was read, written or undone before.

import Federation
import GRDB
import StoreSQLite
import Testing

@Suite struct RequirementContractTests {
  /// Whether a change that requires `precondition` of `id` is written.
  private func holds(_ id: String, _ precondition: Precondition, in store: any Store) async throws -> Bool {
    let before = try await store.lastSequence()
    do {
      try await store.commit(
        change(.require(key("always absent"), .absent), .require(key(id), precondition)),
        recording: event()
      )
      #expect(try await store.lastSequence() == before + 1)
      return true
    } catch {
      #expect(error == .preconditionFailed(key(id)))
      #expect(try await store.lastSequence() == before)
      return false
    }
  }

  /// Insists, twice, that `id` is in exactly one of the states that a record can have here.
  private func expect(_ id: String, _ state: Precondition, in store: any Store) async throws {
    for candidate in [Precondition.absent, .revision(1), .revision(2), .revision(3), .absent, state] {
      #expect(try await holds(id, candidate, in: store) == (candidate == state), "\(candidate)")
    }
  }

  @Test(arguments: Engine.allCases)
  func `requirements alone follow every write of the record`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      try await store.commit(change(put("alice")), recording: event())
      try await expect("alice", .revision(1), in: store)
      try await store.commit(change(put("alice", "2", .revision(1))), recording: event())
      let second = try #require(try await store.record(at: key("alice"))).revision
      try await expect("alice", .revision(second), in: store)
      try await store.commit(change(.delete(key("alice"), revision: second)), recording: event())
      try await expect("alice", .absent, in: store)
      try await store.commit(change(put("alice")), recording: event())
      let third = try #require(try await store.record(at: key("alice"))).revision
      #expect(third > second)
      try await expect("alice", .revision(third), in: store)
    }
  }

  @Test(arguments: Engine.allCases)
  func `requirements alone do not see what was undone`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      try await store.commit(change(put("alice"), put("taken")), recording: event())
      try await expect("alice", .revision(1), in: store)
      // Written and required in the change that fails.
      let sequence = try await store.lastSequence() + 1
      await #expect(throws: StoreError.preconditionFailed(key("taken"))) {
        try await store.commit(
          change(put("alice", "2", .revision(1)), .require(key("alice"), .revision(sequence)), put("taken")),
          recording: event()
        )
      }
      try await expect("alice", .revision(1), in: store)
      await #expect(throws: StoreError.preconditionFailed(key("taken"))) {
        try await store.commit(
          change(.delete(key("alice"), revision: 1), .require(key("alice"), .absent), put("taken")),
          recording: event()
        )
      }
      try await expect("alice", .revision(1), in: store)
    }
  }

  @Test(arguments: Engine.allCases)
  func `requirements alone tell ids apart that are canonically equivalent`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      try await store.commit(change(put("zo\u{EB}")), recording: event())
      try await expect("zo\u{EB}", .revision(1), in: store)
      let decomposed = RecordKey(kind, "zoe\u{308}")
      try await store.commit(change(.require(decomposed, .absent)), recording: event())
      await #expect(throws: StoreError.self) {
        try await store.commit(change(.require(decomposed, .revision(1))), recording: event())
      }
    }
  }

  @Test(arguments: Engine.allCases)
  func `requirements alone hold for more records than are remembered`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      try await store.commit(change(put("alice")), recording: event())
      try await expect("alice", .revision(1), in: store)
      let absences = (0..<10_000).map { Change.Write.require(key("nobody\($0)"), .absent) }
      try await store.commit(Change(absences), recording: event())
      try await expect("alice", .revision(1), in: store)
    }
  }

  @Test func `requirements alone see what a SQL shell writes beside the server`() async throws {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      try await store.running {
        try await store.commit(change(put("alice")), recording: event())
        try await expect("alice", .revision(1), in: store)
        let shell = try DatabaseQueue(path: path)
        try await shell.write { db in try db.execute(sql: "UPDATE record SET revision = 2") }
        try await expect("alice", .revision(2), in: store)
        try await shell.write { db in try db.execute(sql: "DELETE FROM record") }
        try await expect("alice", .absent, in: store)
        try shell.close()
      }
    }
  }
}
