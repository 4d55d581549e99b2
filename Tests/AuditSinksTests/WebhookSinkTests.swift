// SPDX-License-Identifier: Apache-2.0
//
// What a webhook is sent, and which answers count as accepted.

import AuditSinks
import AuditTrail
import Crypto
import Federation
import Foundation
import IdentityModel
import Synchronization
import Testing

struct WebhookSinkTests {
  private struct Posted: Sendable {
    let headers: [HTTPField]
    let body: [UInt8]

    subscript(_ name: String) -> String? { headers.first { $0.hasName(name) }?.value }
    var text: String { String(decoding: body, as: UTF8.self) }
  }

  private final class Receiver: Sendable {
    let posted = Mutex<[Posted]>([])
    let answer: @Sendable (_ lines: Int) -> Int

    init(_ answer: @escaping @Sendable (_ lines: Int) -> Int) {
      self.answer = answer
    }

    func sink(key: String = "whsec_" + secret, format: ExportFormat = .cloudtrail) throws -> WebhookSink {
      WebhookSink(
        name: "webhook",
        format: format,
        key: try DeliveryKey(Secret(key)),
        userAgent: "exeat/test",
        clock: TestClock().clock
      ) { headers, body in
        let posted = Posted(headers: headers, body: body)
        self.posted.withLock { $0.append(posted) }
        return self.answer(posted.text.split(separator: "\n").count)
      }
    }
  }

  private static let secret = Data(repeating: 7, count: 32).base64EncodedString()

  @Test func `a batch is a signed body of lines`() async throws {
    let receiver = Receiver { _ in 204 }
    try await receiver.sink().deliver(entries(3...5))
    let posted = try #require(receiver.posted.withLock { $0.first })
    #expect(posted.text == text(entries(3...5)))
    #expect(posted["content-type"] == "application/x-ndjson")
    let id = try #require(posted["webhook-id"])
    let digest = SHA256.hash(data: posted.body).prefix(16).map { String(format: "%02x", $0) }.joined()
    #expect(id == "3-5-\(digest)")
    #expect(posted["webhook-timestamp"] == "1795305540")
    // As a receiver checks it, with another library: HMAC-SHA256 over id, time and body.
    let signed = Data("\(id).1795305540.".utf8) + posted.body
    let signature = HMAC<SHA256>.authenticationCode(
      for: signed,
      using: SymmetricKey(data: [UInt8](repeating: 7, count: 32))
    )
    #expect(posted["webhook-signature"] == "v1," + Data(signature).base64EncodedString())
  }

  @Test func `each try of one batch has the same id, another batch another`() async throws {
    let receiver = Receiver { _ in 503 }
    let sink = try receiver.sink()
    for batch in [entries(1...2), entries(1...2), entries(1...3), entries(1...2, length: 1)] {
      await #expect(throws: AuditExportError.refused(status: 503)) { try await sink.deliver(batch) }
    }
    let ids = receiver.posted.withLock { $0.compactMap { $0["webhook-id"] } }
    #expect(ids.count == 4)
    #expect(ids[0] == ids[1])
    #expect(Set(ids).count == 3)
  }

  @Test(arguments: [199, 301, 302, 307, 400, 401, 404, 429, 500])
  func `any answer but 200 to 299 is a refusal`(status: Int) async throws {
    let receiver = Receiver { _ in status }
    await #expect(throws: AuditExportError.refused(status: status)) {
      try await receiver.sink().deliver(entries(1...2))
    }
  }

  @Test func `a batch that is too large is cut until it fits`() async throws {
    let receiver = Receiver { lines in lines > 2 ? 413 : 200 }
    try await receiver.sink().deliver(entries(1...7))
    let accepted = receiver.posted.withLock { $0.map(\.text) }.filter { $0.split(separator: "\n").count <= 2 }
    #expect(accepted.joined() == text(entries(1...7)))
  }

  @Test func `a single record that is too large is refused`() async throws {
    let receiver = Receiver { _ in 413 }
    await #expect(throws: AuditExportError.refused(status: 413)) {
      try await receiver.sink().deliver(entries(1...1))
    }
  }

  @Test func `what is no record is not posted`() async throws {
    let receiver = Receiver { _ in 200 }
    await #expect(throws: AuditExportError.malformedRecord(sequence: 9)) {
      try await receiver.sink(format: .ocsf).deliver([AuditLogEntry(sequence: 9, json: Array("{}".utf8))])
    }
    #expect(receiver.posted.withLock { $0.isEmpty })
  }

  @Test(arguments: ["", "short", "whsec_", "whsec_!!!!", "whsec_c2hvcnQ=", String(repeating: "k", count: 23)])
  func `a key that is too short, or base 64 that is none, is refused`(text: String) {
    #expect(throws: AuditTrailError.malformedPart("secret")) { try DeliveryKey(Secret(text)) }
  }

  @Test func `a key is read from a file of its owner's alone`() async throws {
    try await withFolder { folder in
      let path = folder + "/secret"
      try Data(String(repeating: "k", count: 24).utf8 + [0x0A]).write(to: URL(fileURLWithPath: path))
      for mode in [0o644, 0o640, 0o604, 0o660] {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        #expect(
          throws: AuditExportError.unsuitable("others can read \(path) (mode \(String(mode, radix: 8)))")
        ) {
          try DeliveryKey.load(from: path)
        }
      }
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
      // The line feed at its end is not part of the key.
      let bare = try DeliveryKey(Secret(String(repeating: "k", count: 24)))
      let now = Instant(seconds: 1)
      #expect(
        try DeliveryKey.load(from: path).headers(id: "a", now: now, body: [])
          == bare.headers(id: "a", now: now, body: [])
      )
      try Data("short".utf8).write(to: URL(fileURLWithPath: path))
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
      #expect(throws: AuditExportError.unsuitable("\(path) holds no key of 24 bytes or more")) {
        try DeliveryKey.load(from: path)
      }
      #expect(throws: AuditExportError.unsuitable("\(folder) is not a regular file")) {
        try DeliveryKey.load(from: folder)
      }
      #expect(throws: AuditExportError.unsuitable("cannot read \(folder)/x: No such file or directory")) {
        try DeliveryKey.load(from: folder + "/x")
      }
    }
  }
}
