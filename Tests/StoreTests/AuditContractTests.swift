// SPDX-License-Identifier: Apache-2.0
//
// What every engine promises about the audit log.

import AuditTrail
import Federation
import Testing

@Suite struct AuditContractTests {
  @Test(arguments: Engine.allCases)
  func `an empty log ends at 0`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      let last = try await store.lastSequence()
      let entries = try await store.entries(after: 0, limit: 10)
      #expect(last == 0)
      #expect(entries.isEmpty)
    }
  }

  @Test(arguments: Engine.allCases)
  func `an entry is the JSON of the record, byte for byte`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      let records = [event("e1"), event("e2", name: "a\0b \u{2028} é 𝄞"), event("e3", name: "")]
      for record in records { try await store.append(record) }
      let entries = try await store.entries(after: 0, limit: 10)
      #expect(entries.map(\.sequence) == [1, 2, 3])
      #expect(entries.map(\.json) == records.map(\.json))
    }
  }

  @Test(arguments: Engine.allCases)
  func `a record and its copies are written together or not at all`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      try await store.append(event("e1", copies: [event("c1", account: "210987654321")]))
      try await store.commit(change(put("alice")), recording: event("e2", copies: [event("c2")]))
      let tooLong = event(String(repeating: "x", count: 65))
      for record in [event("e3", copies: [tooLong]), event("e4", copies: [event("c4"), tooLong])] {
        await #expect(throws: StoreError.self) { try await store.append(record) }
        await #expect(throws: StoreError.self) {
          try await store.commit(change(.require(key("alice"), .revision(3))), recording: record)
        }
      }
      try await store.append(event("e5"))
      let found = try await eventIDs(in: store)
      #expect(found == ["e1", "c1", "e2", "c2", "e5"])
    }
  }

  @Test(arguments: Engine.allCases)
  func `entries come in pages`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      for number in 1...5 { try await store.append(event("e\(number)")) }
      #expect(try await store.entries(after: 0, limit: 2).map(\.sequence) == [1, 2])
      #expect(try await store.entries(after: 2, limit: 2).map(\.sequence) == [3, 4])
      #expect(try await store.entries(after: 4, limit: 2).map(\.sequence) == [5])
      #expect(try await store.entries(after: 5, limit: 2).isEmpty)
      #expect(try await store.entries(after: .max, limit: 2).isEmpty)
      #expect(try await store.entries(after: .min, limit: 1).map(\.sequence) == [1])
      #expect(try await store.entries(after: 0, limit: 0).isEmpty)
      #expect(try await store.entries(after: 0, limit: -1).isEmpty)
      #expect(try await store.lastSequence() == 5)
    }
  }

  @Test(arguments: Engine.allCases)
  func `64 callers at once leave a log without gaps that holds each record once`(_ engine: Engine)
    async throws
  {
    try await engine.withStore { store in
      let expected = (0..<64).flatMap { caller in (0..<20).map { "\(caller)-\($0)" } }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for caller in 0..<64 {
          group.addTask {
            for number in 0..<20 {
              try await store.append(event("\(caller)-\(number)"))
              if number % 7 == 0 {
                try await store.commit(
                  change(put("\(caller)-\(number)")),
                  recording: event("c\(caller)-\(number)")
                )
              }
              // Refused ones in between (an id longer than the schema takes) must not take a number.
              await #expect(throws: StoreError.self) {
                try await store.append(event(String(repeating: "x", count: 65)))
              }
            }
          }
        }
        try await group.waitForAll()
      }
      let found = try await eventIDs(in: store)
      #expect(found.filter { !$0.hasPrefix("c") }.sorted() == expected.sorted())
      #expect(found.count == 64 * 20 + 64 * 3)
      // What one caller appended stands in the order in which it did.
      #expect(found.filter { $0.hasPrefix("7-") } == (0..<20).map { "7-\($0)" })
    }
  }

  @Test(arguments: Engine.allCases)
  func `what a caller appended is there when the call returns`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      for number in 1...20 {
        try await store.append(event())
        #expect(try await store.lastSequence() == Int64(number))
      }
    }
  }

  @Test(arguments: Engine.allCases)
  func `the record of a cancelled caller is written`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      let returned = try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<10 {
          group.addTask {
            try await store.append(event("e\(number)"))
            #expect(Task.isCancelled)
          }
        }
        group.cancelAll()
        return try await group.reduce(0) { count, _ in count + 1 }
      }
      #expect(returned == 10)
      #expect(try await eventIDs(in: store).sorted() == (0..<10).map { "e\($0)" })
    }
  }
}
