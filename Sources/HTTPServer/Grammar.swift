// SPDX-License-Identifier: Apache-2.0
//
// The lexical rules of HTTP that a request must keep, and the stricter ones that this server asks for. Owns
// no state. Source: RFC 9110 §5, §8.6; RFC 9112 §3.2.

/// Rules for the parts of a message head.
enum Grammar {
  /// Whether `text` is a token: a method or a field name (RFC 9110 §5.6.2).
  static func isToken(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      !bytes.isEmpty && bytes.allSatisfy { $0 < 128 && tokenTable[Int($0)] }
    }
  }

  /// Whether `text` is a field value: no control character but the tab, and valid UTF-8.
  ///
  /// SECURITY: octets that were not UTF-8 arrive as U+FFFD, so that two different requests would look alike
  /// to whoever verifies a signature over them. The replacement character is refused.
  static func isFieldValue(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      var beforeLast: UInt8 = 0
      var last: UInt8 = 0
      for byte in bytes {
        if byte < 0x20 ? byte != 0x09 : byte == 0x7F { return false }
        if byte == 0xBD, last == 0xBF, beforeLast == 0xEF { return false }
        beforeLast = last
        last = byte
      }
      return true
    }
  }

  /// Whether `text` is a target in origin form, or `*` for OPTIONS: printable ASCII without `#`.
  static func isTarget(_ text: String, method: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      guard bytes.first == UInt8(ascii: "/") else {
        return bytes.count == 1 && bytes[0] == UInt8(ascii: "*") && method == "OPTIONS"
      }
      return bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }
    }
  }

  /// Whether `text` is a host with an optional port: letters, digits, `.`, `-`, `_`, or an IPv6 address in
  /// brackets.
  ///
  /// Stricter than RFC 3986's reg-name: no percent-encoding, no sub-delims, no empty host.
  static func isHost(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      var rest = bytes[...]
      if rest.first == UInt8(ascii: "[") {
        guard let end = rest.firstIndex(of: UInt8(ascii: "]")), end > rest.startIndex + 1 else {
          return false
        }
        let isAddress = rest[(rest.startIndex + 1)..<end].allSatisfy {
          isHexDigit($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
        }
        guard isAddress else { return false }
        rest = rest[(end + 1)...]
      } else {
        let name = rest.prefix { $0 != UInt8(ascii: ":") }
        guard !name.isEmpty, name.allSatisfy(isHostNameByte) else { return false }
        rest = rest[name.endIndex...]
      }
      guard let colon = rest.first else { return true }
      let port = rest.dropFirst()
      return colon == UInt8(ascii: ":") && port.count <= 5 && port.allSatisfy(isDigit)
    }
  }

  /// The value of `Content-Length`: 1–18 digits and nothing else.
  static func contentLength(_ text: String) -> Int? {
    guard (1...18).contains(text.utf8.count), text.utf8.allSatisfy(isDigit) else { return nil }
    return Int(text)
  }

  /// Whether the comma-separated `list` has the member `lowercased`, letter case aside.
  static func list(_ list: String, contains lowercased: String) -> Bool {
    list.utf8.split(separator: UInt8(ascii: ",")).contains { member in
      let trimmed = member.drop { $0 == 0x20 || $0 == 0x09 }
      let length = (trimmed.lastIndex { $0 != 0x20 && $0 != 0x09 }).map { trimmed[...$0] } ?? trimmed
      return length.count == lowercased.utf8.count
        && zip(length, lowercased.utf8).allSatisfy { ($0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0) == $1 }
    }
  }

  private static let tokenTable: [Bool] = (0..<128).map { value in
    let byte = UInt8(value)
    return isDigit(byte) || isLetter(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)
  }

  private static func isHostNameByte(_ byte: UInt8) -> Bool {
    isDigit(byte) || isLetter(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: "_")
  }
}
