// SPDX-License-Identifier: Apache-2.0
//
// Which characters XML can carry, and which of them make names. Source: XML 1.0 (fifth edition) §2.2, §2.3; Namespaces
// in XML 1.0 §3.

/// Text that XML 1.0 can carry: no C0 control but tab, line feed and carriage return, and neither U+FFFE nor U+FFFF.
package struct XMLText: Sendable, ExpressibleByStringLiteral {
  /// The text.
  package let string: String

  /// Takes `string`; `nil` when a character of it cannot stand in XML, not even as a reference.
  package init?(_ string: String) {
    guard firstForbidden(in: string.utf8) == nil else { return nil }
    self.string = string
  }

  /// Takes a literal of the source.
  package init(stringLiteral string: String) {
    // INVARIANT: the literal was written here, by us, and not by a stranger.
    assert(firstForbidden(in: string.utf8) == nil)
    self.string = string
  }

  /// Takes what only holds characters of a document that was checked, or of an alphabet such as base 64.
  init(checked string: String) {
    self.string = string
  }
}

/// Where the first character stands that is no `Char` of XML 1.0 §2.2; `utf8` is valid UTF-8.
///
/// Returns the offset in bytes.
func firstForbidden(in utf8: some Collection<UInt8>) -> Int? {
  utf8.withContiguousStorageIfAvailable(firstForbidden) ?? Array(utf8).withUnsafeBufferPointer(firstForbidden)
}

private func firstForbidden(in utf8: UnsafeBufferPointer<UInt8>) -> Int? {
  for (offset, byte) in utf8.enumerated() {
    if byte < 0x20, byte != 0x09, byte != 0x0A, byte != 0x0D { return offset }
    // U+FFFE is EF BF BE and U+FFFF is EF BF BF. UTF-8 has no surrogates.
    if byte >= 0xBE, offset >= 2, utf8[offset - 1] == 0xBF, utf8[offset - 2] == 0xEF { return offset - 2 }
  }
  return nil
}

/// XML 1.0 §2.3, `S`.
func isXMLSpace(_ byte: UInt8) -> Bool {
  byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
}

/// XML 1.0 §2.3, `NameStartChar`, without the colon: the first character of an `NCName`.
func startsXMLName(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0x41...0x5A, 0x5F, 0x61...0x7A, 0xC0...0xD6, 0xD8...0xF6, 0xF8...0x2FF, 0x370...0x37D, 0x37F...0x1FFF,
    0x200C...0x200D, 0x2070...0x218F, 0x2C00...0x2FEF, 0x3001...0xD7FF, 0xF900...0xFDCF, 0xFDF0...0xFFFD,
    0x10000...0xEFFFF:
    true
  default: false
  }
}

/// XML 1.0 §2.3, `NameChar`, without the colon: a character of an `NCName` after the first.
func continuesXMLName(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0x2D, 0x2E, 0x30...0x39, 0xB7, 0x300...0x36F, 0x203F...0x2040: true
  default: startsXMLName(scalar)
  }
}
