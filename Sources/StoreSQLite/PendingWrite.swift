// SPDX-License-Identifier: Apache-2.0
//
// A write as its caller hands it over to the one thread that writes, with everything done that the caller's own thread can
// do: records rendered, and what the event history needs of them.

import AuditTrail
import Federation
import IdentityModel

/// One write as callers hand it over; audit records are rendered by the caller's thread, not by the writer's.
struct PendingWrite: Sendable {
  /// A row of the audit log.
  struct Row: Sendable {
    let eventID: String
    let eventTime: Int64
    let account: String?
    let eventSource: String
    let eventName: String
    let json: String
    let history: HistoryEntry

    fileprivate init(_ record: AuditRecord) throws(StoreError) {
      self.eventID = record.eventID
      self.eventTime = record.eventTime.milliseconds
      self.account = record.recipientAccountID?.description
      self.eventSource = record.eventSource
      self.eventName = record.eventName
      self.json = try text(record.json, of: "the audit record")
      self.history = HistoryEntry(record)
    }
  }

  let change: Change?
  /// In the order of the log.
  let rows: [Row]

  /// Whose record it is.
  var account: String? { rows.first?.account }

  init(_ change: Change?, recording record: AuditRecord) throws(StoreError) {
    self.change = change
    var rows = [try Row(record)]
    for copy in record.copies { rows.append(try Row(copy)) }
    self.rows = rows
  }
}

func text(_ bytes: [UInt8], of what: String) throws(StoreError) -> String {
  guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
    throw .corrupted("\(what) is not UTF-8 text without U+0000")
  }
  return text
}
