// SPDX-License-Identifier: Apache-2.0
//
// What every engine promises about records and about the one write.

import Federation
import Testing

@Suite struct RecordContractTests {
  @Test(arguments: Engine.allCases)
  func `a record comes back as it was put, with revision 1`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      let body = #"{"name":"Zoë \u0000 𝄞"}"#
      try await store.commit(change(put("123456789012/zoë", body)), recording: event())
      let found = try #require(await store.record(at: key("123456789012/zoë")))
      #expect(found.account == (try account()))
      #expect(found.revision == 1)
      #expect(found.body == json(body))
      #expect(Array(found.key.id.utf8) == Array("123456789012/zoë".utf8))
      #expect(try await store.record(at: RecordKey(RecordKind("Role"), "123456789012/zoë")) == nil)
    }
  }

  @Test(arguments: Engine.allCases)
  func `a write that insists on absence fails when the record exists`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      try await store.commit(change(put("alice", "1")), recording: event("e1"))
      await #expect(throws: StoreError.preconditionFailed(key("alice"))) {
        try await store.commit(change(put("alice", "2")), recording: event("e2"))
      }
      #expect(try await store.record(at: key("alice"))?.body == json("1"))
      #expect(try await eventIDs(in: store) == ["e1"])
    }
  }

  @Test(arguments: Engine.allCases)
  func `a write that insists on a revision counts it up, and fails on any other`(_ engine: Engine)
    async throws
  {
    try await engine.withStore { store in
      await #expect(throws: StoreError.preconditionFailed(key("alice"))) {
        try await store.commit(change(put("alice", "0", .revision(1))), recording: event())
      }
      try await store.commit(change(put("alice", "1")), recording: event())
      try await store.commit(change(put("alice", "2", .revision(1))), recording: event())
      #expect(try await store.record(at: key("alice"))?.revision == 2)
      for stale in [Int64.min, 0, 1, 3, .max] {
        await #expect(throws: StoreError.preconditionFailed(key("alice"))) {
          try await store.commit(change(put("alice", "3", .revision(stale))), recording: event())
        }
      }
      #expect(try await store.record(at: key("alice"))?.body == json("2"))
    }
  }

  @Test(arguments: Engine.allCases)
  func `a delete must name the revision, and the id is free again after it`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      try await store.commit(change(put("alice")), recording: event())
      await #expect(throws: StoreError.preconditionFailed(key("alice"))) {
        try await store.commit(change(.delete(key("alice"), revision: 2)), recording: event())
      }
      try await store.commit(change(.delete(key("alice"), revision: 1)), recording: event())
      #expect(try await store.record(at: key("alice")) == nil)
      await #expect(throws: StoreError.preconditionFailed(key("alice"))) {
        try await store.commit(change(.delete(key("alice"), revision: 1)), recording: event())
      }
      try await store.commit(change(put("alice")), recording: event())
      // Made again it is another record: what was decided on the old one does not hold for it.
      #expect(try await store.record(at: key("alice"))?.revision == 3)
    }
  }

  @Test(arguments: Engine.allCases)
  func `a requirement writes nothing and fails the change when it does not hold`(_ engine: Engine)
    async throws
  {
    try await engine.withStore { store in
      try await store.commit(change(put("alice")), recording: event("e1"))
      let requirements: [(Change.Write, Bool)] = [
        (.require(key("alice"), .revision(1)), true), (.require(key("bob"), .absent), true),
        (.require(key("alice"), .revision(2)), false), (.require(key("alice"), .absent), false),
        (.require(key("bob"), .revision(1)), false),
      ]
      for (index, (requirement, holds)) in requirements.enumerated() {
        let attempt = change(requirement, try put("new\(index)"))
        if holds {
          try await store.commit(attempt, recording: event("holds\(index)"))
        } else {
          await #expect(throws: StoreError.self) {
            try await store.commit(attempt, recording: event("fails\(index)"))
          }
        }
        #expect((try await store.record(at: key("new\(index)")) != nil) == holds)
      }
      #expect(try await store.record(at: key("alice"))?.revision == 1)
      #expect(try await eventIDs(in: store) == ["e1", "holds0", "holds1"])
    }
  }

  @Test(arguments: Engine.allCases)
  func `a change happens as a whole with its audit record, or not at all`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      try await store.commit(change(put("taken"), put("old", "1")), recording: event("e1"))
      await #expect(throws: StoreError.preconditionFailed(key("taken"))) {
        try await store.commit(
          change(
            put("first"),
            put("old", "2", .revision(1)),
            .delete(key("old"), revision: 2),
            put("taken"),
            put("last")
          ),
          recording: event("e2")
        )
      }
      #expect(try await store.record(at: key("first")) == nil)
      #expect(try await store.record(at: key("last")) == nil)
      #expect(try await store.record(at: key("old"))?.body == json("1"))
      #expect(try await eventIDs(in: store) == ["e1"])
    }
  }

  @Test(arguments: Engine.allCases)
  func `a change whose audit record is refused writes nothing`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      try await store.append(event("e1"))
      await #expect(throws: StoreError.self) {
        try await store.commit(change(put("alice")), recording: event(String(repeating: "x", count: 65)))
      }
      #expect(try await store.record(at: key("alice")) == nil)
      #expect(try await eventIDs(in: store) == ["e1"])
    }
  }

  @Test(arguments: Engine.allCases)
  func `writes of a change see those before them`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      try await store.commit(
        change(put("alice", "1"), put("alice", "2", .revision(1)), .require(key("alice"), .revision(2))),
        recording: event()
      )
      #expect(try await store.record(at: key("alice"))?.revision == 2)
    }
  }

  @Test(arguments: Engine.allCases)
  func `of many callers that create one record, one succeeds`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      let successes = try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 0..<40 {
          group.addTask {
            do {
              try await store.commit(change(put("alice", "\(number)")), recording: event())
              return true
            } catch StoreError.preconditionFailed {
              return false
            }
          }
        }
        return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(successes == 1)
      #expect(try await store.lastSequence() == 1)
    }
  }

  @Test(arguments: Engine.allCases)
  func `no update is lost among writers that insist on what they read`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      try await store.commit(change(put("counter", "0")), recording: event())
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<16 {
          group.addTask {
            while true {
              let found = try #require(await store.record(at: key("counter")))
              let count = try #require(Int(String(decoding: found.body, as: UTF8.self)))
              do {
                try await store.commit(
                  change(put("counter", "\(count + 1)", .revision(found.revision))),
                  recording: event()
                )
                return
              } catch StoreError.preconditionFailed {}
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(try await store.record(at: key("counter"))?.body == json("16"))
      #expect(try await store.record(at: key("counter"))?.revision == 17)
      #expect(try await store.lastSequence() == 17)
    }
  }

  @Test(arguments: Engine.allCases)
  func `a key that breaks its shape is refused and takes nothing with it`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      try await store.commit(change(put("alice")), recording: event("e1"))
      let odd = [
        key(""), key(String(repeating: "x", count: 1025)), key(String(repeating: "é", count: 513)),
        key("alice\0"), key("\0"), RecordKey(RecordKind(""), "a"), RecordKey(RecordKind("User1"), "a"),
        RecordKey(RecordKind("User\0"), "a"),
      ]
      for key in odd {
        let write = Change.Write.put(key, account: try account(), body: json("{}"), .absent)
        await #expect(throws: StoreError.self) { try await store.commit(change(write), recording: event()) }
        #expect(try await store.record(at: key) == nil)
      }
      await #expect(throws: StoreError.self) {
        try await store.commit(change(.delete(key("alice\0x"), revision: 1)), recording: event())
      }
      try await store.commit(change(put(String(repeating: "é", count: 512))), recording: event("e2"))
      #expect(try await store.record(at: key("alice"))?.revision == 1)
      #expect(try await eventIDs(in: store) == ["e1", "e2"])
    }
  }

  @Test(arguments: Engine.allCases)
  func `a body that is not text, or more than 1 MiB, is refused`(_ engine: Engine) async throws {
    try await engine.withStore { store in
      let owner = try account()
      let tooLong = [UInt8](repeating: UInt8(ascii: "1"), count: 1_048_577)
      for body: [UInt8] in [
        [], json("{}\0"), json("\0"), [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], tooLong,
      ] {
        await #expect(throws: StoreError.self) {
          try await store.commit(
            change(.put(key("alice"), account: owner, body: body, .absent)),
            recording: event()
          )
        }
      }
      #expect(try await store.record(at: key("alice")) == nil)
      #expect(try await store.lastSequence() == 0)
      let longest = Array(tooLong.dropLast())
      try await store.commit(
        change(.put(key("alice"), account: owner, body: longest, .absent)),
        recording: event()
      )
      #expect(try await store.record(at: key("alice"))?.body == longest)
    }
  }
}
