// SPDX-License-Identifier: Apache-2.0
//
// The quick look beside the reader, which is the judge: whatever the quick look passes the reader reads as the same
// value, on texts written here and on thousands that were made wrong. (JSONTestSuiteTests has the corpus.)

import StrictJSON
import Testing

struct JSONScanTests {
  private static let plain = [
    #"{}"#, #"[]"#, #"0"#, #""""#, #"null"#,
    #"{"aud":"a","sub":"s","n":[1,-0,2.5,1e9,1E-2,0.0e+1],"o":{"o":{},"a":[[],[{}]]},"t":true,"f":false,"z":null}"#,
    " {\t\"a\" : [ 1 , 2 ] ,\r\n \"b\" : { \"a\" : \"x\" } } ",
    #"{"é":"ü","e":"𐍈"}"#,
    #"{"https://sts.amazonaws.com/":{"aws_account":"111122223333","ou_path":["o/r/"],"tags":{"a":"b","b":"b"}},"exp":1800000300}"#,
  ]

  /// Compares, when the quick look passes `text`; whether it did.
  @discardableResult
  private func compare(_ text: [UInt8]) throws -> Bool {
    guard let scan = JSONScan(text) else { return false }
    let shown = String(decoding: text, as: UTF8.self)
    let value = try? JSONReader.read(text)
    #expect(value == scan.value(at: 0), "\(shown)")
    return true
  }

  @Test(arguments: plain)
  func `a plain text is passed, and says what the reader says`(text: String) throws {
    #expect(try compare(Array(text.utf8)))
  }

  @Test func `names are found by their bytes, wherever they stand`() throws {
    let text = #"{"a":{"b":1,"c":[1,{"b":3}]},"b":2,"é":4,"d":"x"}"#
    let scan = try #require(JSONScan(Array(text.utf8)))
    let inner = try #require(scan.member("a", of: 0))
    #expect(scan.kind(at: inner) == .object)
    #expect(scan.member("b", of: inner).map { scan.value(at: $0) } == .number(JSONNumber(1)))
    #expect(scan.member("b", of: 0).map { scan.value(at: $0) } == .number(JSONNumber(2)))
    #expect(scan.member("\u{e9}", of: 0) != nil && scan.member("e\u{301}", of: 0) == nil)
    #expect(scan.member("c", of: 0) == nil && scan.member("", of: 0) == nil && scan.member("x", of: 0) == nil)
    #expect(scan.bytes(at: 1) { $0.elementsEqual("a".utf8) } && scan.bytes(at: 1).elementsEqual("a".utf8))
  }

  @Test(arguments: [
    #"{"a":1,"a":2}"#, #"{"x":{"k":1,"j":2,"k":3}}"#, #"{"":1,"":2}"#, #"{"a":"\u0061"}"#, #"{"\u0061":1}"#,
    #"{"a":1,}"#, #"[1,]"#, #"{"a"}"#, #"{"a":}"#, #"{a:1}"#, #"[1 2]"#, #"{"a":1"#, #"[1"#, #"{"a":1}}"#,
    #"[1]]"#,
    #"[1}"#, #"{"a":1]"#, #"{} {}"#, #"01"#, #"1."#, #"-"#, #"+1"#, #".5"#, #"1e"#, #"1e+"#, #"tru"#, #"nul"#,
    #"trueX"#,
    #""a"#, "\"\t\"", "\"\u{0}\"", "", " ", "\u{FEFF}{}", #"{"a" 1}"#, #"{,}"#, #"[,1]"#, "{\"a\":1}\u{b}",
    "\u{a0}1",
  ])
  func `what is not plain, or nothing at all, is left to the reader`(text: String) {
    #expect(JSONScan(Array(text.utf8)) == nil)
  }

