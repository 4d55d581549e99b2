// SPDX-License-Identifier: Apache-2.0
//
// A sealed segment on disk: bundles of entries one after the other, so that entry n of the file is leaf first + n. Owns
// the bytes; refuses to know whether they are the right ones. Source: C2SP tlog-tiles, "Log entries".

import AuditTrail
import Federation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A segment file while it is written or read; calls block for one bundle at a time.
actor SegmentFile {
  private let path: String
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private var position = 0

  /// Makes an empty file, in place of what is there.
  init(creating path: String) throws(StoreError) {
    self.path = path
    unlink(path)
    descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw .unavailable(systemError(path)) }
  }

  /// Opens a file for reading.
  init(reading path: String) throws(StoreError) {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .unavailable(systemError(path)) }
  }

  deinit { close(descriptor) }

  /// Adds a bundle at the end.
  func append(_ entries: [[UInt8]]) throws(StoreError) {
    let bytes: [UInt8]
    do {
      bytes = try EntryBundle.bytes(of: entries)
    } catch {
      throw .corrupted("an audit log entry is too long for a bundle: \(error)")
    }
    try DurableFile.write(bytes, to: descriptor, path)
  }

  /// Makes what was added durable.
  func sync() throws(StoreError) {
    guard fsync(descriptor) == 0 else { throw .unavailable(systemError(path)) }
  }

  /// The next `count` entries; `nil` when the file ends before.
  func next(_ count: Int) throws(StoreError) -> [[UInt8]]? {
    var entries: [[UInt8]] = []
    for _ in 0..<count {
      guard try fill(2) else { return nil }
      let length = Int(buffer[position]) << 8 | Int(buffer[position + 1])
      guard try fill(2 + length) else { return nil }
      entries.append(Array(buffer[(position + 2)..<(position + 2 + length)]))
      position += 2 + length
    }
    return entries
  }

  /// Whether everything has been read.
  func isAtEnd() throws(StoreError) -> Bool { try !fill(1) }

  private func fill(_ count: Int) throws(StoreError) -> Bool {
    while buffer.count - position < count {
      buffer.removeSubrange(..<position)
      position = 0
      var chunk = [UInt8](repeating: 0, count: 1 << 18)
      let found = DurableFile.systemRead(descriptor, &chunk, chunk.count)
      if found < 0, errno == EINTR { continue }
      guard found >= 0 else { throw .unavailable(systemError(path)) }
      guard found > 0 else { return false }
      buffer.append(contentsOf: chunk[..<found])
    }
    return true
  }
}
