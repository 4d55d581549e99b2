// SPDX-License-Identifier: Apache-2.0
//
// How far a sink has come: the last record that it accepted, kept in the store.

import StrictJSON

/// How far a sink has come.
struct ExportPosition: Hashable, Sendable {
  /// The last record that was accepted; 0 for none.
  var accepted: Int64
  /// The last record that the store knows to be accepted; never beyond `accepted`.
  var kept: Int64

  /// What the progress of the sink `name` is called.
  static func progressName(_ name: String) -> String { "export/\(name)" }

  /// `{"accepted":42}`.
  static func body(_ accepted: Int64) -> [UInt8] {
    var writer = JSONWriter()
    writer.object { $0.member("accepted", accepted) }
    return writer.bytes
  }

  /// Reads what `body` wrote; nothing at all is the beginning of the log.
  init(_ body: [UInt8]?) throws(AuditExportError) {
    guard let body else {
      (accepted, kept) = (0, 0)
      return
    }
    guard let object = (try? JSONReader.read(body))?.object, case .number(let number)? = object["accepted"],
      let sequence = number.int64, sequence >= 0
    else { throw .malformedPosition }
    (accepted, kept) = (sequence, sequence)
  }
}
