// SPDX-License-Identifier: Apache-2.0
//
// The audit log of one account, for its trails. Passes over the records of others without reading what they say.

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
      // The order of the primary key is wanted whatever other index there is: the plus sign keeps those out.
      let statement = try db.cachedStatement(
        sql: """
          SELECT sequence, event_time, json FROM audit
          WHERE sequence > ? AND sequence <= ? AND +account = ? ORDER BY sequence LIMIT ?
          """
      )
      let rows = try Row.fetchCursor(statement, arguments: [sequence, last, account.description, limit])
      var entries: [AccountLogEntry] = []
      while let row = try rows.next() {
        guard let sequence = Int64.fromDatabaseValue(row[0]), let time = Int64.fromDatabaseValue(row[1]),
          let json = String.fromDatabaseValue(row[2])
        else { throw StoreError.corrupted("an audit log entry breaks the schema") }
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
