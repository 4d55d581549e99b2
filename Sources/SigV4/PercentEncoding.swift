// SPDX-License-Identifier: Apache-2.0
//
// Percent-encoding as SigV4 uses it, and hexadecimal. Source: RFC 3986 §2.1, §2.3; AWS IAM User Guide, "UriEncode".

/// Whether `byte` is unreserved: `A-Z a-z 0-9 - . _ ~`.
///
/// Source: RFC 3986 §2.3.
func isUnreserved(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"),
    UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
    true
  default: false
  }
}

/// The value of a hexadecimal digit of either case; `nil` for any other byte.
func hexadecimalValue(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}

extension [UInt8] {
  /// Appends `byte`, as `%XX` unless it is unreserved.
  mutating func appendPercentEncoded(_ byte: UInt8) {
    guard !isUnreserved(byte) else { return append(byte) }
    append(UInt8(ascii: "%"))
    append(upperCaseDigit(byte >> 4))
    append(upperCaseDigit(byte & 0x0F))
  }

  /// `octets` in lower-case hexadecimal.
  init(lowerCaseHexadecimalOf octets: some Collection<UInt8>) {
    self = []
    reserveCapacity(2 * octets.count)
    for octet in octets {
      append(lowerCaseDigit(octet >> 4))
      append(lowerCaseDigit(octet & 0x0F))
    }
  }

  /// `text` with every byte that is not unreserved as `%XX`.
  init(percentEncoding text: some StringProtocol) {
    self = []
    for byte in text.utf8 { appendPercentEncoded(byte) }
  }

  /// Reads pairs of lower-case hexadecimal digits; `nil` for anything else.
  init?(lowerCaseHexadecimal digits: some Collection<UInt8>) {
    guard digits.count.isMultiple(of: 2) else { return nil }
    self = []
    reserveCapacity(digits.count / 2)
    var high: UInt8?
    for digit in digits {
      guard isLowerCaseHexadecimal(digit), let value = hexadecimalValue(digit) else { return nil }
      if let first = high {
        append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
  }
}

/// Whether `byte` is one of `0-9 a-f`.
private func isLowerCaseHexadecimal(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
  default: false
  }
}

private func upperCaseDigit(_ nibble: UInt8) -> UInt8 {
  nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "A") + nibble - 10
}

private func lowerCaseDigit(_ nibble: UInt8) -> UInt8 {
  nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
}
