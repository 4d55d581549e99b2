// SPDX-License-Identifier: Apache-2.0
//
// Which records a mirror never got, because retention took them from the log before they were copied: a file in the
// mirror's folder, a line for each run, `first-last`. It excuses nothing that is there, and a check says what it excused.

#if canImport(Glibc)
  import Glibc
#endif

/// The file of the runs of records that a mirror does not have.
enum RecordGaps {
  /// Its name in the folder.
  static let name = "pruned"

  /// The runs, as places from 0, in order; none when there is no file.
  ///
  /// Throws when it is not what `write` makes: each run begins with a bundle, and ends with a segment, as retention does.
  static func read(_ folder: String) throws(CommandFailure) -> [Range<UInt64>] {
    guard let bytes = try LogDisk.read("\(folder)/\(name)", limit: 1 << 16) else { return [] }
    let lines = bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    var gaps: [Range<UInt64>] = []
    for line in lines {
      let numbers = line.split(separator: "-", omittingEmptySubsequences: false).map { UInt64($0) }
      guard numbers.count == 2, let first = numbers[0], let last = numbers[1], first >= 1, first <= last,
        (first - 1) % 256 == 0, last % LogSegment.records == 0, first > gaps.last?.upperBound ?? 0
      else { throw .failed("\(folder)/\(name): `\(line)` is not a run of records that retention takes") }
      gaps.append(first - 1..<last)
    }
    return gaps
  }

  /// Writes the runs; on the disk on return.
  static func write(_ gaps: [Range<UInt64>], _ folder: String) throws(CommandFailure) {
    let lines = gaps.map { "\($0.lowerBound + 1)-\($0.upperBound)\n" }
    try LogDisk.write(Array(lines.joined().utf8), to: "\(folder)/\(name)", isDurable: true)
  }
}
