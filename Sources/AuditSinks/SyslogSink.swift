// SPDX-License-Identifier: Apache-2.0
//
// Records as syslog messages on a stream. Syslog knows no acknowledgement, so a batch is a connection: accepted means
// that the receiver read to its end and closed in turn. Source: RFC 5424; RFC 5425 §4.3, §4.4.

package import AuditTrail
package import Federation

/// Sends records as syslog messages.
package struct SyslogSink: AuditExportSink {
  /// Sends bytes over a connection of their own; returns when the receiver has read them all.
  package typealias Send = @Sendable (_ bytes: [UInt8]) async throws(AuditExportError) -> Void

  package let name: String
  private let format: ExportFormat
  private let sender: SyslogSender
  private let send: Send

  /// Sends in the name of `sender` through `send`.
  package init(name: String, format: ExportFormat, sender: SyslogSender, send: @escaping Send) {
    self.name = name
    self.format = format
    self.sender = sender
    self.send = send
  }

  package func deliver(_ entries: [AuditLogEntry]) async throws(AuditExportError) {
    var bytes: [UInt8] = []
    for entry in entries {
      do {
        let index = UInt64(max(0, entry.sequence - 1))
        bytes += SyslogFrame.octetCounted(
          try sender.message(record: entry.json, index: index, format: format)
        )
      } catch {
        throw AuditExportError.malformedRecord(sequence: entry.sequence)
      }
    }
    try await send(bytes)
  }
}
