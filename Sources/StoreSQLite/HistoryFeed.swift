// SPDX-License-Identifier: Apache-2.0
//
// The newest records as the event history takes them in, kept from the write so that nothing has to be read and parsed
// again. Bounded, and only a short cut: what is not here is in the audit log.

import AuditTrail
import IdentityModel

/// A record as the event history knows it.
struct HistoryRow: Sendable {
  let sequence: Int64
  let eventTime: Int64
  let entry: HistoryEntry
}

/// The values by which a record is found.
enum HistoryEntry: Sendable {
  /// The account, and the hashes of the attributes' values.
  case known(account: Int64, attributes: [Int64])
  /// A record of no account's history.
  case nobodys
  /// Only its JSON says it.
  case unread

  init(_ record: AuditRecord) {
    guard let summary = EventSummary(of: record) else {
      self = .unread
      return
    }
    self.init(summary)
  }

  init(_ summary: EventSummary) {
    guard let account = summary.recipientAccountID.flatMap({ Int64($0.description) }) else {
      self = .nobodys
      return
    }
    var attributes: [Int64] = []
    for attribute in LookupAttribute.allCases where attribute != .eventID {
      for value in summary.values(of: attribute) { attributes.append(EventIndex.hash(attribute, value)) }
    }
    self = .known(account: account, attributes: attributes)
  }
}

/// Rows without a gap, in the order of the log.
struct HistoryFeed: Sendable {
  /// The most rows; with one more it starts again, and what is left out is read from the log.
  static let limit = 4096

  private var rows: [HistoryRow] = []
  private var head = 0

  /// Adds rows that are durable.
  mutating func append(_ fresh: [HistoryRow]) {
    guard let first = fresh.first else { return }
    let isNext = rows.last.map { $0.sequence + 1 == first.sequence } ?? true
    if !isNext || rows.count + fresh.count > Self.limit { clear() }
    rows += fresh
  }

  /// Up to `limit` rows that follow `position` and need not be read; none when the next one is not here.
  mutating func rows(after position: Int64, limit: Int) -> ArraySlice<HistoryRow> {
    while head < rows.count, rows[head].sequence <= position { head += 1 }
    if head == rows.count { clear() }
    guard head < rows.count, rows[head].sequence == position + 1 else { return [] }
    return rows[head...].prefix(limit).prefix { row in
      if case .unread = row.entry { false } else { true }
    }
  }

  private mutating func clear() {
    rows.removeAll(keepingCapacity: rows.count <= 4096)
    head = 0
  }
}
