// SPDX-License-Identifier: Apache-2.0
//
// What the store writes beside a record to find it by: account, time, id, service, action. The log's tree vouches for the
// record alone, so whoever can write to the store could file it elsewhere: out of an account's trails, or under another
// action. Source: docs/decisions/0017.

package import Federation
import GRDB

extension SQLiteReader {
  /// The number of the first record of a bundle that is filed under something else than it says; `nil` when there is none.
  ///
  /// The bundle `index` begins with record 256 × `index` + 1 and has `width` records, 1–256.
  package func misfiledRecord(inBundle index: UInt64, width: Int) async throws(StoreError) -> UInt64? {
    try await read { db in
      let statement = try db.cachedStatement(
        sql: """
          SELECT min(sequence) FROM audit
          WHERE sequence > ?1 AND sequence <= ?1 + ?2 AND (
            account IS NOT json_extract(json, '$.recipientAccountId')
            OR event_id IS NOT json_extract(json, '$.eventID')
            OR event_source IS NOT json_extract(json, '$.eventSource')
            OR event_name IS NOT json_extract(json, '$.eventName')
            OR event_time / 1000 IS NOT CAST(strftime('%s', json_extract(json, '$.eventTime')) AS INTEGER)
          )
          """
      )
      return try Int64.fetchOne(statement, arguments: [Int64(index) * 256, width]).map { UInt64($0) }
    }
  }
}
