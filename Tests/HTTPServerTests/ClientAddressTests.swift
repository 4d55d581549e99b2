// SPDX-License-Identifier: Apache-2.0
//
// Whose address a request has: the peer's, or the one that trusted proxies tell, and never one that the client made up.

import HTTPServer
import IdentityModel
import Testing

@Suite struct `the client's address` {
  /// What a server that trusts `proxies` takes for the client's address when 127.0.0.1 sends these lines, a request each.
  private func clients(_ requests: [[String]], proxies: [String]) async throws -> [String] {
    let ranges = try proxies.map { try #require(IPRange(Array($0.utf8))) }
    let responses = try await withServer(configure: { $0.trustedProxies = ranges }) { address in
      try await blocking {
        try requests.map { lines in
          let client = try RawClient(port: address.port)
          client.send(
            "GET / HTTP/1.1\r\nHost: a\r\n" + lines.map { $0 + "\r\n" }.joined()
              + "Connection: close\r\n\r\n"
          )
          return client.receive(seconds: 1).text
        }
      }
    }
    return try responses.map { response in
      let line = try #require(response.split(separator: "\n").last { $0.hasPrefix("peer ") })
      return String(line.dropFirst("peer ".count))
    }
  }

  private static let loopback = ["127.0.0.0/8", "10.0.0.0/8", "2001:db8:1::/48"]

  @Test(arguments: [[], ["192.0.2.0/24"], ["127.0.0.2"], ["::1/128", "::/0"]])
  func `nobody is believed who is not trusted`(proxies: [String]) async throws {
    #expect(try await clients([["X-Forwarded-For: 203.0.113.9"]], proxies: proxies) == ["127.0.0.1"])
  }

  @Test func `trusted proxies are believed, and no further`() async throws {
    let cases: [([String], String)] = [
      // The proxy added the client.
      (["X-Forwarded-For: 203.0.113.9"], "203.0.113.9"),
      (["x-forwarded-for:203.0.113.9"], "203.0.113.9"),
      // The client made up what stands to the left of it.
      (["X-Forwarded-For: 198.51.100.1, 203.0.113.9"], "203.0.113.9"),
      (["X-Forwarded-For: 10.0.0.1, 203.0.113.9"], "203.0.113.9"),
      (["X-Forwarded-For: 127.0.0.1,,garbage,203.0.113.9"], "203.0.113.9"),
      (["X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: 203.0.113.9"], "203.0.113.9"),
      // Proxies behind proxies.
      (["X-Forwarded-For: 198.51.100.1, 203.0.113.9, 10.1.2.3"], "203.0.113.9"),
      (
        ["X-Forwarded-For: 203.0.113.9, 10.1.2.3", "X-Forwarded-For: 10.9.9.9, 2001:db8:1::5"], "203.0.113.9"
      ),
      // Nobody but proxies: the farthest of them asked.
      (["X-Forwarded-For: 10.1.2.3, 10.4.5.6"], "10.1.2.3"),
      // IPv6, ports, white space.
      (["X-Forwarded-For: 2001:db8:2::7"], "2001:db8:2::7"),
      (["X-Forwarded-For: [2001:db8:2::7]"], "2001:db8:2::7"),
      (["X-Forwarded-For: [2001:db8:2::7]:443"], "2001:db8:2::7"),
      (["X-Forwarded-For: 203.0.113.9:65535"], "203.0.113.9"),
      (["X-Forwarded-For: 203.0.113.9 \t,\t 10.1.2.3 "], "203.0.113.9"),
      (["X-Forwarded-For: ::ffff:203.0.113.9"], "203.0.113.9"),
      (["X-Forwarded-For: 203.0.113.9, ::ffff:10.1.2.3"], "203.0.113.9"),
      // Other fields say nothing.
      (["Forwarded: for=203.0.113.9", "X-Real-IP: 203.0.113.9"], "127.0.0.1"), ([], "127.0.0.1"),
    ]
    let found = try await clients(cases.map(\.0), proxies: Self.loopback)
    for (index, (lines, address)) in cases.enumerated() { #expect(found[index] == address, "\(lines)") }
  }

  @Test func `where the field cannot be read the nearest known address stays`() async throws {
    let values = [
      "", " ", ",", "unknown", "_hidden", "203.0.113.9,", "203.0.113.9, unknown", "203.0.113", "203.0.113.09",
      "203.0.113.256", "203.0.113.9:", "203.0.113.9:x", "203.0.113.9:123456", "[203.0.113.9]", "[2001:db8::1",
      "2001:db8::1]", "[2001:db8::1]443", "[2001:db8::1]:", "2001:db8::1%eth0", "203.0.113.9/32",
      "\"203.0.113.9\"",
      "203.0.113.9 198.51.100.1", "203.0.113.9;198.51.100.1", "::1::", "0x7f000001", "localhost",
    ]
    let alone = try await clients(values.map { ["X-Forwarded-For: \($0)"] }, proxies: Self.loopback)
    // Also behind another proxy, and whatever stands to the left.
    let behind = try await clients(
      values.map { ["X-Forwarded-For: 198.51.100.1, \($0), 10.1.2.3"] },
      proxies: Self.loopback
    )
    for (index, value) in values.enumerated() {
      #expect(alone[index] == "127.0.0.1", "\(value)")
      #expect(behind[index] == "10.1.2.3", "\(value)")
    }
  }
}
