// SPDX-License-Identifier: Apache-2.0
//
// What a syslog receiver is sent: frames that another parser takes apart again.

import AuditSinks
import AuditTrail
import Federation
import Synchronization
import Testing

struct SyslogSinkTests {
  private static func send(
    _ entries: [AuditLogEntry],
    format: ExportFormat = .cloudtrail
  ) async throws -> [[UInt8]] {
    let sent = Mutex<[[UInt8]]>([])
    let sender = try SyslogSender(hostName: "host", processID: "1", softwareVersion: "1")
    let sink = SyslogSink(name: "syslog", format: format, sender: sender) { bytes in
      sent.withLock { $0.append(bytes) }
    }
    try await sink.deliver(entries)
    return sent.withLock { $0 }
  }

  // RFC 5425 §4.3: MSG-LEN SP SYSLOG-MSG.
  private static func messages(_ stream: [UInt8]) throws -> [String] {
    var rest = stream[...]
    var found: [String] = []
    while !rest.isEmpty {
      let digits = rest.prefix { (0x30...0x39).contains($0) }
      let length = try #require(Int(String(decoding: digits, as: UTF8.self)))
      rest = rest.dropFirst(digits.count)
      try #require(rest.popFirst() == 0x20)
      try #require(rest.count >= length)
      found.append(String(decoding: rest.prefix(length), as: UTF8.self))
      rest = rest.dropFirst(length)
    }
    return found
  }

  @Test func `a batch is one stream of counted messages in order`() async throws {
    let streams = try await Self.send(entries(5...8))
    #expect(streams.count == 1)
    let stream = try #require(streams.first)
    let found = try Self.messages(stream)
    #expect(found.count == 4)
    for (message, entry) in zip(found, entries(5...8)) {
      #expect(message.hasSuffix("] " + String(decoding: entry.json, as: UTF8.self)))
      #expect(message.contains("[meta sequenceId=\"\(entry.sequence)\"]"))
    }
  }

  @Test func `in OCSF form a message holds an event`() async throws {
    let streams = try await Self.send(entries(1...1), format: .ocsf)
    let stream = try #require(streams.first)
    let message = try #require(try Self.messages(stream).first)
    #expect(message.hasPrefix("<110>1 2026-11-21T14:00:00.000Z host exeat 1 GetCallerIdentity "))
    #expect(message.contains(#""class_uid":6003"#))
  }

  @Test func `what is no record is not sent`() async throws {
    await #expect(throws: AuditExportError.malformedRecord(sequence: 2)) {
      _ = try await Self.send([entry(1), AuditLogEntry(sequence: 2, json: Array("{}".utf8))])
    }
  }
}
