// SPDX-License-Identifier: Apache-2.0
//
// The three parts of a compact JWS: two dots, wherever they stand, and no other number of them.

import Testing
import TokenFormats

struct CompactPartsTests {
  @Test func `two dots are found wherever they stand`() throws {
    for count in 2...36 {
      for first in 0..<(count - 1) {
        for second in (first + 1)..<count {
          // Neighbours of the dot in ASCII, and what it is with its top bit set, are none.
          var bytes = (0..<count).map { Array("-/A®".utf8)[$0 % 5] }
          bytes[first] = UInt8(ascii: ".")
          bytes[second] = UInt8(ascii: ".")
          let text = String(decoding: bytes, as: UTF8.self)
          guard text.utf8.elementsEqual(bytes) else { continue }
          let parts = try CompactParts(text, maximumBytes: count)
          #expect(parts.signed == Array(bytes[..<second]))
          var header: [UInt8] = []
          parts.withEncodedHeader { header = Array($0) }
          #expect(header == Array(bytes[..<first]))
        }
      }
    }
  }

  @Test(arguments: [
    "", "a", "abcdefgh", ".", "aaaaaaaaa.", "...", "a.b.c.d", "........", "aaaaaaaa.aaaaaaaa.aaaaaaaa.",
  ])
  func `any other number of dots is no compact JWS`(text: String) {
    #expect(throws: JWTVerificationError.notCompact) { try CompactParts(text, maximumBytes: 100).payload() }
  }

  @Test func `each part is decoded by itself, and refused by itself`() throws {
    let parts = try CompactParts("Zg.Zm8.Zm9v", maximumBytes: 11)
    #expect(try parts.header() == Array("f".utf8))
    #expect(try parts.payload() == Array("fo".utf8))
    #expect(try parts.signature() == Array("foo".utf8))
    let empty = try CompactParts("..", maximumBytes: 2)
    #expect(try empty.header() == [] && empty.payload() == [] && empty.signature() == [])
    let wrong = try CompactParts("Z=.Zh.Zm9/", maximumBytes: 100)
    #expect(throws: JWTVerificationError.notBase64URL(.header)) { try wrong.header() }
    #expect(throws: JWTVerificationError.notBase64URL(.payload)) { try wrong.payload() }
    #expect(throws: JWTVerificationError.notBase64URL(.signature)) { try wrong.signature() }
    #expect(throws: JWTVerificationError.tooLong(limit: 10)) {
      try CompactParts("Zg.Zm8.Zm9v", maximumBytes: 10)
    }
  }
}
