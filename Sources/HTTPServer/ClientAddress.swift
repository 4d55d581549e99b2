// SPDX-License-Identifier: Apache-2.0
//
// Who the client is behind proxies that the operator trusts: read from `X-Forwarded-For` from its right end, where the
// nearest proxy wrote, and no further than trust reaches. Refuses to know what the address is good for.

import IdentityModel

/// Finds the address of the client.
enum ClientAddress {
  /// The address of the client of a request that `peer` sent.
  ///
  /// SECURITY: each address in the field was written by whoever is to the right of it, the last one by the peer. It is
  /// believed only when that one is a trusted proxy. So whatever a client writes stands to the left of its own address,
  /// which a trusted proxy wrote, and is never read. Where the field ends, or cannot be read, the answer is the
  /// nearest address that is known.
  ///
  /// - Parameters:
  ///   - peer: the address of the connection.
  ///   - fields: the header lines in order of arrival.
  ///   - proxies: the networks of trusted proxies.
  /// - Returns: an address as it was spelled, without brackets and port.
  static func find(peer: String, _ fields: [HTTPField], trusting proxies: [IPRange]) -> String {
    guard !proxies.isEmpty else { return peer }
    var client = peer
    var remaining = fields.filter { $0.hasName("x-forwarded-for") }.flatMap { field in
      field.value.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    }
    while let address = IPRange.Address(Array(client.utf8)),
      proxies.contains(where: { $0.contains(address) }),
      let last = remaining.popLast(), let next = ClientAddress.address(in: last)
    {
      client = next
    }
    return client
  }

  /// The address in an element: `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:443`;
  /// `nil` for anything else.
  private static func address(in element: Substring.UTF8View) -> String? {
    var text = Array(element)
    while let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
    text = Array(text.drop { $0 == 0x20 || $0 == 0x09 })
    let colon = UInt8(ascii: ":")
    if text.first == UInt8(ascii: "[") {
      guard let end = text.firstIndex(of: UInt8(ascii: "]")), text[..<end].contains(colon),
        isPort(text[(end + 1)...])
      else { return nil }
      text = Array(text[1..<end])
    } else if text.count(where: { $0 == colon }) == 1, let separator = text.firstIndex(of: colon) {
      guard isPort(text[separator...]) else { return nil }
      text = Array(text[..<separator])
    }
    guard let address = IPRange.Address(text) else { return nil }
    // `::ffff:192.0.2.1` and its like are the IPv4 address that people know.
    return address.octets.count == 4
      ? address.octets.map { String($0) }.joined(separator: ".") : String(decoding: text, as: UTF8.self)
  }

  /// Nothing, or a colon and 1–5 digits.
  private static func isPort(_ text: ArraySlice<UInt8>) -> Bool {
    guard let first = text.first else { return true }
    let digits = text.dropFirst()
    return first == UInt8(ascii: ":") && (1...5).contains(digits.count)
      && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }
}
