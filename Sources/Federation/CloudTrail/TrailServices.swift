// SPDX-License-Identifier: Apache-2.0
//
// What the CloudTrail actions reach besides the directory: the operator's buckets, how far deliveries have come, and the
// event history. Absent means no: no bucket exists, and there is no history.

import IdentityModel

/// What the CloudTrail actions reach.
package struct TrailServices: Sendable {
  /// The buckets that trails may write to.
  package let buckets: TrailBuckets
  /// How far deliveries have come, and the keys of digests.
  package let progress: any ProgressReader
  /// The event history.
  package let history: any EventHistory

  /// Gathers the parts.
  package init(buckets: TrailBuckets, progress: any ProgressReader, history: any EventHistory) {
    self.buckets = buckets
    self.progress = progress
    self.history = history
  }

  /// Nothing.
  package static let none = TrailServices(buckets: .none, progress: Nothing(), history: Nothing())
}

private struct Nothing: ProgressReader, EventHistory {
  func progress(of name: String) throws(StoreError) -> [UInt8]? { nil }

  func events(_ query: EventQuery) throws(StoreError) -> [HistoricalEvent] {
    throw .unavailable("there is no event history")
  }
}
