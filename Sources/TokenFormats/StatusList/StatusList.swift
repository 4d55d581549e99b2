// SPDX-License-Identifier: Apache-2.0
//
// A status list: the statuses of many tokens in a few bits each. Knows neither compression nor signatures.
// Source: draft-ietf-oauth-status-list §4.1, §7.1.

/// The statuses of many tokens.
package struct StatusList: Hashable, Sendable {
  /// The status of a token that is valid, as far as the list is concerned.
  ///
  /// Source: §7.1, VALID.
  package static let valid: UInt8 = 0x00
  /// The status of a token that was revoked for good.
  ///
  /// Source: §7.1, INVALID.
  package static let invalid: UInt8 = 0x01
  /// The status of a token that is not to be accepted for now.
  ///
  /// Source: §7.1, SUSPENDED.
  package static let suspended: UInt8 = 0x02

  /// How many bits each status takes: 1, 2, 4 or 8.
  package let bits: Int
  /// The statuses, packed: within an octet the lower index has the lower bits.
  package private(set) var octets: [UInt8]

  /// A list of `count` tokens, all valid; `nil` for other `bits` than 1, 2, 4 and 8, and for a negative `count`.
  package init?(count: Int, bits: Int) {
    guard [1, 2, 4, 8].contains(bits), (0...(Int.max / 8 - 7)).contains(count) else { return nil }
    self.bits = bits
    self.octets = [UInt8](repeating: 0, count: (count * bits + 7) / 8)
  }

  /// The list that `octets` hold; `nil` for other `bits` than 1, 2, 4 and 8.
  package init?(octets: [UInt8], bits: Int) {
    guard [1, 2, 4, 8].contains(bits) else { return nil }
    self.bits = bits
    self.octets = octets
  }

  /// How many tokens the list has room for.
  package var count: Int { octets.count * (8 / bits) }

  /// The status of the token at `index`; `nil` beyond the list.
  package func status(at index: Int) -> UInt8? {
    guard (0..<count).contains(index) else { return nil }
    let (octet, shift) = place(of: index)
    return octets[octet] >> shift & mask
  }

  /// Sets the status of the token at `index`; false, and nothing changes, beyond the list or for a status that has no
  /// room in its bits.
  @discardableResult
  package mutating func set(_ status: UInt8, at index: Int) -> Bool {
    guard (0..<count).contains(index), status & ~mask == 0 else { return false }
    let (octet, shift) = place(of: index)
    octets[octet] = octets[octet] & ~(mask << shift) | status << shift
    return true
  }

  private var mask: UInt8 { UInt8((1 << bits) - 1) }

  private func place(of index: Int) -> (octet: Int, shift: Int) {
    let perOctet = 8 / bits
    return (index / perOctet, index % perOctet * bits)
  }
}
