// SPDX-License-Identifier: Apache-2.0
//
// How an exported record is spelled: one line of JSON, in CloudTrail's words as it stands in the log, or in OCSF's.

import StrictJSON

/// How an exported record is spelled.
package enum ExportFormat: String, CaseIterable, Hashable, Sendable {
  /// The record byte for byte as it stands in the log.
  case cloudtrail
  /// An OCSF event, class API Activity.
  case ocsf

  /// Spells a record.
  ///
  /// - Parameter record: the record's JSON, as it stands in the log.
  /// - Throws: `AuditTrailError.malformedRecord` for what no server of ours wrote.
  /// - Returns: one line, UTF-8, without the line feed.
  package func line(of record: [UInt8]) throws(AuditTrailError) -> [UInt8] {
    switch self {
    case .cloudtrail:
      guard record.first == UInt8(ascii: "{"), record.last == UInt8(ascii: "}"),
        !record.contains(where: { $0 < 0x20 })
      else { throw .malformedRecord }
      return record
    case .ocsf:
      guard let value = try? JSONReader.read(record) else { throw .malformedRecord }
      return try OCSFEvent.json(of: value)
    }
  }
}
