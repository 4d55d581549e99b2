// SPDX-License-Identifier: Apache-2.0
//
// Names made of chance, and the origin that issuers follow from.

import AuditTrail
import Federation
import IdentityModel
import Testing

@Suite struct NamesTests {
  @Test func `an access key id tells its account, and nothing else does`() throws {
    for digits in ["000000000000", "000000000001", "123456789012", "999999999999"] {
      let account = try #require(AccountID(digits))
      for _ in 0..<1000 {
        let id = Entropy.system.accessKeyID(account: account)
        #expect(id.utf8.count == 20 && id.hasPrefix("AKIA"))
        #expect(AccountID.inAccessKeyID(id) == account)
      }
    }
    // Published in AWS's documentation as an example, with the account that AWS itself answers for it.
    #expect(AccountID.inAccessKeyID("AKIAIOSFODNN7EXAMPLE")?.description == "581039954779")
    for text in ["", "test", "AKIA", "AKIAIOSFODNN7EXAMPL1", "BKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLEX"]
    {
      #expect(AccountID.inAccessKeyID(text) == nil, "\(text)")
    }
  }

  @Test func `a UUID is random, version 4`() {
    var seen: Set<String> = []
    for _ in 0..<1000 {
      let uuid = Entropy.system.uuid()
      #expect(uuid.utf8.count == 36)
      let characters = Array(uuid)
      #expect(characters[14] == "4")
      #expect("89ab".contains(characters[19]))
      #expect(seen.insert(uuid).inserted)
    }
  }

  @Test(arguments: [0, 1, 1_800_000_000_123, 0xFFFF_FFFF_FFFF] as [Int64])
  func `an event's id is a UUID of version 7 that says its time`(_ milliseconds: Int64) {
    let now = Instant(milliseconds: milliseconds)
    let ids = (0..<100).map { _ in Entropy.system.eventID(at: now) }
    #expect(Set(ids).count == 100)
    for id in ids {
      let characters = Array(id)
      #expect(characters.count == 36 && characters[14] == "7" && "89ab".contains(characters[19]))
      #expect(EventSummary.time(ofEventID: id) == now)
    }
    #expect(EventSummary.time(ofEventID: Entropy.system.uuid()) == nil)
  }

  @Test(arguments: [1, 1_800_000_000_123, 0xFFFF_FFFF, 0x1_0000_0000, 0xFFFF_FFFF_FFFF] as [Int64])
  func `a token's id is a UUID of version 4 that leads to its time for 49 days`(_ milliseconds: Int64) {
    let now = Instant(milliseconds: milliseconds)
    let ids = (0..<1000).map { _ in Entropy.system.tokenID(at: now) }
    #expect(Set(ids).count == 1000)
    // The time does not show: neither half of what holds it is the same twice.
    #expect(Set(ids.map { $0.suffix(8) }).count > 990 && Set(ids.map { $0.prefix(8) }).count > 990)
    for id in ids {
      let characters = Array(id)
      #expect(characters.count == 36 && characters[14] == "4" && "89ab".contains(characters[19]))
      for elapsed in [0, 1, 43_200_000, 0xFFFF_FFFF] as [Int64] {
        let later = Instant(milliseconds: milliseconds + elapsed)
        #expect(IssuedTokenID.time(of: id, before: later) == now)
      }
    }
  }

  @Test func `an assertion's id leads to its time, and a text that is no id to none`() {
    let now = Instant(milliseconds: 1_800_000_000_123)
    let octets = Entropy.system.assertionID(at: now)
    #expect(octets.count == 20)
    let text = "_" + octets.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    #expect(IssuedTokenID.time(of: text, before: now) == now)
    for text in ["", "x", "unknown", String(repeating: "g", count: 32), String(repeating: "0", count: 33)] {
      #expect(IssuedTokenID.time(of: text, before: now) == nil, "\(text)")
    }
  }

  @Test func `unique ids and secrets have AWS's shape`() {
    let id = Entropy.system.uniqueID(prefix: "AIDA")
    #expect(id.utf8.count == 21)
    #expect(Entropy.system.secretAccessKey().count == 40)
    // Chance at its extremes: no value of the octets is special.
    for octet in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
      let fixed = Entropy { Array(repeating: octet, count: $0) }
      #expect(fixed.uniqueID(prefix: "AIDA").utf8.count == 21)
      #expect(fixed.uuid().utf8.count == 36)
      #expect(fixed.secretAccessKey().count == 40)
    }
  }

  @Test(arguments: [
    ("https://STS.Example.org", "https://sts.example.org"), ("https://a.b:8443/", "https://a.b:8443"),
    ("https://a.b:443", "https://a.b"), ("http://localhost:8080", "http://localhost:8080"),
    ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"), ("http://127.0.0.1", "http://127.0.0.1"),
  ])
  func `an origin is read`(_ text: String, _ expected: String) throws {
    #expect(try PublicURL(text).description == expected)
  }

  @Test(
    arguments: [
      ("", .scheme), ("ftp://a", .scheme), ("sts.example.org", .scheme), ("http://example.org", .plainHTTP),
      ("http://127.evil.example", .plainHTTP), ("https://", .host), ("https://a b", .host),
      ("https://a:0", .port), ("https://a:65536", .port), ("https://a:08", .port), ("https://a:", .port),
      ("https://a/b", .notAnOrigin), ("https://u@a", .notAnOrigin), ("https://a?b", .notAnOrigin),
      ("https://a#b", .notAnOrigin),
    ] as [(String, PublicURL.Problem)]
  )
  func `what is no origin is refused`(_ text: String, _ problem: PublicURL.Problem) {
    #expect(throws: problem) { try PublicURL(text) }
  }

  @Test func `issuers follow from the origin and the style`() throws {
    let url = try PublicURL("https://example.org:8443")
    #expect(url.issuer("u", style: .path) == "https://example.org:8443/u")
    #expect(url.issuer("u", style: .subdomain) == "https://u.tokens.example.org:8443")
  }
}
