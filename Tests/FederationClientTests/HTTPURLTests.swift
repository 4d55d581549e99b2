// SPDX-License-Identifier: Apache-2.0

import FederationClient
import Testing

struct HTTPURLTests {
  @Test(
    arguments: [
      ("https://Example.COM", "https://example.com/", "example.com", "/"),
      ("https://example.com:443/a?b=c", "https://example.com/a?b=c", "example.com", "/a?b=c"),
      ("http://127.0.0.1:8080/x/", "http://127.0.0.1:8080/x/", "127.0.0.1:8080", "/x/"),
      ("http://[::1]:80?q", "http://[::1]/?q", "[::1]", "/?q"),
      ("https://a_b-c.example/%2F%aa?", "https://a_b-c.example/%2F%aa?", "a_b-c.example", "/%2F%aa?"),
    ])
  func `reads and normalises`(text: String, normal: String, authority: String, target: String) throws {
    let url = try HTTPURL(text)
    #expect(url.description == normal && url.authority == authority && url.target == target)
    #expect(try HTTPURL(url.description) == url)
  }

  @Test(
    arguments: [
      ("HTTPS://example.com", HTTPURLError.scheme), ("//example.com", .scheme),
      ("ftp://example.com", .scheme),
      ("https:/example.com", .scheme), ("", .scheme),
      ("https://user@example.com", .userInformation), ("https://a:b@example.com/", .userInformation),
      ("https://example.com#x", .fragment), ("https://example.com/#", .fragment),
      ("https://", .host), ("https:///path", .host), ("https://.example.com", .host),
      ("https://example.com.", .host), ("https://a..b", .host), ("https://ex ample.com", .host),
      ("https://example.com\\@evil.example", .userInformation), ("https://evil.example\\", .host),
      ("https://exämple.com", .host), ("https://%65xample.com", .host), ("https://[127.0.0.1]", .host),
      ("https://[::1", .host), ("https://[::1%25eth0]", .host), ("https://[::1\u{0}]", .host),
      ("https://a\u{0}.example", .host),
      ("https://example.com:", .port), ("https://example.com:0", .port), ("https://example.com:65536", .port),
      ("https://example.com:+1", .port), ("https://example.com:8a", .port), ("https://[::1]8", .port),
      ("https://example.com/a b", .path), ("https://example.com/\r\n", .path),
      ("https://example.com/%4", .path),
      ("https://example.com/%zz", .path), ("https://example.com/é", .path), ("https://example.com/\\", .path),
    ])
  func `refuses everything else`(text: String, error: HTTPURLError) {
    #expect(throws: error) { try HTTPURL(text) }
  }

  @Test(
    arguments: [
      ("8.8.8.8", IPAddress.Reach.global), ("1.1.1.1", .global), ("172.15.255.255", .global),
      ("172.32.0.0", .global), ("100.128.0.0", .global), ("2606:4700::1111", .global),
      ("64:ff9b::808:808", .global), ("2002:808:808::", .global), ("::ffff:8.8.8.8", .global),
      ("127.0.0.1", .loopback), ("127.255.255.255", .loopback), ("::1", .loopback),
      ("::ffff:127.0.0.1", .loopback), ("64:ff9b::7f00:1", .loopback), ("2002:7f00:1::", .loopback),
      ("10.0.0.1", .privateNetwork), ("172.16.0.0", .privateNetwork), ("172.31.255.255", .privateNetwork),
      ("192.168.1.1", .privateNetwork), ("100.100.100.200", .privateNetwork),
      ("fd00:ec2::254", .privateNetwork),
      ("::ffff:10.0.0.1", .privateNetwork),
      ("169.254.169.254", .linkLocal), ("fe80::1", .linkLocal), ("fec0::1", .linkLocal),
      ("::ffff:169.254.169.254", .linkLocal),
      ("0.0.0.0", .special), ("::", .special), ("255.255.255.255", .special), ("224.0.0.1", .special),
      ("192.0.0.192", .special), ("198.19.255.255", .special), ("203.0.113.1", .special),
      ("ff02::1", .special),
      ("::7f00:1", .special), ("2001::1", .special), ("2001:db8::1", .special), ("64:ff9b:1::1", .special),
      ("3fff::1", .special), ("4000::1", .special), ("100::1", .special),
    ])
  func `knows which addresses are on the internet`(text: String, reach: IPAddress.Reach) throws {
    let address = try #require(IPAddress(text))
    #expect(address.reach == reach)
    #expect(IPAddress(address.description) == address)
  }

  @Test(arguments: [
    "127.1", "0x7f.0.0.1", "2130706433", "127.0.0.01x", "1.2.3.4.5", "fe80::1%lo", "", "[::1]",
  ])
  func `reads no address in a form that others read otherwise`(text: String) {
    #expect(IPAddress(text) == nil)
  }
}
