// SPDX-License-Identifier: Apache-2.0
//
// Places in a text are those of the values that the reader reads; of any other bytes they are some places, found in
// bounded time.

import StrictJSON
import Testing

struct JSONLocatorTests {
  private static let texts = [
    "[]", "{}", " null ", #"  {"a" : [1, -2.5e3,"x\"]}" , {"b\\":[ ] }],"c":{"d":true,"e":null}}  "#,
    "[[[1,2],[3]],[],[{}],\"\\u005d\", false ]", #"{"\u0061":1,"é":"ü","":{}}"#,
  ]

  /// Every value of the text, found by its place, is the value that the reader reads.
  private func check(_ value: JSONValue, at range: Range<Int>, _ locator: JSONLocator, _ text: [UInt8]) throws
  {
    #expect(try JSONReader.read(text[range]) == value)
    #expect(![0x20, 0x09, 0x0A, 0x0D].contains(text[range.lowerBound]))
    if let elements = value.array {
      let ranges = try #require(locator.elements(of: range))
      #expect(ranges.count == elements.count)
      for (element, range) in zip(elements, ranges) { try check(element, at: range, locator, text) }
    } else {
      #expect(locator.elements(of: range) == nil)
    }
    for member in value.object?.members ?? [] {
      try check(member.value, at: try #require(locator.value(of: member.name, in: range)), locator, text)
    }
    #expect(locator.value(of: "no such name", in: range) == nil)
  }

  @Test(arguments: texts)
  func `places are those of the values that are read`(text: String) throws {
    let bytes = Array(text.utf8)
    let locator = JSONLocator(bytes)
    try check(try JSONReader.read(bytes), at: locator.root, locator, bytes)
  }

  @Test func `names are compared byte for byte`() {
    let bytes = Array("{\"e\u{301}\":1}".utf8)
    let locator = JSONLocator(bytes)
    #expect(locator.value(of: "\u{E9}", in: locator.root) == nil)
    #expect(locator.value(of: "e\u{301}", in: locator.root) != nil)
  }

  @Test(arguments: texts)
  func `of what is no JSON the places lie within the text`(text: String) {
    for cut in 0...text.utf8.count {
      for byte in Array("[]{},:\"\\ 1".utf8) {
        var bytes = Array(text.utf8)
        if cut < bytes.count { bytes[cut] = byte } else { bytes.append(byte) }
        for end in [bytes.count, cut] {
          let locator = JSONLocator(Array(bytes[..<end]))
          var ranges = [locator.root] + (locator.elements(of: locator.root) ?? [])
          ranges += ["a", "c", ""].compactMap { locator.value(of: $0, in: locator.root) }
          #expect(ranges.allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= end })
        }
      }
    }
  }
}
