// SPDX-License-Identifier: Apache-2.0
//
// IP addresses, and which of them lie on the public internet: the table behind "a stranger's URL may not make us
// connect to our own network". Source: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890); RFC 6052.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// An IPv4 or IPv6 address.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
  /// What an address is good for.
  package enum Reach: String, Hashable, Sendable {
    /// Globally reachable.
    case global
    /// This host.
    case loopback
    /// A private network: RFC 1918, RFC 6598, unique local IPv6.
    case privateNetwork
    /// This link; the cloud providers' metadata services answer here.
    case linkLocal
    /// Everything else that is no host on the internet: unspecified, multicast, documentation, reserved.
    case special
  }

  /// 4 or 16 octets in network order.
  package let octets: [UInt8]

  /// Wraps 4 or 16 octets; `nil` for any other number.
  package init?(octets: some Sequence<UInt8>) {
    self.octets = Array(octets)
    guard self.octets.count == 4 || self.octets.count == 16 else { return nil }
  }

  /// Reads dotted decimal (four numbers, nothing shorter) or RFC 4291 §2.2 text without brackets or zone.
  package init?(_ text: String) {
    guard !text.utf8.contains(0) else { return nil }  // where inet_pton would stop reading
    var octets = [UInt8](repeating: 0, count: 16)
    if inet_pton(AF_INET, text, &octets) == 1 {
      self.octets = Array(octets[..<4])
    } else if inet_pton(AF_INET6, text, &octets) == 1 {
      self.octets = octets
    } else {
      return nil
    }
  }

  /// Dotted decimal, or IPv6 in eight groups of hexadecimal digits without zero compression.
  package var description: String {
    guard octets.count == 16 else { return octets.map { String($0) }.joined(separator: ".") }
    return stride(from: 0, to: 16, by: 2).map { index in
      String(UInt16(octets[index]) << 8 | UInt16(octets[index + 1]), radix: 16)
    }.joined(separator: ":")
  }

  /// What the address is good for; an IPv6 address that carries an IPv4 address is good for what that one is.
  package var reach: Reach {
    octets.count == 4 ? reachIPv4(octets[...]) : reachIPv6
  }

  private var reachIPv6: Reach {
    let leadingZeros = octets.prefix { $0 == 0 }.count
    if leadingZeros == 15, octets[15] == 1 { return .loopback }
    // ::ffff:0:0/96 IPv4-mapped; 64:ff9b::/96 NAT64 (RFC 6052), which an IPv6-only network resolves names to.
    if leadingZeros == 10, octets[10] == 0xFF, octets[11] == 0xFF { return reachIPv4(octets[12...]) }
    if octets.starts(with: [0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]) {
      return reachIPv4(octets[12...])
    }
    if octets.starts(with: [0x20, 0x02]) { return reachIPv4(octets[2..<6]) }  // 6to4
    if octets[0] & 0xFE == 0xFC { return .privateNetwork }
    if octets[0] == 0xFE, octets[1] & 0x80 != 0 { return .linkLocal }  // fe80::/10 and the former fec0::/10
    // SECURITY: an allow-list. Only 2000::/3 is assigned to hosts; within it 2001::/23 is for protocols (Teredo
    // among them), 2001:db8::/32 and 3fff::/20 are for documentation.
    guard octets[0] & 0xE0 == 0x20 else { return .special }
    if octets[0] == 0x20, octets[1] == 0x01, octets[2] & 0xFE == 0 { return .special }
    if octets.starts(with: [0x20, 0x01, 0x0D, 0xB8]) { return .special }
    if octets[0] == 0x3F, octets[1] == 0xFF, octets[2] & 0xF0 == 0 { return .special }
    return .global
  }
}

private func reachIPv4(_ octets: ArraySlice<UInt8>) -> IPAddress.Reach {
  let address = octets.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
  for (network, length, reach) in ipv4Networks where address >> (32 - length) == network >> (32 - length) {
    return reach
  }
  return .global
}

private let ipv4Networks: [(network: UInt32, length: UInt32, reach: IPAddress.Reach)] = [
  (0x0000_0000, 8, .special),  // 0.0.0.0/8, this network
  (0x0A00_0000, 8, .privateNetwork),  // 10.0.0.0/8
  (0x6440_0000, 10, .privateNetwork),  // 100.64.0.0/10, shared address space; a metadata service among it
  (0x7F00_0000, 8, .loopback),  // 127.0.0.0/8
  (0xA9FE_0000, 16, .linkLocal),  // 169.254.0.0/16
  (0xAC10_0000, 12, .privateNetwork),  // 172.16.0.0/12
  (0xC000_0000, 24, .special),  // 192.0.0.0/24, protocol assignments
  (0xC000_0200, 24, .special),  // 192.0.2.0/24, documentation
  (0xC058_6300, 24, .special),  // 192.88.99.0/24, former 6to4 relays
  (0xC0A8_0000, 16, .privateNetwork),  // 192.168.0.0/16
  (0xC612_0000, 15, .special),  // 198.18.0.0/15, benchmarks
  (0xC633_6400, 24, .special),  // 198.51.100.0/24, documentation
  (0xCB00_7100, 24, .special),  // 203.0.113.0/24, documentation
  (0xE000_0000, 4, .special),  // 224.0.0.0/4, multicast
  (0xF000_0000, 4, .special),  // 240.0.0.0/4, reserved and broadcast
]
