// SPDX-License-Identifier: Apache-2.0
//
// Where values stand in a JSON text: for messages that name a line. A pass of its own, so that reading does not pay for
// it. Owns places, not validity: the text was read by JSONReader before.

/// Finds values in one JSON text, by byte.
///
/// Total: of a text that JSONReader refuses the places are some places within it.
package struct JSONLocator: Sendable {
  private let text: [UInt8]

  /// Looks at `text`, UTF-8.
  package init(_ text: [UInt8]) {
    self.text = text
  }

  /// The bytes of the one value that the text is.
  package var root: Range<Int> {
    value(from: afterWhitespace(from: 0))
  }

  /// The bytes of each element of the array at `array`; `nil` when no array stands there.
  package func elements(of array: Range<Int>) -> [Range<Int>]? {
    guard byte(at: array.lowerBound) == UInt8(ascii: "[") else { return nil }
    var elements: [Range<Int>] = []
    var position = afterWhitespace(from: array.lowerBound + 1)
    while position < array.upperBound, text[position] != UInt8(ascii: "]") {
      let element = value(from: position)
      elements.append(element)
      position = afterMark(UInt8(ascii: ","), from: element.upperBound)
    }
    return elements
  }

  /// The bytes of the value of the member `name` of the object at `object`; `nil` when there is none.
  package func value(of name: String, in object: Range<Int>) -> Range<Int>? {
    guard byte(at: object.lowerBound) == UInt8(ascii: "{") else { return nil }
    var position = afterWhitespace(from: object.lowerBound + 1)
    while position < object.upperBound, text[position] != UInt8(ascii: "}") {
      let written = value(from: position)
      let value = value(from: afterMark(UInt8(ascii: ":"), from: written.upperBound))
      if spells(name, written) { return value }
      position = afterMark(UInt8(ascii: ","), from: value.upperBound)
    }
    return nil
  }

  /// Whether the string at `range`, unescaped, has exactly the bytes of `name`.
  private func spells(_ name: String, _ range: Range<Int>) -> Bool {
    let inside = text[range].dropFirst().dropLast()
    guard inside.contains(UInt8(ascii: "\\")) else { return inside.elementsEqual(name.utf8) }
    return (try? JSONReader.read(text[range]))?.string?.utf8.elementsEqual(name.utf8) ?? false
  }

  /// The value that begins at `start`; at least one byte unless the text ends there.
  private func value(from start: Int) -> Range<Int> {
    var depth = 0
    var position = start
    while position < text.count {
      switch text[position] {
      case UInt8(ascii: "\""):
        position = afterString(from: position)
        if depth == 0 { return start..<position }
        continue
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        depth += 1
      case UInt8(ascii: "]"), UInt8(ascii: "}"):
        depth -= 1
        if depth <= 0 { return start..<(depth == 0 ? position + 1 : max(position, start + 1)) }
      case UInt8(ascii: ","), UInt8(ascii: ":"), 0x20, 0x09, 0x0A, 0x0D:
        if depth == 0 { return start..<max(position, start + 1) }
      default:
        break
      }
      position += 1
    }
    return min(start, text.count)..<text.count
  }

  private func afterString(from start: Int) -> Int {
    var position = start + 1
    while position < text.count, text[position] != UInt8(ascii: "\"") {
      position += text[position] == UInt8(ascii: "\\") ? 2 : 1
    }
    return min(position + 1, text.count)
  }

  private func afterMark(_ mark: UInt8, from start: Int) -> Int {
    let position = afterWhitespace(from: start)
    return byte(at: position) == mark ? afterWhitespace(from: position + 1) : position
  }

  private func afterWhitespace(from start: Int) -> Int {
    var position = start
    while let byte = byte(at: position), [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    return position
  }

  private func byte(at position: Int) -> UInt8? {
    position < text.count ? text[position] : nil
  }
}
