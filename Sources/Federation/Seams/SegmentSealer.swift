// SPDX-License-Identifier: Apache-2.0
//
// How old records leave the store: by whole segments, sealed into files first. Knows no files.

package import IdentityModel

/// Seals segments.
package protocol SegmentSealer: Sendable {
  /// Seals the oldest segment of the store: its records are in a file, checked against the tree and durable, before they
  /// go from the store. The tree's tiles stay.
  ///
  /// - Parameters:
  ///   - instant: all of its records must be older.
  ///   - published: how many records the signed checkpoint is over; all of its records must be among them.
  /// - Throws: `corrupted` when its records are not those of the tree; then none of them goes.
  /// - Returns: the leaves of the segment; `nil` when none is due.
  func sealOldestSegment(
    before instant: Instant,
    among published: UInt64
  ) async throws(StoreError) -> Range<UInt64>?
}
