// SPDX-License-Identifier: Apache-2.0
//
// Where a statement stands in its text, as IAM's simulator says it. Source: AWS IAM API, `Position`; responses recorded
// from SimulatePrincipalPolicy.

import StrictJSON

/// A place in a text.
package struct SourcePosition: Hashable, Sendable {
  /// From 1; a line ends with a line feed.
  package let line: Int
  /// From 1; a column is a Unicode scalar.
  package let column: Int

  /// The beginning of a text.
  package static let start = SourcePosition(line: 1, column: 1)

  /// Pairs `line` and `column`.
  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// The place `other` of a text that begins here.
  func advanced(to other: SourcePosition) -> SourcePosition {
    SourcePosition(
      line: line + other.line - 1,
      column: other.line == 1 ? column + other.column - 1 : other.column
    )
  }
}

/// From where to where a statement stands.
///
/// As in AWS's answers: `start` is the place behind the opening brace, `end` the place behind the closing one.
package struct SourceSpan: Hashable, Sendable {
  /// Behind the opening brace.
  package let start: SourcePosition
  /// Behind the closing brace.
  package let end: SourcePosition

  /// Line 0: a place that nobody asked for.
  package static let nowhere = SourceSpan(
    start: SourcePosition(line: 0, column: 0),
    end: SourcePosition(line: 0, column: 0)
  )
}

/// Turns offsets of bytes into places: reads the text once, remembers where lines begin.
struct SourceMap: Sendable {
  private let text: [UInt8]
  private let lineStarts: [Int]

  init(_ text: [UInt8]) {
    self.text = text
    var lineStarts = [0]
    for (offset, byte) in text.enumerated() where byte == UInt8(ascii: "\n") { lineStarts.append(offset + 1) }
    self.lineStarts = lineStarts
  }

  /// The place of the byte at `offset`.
  func position(of offset: Int) -> SourcePosition {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    let before = text[lineStarts[low]..<max(lineStarts[low], min(offset, text.count))]
    return SourcePosition(line: low + 1, column: 1 + before.count { $0 & 0xC0 != 0x80 })
  }
}

/// Turns offsets that only grow into places, in one pass over the text.
private struct SourceCursor {
  private let text: [UInt8]
  private var offset = 0
  private var line = 1
  private var column = 1

  init(_ text: [UInt8]) {
    self.text = text
  }

  mutating func position(of target: Int) -> SourcePosition {
    while offset < min(target, text.count) {
      if text[offset] == UInt8(ascii: "\n") {
        line += 1
        column = 1
      } else if text[offset] & 0xC0 != 0x80 {
        column += 1
      }
      offset += 1
    }
    return SourcePosition(line: line, column: column)
  }
}

extension PolicyDocument {
  /// Where each statement stands, in the order of `statements`; a pass over the text at each call.
  package var statementSpans: [SourceSpan] {
    let locator = JSONLocator(source)
    guard let statement = locator.value(of: "Statement", in: locator.root) else { return [] }
    // Offsets come in order: the text is read once for all of them.
    var cursor = SourceCursor(source)
    return (locator.elements(of: statement) ?? [statement]).map { range in
      SourceSpan(
        start: origin.advanced(to: cursor.position(of: range.lowerBound + 1)),
        end: origin.advanced(to: cursor.position(of: range.upperBound))
      )
    }
  }
}
