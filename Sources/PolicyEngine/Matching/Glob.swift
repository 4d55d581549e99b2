// SPDX-License-Identifier: Apache-2.0
//
// Wildcards: `*` is any run of characters, `?` is one character; nothing else is special. Two pointers and one point
// of return: no recursion, no backtracking tree, time at most pattern length times text length. Refuses to know what
// a variable is.

/// A pattern with wildcards, compiled.
struct Glob: Hashable, Sendable {
  /// A unit that stands for any run of characters.
  static let anyRun: UInt16 = 0x100
  /// A unit that stands for one character (one Unicode scalar, whatever its length in UTF-8).
  static let anyOne: UInt16 = 0x101

  /// The bytes of the pattern, or a wildcard where a unit is over 0xFF.
  var units: [UInt16]

  /// Whether the pattern covers all of `text`, which is UTF-8.
  func matches(_ text: ArraySlice<UInt8>) -> Bool {
    let units = self.units.span
    let text = text.span
    var unit = 0
    var byte = 0
    // Where to go on when a mismatch shows that the last `*` must cover one character more.
    var unitAfterRun: Int?
    var byteAfterRun = 0
    while byte < text.count {
      if unit < units.count, units[unit] == Glob.anyRun {
        unit += 1
        if unit == units.count { return true }
        unitAfterRun = unit
        byteAfterRun = byte
      } else if unit < units.count, units[unit] == Glob.anyOne {
        unit += 1
        byte = endOfScalar(at: byte, in: text)
      } else if unit < units.count, units[unit] == UInt16(text[byte]) {
        unit += 1
        byte += 1
      } else if let resume = unitAfterRun {
        unit = resume
        byteAfterRun = endOfScalar(at: byteAfterRun, in: text)
        byte = byteAfterRun
      } else {
        return false
      }
    }
    while unit < units.count, units[unit] == Glob.anyRun { unit += 1 }
    return unit == units.count
  }
}

private func endOfScalar(at start: Int, in text: Span<UInt8>) -> Int {
  var end = start + 1
  while end < text.count, text[end] & 0xC0 == 0x80 { end += 1 }
  return end
}
