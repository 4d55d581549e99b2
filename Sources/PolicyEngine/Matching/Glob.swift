// SPDX-License-Identifier: Apache-2.0
//
// Wildcards: `*` is any run of characters, `?` is one character; nothing else is special. What stands before the first
// `*` and behind the last is compared in place, the segments between are found from left to right, each as early as it
// can be: no recursion and no backtracking. Refuses to know what a variable is.

/// A pattern with wildcards, compiled.
///
/// Shape: UTF-8; a character is a Unicode scalar. Cost of a match: the length of the text for each 64 units of the
/// longest segment.
package struct Glob: Hashable, Sendable {
  /// A unit that stands for any run of characters.
  static let anyRun: UInt16 = 0x100
  /// A unit that stands for one character (one Unicode scalar, whatever its length in UTF-8).
  static let anyOne: UInt16 = 0x101

  /// The bytes of the pattern, or a wildcard where a unit is over 0xFF.
  let units: [UInt16]

  /// The places of the first and the last `*`; `nil` when there is none.
  private let runs: ClosedRange<Int>?
  /// No shorter text fits, in bytes.
  private let minimumBytes: Int
  /// The length of the longest segment between two `*`.
  private let longestSegment: Int

  /// Compiles `pattern`, in which `*` and `?` are special.
  package init(_ pattern: String) {
    self.init(
      units: pattern.utf8.map { byte in
        switch byte {
        case UInt8(ascii: "*"): Glob.anyRun
        case UInt8(ascii: "?"): Glob.anyOne
        default: UInt16(byte)
        }
      }
    )
  }

  init(units: [UInt16]) {
    self.units = units
    var runs: ClosedRange<Int>?
    var runCount = 0
    var longest = 0
    for (place, unit) in units.enumerated() where unit == Glob.anyRun {
      runCount += 1
      if let before = runs { longest = max(longest, place - before.upperBound - 1) }
      runs = (runs?.lowerBound ?? place)...place
    }
    self.runs = runs
    self.minimumBytes = units.count - runCount
    self.longestSegment = longest
  }

  /// Whether the pattern covers all of `text`, which is UTF-8.
  package func matches(_ text: ArraySlice<UInt8>) -> Bool {
    guard text.count >= minimumBytes else { return false }
    let text = text.span
    guard let runs else { return head(units.count, in: text) == text.count }
    guard let start = head(runs.lowerBound, in: text),
      let end = tail(from: runs.upperBound + 1, in: text, notBefore: start)
    else { return false }
    return holdsSegments(between: runs, in: text, start..<end)
  }

  /// The end of the first `count` units at the beginning of `text`; `nil` when they do not stand there.
  private func head(_ count: Int, in text: Span<UInt8>) -> Int? {
    var byte = 0
    var unit = 0
    while unit < count {
      guard byte < text.count else { return nil }
      if units[unit] == Glob.anyOne {
        byte += 1
        while byte < text.count, isContinuation(text[byte]) { byte += 1 }
      } else {
        guard units[unit] == UInt16(text[byte]) else { return nil }
        byte += 1
      }
      unit += 1
    }
    return byte
  }

  /// The start of the units from `first` at the end of `text`; `nil` when they do not stand there.
  private func tail(from first: Int, in text: Span<UInt8>, notBefore start: Int) -> Int? {
    var byte = text.count
    var unit = units.count
    while unit > first {
      unit -= 1
      guard byte > start else { return nil }
      byte -= 1
      if units[unit] == Glob.anyOne {
        while byte > start, isContinuation(text[byte]) { byte -= 1 }
      } else {
        guard units[unit] == UInt16(text[byte]) else { return nil }
      }
    }
    return byte
  }

  /// Whether the segments between the first and the last `*` stand one after the other in `text[range]`.
  ///
  /// The earliest place of each leaves the most room for the next.
  private func holdsSegments(between runs: ClosedRange<Int>, in text: Span<UInt8>, _ range: Range<Int>)
    -> Bool
  {
    var search: SegmentSearch?
    var byte = range.lowerBound
    var unit = runs.lowerBound + 1
    while unit < runs.upperBound {
      var segmentEnd = unit
      while units[segmentEnd] != Glob.anyRun { segmentEnd += 1 }
      if segmentEnd == unit + 1, units[unit] != Glob.anyOne {
        let wanted = UInt8(truncatingIfNeeded: units[unit])
        while byte < range.upperBound, text[byte] != wanted { byte += 1 }
        guard byte < range.upperBound else { return false }
        byte += 1
      } else if segmentEnd > unit {
        var current = search ?? SegmentSearch(longest: longestSegment)
        search = nil
        guard let found = current.end(of: units[unit..<segmentEnd], in: text, byte..<range.upperBound) else {
          return false
        }
        byte = found
        search = current
      }
      unit = segmentEnd + 1
    }
    return true
  }
}

/// Finds segments without `*`: bit i of the state says that the first i + 1 units end at the current byte.
///
/// Source: Baeza-Yates and Gonnet, "A new approach to text searching" (Shift-And). The units of a segment begin a
/// character, and so does every literal behind a `?`; a `?` takes the first byte of a character and stays for the others.
private struct SegmentSearch {
  /// Words of the longest segment.
  private let stride: Int
  /// For each byte the units that it is, in 256 rows of `stride` words; all zero between searches, as the others are.
  private var literals: [UInt64]
  private var anyOnes: [UInt64]
  private var state: [UInt64]

  init(longest: Int) {
    self.stride = (longest + 63) / 64
    self.literals = Array(repeating: 0, count: 256 * stride)
    self.anyOnes = Array(repeating: 0, count: stride)
    self.state = anyOnes
  }

  /// Where the first occurrence of `segment` in `text[range]` ends; `nil` when there is none.
  ///
  /// Behind a last `?` that is the end of the first byte of its character.
  mutating func end(of segment: ArraySlice<UInt16>, in text: Span<UInt8>, _ range: Range<Int>) -> Int? {
    guard range.count >= segment.count else { return nil }
    for (place, unit) in segment.enumerated() {
      let bit: UInt64 = 1 << UInt64(place % 64)
      if unit == Glob.anyOne {
        anyOnes[place / 64] |= bit
      } else {
        literals[Int(unit) * stride + place / 64] |= bit
      }
    }
    defer {
      for (place, unit) in segment.enumerated() where unit != Glob.anyOne {
        literals[Int(unit) * stride + place / 64] = 0
      }
      for word in 0..<stride { (anyOnes[word], state[word]) = (0, 0) }
    }
    let words = (segment.count + 63) / 64
    let last: UInt64 = 1 << UInt64((segment.count - 1) % 64)
    var byte = range.lowerBound
    while byte < range.upperBound {
      let row = Int(text[byte]) * stride
      let isInside = isContinuation(text[byte])
      byte += 1
      var carry: UInt64 = 1
      var word = 0
      while word < words {
        let before = state[word]
        let shifted = before << 1 | carry
        carry = before >> 63
        let literal = shifted & literals[row + word]
        state[word] = literal | (isInside ? before : shifted) & anyOnes[word]
        word += 1
      }
      if state[words - 1] & last != 0 { return byte }
    }
    return nil
  }
}

/// Whether `byte` is not the first of its character in UTF-8.
private func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
