// SPDX-License-Identifier: Apache-2.0

import AuditTrail
import StrictJSON
import Testing

struct SyslogMessageTests {
  private static func sender(
    _ host: String = "audit.example.com",
    _ process: String = "42",
    _ version: String = "1.0"
  ) throws -> SyslogSender {
    try SyslogSender(hostName: host, processID: process, softwareVersion: version)
  }

  private static func message(_ record: String, index: UInt64 = 0, version: String = "1.0") throws -> String {
    let bytes = try sender("audit.example.com", "42", version).message(
      record: Array(record.utf8),
      index: index
    )
    #expect(bytes.allSatisfy { (0x20...0x7E).contains($0) })
    return String(decoding: bytes, as: UTF8.self)
  }

  private static let record = #"{"eventTime":"2026-10-21T08:00:00Z","eventName":"GetUser"}"#

  @Test func `a record is a message of facility log audit, behind its length`() throws {
    let expected =
      #"<110>1 2026-10-21T08:00:00.000Z audit.example.com exeat 42 GetUser [meta sequenceId="1"]"#
      + #"[origin software="exeat" swVersion="1.0"] "# + Self.record
    #expect(try Self.message(Self.record) == expected)
    #expect(
      SyslogFrame.octetCounted(Array(expected.utf8)) == Array("\(expected.utf8.count) \(expected)".utf8)
    )
  }

  @Test func `a refusal is a notice`() throws {
    let refused = Self.record.dropLast() + #","errorCode":"AccessDenied"}"#
    #expect(try Self.message(String(refused)).hasPrefix("<109>1 "))
  }

  @Test func `the sequence number stays within 31 bits`() throws {
    for (index, number) in [(5, 6), (2_147_483_646, 2_147_483_647), (2_147_483_647, 1)] as [(UInt64, Int)] {
      #expect(try Self.message(Self.record, index: index).contains("[meta sequenceId=\"\(number)\"]"))
    }
  }

  @Test func `what is not ASCII is escaped, and means the same`() throws {
    let record = #"{"eventTime":"2026-10-21T08:00:00Z","eventName":"Größe","userAgent":"é𝄞"}"#
    let message = try Self.message(record)
    #expect(message.hasSuffix(#""eventName":"Gr\u00f6\u00dfe","userAgent":"\u00e9\ud834\udd1e"}"#))
    let json = try #require(message.split(separator: "] ", maxSplits: 1).last)
    #expect(try JSONReader.read(json.utf8) == JSONReader.read(record.utf8))
    // A name that is no MSGID leaves it out.
    #expect(message.contains(" exeat 42 - [meta"))
  }

  @Test func `a value of structured data is escaped`() throws {
    #expect(
      try Self.message(Self.record, version: "a\"b\\c]d\né").contains(#"swVersion="a\"b\\c\]d??"]"#)
    )
    let long = String(repeating: "v", count: 40)
    #expect(try Self.message(Self.record, version: long).contains("\"\(long.prefix(32))\""))
  }

  @Test(
    arguments: [
      "", "{}", "[]", "null", #"{"eventTime":"2026-10-21T08:00:00Z"}"#, #"{"eventName":"GetUser"}"#,
      #"{"eventTime":"yesterday","eventName":"GetUser"}"#, record + "\n", "{\n" + record.dropFirst(),
      record + "x",
    ]
  )
  func `what is no record on one line is refused`(text: String) {
    #expect(throws: AuditTrailError.malformedRecord) { try Self.message(text) }
  }

  @Test func `a sender that has no name is refused`() {
    for bad in ["", "a b", "a\n", "é", String(repeating: "a", count: 256)] {
      #expect(throws: AuditTrailError.malformedPart("hostName")) { try Self.sender(bad) }
    }
    for bad in ["", "1 2", String(repeating: "1", count: 129)] {
      #expect(throws: AuditTrailError.malformedPart("processID")) { try Self.sender("h", bad) }
    }
  }
}
