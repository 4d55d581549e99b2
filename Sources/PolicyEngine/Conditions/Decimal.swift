// SPDX-License-Identifier: Apache-2.0
//
// Numbers of any length, compared digit by digit: no binary fraction, no overflow, no rounding. And base64 in its one
// canonical spelling. Source: IAM User Guide, numeric and binary condition operators; RFC 4648 §4, §3.5.

/// A decimal number.
///
/// Shape: `-?[0-9]+(\.[0-9]+)?`, ASCII. No exponent, no sign `+`, no space: what two readers could take for two
/// numbers is none.
struct Decimal: Hashable, Comparable, Sendable {
  private let isNegative: Bool
  /// The digits before the point without leading zeros.
  private let whole: [UInt8]
  /// The digits after the point without trailing zeros.
  private let fraction: [UInt8]

  init?(_ text: [UInt8]) {
    let hasSign = text.first == UInt8(ascii: "-")
    let parts = text.dropFirst(hasSign ? 1 : 0)
      .split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(isDigit) }) else { return nil }
    let zero = UInt8(ascii: "0")
    self.whole = Array(parts[0].drop { $0 == zero })
    let fraction = parts.count == 2 ? parts[1] : []
    self.fraction = Array(
      fraction[..<((fraction.lastIndex { $0 != zero }).map { $0 + 1 } ?? fraction.startIndex)]
    )
    self.isNegative = hasSign && !(whole.isEmpty && self.fraction.isEmpty)
  }

  static func < (left: Decimal, right: Decimal) -> Bool {
    switch (left.isNegative, right.isNegative) {
    case (true, false): true
    case (false, true): false
    case (false, false): left.isSmaller(than: right)
    case (true, true): right.isSmaller(than: left)
    }
  }

  /// Compares without the sign.
  private func isSmaller(than other: Decimal) -> Bool {
    if whole.count != other.whole.count { return whole.count < other.whole.count }
    if whole != other.whole { return whole.lexicographicallyPrecedes(other.whole) }
    return fraction.lexicographicallyPrecedes(other.fraction)
  }
}

/// The bytes that `text` spells in base64 with padding; `nil` for any spelling but the canonical one.
func base64(_ text: [UInt8]) -> [UInt8]? {
  guard text.count % 4 == 0 else { return nil }
  let pad = UInt8(ascii: "=")
  let padding = text.reversed().prefix(2).prefix { $0 == pad }.count
  var bytes: [UInt8] = []
  var bits: UInt32 = 0
  var bitCount = 0
  for character in text.dropLast(padding) {
    guard let value = base64Value(character) else { return nil }
    bits = bits << 6 | UInt32(value)
    bitCount += 6
    if bitCount >= 8 {
      bitCount -= 8
      bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
      bits &= 1 << UInt32(bitCount) - 1
    }
  }
  return bits == 0 ? bytes : nil
}

private func base64Value(_ character: UInt8) -> UInt8? {
  switch character {
  case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
  case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
  case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
  case UInt8(ascii: "+"): 62
  case UInt8(ascii: "/"): 63
  default: nil
  }
}
