// SPDX-License-Identifier: Apache-2.0
//
// Base 64 with the standard alphabet and padding, as it stands in XML. White space may break a text that is read, as
// everybody breaks theirs; otherwise one octet string has one text. Source: RFC 4648 §4; XML Schema 2 §3.2.16.

/// Base 64 with padding.
package enum XMLBase64 {
  /// The text of `octets`, in one line.
  package static func encode(_ octets: [UInt8]) -> String {
    Base64Alphabet.standard.text(of: octets, isPadded: true)
  }

  /// The octets that `text` encodes; white space of XML may stand anywhere.
  ///
  /// Returns `nil` for missing or misplaced padding, characters outside the alphabet and unused bits that are not zero.
  package static func decode(_ text: String) -> [UInt8]? {
    var translated: [UInt8] = []
    translated.reserveCapacity(text.utf8.count)
    for byte in text.utf8 where !isXMLSpace(byte) {
      switch byte {
      case UInt8(ascii: "+"): translated.append(UInt8(ascii: "-"))
      case UInt8(ascii: "/"): translated.append(UInt8(ascii: "_"))
      case UInt8(ascii: "-"), UInt8(ascii: "_"): return nil
      default: translated.append(byte)
      }
    }
    guard translated.count % 4 == 0 else { return nil }
    for _ in 0..<2 where translated.last == UInt8(ascii: "=") { translated.removeLast() }
    return Base64URL.decode(utf8: translated)
  }
}
