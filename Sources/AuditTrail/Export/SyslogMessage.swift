// SPDX-License-Identifier: Apache-2.0
//
// A record as a syslog message, and its frame on a stream. The message is plain ASCII: RFC 5424 wants a byte order mark
// before UTF-8, which readers of JSON refuse. Source: RFC 5424 §6; RFC 5425 §4.3 (as RFC 6587 §3.4.1).

import IdentityModel
import StrictJSON

/// Who sends syslog messages.
package struct SyslogSender: Hashable, Sendable {
  /// The host: 1–255 printable ASCII characters.
  package let hostName: String
  /// The process: 1–128 printable ASCII characters.
  package let processID: String
  /// The version of the software; any text.
  package let softwareVersion: String

  /// Gathers the parts.
  ///
  /// - Throws: `AuditTrailError.malformedPart`.
  package init(hostName: String, processID: String, softwareVersion: String) throws(AuditTrailError) {
    guard isPrintable(hostName, 1...255) else { throw .malformedPart("hostName") }
    guard isPrintable(processID, 1...128) else { throw .malformedPart("processID") }
    self.hostName = hostName
    self.processID = processID
    self.softwareVersion = softwareVersion
  }

  /// The message of a record.
  ///
  /// Facility 13 (log audit); severity 6 (informational), 5 (notice) when the call was refused or failed. `MSGID` is the
  /// action. The record's place in the log stands in `meta`, modulo 2^31 − 1 as RFC 5424 §7.3.1 counts.
  ///
  /// - Parameters:
  ///   - record: the record's JSON, as it stands in the log.
  ///   - index: the record's place in the log, from 0.
  ///   - format: how the record is spelled.
  /// - Throws: `AuditTrailError.malformedRecord`.
  /// - Returns: ASCII, without a line feed; a receiver over TLS must take 2,048 bytes and should take 8,192.
  package func message(
    record: [UInt8],
    index: UInt64,
    format: ExportFormat = .cloudtrail
  ) throws(AuditTrailError) -> [UInt8] {
    guard let object = (try? JSONReader.read(record))?.object, !record.contains(where: { $0 < 0x20 }),
      let eventTime = object["eventTime"]?.string, let time = Instant(rfc3339: eventTime),
      let eventName = object["eventName"]?.string
    else { throw .malformedRecord }
    let severity = object["errorCode"]?.string == nil ? 6 : 5
    let messageID = isPrintable(eventName, 1...32) ? eventName : "-"
    let header =
      "<\(13 * 8 + severity)>1 \(time.rfc3339Milliseconds) \(hostName) exeat \(processID) \(messageID) "
      + "[meta sequenceId=\"\(index % 2_147_483_647 + 1)\"]"
      + "[origin software=\"exeat\" swVersion=\"\(parameterValue(softwareVersion))\"] "
    return Array(header.utf8) + asciiJSON(try format.line(of: record))
  }
}

/// Frames syslog messages.
package enum SyslogFrame {
  /// The message behind its length in bytes and a space: octet counting.
  package static func octetCounted(_ message: [UInt8]) -> [UInt8] {
    Array("\(message.count) ".utf8) + message
  }
}

private func isPrintable(_ text: String, _ length: ClosedRange<Int>) -> Bool {
  length.contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
}

// §6.3.3: `"`, `\` and `]` are escaped; here what is not printable ASCII becomes `?`. At most 32 characters (§7.2.4).
private func parameterValue(_ text: String) -> String {
  var value = ""
  for scalar in text.unicodeScalars.prefix(32) {
    switch scalar {
    case "\"", "\\", "]": value += "\\\(scalar)"
    case " "..."~": value.unicodeScalars.append(scalar)
    default: value += "?"
    }
  }
  return value
}

// JSON holds other characters than ASCII in strings only, where an escape means the same.
private func asciiJSON(_ json: [UInt8]) -> [UInt8] {
  guard json.contains(where: { $0 >= 0x7F }) else { return json }
  var ascii: [UInt8] = []
  ascii.reserveCapacity(json.count * 2)
  for scalar in String(decoding: json, as: UTF8.self).unicodeScalars {
    guard scalar.value >= 0x7F else {
      ascii.append(UInt8(truncatingIfNeeded: scalar.value))
      continue
    }
    for unit in UTF16.encode(scalar) ?? .init() {
      ascii.append(contentsOf: "\\u".utf8)
      ascii.append(contentsOf: hexadecimal([UInt8(unit >> 8), UInt8(unit & 0xFF)]).utf8)
    }
  }
  return ascii
}
