// SPDX-License-Identifier: Apache-2.0
//
// Base 64 with the URL and filename safe alphabet, without padding. Canonical only: one octet string has one text,
// so that a signature or a key cannot be respelled. Source: RFC 4648 §5, §3.5; RFC 7515 §2.

/// Base64url without padding.
package enum Base64URL {
  /// The text of `octets`.
  package static func encode(_ octets: [UInt8]) -> String {
    Base64Alphabet.url.text(of: octets, isPadded: false)
  }

  /// Appends the text of `octets`, as ASCII, to `text`.
  package static func encode(_ octets: [UInt8], into text: inout [UInt8]) {
    let count = Base64Alphabet.length(of: octets.count, isPadded: false)
    text += [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
      written = Base64Alphabet.url.write(octets, isPadded: false, to: buffer)
    }
  }

  /// The octets that `text` encodes.
  ///
  /// Returns `nil` for padding, white space, characters outside the alphabet, a length that no octet string has,
  /// and unused bits that are not zero.
  package static func decode(_ text: some StringProtocol) -> [UInt8]? {
    decode(utf8: text.utf8)
  }

  /// As `decode(_:)`, for a text that is at hand as UTF-8.
  package static func decode(utf8 text: some Collection<UInt8>) -> [UInt8]? {
    let count = text.count
    guard count % 4 != 1 else { return nil }
    var octets: [UInt8] = []
    octets.reserveCapacity(count * 3 / 4)
    var pending: UInt32 = 0
    var bits = 0
    for character in text {
      guard let value = value(of: character) else { return nil }
      pending = pending << 6 | value
      bits += 6
      if bits >= 8 {
        bits -= 8
        octets.append(UInt8(truncatingIfNeeded: pending >> UInt32(bits)))
        pending &= 1 << UInt32(bits) - 1
      }
    }
    return pending == 0 ? octets : nil
  }

  private static func value(of character: UInt8) -> UInt32? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a") + 26)
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0") + 52)
    case UInt8(ascii: "-"): 62
    case UInt8(ascii: "_"): 63
    default: nil
    }
  }
}
