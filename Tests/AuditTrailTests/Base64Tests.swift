// SPDX-License-Identifier: Apache-2.0

import AuditTrail
import Foundation
import Testing

struct Base64Tests {
  // RFC 4648 §10.
  @Test(
    arguments: [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
      ("foobar", "Zm9vYmFy"),
    ]
  )
  func `texts are those of the RFC`(octets: String, text: String) {
    #expect(Base64.encode(Array(octets.utf8)) == text)
    #expect(Base64.decode(text) == Array(octets.utf8))
  }

  @Test func `every octet comes back, as Foundation spells it`() {
    for count in 0...300 {
      let octets = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 73 &+ count) }
      #expect(Base64.encode(octets) == Data(octets).base64EncodedString())
      #expect(Base64.decode(Base64.encode(octets)) == octets)
    }
  }

  @Test(
    arguments: [
      "Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zm9v=", "Zm9v====", "Z g=", "Zg==\n", " Zg==",
      "Zm-v", "Zm_v",
      "Zg==Zg==", "Zé==", "=Zg=",
    ]
  )
  func `a text that is not canonical is refused`(text: String) {
    #expect(Base64.decode(text) == nil)
  }
}
