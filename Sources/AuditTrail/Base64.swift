// SPDX-License-Identifier: Apache-2.0
//
// Base 64 with padding, as notes, checkpoints and CloudTrail's key list spell it. Canonical only: one octet string has
// one text. Source: RFC 4648 §4, §3.5.

/// Base64 with padding.
package enum Base64 {
  /// The text of `octets`.
  package static func encode(_ octets: some Collection<UInt8>) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((octets.count + 2) / 3 * 4)
    var pending: UInt32 = 0
    var bits: UInt32 = 0
    for octet in octets {
      pending = pending << 8 | UInt32(octet)
      bits += 8
      while bits >= 6 {
        bits -= 6
        text.append(alphabet[Int(pending >> bits & 63)])
      }
      pending &= 1 << bits - 1
    }
    if bits > 0 { text.append(alphabet[Int(pending << (6 - bits) & 63)]) }
    while text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
    return String(decoding: text, as: UTF8.self)
  }

  /// The octets that `text` encodes.
  ///
  /// Returns `nil` for missing or needless padding, white space, characters outside the alphabet, and unused bits that
  /// are not zero.
  package static func decode(_ text: some StringProtocol) -> [UInt8]? {
    let characters = Array(text.utf8)
    guard characters.count % 4 == 0 else { return nil }
    let padding = characters.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    guard padding <= 2 else { return nil }
    var octets: [UInt8] = []
    octets.reserveCapacity(characters.count / 4 * 3)
    var pending: UInt32 = 0
    var bits: UInt32 = 0
    for character in characters.dropLast(padding) {
      guard let value = value(of: character) else { return nil }
      pending = pending << 6 | value
      bits += 6
      if bits >= 8 {
        bits -= 8
        octets.append(UInt8(truncatingIfNeeded: pending >> bits))
        pending &= 1 << bits - 1
      }
    }
    return pending == 0 ? octets : nil
  }

  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  private static func value(of character: UInt8) -> UInt32? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a") + 26)
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0") + 52)
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}

/// The lower-case hexadecimal text of `octets`.
func hexadecimal(_ octets: some Sequence<UInt8>) -> String {
  var text: [UInt8] = []
  for octet in octets {
    for digit in [octet >> 4, octet & 0x0F] {
      text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }
  return String(decoding: text, as: UTF8.self)
}

/// The number that `text` spells in decimal digits, without sign or needless zeros; `nil` for any other text.
func canonicalDecimal(_ text: some StringProtocol) -> UInt64? {
  let digits = text.utf8
  guard let first = digits.first, digits.count == 1 || first != UInt8(ascii: "0"),
    digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
  else { return nil }
  return UInt64(text)
}
