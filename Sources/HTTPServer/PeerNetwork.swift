// SPDX-License-Identifier: Apache-2.0
//
// Whom a connection is counted against: an IPv4 address, or the /64 that one IPv6 customer gets. Refuses to
// know who may connect. Source: RFC 4291 §2.5.5.2, RFC 6177.

import Glibc
import NIOCore

/// The part of a peer's address that one party holds.
struct PeerNetwork: Hashable, Sendable {
  private enum Family {
    case v4
    case v6
    case other
  }

  private let family: Family
  private let prefix: UInt64
  /// Whether the peer is on this machine, as a reverse proxy may be.
  let isLoopback: Bool

  /// The network of `address`; a peer without an IP address shares one with all of its kind.
  init(_ address: SocketAddress?) { self.init(address?.ipAddress ?? "") }

  /// The same of an address as text.
  init(_ text: String) {
    var octets = [UInt8](repeating: 0, count: 16)
    if inet_pton(AF_INET, text, &octets) == 1 {
      self.init(v4: octets[..<4])
    } else if inet_pton(AF_INET6, text, &octets) == 1 {
      if octets.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]) {
        self.init(v4: octets[12...])
      } else {
        let isLoopback = octets.dropLast().allSatisfy { $0 == 0 } && octets[15] == 1
        self.init(family: .v6, octets[..<8], isLoopback: isLoopback)
      }
    } else {
      self.init(family: .other, [], isLoopback: false)
    }
  }

  private init(v4 octets: ArraySlice<UInt8>) {
    self.init(family: .v4, octets, isLoopback: octets.first == 127)
  }

  private init(family: Family, _ octets: ArraySlice<UInt8>, isLoopback: Bool) {
    self.family = family
    self.prefix = octets.reduce(0) { $0 << 8 | UInt64($1) }
    self.isLoopback = isLoopback
  }
}
