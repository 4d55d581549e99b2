// SPDX-License-Identifier: Apache-2.0
//
// A network of IP addresses, as an operator writes it to say that a part of his own network is meant.
// Source: RFC 4632 §3.1; RFC 4291 §2.3.

/// A network: an address and the length of the prefix that its addresses share.
package struct IPNetwork: Hashable, Sendable, CustomStringConvertible {
  /// The first address.
  package let base: IPAddress
  /// How many leading bits the addresses share.
  package let prefixLength: Int

  /// Reads `10.0.0.0/8`, `fd00::/8`, `127.0.0.1/32`.
  ///
  /// Returns `nil` for a missing prefix length, one that does not fit, and an address with bits beyond it.
  package init?(_ text: String) {
    let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard parts.count == 2, let base = IPAddress(String(Substring(parts[0]))),
      (1...3).contains(parts[1].count),
      parts[1].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let length = Int(Substring(parts[1])), length <= base.octets.count * 8
    else { return nil }
    self.base = base
    self.prefixLength = length
    guard masked(base) == base.octets else { return nil }
  }

  /// The address and the prefix length.
  package var description: String { "\(base)/\(prefixLength)" }

  /// Whether `address` lies in the network.
  ///
  /// An IPv6 address that carries an IPv4 address lies in no IPv4 network.
  package func contains(_ address: IPAddress) -> Bool {
    address.octets.count == base.octets.count && masked(address) == base.octets
  }

  /// The octets of `address` with everything beyond the prefix zero.
  private func masked(_ address: IPAddress) -> [UInt8] {
    address.octets.enumerated().map { index, octet in
      let bits = min(8, max(0, prefixLength - index * 8))
      return bits == 0 ? 0 : octet & (0xFF << UInt8(8 - bits))
    }
  }
}
