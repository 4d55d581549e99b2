// SPDX-License-Identifier: Apache-2.0
//
// IPv4 and IPv6 addresses and CIDR ranges, in one strict spelling: decimal octets without leading zeros, no shortened
// IPv4, no zone. Source: RFC 4632 §3.1; RFC 4291 §2.2, §2.5.5.2.

/// A range of addresses: one address, or a prefix.
package struct IPRange: Hashable, Sendable {
  private let network: [UInt8]
  /// How many bits of an address are compared.
  private let prefixLength: Int

  /// Reads `address` or `address/prefix-length`; without a length all bits count.
  ///
  /// Bits behind the prefix are ignored; `nil` for anything else.
  package init?(_ text: [UInt8]) {
    let parts = text.split(separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = Address(Array(parts[0])) else { return nil }
    let width = address.octets.count * 8
    let writtenWidth = parts[0].contains(UInt8(ascii: ":")) ? 128 : 32
    var length = writtenWidth
    if parts.count == 2 {
      guard let given = decimal(parts[1], upTo: writtenWidth) else { return nil }
      length = given
    }
    // A mapped address lost 96 bits; a shorter prefix than those would name IPv6 addresses too.
    length -= writtenWidth - width
    guard length >= 0 else { return nil }
    self.network = address.octets
    self.prefixLength = length
  }

  /// Whether `address` has the range's prefix; an address of the other family has not.
  package func contains(_ address: Address) -> Bool {
    guard address.octets.count == network.count else { return false }
    let whole = prefixLength / 8
    guard address.octets[..<whole] == network[..<whole] else { return false }
    let rest = prefixLength % 8
    guard rest > 0 else { return true }
    return (address.octets[whole] ^ network[whole]) >> UInt8(8 - rest) == 0
  }
}

extension IPRange {
  /// An address, as its octets: 4 or 16.
  ///
  /// An IPv4-mapped IPv6 address is the IPv4 address that it holds: a range must not depend on whether the socket that
  /// took the request speaks both.
  package struct Address: Hashable, Sendable {
    /// The octets in network order.
    package let octets: [UInt8]

    /// Reads one address; `nil` for anything else.
    package init?(_ text: [UInt8]) {
      guard
        let octets = text.contains(UInt8(ascii: ":")) ? Address.version6(text) : Address.version4(text[...])
      else { return nil }
      let isMapped = octets.count == 16 && octets.starts(with: Address.mappedPrefix)
      self.octets = isMapped ? Array(octets[12...]) : octets
    }

    // `::ffff:0:0/96`
    private static let mappedPrefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]

    /// Four numbers 0–255 in decimal without leading zeros.
    private static func version4(_ text: ArraySlice<UInt8>) -> [UInt8]? {
      let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      guard parts.count == 4 else { return nil }
      let octets = parts.compactMap { part in decimal(part, upTo: 255).map(UInt8.init) }
      return octets.count == 4 ? octets : nil
    }

    /// Eight groups of 1–4 hexadecimal digits; `::` once for one or more groups of zeros; the last two groups may be an
    /// IPv4 address.
    private static func version6(_ text: [UInt8]) -> [UInt8]? {
      guard text.count <= 45 else { return nil }
      let colon = UInt8(ascii: ":")
      guard let gap = text.indices.dropLast().first(where: { text[$0] == colon && text[$0 + 1] == colon })
      else {
        return groups(text[...], endsAddress: true).flatMap { $0.count == 16 ? $0 : nil }
      }
      let front = text[..<gap]
      let back = text[(gap + 2)...]
      guard let head = front.isEmpty ? [] : groups(front, endsAddress: false),
        let tail = back.isEmpty ? [] : groups(back, endsAddress: true), head.count + tail.count <= 14
      else { return nil }
      return head + Array(repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    private static func groups(_ text: ArraySlice<UInt8>, endsAddress: Bool) -> [UInt8]? {
      let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
      var octets: [UInt8] = []
      for (index, part) in parts.enumerated() {
        if part.contains(UInt8(ascii: ".")) {
          guard endsAddress, index == parts.count - 1, let last = version4(part) else { return nil }
          octets.append(contentsOf: last)
        } else {
          guard (1...4).contains(part.count), part.allSatisfy({ isHexadecimal($0) }),
            let group = UInt16(String(decoding: part, as: UTF8.self), radix: 16)
          else { return nil }
          octets.append(UInt8(group >> 8))
          octets.append(UInt8(truncatingIfNeeded: group))
        }
      }
      return octets
    }
  }
}

/// 1–3 digits without leading zeros, up to `maximum`.
private func decimal(_ text: ArraySlice<UInt8>, upTo maximum: Int) -> Int? {
  guard (1...3).contains(text.count), text.allSatisfy(isDigit),
    text.count == 1 || text.first != UInt8(ascii: "0")
  else { return nil }
  let value = text.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  return value <= maximum ? value : nil
}

private func isDigit(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

private func isHexadecimal(_ byte: UInt8) -> Bool {
  isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(asciiLowercase(byte))
}
