// SPDX-License-Identifier: Apache-2.0
//
// Elements and text as bytes, two spaces of indentation a level, a line feed after each element, as AWS writes.
// Source: XML 1.0 §2.2 (characters), §2.4 (character data), §2.11 (line ends).

import IdentityModel

/// Writes one XML document without a declaration.
struct XMLWriter {
  /// What has been written so far, UTF-8.
  private(set) var bytes: [UInt8] = []
  private var depth = 0

  init() {
    bytes.reserveCapacity(2048)
  }

  // INVARIANT: `name` is an XML name of ours, never input, here and below.
  /// Opens an element that holds elements.
  mutating func open(_ name: String, namespace: String? = nil) {
    indent()
    tag(name, namespace: namespace)
    bytes.append(UInt8(ascii: "\n"))
    depth += 1
  }

  /// Closes the element that `open` opened last.
  mutating func close(_ name: String) {
    depth -= 1
    indent()
    endTag(name)
  }

  /// Writes a whole element: a list's elements are called `member`, a map's `entry`.
  mutating func element(_ name: String, _ value: ResponseValue) {
    switch value {
    case .string(let text):
      leaf(name) { $0.text(text) }
    case .integer(let value):
      leaf(name) { $0.bytes.append(contentsOf: String(value).utf8) }
    case .boolean(let value):
      leaf(name) { $0.bytes.append(contentsOf: (value ? "true" : "false").utf8) }
    case .timestamp(let instant, let milliseconds):
      let text = milliseconds ? instant.rfc3339Milliseconds : instant.rfc3339
      leaf(name) { $0.bytes.append(contentsOf: text.utf8) }
    case .structure(let structure):
      branch(name, isEmpty: structure.members.isEmpty) { xml in
        for member in structure.members { xml.element(member.name, member.value) }
      }
    case .list(let elements):
      branch(name, isEmpty: elements.isEmpty) { xml in
        for element in elements { xml.element("member", element) }
      }
    case .map(let entries):
      branch(name, isEmpty: entries.members.isEmpty) { xml in
        for entry in entries.members {
          xml.element(
            "entry",
            .structure(ResponseStructure(["key": .string(entry.name), "value": entry.value]))
          )
        }
      }
    }
  }

  private mutating func leaf(_ name: String, _ content: (inout XMLWriter) -> Void) {
    indent()
    tag(name)
    content(&self)
    endTag(name)
  }

  private mutating func branch(_ name: String, isEmpty: Bool, _ content: (inout XMLWriter) -> Void) {
    guard !isEmpty else {
      indent()
      bytes.append(UInt8(ascii: "<"))
      bytes.append(contentsOf: name.utf8)
      bytes.append(contentsOf: "/>\n".utf8)
      return
    }
    open(name)
    content(&self)
    close(name)
  }

  private mutating func tag(_ name: String, namespace: String? = nil) {
    bytes.append(UInt8(ascii: "<"))
    bytes.append(contentsOf: name.utf8)
    if let namespace {
      bytes.append(contentsOf: " xmlns=\"".utf8)
      bytes.append(contentsOf: namespace.utf8)
      bytes.append(UInt8(ascii: "\""))
    }
    bytes.append(UInt8(ascii: ">"))
  }

  private mutating func endTag(_ name: String) {
    bytes.append(contentsOf: "</".utf8)
    bytes.append(contentsOf: name.utf8)
    bytes.append(contentsOf: ">\n".utf8)
  }

  private mutating func indent() {
    for _ in 0..<depth { bytes.append(contentsOf: "  ".utf8) }
  }

  /// Writes character data.
  ///
  /// `<>&"'` become references; so does CR, which a parser would otherwise turn into LF. What XML 1.0 cannot carry
  /// (C0 controls but tab and LF, U+FFFE, U+FFFF) becomes U+FFFD: there is no reference to such a character.
  private mutating func text(_ text: String) {
    var text = text
    text.withUTF8 { utf8 in
      var written = 0
      for position in utf8.indices where needsCare(utf8[position]) {
        guard let (length, replacement) = replacement(in: utf8, at: position) else { continue }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[written..<position]))
        bytes.append(contentsOf: replacement.utf8)
        written = position + length
      }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[written...]))
    }
  }
}

// Whether a replacement may begin at the byte: a C0 control but tab and LF, one of `"&'<>`, or the lead byte of
// U+FFFE and U+FFFF.
private func needsCare(_ byte: UInt8) -> Bool {
  let controls: UInt64 = 0xFFFF_F9FF
  let signs: UInt64 = 1 << 0x22 | 1 << 0x26 | 1 << 0x27 | 1 << 0x3C | 1 << 0x3E
  return byte < 64 ? (controls | signs) >> UInt64(byte) & 1 == 1 : byte == 0xEF
}

// What stands for the scalar at `position`, and how many bytes it replaces; `nil` when the scalar may stay.
private func replacement(
  in utf8: UnsafeBufferPointer<UInt8>,
  at position: Int
) -> (length: Int, text: String)? {
  switch utf8[position] {
  case UInt8(ascii: "<"): return (1, "&lt;")
  case UInt8(ascii: ">"): return (1, "&gt;")
  case UInt8(ascii: "&"): return (1, "&amp;")
  case UInt8(ascii: "\""): return (1, "&quot;")
  case UInt8(ascii: "'"): return (1, "&#39;")
  case UInt8(ascii: "\r"): return (1, "&#13;")
  case 0xEF:
    // U+FFFE is EF BF BE and U+FFFF is EF BF BF; a String is well-formed, so two bytes follow.
    guard utf8[position + 1] == 0xBF, utf8[position + 2] >= 0xBE else { return nil }
    return (3, "\u{FFFD}")
  default:
    return (1, "\u{FFFD}")
  }
}
