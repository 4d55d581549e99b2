// SPDX-License-Identifier: Apache-2.0
//
// The audit log of an account as an event history: newest first, by an attribute, within a time. Refuses to know how it
// is indexed.

package import AuditTrail
package import IdentityModel

/// Which events of an account are asked for.
package struct EventQuery: Hashable, Sendable {
  /// The account.
  package let account: AccountID
  /// An attribute and the value that it must have; `nil` for every event.
  package let attribute: LookupAttribute?
  package let value: String
  /// Not before this time.
  package let start: Instant?
  /// Not after this time.
  package let end: Instant?
  /// Only what comes after this event, which is older; `nil` for the first page.
  package let after: EventPosition?
  /// The most events.
  package let limit: Int

  /// Gathers the parts.
  package init(
    account: AccountID,
    attribute: LookupAttribute?,
    value: String,
    start: Instant?,
    end: Instant?,
    after: EventPosition?,
    limit: Int
  ) {
    self.account = account
    self.attribute = attribute
    self.value = value
    self.start = start
    self.end = end
    self.after = after
    self.limit = limit
  }
}

/// The place of an event in the history: newer ones come first; at one time those written later.
package struct EventPosition: Hashable, Sendable {
  /// The time of the event.
  package let eventTime: Instant
  /// Its place in the log.
  package let sequence: Int64

  /// Pairs `eventTime` and `sequence`.
  package init(eventTime: Instant, sequence: Int64) {
    self.eventTime = eventTime
    self.sequence = sequence
  }
}

/// An event of the history.
package struct HistoricalEvent: Hashable, Sendable {
  /// Its place.
  package let position: EventPosition
  /// What is shown of it.
  package let summary: EventSummary
  /// The record as JSON, byte for byte as it stands in the log.
  package let json: [UInt8]

  /// Gathers the parts.
  package init(position: EventPosition, summary: EventSummary, json: [UInt8]) {
    self.position = position
    self.summary = summary
    self.json = json
  }
}

/// Finds events.
package protocol EventHistory: Sendable {
  /// The events that `query` asks for, newest first: every record of the account that was durable when it was asked,
  /// as long as the log holds it.
  func events(_ query: EventQuery) async throws(StoreError) -> [HistoricalEvent]

  /// The last record that the history has taken in: who must not miss one asks again until it is far enough.
  func eventHistoryPosition() async throws(StoreError) -> Int64
}
