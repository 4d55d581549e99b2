// SPDX-License-Identifier: Apache-2.0
//
// The audit log of one account as it is delivered to the account's trails.

package import IdentityModel

/// A record of an account with its place in the log.
package struct AccountLogEntry: Hashable, Sendable {
  /// The place in the whole log.
  package let sequence: Int64
  /// The record's `eventTime`.
  package let eventTime: Instant
  /// The record as JSON, byte for byte as it stands in the log.
  package let json: [UInt8]

  /// Gathers the parts.
  package init(sequence: Int64, eventTime: Instant, json: [UInt8]) {
    self.sequence = sequence
    self.eventTime = eventTime
    self.json = json
  }
}

/// Reads the audit log of an account.
package protocol AccountLogReader: AuditLogReader {
  /// Up to `limit` entries of `account` with a sequence greater than `sequence` and at most `last`, in order.
  func entries(
    of account: AccountID,
    after sequence: Int64,
    through last: Int64,
    limit: Int
  ) async throws(StoreError) -> [AccountLogEntry]
}
