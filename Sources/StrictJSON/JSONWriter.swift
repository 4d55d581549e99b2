// SPDX-License-Identifier: Apache-2.0
//
// Writes JSON straight into bytes: claims, key sets and audit records are built in the order in which they are
// written, without a tree and without Foundation.

/// Writes one JSON text.
///
/// The caller opens and closes what it writes; commas are placed here. Output: UTF-8, no white space; only the
/// quotation mark, the backslash and the C0 controls are escaped (RFC 8259 §7).
package struct JSONWriter: Sendable {
  /// What has been written so far.
  package private(set) var bytes: [UInt8] = []
  private var needsComma = false
  private let isOneLine: Bool

  /// Starts with nothing written and room for `capacity` bytes.
  ///
  /// With `isOneLine` the text is one line for every reader and shows what it holds: DEL, the C1 controls, U+2028,
  /// U+2029 and the format characters (general category Cf: zero width, bidirectional, tags), which some take for the
  /// end of a line, act upon or hide, are escaped too; beyond U+FFFF as a surrogate pair (RFC 8259 §7).
  package init(capacity: Int = 256, isOneLine: Bool = false) {
    self.isOneLine = isOneLine
    bytes.reserveCapacity(capacity)
  }

  /// Writes an object; `body` writes its members.
  package mutating func object(_ body: (inout JSONWriter) -> Void) {
    container(UInt8(ascii: "{"), UInt8(ascii: "}"), body)
  }

  /// Writes an array; `body` writes its elements.
  package mutating func array(_ body: (inout JSONWriter) -> Void) {
    container(UInt8(ascii: "["), UInt8(ascii: "]"), body)
  }

  /// Writes the name of a member; its value must follow.
  package mutating func name(_ name: String) {
    separate()
    quoted(name)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// Writes a string.
  package mutating func string(_ value: String) {
    separate()
    quoted(value)
  }

  /// Writes an integer.
  package mutating func integer(_ value: Int64) {
    separate()
    bytes.append(contentsOf: String(value).utf8)
  }

  /// Writes a truth value.
  package mutating func bool(_ value: Bool) {
    separate()
    bytes.append(contentsOf: (value ? "true" : "false").utf8)
  }

  /// Writes `null`.
  package mutating func null() {
    separate()
    bytes.append(contentsOf: "null".utf8)
  }

  /// Writes `json`, which the caller promises to be one whole JSON value.
  package mutating func raw(_ json: [UInt8]) {
    separate()
    bytes.append(contentsOf: json)
  }

  /// Writes a tree.
  package mutating func value(_ value: JSONValue) {
    switch value {
    case .null: null()
    case .bool(let value): bool(value)
    case .number(let value): raw(Array(value.text.utf8))
    case .string(let value): string(value)
    case .array(let elements): array { writer in for element in elements { writer.value(element) } }
    case .object(let object):
      self.object { writer in
        for member in object.members {
          writer.name(member.name)
          writer.value(member.value)
        }
      }
    }
  }

  /// Writes a tree, or `substitute`, which is one whole JSON value, when the tree is longer than `limit` bytes.
  package mutating func value(_ value: JSONValue, atMost limit: Int, or substitute: StaticString) {
    separate()
    let start = bytes.count
    needsComma = false
    self.value(value)
    if bytes.count - start > limit {
      bytes.removeSubrange(start...)
      bytes.append(
        contentsOf: UnsafeBufferPointer(start: substitute.utf8Start, count: substitute.utf8CodeUnitCount)
      )
    }
    needsComma = true
  }

  /// Writes a member whose value is a string.
  package mutating func member(_ name: String, _ value: String) {
    self.name(name)
    string(value)
  }

  /// Writes a member whose value is an integer.
  package mutating func member(_ name: String, _ value: Int64) {
    self.name(name)
    integer(value)
  }

  private mutating func container(_ open: UInt8, _ close: UInt8, _ body: (inout JSONWriter) -> Void) {
    separate()
    bytes.append(open)
    needsComma = false
    body(&self)
    bytes.append(close)
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  private mutating func quoted(_ value: String) {
    bytes.append(UInt8(ascii: "\""))
    var value = value
    let isDone = value.withUTF8 { utf8 in
      // Nearly every text goes out as it is, so one look at all of its bytes comes first: without a branch for each.
      var isSpecial = false
      var isWide = false
      for byte in utf8 {
        isSpecial = isSpecial || byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
        isWide = isWide || byte >= 0x7F
      }
      guard !isSpecial, !(isOneLine && isWide) else { return false }
      bytes.append(contentsOf: utf8)
      return true
    }
    if !isDone {
      if isOneLine { for scalar in value.unicodeScalars { visible(scalar) } } else { plain(value.utf8) }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func visible(_ scalar: Unicode.Scalar) {
    let text = String(scalar)
    guard scalar.value >= 0x7F else { return plain(text.utf8) }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator:
      for unit in text.utf16 {
        bytes.append(contentsOf: "\\u".utf8)
        for shift in [12, 8, 4, 0] as [UInt16] { bytes.append(hexadecimal[Int(unit >> shift & 0x0F)]) }
      }
    default:
      plain(text.utf8)
    }
  }

  private mutating func plain(_ utf8: String.UTF8View) {
    for byte in utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 0..<0x20:
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(hexadecimal[Int(byte >> 4)])
        bytes.append(hexadecimal[Int(byte & 0x0F)])
      default:
        bytes.append(byte)
      }
    }
  }
}

private let hexadecimal = Array("0123456789abcdef".utf8)
