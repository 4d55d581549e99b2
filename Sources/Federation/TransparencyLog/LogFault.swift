// SPDX-License-Identifier: Apache-2.0
//
// Why a log is not continued, in values and in the operator's words. Records are named by their number, from 1.

package import AuditTrail

/// Why the log's tree must not be signed, and nothing may be appended to it.
package enum LogFault: Error, Hashable, Sendable {
  /// The tree has records, and the log's key is gone.
  case keyMissing
  /// There was a log, and its last checkpoint is gone.
  case checkpointMissing(records: UInt64)
  /// The kept checkpoint is not one that the log's key signed.
  case checkpointRefused(AuditTrailError)
  /// The store holds fewer records than the kept checkpoint: it was rolled back.
  case rolledBack(records: UInt64, checkpoint: UInt64)
  /// The store says that more records have left it than were ever sealed: they were deleted.
  case floorNotSealed(floor: UInt64, sealed: UInt64)
  /// A record is not the one that the tree was made of.
  case recordDiffers(index: UInt64)
  /// A hash in a tile is not the one of the tile below.
  case tileDiffers(level: Int, index: UInt64)
  /// The tree does not continue the kept checkpoint.
  case historyDiffers(from: UInt64, to: UInt64)
  /// Records and tiles do not make the tree's root.
  case rootDiffers(records: UInt64)
  /// The store holds something that it should not, or lacks something.
  case corrupted(String)
  /// It could not be told now; it may be told later.
  case unavailable(String)

  /// Whether to try again, without anybody's doing.
  package var mayPass: Bool {
    if case .unavailable = self { true } else { false }
  }

  init(_ error: StoreError) {
    switch error {
    case .unavailable(let cause): self = .unavailable(cause)
    case .corrupted(let what): self = .corrupted(what)
    case .preconditionFailed(let key): self = .corrupted("a precondition of `\(key.id)` failed")
    }
  }
}

extension LogFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .keyMissing:
      "the log's key is missing, and the log has records"
    case .checkpointMissing(let records):
      "the log's last checkpoint is missing; the tree has \(records) records"
    case .checkpointRefused(let error):
      "the log's kept checkpoint is not one that its key signed: \(error)"
    case .rolledBack(let records, let checkpoint):
      "record \(records + 1) is gone: the tree has \(records) records, and a checkpoint over \(checkpoint) was signed"
    case .floorNotSealed(let floor, let sealed):
      "record \(sealed + 1) is gone: the store no longer holds the records up to \(floor), "
        + "and only \(sealed) were ever sealed"
    case .recordDiffers(let index):
      "record \(index + 1) is not the one that the log was made of"
    case .tileDiffers(let level, let index):
      "hash \(index) of level \(level) of the log's tree is not that of the records below it"
    case .historyDiffers(let from, let to):
      "the tree over \(to) records does not continue the signed checkpoint over \(from)"
    case .rootDiffers(let records):
      "the first \(records) records do not make the tree that the store holds"
    case .corrupted(let what):
      what
    case .unavailable(let cause):
      cause
    }
  }
}
