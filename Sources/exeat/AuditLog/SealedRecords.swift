// SPDX-License-Identifier: Apache-2.0
//
// Records that retention moved out of the store, where their files are still beside it: one file a segment, its entries
// one after the other, each behind its length. Refuses to judge what they hold: the tree does.
// Source: docs/decisions/0017; C2SP tlog-tiles, "Log entries".

import AuditTrail

#if canImport(Glibc)
  import Glibc
#endif

/// The segment files of a data directory.
actor SealedRecords {
  private let folder: String
  // Where each bundle begins, of the segment that was read last: checks go from left to right.
  private var known: (segment: UInt64, starts: [Int])?

  init(_ folder: String) {
    self.folder = folder
  }

  /// Whether the file of a segment is there.
  nonisolated func has(_ segment: UInt64) -> Bool {
    access(path(segment), F_OK) == 0
  }

  /// The bytes of a bundle, as far as the file goes; `nil` when its segment has no file.
  func bundle(_ index: UInt64) throws(CommandFailure) -> [UInt8]? {
    let segment = index / 256
    let path = path(segment)
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw cannotRead(path)
    }
    defer { close(descriptor) }
    if known?.segment != segment { known = (segment, try starts(descriptor, path)) }
    let place = Int(index % 256)
    guard let starts = known?.starts, place + 1 < starts.count else { return [] }
    return try read(descriptor, starts[place]..<starts[place + 1], path)
  }

  private nonisolated func path(_ segment: UInt64) -> String {
    let first = segment * LogSegment.records
    return "\(folder)/\(twelveDigits(first + 1))-\(twelveDigits(first + LogSegment.records)).entries"
  }

  // One look over the lengths. A file that is cut off ends a bundle early, and has no further ones.
  private func starts(_ descriptor: Int32, _ path: String) throws(CommandFailure) -> [Int] {
    var starts = [0]
    var count = 0
    // A piece of the file, and where in it the next entry begins.
    var offset = 0
    var piece: [UInt8] = []
    var next = 0
    while true {
      if next + 2 > piece.count {
        offset += next
        piece = try read(descriptor, offset..<(offset + 1 << 20), path)
        next = 0
        guard piece.count >= 2 else { break }
      }
      next += 2 + (Int(piece[next]) << 8 | Int(piece[next + 1]))
      count += 1
      if count % 256 == 0 { starts.append(offset + next) }
    }
    let position = offset + next
    if count % 256 != 0 { starts.append(position) }
    return starts
  }

  private func read(
    _ descriptor: Int32,
    _ range: Range<Int>,
    _ path: String
  ) throws(CommandFailure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes {
        pread(
          descriptor,
          $0.baseAddress?.advanced(by: filled),
          $0.count - filled,
          off_t(range.lowerBound + filled)
        )
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw cannotRead(path) }
      if count == 0 { break }
      filled += count
    }
    bytes.removeLast(bytes.count - filled)
    return bytes
  }

  private func cannotRead(_ path: String) -> CommandFailure {
    .failed("cannot read \(path): \(String(cString: strerror(errno)))")
  }
}

private func twelveDigits(_ number: UInt64) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, 12 - digits.utf8.count)) + digits
}
