// SPDX-License-Identifier: Apache-2.0
//
// Where exported records go, as the house needs it: a batch is accepted whole or not at all. Knows no file and no socket.

package import AuditTrail

/// Takes records out of the house: a file, a collector, a receiver.
package protocol AuditExportSink: Sendable {
  /// What its position is kept under, and what operators read; the same after every start, without secrets.
  var name: String { get }

  /// Hands over `entries`, which follow each other in the log; returns when all of them are accepted for good.
  ///
  /// After a throw the same entries come again, perhaps cut otherwise: some may have been accepted already.
  func deliver(_ entries: [AuditLogEntry]) async throws(AuditExportError)
}

/// Why records were not accepted, or not read.
package enum AuditExportError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The receiver could not be reached, or did not take everything; the cause as the network or the system words it.
  case unavailable(String)
  /// The receiver answered with this status.
  case refused(status: Int)
  /// The record at this place in the log is not one of ours.
  case malformedRecord(sequence: Int64)
  /// What stands where the records should go is something else, or open to others; the text says what.
  case unsuitable(String)
  /// The store could not be read, or the position not be kept.
  case store(StoreError)
  /// The position that is kept cannot be read.
  case malformedPosition

  package var description: String {
    switch self {
    case .unavailable(let cause), .unsuitable(let cause): cause
    case .refused(let status): "the receiver answered \(status)"
    case .malformedRecord(let sequence): "record \(sequence) is malformed"
    case .store(.unavailable(let cause)), .store(.corrupted(let cause)): "the store: \(cause)"
    case .store(.preconditionFailed(let key)): "the store: \(key.kind.name) changed"
    case .malformedPosition: "the position that is kept cannot be read"
    }
  }
}

extension ExportFormat {
  /// The lines of `entries`, each with its line feed.
  package func lines(of entries: [AuditLogEntry]) throws(AuditExportError) -> [[UInt8]] {
    try entries.map { (entry) throws(AuditExportError) in
      do {
        return try line(of: entry.json) + [UInt8(ascii: "\n")]
      } catch {
        throw .malformedRecord(sequence: entry.sequence)
      }
    }
  }
}
