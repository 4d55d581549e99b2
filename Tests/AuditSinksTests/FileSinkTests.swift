// SPDX-License-Identifier: Apache-2.0
//
// The file of an export against real files: what is in it after a crash, a full disk, a rotation, and which files are
// left alone.

import AuditSinks
import AuditTrail
import Federation
import Foundation
import Glibc
import IdentityModel
import Testing

struct FileSinkTests {
  private static func sink(
    _ path: String,
    maximumBytes: Int64 = 1 << 30,
    periodSeconds: Int64 = 86_400,
    clock: TestClock = TestClock(),
    format: ExportFormat = .cloudtrail
  ) -> FileSink {
    FileSink(
      name: "file",
      path: path,
      format: format,
      rotation: FileRotation(maximumBytes: maximumBytes, periodSeconds: periodSeconds),
      clock: clock.clock
    )
  }

  /// The files in `folder`, the newest name last.
  private static func files(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  private static func mode(_ path: String) throws -> Int {
    try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
  }

  private static func makeOld(_ path: String, _ clock: TestClock) throws {
    let date = Date(timeIntervalSince1970: TimeInterval(clock.clock.now().seconds))
    try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path)
  }

  @Test func `records are appended as lines to a file that nobody else reads`() async throws {
    try await withFolder { folder in
      let path = folder + "/audit.jsonl"
      let sink = Self.sink(path)
      try await sink.deliver(entries(1...3))
      try await sink.deliver(entries(4...4))
      #expect(try contents(path) == text(entries(1...4)))
      #expect(try Self.mode(path) == 0o600)
    }
  }

  @Test func `in OCSF form each line is an event`() async throws {
    try await withFolder { folder in
      let path = folder + "/audit.jsonl"
      try await Self.sink(path, format: .ocsf).deliver(entries(1...2))
      let lines = try contents(path).split(separator: "\n")
      #expect(lines.count == 2)
      #expect(lines.allSatisfy { $0.contains(#""class_uid":6003"#) })
    }
  }

  @Test func `wherever a crash cut the file off, the same batch makes it whole, and nothing stands twice`()
    async throws
  {
    try await withFolder { folder in
      let (kept, batch) = (entries(1...2), entries(3...5))
      let whole = Array(text(kept + batch).utf8)
      let clock = TestClock()
      for length in text(kept).utf8.count...whole.count {
        let path = "\(folder)/\(length)"
        try Data(whole[..<length]).write(to: URL(fileURLWithPath: path))
        try #require(chmod(path, 0o600) == 0)
        // The day of the last write is the sink's own: on another day the file would be put aside.
        try Self.makeOld(path, clock)
        let sink = Self.sink(path, clock: clock)
        try await sink.deliver(batch)
        #expect(try contents(path) == text(kept + batch), "cut off after \(length) bytes")
      }
    }
  }

  @Test func `a batch that is cut otherwise after a crash still stands once`() async throws {
    try await withFolder { folder in
      let path = folder + "/audit.jsonl"
      let first = Self.sink(path)
      try await first.deliver(entries(1...4))
      first.close()
      // The position was kept at 2: what comes now began in the file and goes beyond it.
      try await Self.sink(path).deliver(entries(3...6))
      #expect(try contents(path) == text(entries(1...6)))
    }
  }

