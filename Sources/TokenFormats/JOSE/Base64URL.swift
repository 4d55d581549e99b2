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
    guard let octets = text.withContiguousStorageIfAvailable({ decode($0) }) else {
      return Array(text).withUnsafeBufferPointer { decode($0) }
    }
    return octets
  }

  /// As `decode(_:)`, for a text that lies in one piece: whether a character is none of the alphabet is asked once, at the
  /// end.
  package static func decode(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    guard text.count % 4 != 1 else { return nil }
    let length = text.count / 4 * 3 + max(0, text.count % 4 - 1)
    var isCanonical = false
    let octets = [UInt8](unsafeUninitializedCapacity: length) { octets, count in
      isCanonical = values.withUnsafeBufferPointer {
        decode(
          UnsafeRawBufferPointer(text),
          $0,
          into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(octets)[..<length])
        )
      }
      count = length
    }
    return isCanonical ? octets : nil
  }

  /// Fills `octets`, which has as many as `text` encodes; whether `text` is canonical.
  private static func decode(
    _ text: UnsafeRawBufferPointer,
    _ values: UnsafeBufferPointer<UInt32>,
    into octets: UnsafeMutableRawBufferPointer
  ) -> Bool {
    // INVARIANT: every index is below `text.count`, and `values` has four for every byte.
    var seen: UInt32 = 0
    func group(_ four: UInt64) -> UInt32 {
      values[Int(four & 0xFF)] | values[256 + Int(four >> 8 & 0xFF)]
        | values[512 + Int(four >> 16 & 0xFF)] | values[768 + Int(four >> 24 & 0xFF)]
    }
    var index = 0
    var place = 0
    // Six octets at a time, as eight of which the next six overwrite two.
    while index + 8 <= text.count, place + 8 <= octets.count {
      let eight = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      let first = group(eight), second = group(eight >> 32)
      seen |= first | second
      let six = UInt64(first) << 40 | UInt64(second & 0xFF_FFFF) << 16
      octets.storeBytes(of: six.bigEndian, toByteOffset: place, as: UInt64.self)
      index += 8
      place += 6
    }
    while index + 4 <= text.count {
      let three = group(
        UInt64(UInt32(littleEndian: text.loadUnaligned(fromByteOffset: index, as: UInt32.self)))
      )
      seen |= three
      octets[place] = UInt8(truncatingIfNeeded: three >> 16)
      octets[place + 1] = UInt8(truncatingIfNeeded: three >> 8)
      octets[place + 2] = UInt8(truncatingIfNeeded: three)
      index += 4
      place += 3
    }
    // Two or three characters are left, whose last bits are those of no octet.
    var unused: UInt32 = 0
    if index < text.count {
      let third = index + 2 < text.count ? text[index + 2] : UInt8(ascii: "A")
      let last =
        values[Int(text[index])] | values[256 + Int(text[index + 1])] | values[512 + Int(third)]
      seen |= last
      octets[place] = UInt8(truncatingIfNeeded: last >> 16)
      if index + 2 < text.count {
        octets[place + 1] = UInt8(truncatingIfNeeded: last >> 8)
        unused = last & 0xFF
      } else {
        unused = last & 0xFFFF
      }
    }
    return seen & notInAlphabet == 0 && unused == 0
  }

  private static let notInAlphabet: UInt32 = 1 << 31

  /// The bits of every byte as the first, second, third and fourth character of 24 bits.
  private static let values: [UInt32] = (0..<1024).map { (index: Int) in
    let value: UInt32
    switch UInt8(index & 0xFF) {
    case let byte where (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte): value = UInt32(byte) - 65
    case let byte where (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte): value = UInt32(byte) - 97 + 26
    case let byte where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte): value = UInt32(byte) - 48 + 52
    case UInt8(ascii: "-"): value = 62
    case UInt8(ascii: "_"): value = 63
    default: return notInAlphabet
    }
    return value << UInt32(18 - 6 * (index >> 8))
  }
}