  @Test func `bytes that are not UTF-8 are left to the reader, in names and in strings`() throws {
    for bytes: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC3]] {
      #expect(JSONScan(Array(#"{"a":""#.utf8) + bytes + Array(#""}"#.utf8)) == nil)
      #expect(JSONScan(Array(#"{""#.utf8) + bytes + Array(#"":1}"#.utf8)) == nil)
    }
  }

  @Test func `what ends a string is found wherever it stands in it`() throws {
    for length in 0..<20 {
      for place in 0..<max(length, 1) {
        for byte: UInt8 in [0x00, 0x1F, 0x22, 0x5C, 0x7F, 0x80, 0xC3, 0xFF, 0x20, 0x21, 0x23, 0xA2, 0xDC] {
          var text = [UInt8](repeating: 0x61, count: length)
          if place < length { text[place] = byte }
          text = [0x5B, 0x22] + text + [0x22, 0x2C, 0x31, 0x5D]
          let isPassed = try compare(text)
          #expect(isPassed == (length == 0 || [0x7F, 0x20, 0x21, 0x23].contains(byte)))
        }
      }
    }
  }

  @Test func `as deep as the reader and no deeper`() throws {
    for depth in [31, 32, 33] {
      // Not too dense for the quick look.
      for (open, close) in [("[          ", "]"), (#"{"a long name":"#, "}")] {
        let text = String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
        #expect((JSONScan(Array(text.utf8)) != nil) == (depth <= 32))
        #expect(((try? JSONReader.read(text.utf8)) != nil) == (depth <= 32))
      }
    }
  }

  @Test func `a text too long, too dense or with too many members is left to the reader`() throws {
    #expect(JSONScan(Array("[\(Array(repeating: "1", count: 500).joined(separator: ","))]".utf8)) == nil)
    #expect(JSONScan(Array("[\"\(String(repeating: "x", count: 65_535))\"]".utf8)) == nil)
    let members = (0..<40).map { #""member-number-\#($0)":"value-number-\#($0)""# }
    #expect(JSONScan(Array("{\(members.joined(separator: ","))}".utf8)) == nil)
    #expect(JSONScan(Array("{\(members.prefix(32).joined(separator: ","))}".utf8)) != nil)
    let wrong = members.prefix(31) + [members[3]]
    #expect(JSONScan(Array("{\(wrong.joined(separator: ","))}".utf8)) == nil)
  }

  @Test func `of texts that were made wrong none is passed that the reader refuses or reads otherwise`()
    throws
  {
    // A generator of our own, so that every run makes the same texts (Knuth's MMIX constants).
    var state: UInt64 = 8
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let bytes =
      Array(#"{}[]",:\ 0129.-+eEtrufalsn"#.utf8) + [0x09, 0x0A, 0x00, 0x1F, 0x7F, 0x80, 0xC3, 0xA9, 0xFF]
    var passed = 0
    for round in 0..<6000 {
      var text = Array(Self.plain[round % Self.plain.count].utf8)
      for _ in 0...random(3) {
        let place = random(text.count + 1)
        switch random(4) {
        case 0 where place < text.count: text[place] = bytes[random(bytes.count)]
        case 1 where place < text.count: text.remove(at: place)
        case 2:
          let start = random(text.count + 1), end = min(text.count, start + random(12))
          text.insert(contentsOf: text[start..<end], at: place)
        default: text.insert(bytes[random(bytes.count)], at: place)
        }
      }
      if try compare(text) { passed += 1 }
    }
    #expect(passed > 200)
  }
}

struct LazyJSONObjectTests {
  @Test(arguments: [#"{"a":{"b":[1,"x"]},"c":null}"#, #"{"a":{"b":[1,"\u0078"]},"c":null}"#])
  func `an object says the same whether it is plain or not`(text: String) throws {
    let object = try #require(try LazyJSONObject(Array(text.utf8)))
    let read = try #require(try JSONReader.read(text.utf8).object)
    #expect(object.object == read && object["a"] == read["a"] && object["c"] == .null && object["b"] == nil)
  }

  @Test func `what is no object is none, and what is no JSON is refused as the reader refuses it`() throws {
    #expect(try LazyJSONObject(Array("[1]".utf8)) == nil)
    #expect(try LazyJSONObject(Array(#""\u0061""#.utf8)) == nil)
    #expect(throws: JSONReaderError.duplicateName("a", offset: 10)) {
      try LazyJSONObject(Array(#"{"a":1,"a":1}"#.utf8))
    }
    #expect(throws: JSONReaderError.tooLarge(limit: 4)) {
      try LazyJSONObject(Array(#"{"a":1}"#.utf8), maximumBytes: 4)
    }
    #expect(throws: JSONReaderError.notUTF8) { try LazyJSONObject([0xEF, 0xBB, 0xBF, 0x7B, 0x7D]) }
  }
}
