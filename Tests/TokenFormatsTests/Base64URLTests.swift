// SPDX-License-Identifier: Apache-2.0
//
// Base64url: the RFC's own vectors, every length, and every second spelling refused.

import Testing
import TokenFormats

@Suite struct Base64URLTests {
  @Test(arguments: [
    ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
    ("foobar", "Zm9vYmFy"),
  ])
  func `the test vectors of RFC 4648 without padding go both ways`(plain: String, text: String) {
    #expect(Base64URL.encode(Array(plain.utf8)) == text)
    #expect(Base64URL.decode(text) == Array(plain.utf8))
  }

  @Test func `all 64 characters stand where RFC 4648 table 2 puts them`() throws {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    let octets = try #require(Base64URL.decode(alphabet))
    #expect(octets.prefix(3) == [0x00, 0x10, 0x83])
    #expect(octets.count == 48)
    #expect(octets.suffix(3) == [0xF3, 0xDF, 0xBF])
    #expect(Base64URL.encode(octets) == alphabet)
  }

  @Test func `every length up to 300 comes back`() {
    for count in 0...300 {
      let octets = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 151 + count) }
      #expect(Base64URL.decode(Base64URL.encode(octets)) == octets)
    }
  }

  @Test func `of the 4096 texts of two characters only those with four zero bits at the end decode`() {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    var accepted = 0
    for first in alphabet {
      for second in alphabet {
        guard let octets = Base64URL.decode(String([first, second])) else { continue }
        accepted += 1
        #expect(Base64URL.encode(octets) == String([first, second]))
      }
    }
    #expect(accepted == 256)
  }

  @Test(arguments: [
    "A", "AAAAA", "QQ==", "QQ=", "QR", "QUJ", "Q Q", "QQ\n", " QQ", "Q+Q", "Q/Q", "QÅ", "Q\u{0}", "QQ.",
    "\u{FF31}Q",
  ])
  func `anything but canonical text is refused`(text: String) {
    #expect(Base64URL.decode(text) == nil)
  }
}