  @Test func `a file that would become too long is put aside whole`() async throws {
    try await withFolder { folder in
      let path = folder + "/audit.jsonl"
      let sink = Self.sink(path, maximumBytes: Int64(text(entries(1...3)).utf8.count))
      for sequence in 1...7 as ClosedRange<Int64> { try await sink.deliver([entry(sequence)]) }
      let base = path + ".20261121T235900Z"
      #expect(
        try Self.files(folder) == [
          "audit.jsonl", "audit.jsonl.20261121T235900Z", "audit.jsonl.20261121T235900Z-2",
        ]
      )
      #expect(try contents(base) == text(entries(1...3)))
      #expect(try contents(base + "-2") == text(entries(4...6)))
      #expect(try contents(path) == text(entries(7...7)))
      #expect(try Self.mode(path) == 0o600)
    }
  }

  @Test func `a batch that a crash cut off ends in its file, so that it is known again`() async throws {
    try await withFolder { folder in
      let path = folder + "/audit.jsonl"
      try Data(text(entries(1...2)).utf8).write(to: URL(fileURLWithPath: path))
      try #require(chmod(path, 0o600) == 0)
      for _ in 1...2 {
        let sink = Self.sink(path, maximumBytes: 10)
        try await sink.deliver(entries(2...4))
        #expect(try contents(path) == text(entries(1...4)))
        sink.close()
      }
      #expect(try Self.files(folder) == ["audit.jsonl"])
    }
  }

  @Test func `a batch longer than a file may be has a file of its own`() async throws {
    try await withFolder { folder in
      let path = folder + "/audit.jsonl"
      let sink = Self.sink(path, maximumBytes: 10)
      try await sink.deliver(entries(1...3))
      try await sink.deliver(entries(4...6))
      #expect(try contents(path + ".20261121T235900Z") == text(entries(1...3)))
      #expect(try contents(path) == text(entries(4...6)))
    }
  }

  @Test func `at midnight the day's file is put aside, also when the server was started meanwhile`()
    async throws
  {
    try await withFolder { folder in
      let path = folder + "/audit.jsonl"
      let clock = TestClock()
      let sink = Self.sink(path, clock: clock)
      try await sink.deliver(entries(1...2))
      clock.advance(seconds: 59)
      try await sink.deliver(entries(3...3))
      clock.advance(seconds: 1)
      try await sink.deliver(entries(4...4))
      #expect(try contents(path + ".20261122T000000Z") == text(entries(1...3)))
      #expect(try contents(path) == text(entries(4...4)))
      sink.close()
      try Self.makeOld(path, clock)
      clock.advance(seconds: 86_400)
      try await Self.sink(path, clock: clock).deliver(entries(5...5))
      #expect(try contents(path + ".20261123T000000Z") == text(entries(4...4)))
      #expect(try contents(path) == text(entries(5...5)))
    }
  }

  @Test func `a file that somebody moved away is made anew`() async throws {
    try await withFolder { folder in
      let path = folder + "/audit.jsonl"
      let sink = Self.sink(path)
      try await sink.deliver(entries(1...1))
      try FileManager.default.moveItem(atPath: path, toPath: path + ".moved")
      try await sink.deliver(entries(2...2))
      #expect(try contents(path) == text(entries(2...2)))
      #expect(try contents(path + ".moved") == text(entries(1...1)))
    }
  }

  @Test func `two servers do not write to one file`() async throws {
    try await withFolder { folder in
      let path = folder + "/audit.jsonl"
      let first = Self.sink(path)
      try await first.deliver(entries(1...1))
      await #expect(throws: AuditExportError.unsuitable("another process writes to `\(path)`")) {
        try await Self.sink(path).deliver(entries(2...2))
      }
      try await first.deliver(entries(2...2))
      #expect(try contents(path) == text(entries(1...2)))
    }
  }

  @Test func `a file that holds something else is not touched`() async throws {
    try await withFolder { folder in
      let path = folder + "/passwd"
      try Data("root:x:0:0\nwithout an end".utf8).write(to: URL(fileURLWithPath: path))
      await #expect(
        throws: AuditExportError.unsuitable("`\(path)` holds something else than exported records")
      ) {
        try await Self.sink(path).deliver(entries(1...1))
      }
      #expect(try contents(path) == "root:x:0:0\nwithout an end")
    }
  }

  @Test func `a file that others can write to is refused`() async throws {
    try await withFolder { folder in
      let path = folder + "/audit.jsonl"
      try Data().write(to: URL(fileURLWithPath: path))
      try #require(chmod(path, 0o620) == 0)
      await #expect(throws: AuditExportError.unsuitable("others can write to `\(path)`")) {
        try await Self.sink(path).deliver(entries(1...1))
      }
    }
  }

  @Test func `a pipe, a folder and a symbolic link are refused`() async throws {
    try await withFolder { folder in
      let (pipe, link) = (folder + "/pipe", folder + "/link")
      try #require(mkfifo(pipe, 0o600) == 0)
      try #require(symlink(folder + "/elsewhere", link) == 0)
      await #expect(throws: AuditExportError.unsuitable("`\(pipe)` is not a regular file")) {
        try await Self.sink(pipe).deliver(entries(1...1))
      }
      await #expect(throws: AuditExportError.self) { try await Self.sink(folder).deliver(entries(1...1)) }
      await #expect(throws: AuditExportError.self) { try await Self.sink(link).deliver(entries(1...1)) }
      #expect(try Self.files(folder) == ["link", "pipe"])
    }
  }

  @Test func `a folder that is not there is said, with the path`() async throws {
    try await withFolder { folder in
      let path = folder + "/absent/audit.jsonl"
      await #expect(throws: AuditExportError.unavailable("cannot open `\(path)`: No such file or directory"))
      {
        try await Self.sink(path).deliver(entries(1...1))
      }
    }
  }

  @Test func `what is no record is not written`() async throws {
    try await withFolder { folder in
      let path = folder + "/audit.jsonl"
      let broken = AuditLogEntry(sequence: 2, json: Array("{\n}".utf8))
      await #expect(throws: AuditExportError.malformedRecord(sequence: 2)) {
        try await Self.sink(path).deliver([entry(1), broken])
      }
      let left = try Self.files(folder)
      #expect(left.isEmpty)
    }
  }
}
