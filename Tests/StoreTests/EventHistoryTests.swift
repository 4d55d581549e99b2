// SPDX-License-Identifier: Apache-2.0
//
// The index of the event history is a hint: what is read from it is the log, and what it lacks is taken in first.

import AuditTrail
import Federation
import GRDB
import IdentityModel
import StoreSQLite
import Testing

@Suite struct `Event history` {
  private func query(
    _ attribute: LookupAttribute? = nil,
    _ value: String = "",
    after: EventPosition? = nil,
    limit: Int = 10_000
  ) throws -> EventQuery {
    EventQuery(
      account: try account(),
      attribute: attribute,
      value: value,
      start: nil,
      end: nil,
      after: after,
      limit: limit
    )
  }

  @Test func `a history that was never kept is complete when it is asked`() async throws {
    let store = try SQLiteStore.inMemory()
    try await store.running {
      let ids = (0..<700).map { _ in Entropy.system.eventID(at: Instant(seconds: 1_776_757_030)) }
      for id in ids { try await store.append(event(id)) }
      let events = try await store.events(query())
      #expect(events.map(\.position.sequence) == (1...700).reversed().map { Int64($0) })
      let one = try await store.events(query(.eventID, ids[41]))
      #expect(one.map(\.position.sequence) == [42])
    }
  }

  @Test func `it is kept beside the writes, and is there for the next server`() async throws {
    try await withStoreFile { path in
      let first = try SQLiteStore.open(at: path)
      try await first.running {
        let keeper = Task { await first.keepEventHistory() }
        for number in 0..<20 { try await first.append(event("e\(number)", name: "Call\(number)")) }
        keeper.cancel()
        await keeper.value
      }
      let second = try SQLiteStore.open(at: path)
      try await second.running {
        let events = try await second.events(query(.eventName, "Call7"))
        #expect(events.count == 1)
      }
    }
  }

  @Test func `nothing is left out behind a record that has to be read from the log`() async throws {
    let store = try SQLiteStore.inMemory()
    try await store.running {
      let long = String(repeating: "x", count: 300)
      for name in ["First", long, "Third", long, "Last"] {
        try await store.append(event(name: name))
      }
      let events = try await store.events(query())
      #expect(events.map(\.position.sequence) == [5, 4, 3, 2, 1])
    }
  }

  @Test func `the pause is three times the transaction, and there is none for a history that is far behind`()
  {
    func pause(lag: Int64, records: Int = 64) -> Duration {
      EventHistoryStep(lag: lag, records: records, duration: .milliseconds(2)).pause
    }
    #expect(pause(lag: 64) == .milliseconds(250))
    #expect(pause(lag: 65) == .milliseconds(6))
    #expect(pause(lag: 65, records: 3) == .milliseconds(6))
    #expect(pause(lag: 2_048) == .milliseconds(6))
    #expect(pause(lag: 2_049) == .zero)
    #expect(pause(lag: 1_000_000) == .zero)
    #expect(pause(lag: 63, records: 63) == .milliseconds(250))
    #expect(pause(lag: 0, records: 0) == .milliseconds(250))
  }

  @Test func `whose event it is the record says, not the column beside it`() async throws {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      try await store.running { try await store.append(event("theirs", account: "210987654321")) }
      let shell = try DatabaseQueue(path: path)
      try await shell.write { db in
        try db.execute(sql: "DROP TRIGGER audit_stays; UPDATE audit SET account = '123456789012'")
      }
      try shell.close()
      let again = try SQLiteStore.open(at: path)
      try await again.running {
        let mine = try await again.events(query())
        #expect(mine.isEmpty)
        let theirs = EventQuery(
          account: try account("210987654321"),
          attribute: nil,
          value: "",
          start: nil,
          end: nil,
          after: nil,
          limit: 10
        )
        let found = try await again.events(theirs)
        #expect(found.map(\.summary.eventID) == ["theirs"])
      }
    }
  }

  @Test func `an index that lies shows nobody's event`() async throws {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      try await store.running {
        try await store.append(event("mine"))
        try await store.append(event("theirs", account: "210987654321"))
        _ = try await store.events(query())
      }
      let shell = try DatabaseQueue(path: path)
      try await shell.write { db in try db.execute(sql: "UPDATE history SET sequence = 3 - sequence") }
      try shell.close()
      let again = try SQLiteStore.open(at: path)
      try await again.running {
        let events = try await again.events(query())
        #expect(events.allSatisfy { $0.summary.eventID == "mine" })
        let byID = try await again.events(query(.eventID, "no event id"))
        #expect(byID.isEmpty)
      }
    }
  }
}
