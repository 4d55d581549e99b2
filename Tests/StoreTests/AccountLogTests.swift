// SPDX-License-Identifier: Apache-2.0
//
// The audit log of one account: its records alone, in order, byte for byte, and no further than asked.

import AuditTrail
import Federation
import GRDB
import IdentityModel
import StoreSQLite
import Testing

@Suite struct AccountLogTests {
  @Test(arguments: Engine.allCases)
  func `an account's entries are its own, in order, in pages, up to where was asked`(_ engine: Engine)
    async throws
  {
    let mine = try #require(AccountID("111122223333"))
    let other = try #require(AccountID("444455556666"))
    try await engine.withStore { opened in
      let store = try #require(opened as? any AuditSink & AccountLogReader)
      var records: [AuditRecord] = []
      for number in 0..<9 {
        let record = AuditRecord(
          operatorEvent: "é\(number)",
          account: number == 8 ? nil : number.isMultiple(of: 2) ? mine : other,
          now: Instant(milliseconds: 1_800_000_000_000 + Int64(number)),
          entropy: .system
        )
        try await store.append(record)
        records.append(record)
      }
      let all = try await store.entries(of: mine, after: 0, through: 9, limit: 100)
      #expect(all.map(\.sequence) == [1, 3, 5, 7])
      #expect(all.map(\.json) == [0, 2, 4, 6].map { records[$0].json })
      #expect(all.map(\.eventTime) == [0, 2, 4, 6].map { records[$0].eventTime })
      #expect(try await store.entries(of: mine, after: 1, through: 9, limit: 2).map(\.sequence) == [3, 5])
      #expect(try await store.entries(of: mine, after: 0, through: 4, limit: 9).map(\.sequence) == [1, 3])
      #expect(try await store.entries(of: other, after: 7, through: 9, limit: 9).map(\.sequence) == [8])
      #expect(try await store.entries(of: mine, after: 7, through: 3, limit: 9).isEmpty)
      #expect(try await store.entries(of: mine, after: 0, through: 9, limit: 0).isEmpty)
    }
  }

  /// A log of three records, of `111122223333`, `444455556666` and nobody, with `account` of `row` rewritten.
  private func withMovedRecord(
    _ row: Int,
    to account: String,
    _ body: (any AccountLogReader) async throws -> Void
  ) async throws {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      try await store.running {
        for account in ["111122223333", "444455556666", nil] {
          try await store.append(
            AuditRecord(
              operatorEvent: "Event",
              account: account.flatMap { AccountID($0) },
              now: Instant(seconds: 1_800_000_000),
              entropy: .system
            )
          )
        }
      }
      let shell = try DatabaseQueue(path: path)
      try await shell.write { db in
        try db.execute(sql: "DROP TRIGGER audit_stays")
        try db.execute(sql: "UPDATE audit SET account = \(account) WHERE sequence = \(row)")
      }
      try shell.close()
      let again = try SQLiteStore.open(at: path)
      try await again.running { try await body(again) }
    }
  }

  @Test(arguments: [
    (1, "'444455556666'", ["111122223333", "444455556666"]),
    (1, "'777788889999'", ["111122223333", "777788889999"]),
    (1, "NULL", ["111122223333"]),
    (2, "'111122223333'", ["111122223333", "444455556666"]),
    (3, "'111122223333'", ["111122223333"]),
  ])
  func `a record that was put under another account is missed by its own and by that one`(
    _ row: Int,
    _ column: String,
    _ meeting: [String]
  ) async throws {
    try await withMovedRecord(row, to: column) { store in
      for text in ["111122223333", "444455556666", "777788889999"] {
        let account = try #require(AccountID(text))
        var found: StoreError?
        do throws(StoreError) {
          _ = try await store.entries(of: account, after: 0, through: 3, limit: 9)
        } catch {
          found = error
        }
        let named = StoreError.corrupted("audit log entry \(row) is not of the account that its row names")
        #expect(found == (meeting.contains(text) ? named : nil))
      }
    }
  }
}
