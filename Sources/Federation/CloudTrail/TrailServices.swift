// SPDX-License-Identifier: Apache-2.0
//
// What the CloudTrail actions reach besides the directory: the operator's buckets, how far deliveries have come, and the
// event history. Absent means no: no bucket exists, and there is no history.

import IdentityModel

/// What the CloudTrail actions reach.
package struct TrailServices: Sendable {
  /// The buckets that trails may write to.
  package let buckets: TrailBuckets
  /// How far deliveries have come, the keys of digests, and the log that is delivered.
  package let progress: any ProgressReader & AuditLogReader
  /// The event history.
  package let history: any EventHistory

  /// Gathers the parts.
  package init(
    buckets: TrailBuckets,
    progress: any ProgressReader & AuditLogReader,
    history: any EventHistory
  ) {
    self.buckets = buckets
    self.progress = progress
    self.history = history
  }

  /// Nothing.
  package static let none = TrailServices(buckets: .none, progress: Nothing(), history: Nothing())
}

private struct Nothing: ProgressReader, AuditLogReader, EventHistory {
  func progress(of name: String) throws(StoreError) -> [UInt8]? { nil }

  func entries(after sequence: Int64, limit: Int) throws(StoreError) -> [AuditLogEntry] {
    throw .unavailable("there is no audit log")
  }

  func lastSequence() throws(StoreError) -> Int64 {
    throw .unavailable("there is no audit log")
  }

  func events(_ query: EventQuery) throws(StoreError) -> [HistoricalEvent] {
    throw .unavailable("there is no event history")
  }

  func eventHistoryPosition() throws(StoreError) -> Int64 { 0 }
}
