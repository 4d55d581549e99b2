// SPDX-License-Identifier: Apache-2.0
//
// Start and end of a SQLite store, its bounded queue and its gather window.

import Dispatch
import Federation
import StoreSQLite
import Testing

@Suite(.timeLimit(.minutes(20))) struct LifecycleTests {
  private func outcome(_ store: SQLiteStore, _ eventID: String) async -> StoreError? {
    do {
      try await store.append(event(eventID))
      return nil
    } catch {
      return error
    }
  }

  private func isUnavailable(_ error: StoreError?) -> Bool {
    if case .unavailable = error { true } else { false }
  }

  @Test func `writes handed over before the store runs wait for it`() async throws {
    let store = try SQLiteStore.inMemory()
    async let early: Void = store.append(event("early"))
    try await Task.sleep(for: .milliseconds(50))
    #expect(try await store.lastSequence() == 0)
    async let run: Void = store.run()
    try await early
    #expect(try await eventIDs(in: store) == ["early"])
    store.shutDown()
    try await run
  }

  @Test func `shutting down writes all that waits and refuses what comes later`() async throws {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      let written = try await withThrowingTaskGroup(of: (String, StoreError?).self) { group in
        for number in 0..<1000 { group.addTask { ("\(number)", await outcome(store, "\(number)")) } }
        // They wait now, or will be refused: nothing wrote yet.
        try await Task.sleep(for: .milliseconds(300))
        async let run: Void = store.run()
        store.shutDown()
        try await run
        return try await group.reduce(into: Set<String>()) { written, result in
          if result.1 == nil { written.insert(result.0) } else { #expect(isUnavailable(result.1)) }
        }
      }
      // Started before or after the end, nothing hangs, and success means written.
      let after = await outcome(store, "late")
      #expect(isUnavailable(after))
      let log = try SQLiteStore.openReadOnly(at: path)
      #expect(Set(try await eventIDs(in: log)) == written)
    }
  }

  @Test func `cancelling the running task drains the queue`() async throws {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      let written = try await withThrowingTaskGroup(of: (String, StoreError?)?.self) { group in
        group.addTask {
          try await store.run()
          return nil
        }
        for number in 0..<500 { group.addTask { ("\(number)", await outcome(store, "\(number)")) } }
        var written: Set<String> = []
        while let result = try await group.next() {
          guard let (eventID, error) = result else { continue }
          if error == nil { written.insert(eventID) } else { #expect(isUnavailable(error)) }
          group.cancelAll()
        }
        return written
      }
      #expect(!written.isEmpty)
      #expect(Set(try await eventIDs(in: store)) == written)
    }
  }

  @Test func `a store that is shut down before it ran fails those that wait`() async throws {
    let store = try SQLiteStore.inMemory()
    async let waiting = outcome(store, "e1")
    try await Task.sleep(for: .milliseconds(50))
    store.shutDown()
    let error = await waiting
    #expect(isUnavailable(error))
    try await store.run()
    #expect(try await store.lastSequence() == 0)
  }

  @Test func `a store runs once at a time`() async throws {
    let store = try SQLiteStore.inMemory()
    try await store.running {
      try await store.append(event())
      await #expect(throws: StoreError.self) { try await store.run() }
      try await store.append(event())
    }
    #expect(try await store.lastSequence() == 2)
  }

  @Test func `the queue takes 10,000 and refuses the next`() async throws {
    let store = try SQLiteStore.inMemory()
    try await withThrowingTaskGroup(of: StoreError?.self) { group in
      for number in 0..<10_050 { group.addTask { await outcome(store, "\(number)") } }
      // A queue without a bound would refuse nobody: do not wait for that forever.
      group.addTask {
        if (try? await Task.sleep(for: .seconds(600))) != nil { store.shutDown() }
        return nil
      }
      // Nothing is written yet, so the first that return are those that were refused.
      for _ in 0..<50 {
        let refused = try #require(try await group.next())
        #expect(isUnavailable(refused))
      }
      try await store.running {
        for _ in 0..<10_000 {
          let written = try #require(try await group.next())
          #expect(written == nil)
        }
        group.cancelAll()
      }
    }
    #expect(try await store.lastSequence() == 10_000)
    #expect(Set(try await eventIDs(in: store)).count == 10_000)
  }

  @Test func `only a batch after one that had company waits, the longer the more it had, to a bound`() {
    let start = DispatchTime(uptimeNanoseconds: 1_000_000_000)
    var window = GatherWindow(lengthMicroseconds: 1000)
    #expect(window.opening(at: start) == nil)
    window.batchEnded(of: accounts(1), at: start)
    #expect(window.opening(at: start) == nil)
    window.batchEnded(of: accounts(2), at: start)
    #expect(window.opening(at: start) == start + .microseconds(1500))
    #expect(window.opening(at: start + .microseconds(1499)) == start + .microseconds(1500))
    #expect(window.opening(at: start + .microseconds(1500)) == nil)
    window.batchEnded(of: accounts(4), at: start)
    #expect(window.opening(at: start) == start + .milliseconds(2))
    window.batchEnded(of: accounts(256), at: start)
    #expect(window.opening(at: start) == start + .milliseconds(2))
    window.batchEnded(of: accounts(1), at: start)
    #expect(window.opening(at: start) == nil)
  }

  @Test func `a write of another account than the one that fills the batches does not wait`() {
    let start = DispatchTime(uptimeNanoseconds: 1_000_000_000)
    let (flood, other) = ("111111111111", "222222222222")
    var window = GatherWindow(lengthMicroseconds: 1000)
    #expect(!window.isEnded(by: other))
    window.batchEnded(of: [flood, other, flood], at: start)
    #expect(window.opening(at: start) != nil)
    #expect(!window.isEnded(by: flood))
    #expect(window.isEnded(by: other))
    #expect(window.isEnded(by: nil))
    // Where nobody has more than half, all wait alike.
    window.batchEnded(of: [flood, other, flood, nil], at: start)
    #expect(window.opening(at: start) != nil)
    for account in [flood, other, nil] { #expect(!window.isEnded(by: account)) }
  }

  /// As many writes, of accounts in turns.
  private func accounts(_ count: Int) -> [String?] {
    (0..<count).map { $0.isMultiple(of: 2) ? "111111111111" : "222222222222" }
  }
}
