// SPDX-License-Identifier: Apache-2.0
//
// What the tests of sinks share: folders, records, and a clock that a test moves.

import AuditSinks
import AuditTrail
import Federation
import Foundation
import IdentityModel
import Synchronization

/// Runs `body` with the path of a new folder, and removes it.
func withFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("exeat-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try await body(folder.path)
}

/// The record at `sequence`: about `length` bytes.
func entry(_ sequence: Int64, length: Int = 0) -> AuditLogEntry {
  let agent = String(repeating: "a", count: length)
  return AuditLogEntry(
    sequence: sequence,
    json: Array(
      #"""
      {"eventVersion":"1.11","eventTime":"2026-11-21T14:00:00Z","eventSource":"sts.amazonaws.com",\#
      "eventName":"GetCallerIdentity","userAgent":"\#(agent)","eventID":"event-\#(sequence)"}
      """#.utf8
    )
  )
}

func entries(_ range: ClosedRange<Int64>, length: Int = 0) -> [AuditLogEntry] {
  range.map { entry($0, length: length) }
}

/// What a file holds when it holds exactly these records.
func text(_ entries: [AuditLogEntry]) -> String {
  entries.map { String(decoding: $0.json, as: UTF8.self) + "\n" }.joined()
}

func contents(_ path: String) throws -> String {
  try String(contentsOfFile: path, encoding: .utf8)
}

/// A clock that a test moves; begins a minute before midnight.
final class TestClock: Sendable {
  private let instant = Mutex(Instant(seconds: 1_795_305_540))

  var clock: WallClock { WallClock { self.instant.withLock { $0 } } }

  func advance(seconds: Int64) { instant.withLock { $0 = $0.advanced(bySeconds: seconds) } }
}
