// SPDX-License-Identifier: Apache-2.0
//
// The audit log of one account, for its trails. Whose a record is, the record says, which the Merkle log covers; the column
// beside it, which is quicker to read, is held against it. Of the records of others no more is read than that.

import AuditTrail
package import Federation
import GRDB
package import IdentityModel

extension SQLiteReader: AccountLogReader {
  package func entries(
    of account: AccountID,
    after sequence: Int64,
    through last: Int64,
    limit: Int
  ) async throws(StoreError) -> [AccountLogEntry] {
    guard limit > 0 else { return [] }
    return try await read { db in
      // What left the log before it was delivered is lost to a trail: never passed over in silence.
      guard try max(0, sequence) >= retentionFloor(db) else {
        throw StoreError.corrupted("the audit log no longer holds all of what follows entry \(sequence)")
      }
      // SECURITY: the column alone could be rewritten, and a record go missing from its account's trails. The server
      // writes the member in exactly this way, so a record without these bytes is not this account's; one that has them
      // in what a caller sent is looked at closer.
      //
      // The order of the primary key is wanted whatever other index there is: the plus sign keeps those out.
      let statement = try db.cachedStatement(
        sql: """
          SELECT sequence, event_time, json, account FROM audit
          WHERE sequence > ? AND sequence <= ? AND (+account = ? OR instr(json, ?) > 0) ORDER BY sequence
          """
      )
      let own = account.description
      let member = "\"recipientAccountId\":\"\(own)\""
      let rows = try Row.fetchCursor(statement, arguments: [sequence, last, own, member])
      var entries: [AccountLogEntry] = []
      while entries.count < limit, let row = try rows.next() {
        guard let sequence = Int64.fromDatabaseValue(row[0]), let time = Int64.fromDatabaseValue(row[1]),
          let json = String.fromDatabaseValue(row[2])
        else { throw StoreError.corrupted("an audit log entry breaks the schema") }
        let isOwn = AuditRecord.recipientAccountID(of: Array(json.utf8)) == account
        guard isOwn == (String.fromDatabaseValue(row[3]) == own) else {
          throw StoreError.corrupted(
            "audit log entry \(sequence) is not of the account that its row names"
          )
        }
        guard isOwn else { continue }
        entries.append(
          AccountLogEntry(
            sequence: sequence,
            eventTime: Instant(milliseconds: time),
            json: Array(json.utf8)
          )
        )
      }
      return entries
    }
  }
}

extension SQLiteStore: AccountLogReader {
  package func entries(
    of account: AccountID,
    after sequence: Int64,
    through last: Int64,
    limit: Int
  ) async throws(StoreError) -> [AccountLogEntry] {
    try await reader.entries(of: account, after: sequence, through: last, limit: limit)
  }
}
