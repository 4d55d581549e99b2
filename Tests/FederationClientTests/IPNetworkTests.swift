// SPDX-License-Identifier: Apache-2.0
//
// Networks as an operator writes them, and what naming one opens.

import FederationClient
import Testing

struct IPNetworkTests {
  @Test(arguments: [
    ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false),
    ("192.168.4.0/22", "192.168.7.255", true), ("192.168.4.0/22", "192.168.8.0", false),
    ("127.0.0.1/32", "127.0.0.1", true), ("127.0.0.1/32", "127.0.0.2", false),
    ("0.0.0.0/0", "203.0.113.9", true), ("fd00::/8", "fdff::1", true), ("fd00::/8", "fe80::1", false),
    ("fd00:0:0:8000::/49", "fd00:0:0:ffff::1", true), ("fd00:0:0:8000::/49", "fd00::1", false),
    ("::1/128", "::1", true), ("10.0.0.0/8", "::ffff:10.0.0.1", false), ("::/0", "10.0.0.1", false),
  ])
  func `an address lies in a network or not`(network: String, address: String, lies: Bool) throws {
    let address = try #require(IPAddress(address))
    #expect(try #require(IPNetwork(network)).contains(address) == lies)
  }

  @Test(arguments: [
    "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "/8",
    "",
    "10.0/8", "fd00::/129", "fd00::1/8", "[fd00::]/8", "10.0.0.0/0x8", "10.0.0.0/0008", "localhost/8",
    " 10.0.0.0/8", "10.0.0.0/8 ",
  ])
  func `anything else is no network`(text: String) {
    #expect(IPNetwork(text) == nil)
  }
}
