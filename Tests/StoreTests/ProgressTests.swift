// SPDX-License-Identifier: Apache-2.0
//
// What those who follow the audit log note down survives them, and leaves no audit record.

import Federation
import StoreSQLite
import Testing

@Suite struct `Progress` {
  @Test func `it is what was last written, and nothing once it was removed`() async throws {
    try await withStore { store in
      #expect(try await note("trail/main", in: store) == nil)
      try await store.setProgress(of: "trail/main", json("1"))
      try await store.setProgress(of: "trail/other", json("2"))
      try await store.setProgress(of: "trail/main", json("3"))
      #expect(try await note("trail/main", in: store) == json("3"))
      try await store.setProgress(of: "trail/main", nil)
      #expect(try await note("trail/main", in: store) == nil)
      #expect(try await note("trail/other", in: store) == json("2"))
      let last = try await store.lastSequence()
      #expect(last == 0)
    }
  }

  @Test func `it is there for the next server`() async throws {
    try await withStoreFile { path in
      let first = try SQLiteStore.open(at: path)
      try await first.running { try await first.setProgress(of: "export", json("41")) }
      let beside = try await note("export", in: SQLiteStore.openReadOnly(at: path))
      #expect(beside == json("41"))
      let second = try SQLiteStore.open(at: path)
      let found = try await second.running { try await note("export", in: second) }
      #expect(found == json("41"))
    }
  }

  @Test(arguments: ["", String(repeating: "n", count: 1025), "a\0b"])
  func `a name without room is refused`(_ name: String) async throws {
    try await withStore { store in
      await #expect(throws: StoreError.self) { try await store.setProgress(of: name, json("1")) }
      let found = try await note(name, in: store)
      #expect(found == nil)
    }
  }

  @Test(arguments: [[], [0x61, 0], [0xFF], [UInt8](repeating: 0x61, count: 1_048_577)])
  func `a body that is not text of its length is refused`(_ body: [UInt8]) async throws {
    try await withStore { store in
      await #expect(throws: StoreError.self) { try await store.setProgress(of: "export", body) }
      let found = try await note("export", in: store)
      #expect(found == nil)
    }
  }

  @Test func `nothing is written once the store is shut down`() async throws {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      try await store.running {}
      await #expect(throws: StoreError.unavailable("the store is shut down")) {
        try await store.setProgress(of: "export", json("1"))
      }
    }
  }
}

private func note(_ name: String, in store: some ProgressReader) async throws -> [UInt8]? {
  try await store.progress(of: name)
}

private func withStore(_ body: (any ProgressStore & AuditLogReader) async throws -> Void) async throws {
  let store = try SQLiteStore.inMemory()
  try await store.running { try await body(store) }
}
