// SPDX-License-Identifier: Apache-2.0
//
// The audit log of one account: its records alone, in order, byte for byte, and no further than asked.

import AuditTrail
import Federation
import IdentityModel
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
}
