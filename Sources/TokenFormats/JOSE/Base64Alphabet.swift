// SPDX-License-Identifier: Apache-2.0
//
// Octets to base 64, in one pass and for both alphabets: a SAML response is written several times over, and that is most
// of what it costs beside its signature. Source: RFC 4648 §4, §5.

/// An alphabet of base 64.
struct Base64Alphabet: Sendable {
  /// RFC 4648 §4.
  static let standard = Base64Alphabet("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  /// RFC 4648 §5.
  static let url = Base64Alphabet("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

  private let characters: StaticString

  private init(_ characters: StaticString) {
    self.characters = characters
  }

  /// How long the text of `count` octets is.
  static func length(of count: Int, isPadded: Bool) -> Int {
    isPadded ? (count + 2) / 3 * 4 : (count * 4 + 2) / 3
  }

  /// The text of `octets`.
  func text(of octets: [UInt8], isPadded: Bool) -> String {
    String(unsafeUninitializedCapacity: Self.length(of: octets.count, isPadded: isPadded)) { buffer in
      write(octets, isPadded: isPadded, to: buffer)
    }
  }

  /// Writes the text of `octets` to the beginning of `buffer`, which has room for it; returns its length.
  func write(_ octets: [UInt8], isPadded: Bool, to buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
    let length = Self.length(of: octets.count, isPadded: isPadded)
    precondition(buffer.count >= length)
    characters.withUTF8Buffer { alphabet in
      octets.withUnsafeBufferPointer { octets in
        var place = 0
        var index = 0
        func put(_ group: UInt32, _ count: Int) {
          for digit in 0..<count {
            buffer[place] = alphabet[Int(group >> UInt32(18 - 6 * digit) & 63)]
            place += 1
          }
        }
        while index + 3 <= octets.count {
          put(UInt32(octets[index]) << 16 | UInt32(octets[index + 1]) << 8 | UInt32(octets[index + 2]), 4)
          index += 3
        }
        switch octets.count - index {
        case 1: put(UInt32(octets[index]) << 16, 2)
        case 2: put(UInt32(octets[index]) << 16 | UInt32(octets[index + 1]) << 8, 3)
        default: break
        }
        while place < length {
          buffer[place] = UInt8(ascii: "=")
          place += 1
        }
      }
    }
    return length
  }
}
