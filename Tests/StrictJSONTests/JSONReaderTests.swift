// SPDX-License-Identifier: Apache-2.0
//
// The reader where the corpus is silent: doubled names by their bytes, caps, offsets, cost.

import Glibc
import StrictJSON
import Testing

struct JSONReaderTests {
  private func read(_ text: String) throws(JSONReaderError) -> JSONValue {
    try JSONReader.read(text.utf8)
  }

  @Test(arguments: [
    (#"{"a":1,"a":1}"#, "a", 10),
    (#"{"a":1,"\u0061":2}"#, "a", 15),
    (#"{"\u00e9":1,"é":2}"#, "é", 16),
    (#"{"a\/b":1,"a/b":2}"#, "a/b", 15),
    (#"{"":1,"":2}"#, "", 8),
    (#"[{"x":{"k":1,"j":2,"k":3}}]"#, "k", 22),
  ])
  func `a name that stood before, once unescaped, is refused where it ends`(
    text: String,
    name: String,
    offset: Int
  ) {
    #expect(throws: JSONReaderError.duplicateName(name, offset: offset)) { try read(text) }
  }

  @Test(arguments: [0, 7, 15, 16, 17, 63])
  func `of many names each is refused the second time`(repeated: Int) throws {
    let members = (0..<64).map { "\"name\($0)\":\($0)" }
    #expect(try read("{\(members.joined(separator: ","))}").object?.members.count == 64)
    let error = #expect(throws: JSONReaderError.self) {
      try read("{\((members + [members[repeated]]).joined(separator: ","))}")
    }
    guard case .duplicateName("name\(repeated)", _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func `names are compared by bytes, not by canonical equivalence or case`() throws {
    let object = try #require(try read(#"{"\u00e9":1,"e\u0301":2,"E":3,"K":4,"\u212a":5,"k":6}"#).object)
    #expect(object.members.map(\.value.int64) == [1, 2, 3, 4, 5, 6])
    #expect(object["\u{e9}"]?.int64 == 1)
    #expect(object["e\u{301}"]?.int64 == 2)
    #expect(object["\u{212a}"]?.int64 == 5)
    #expect(object["A"] == nil)
  }

  @Test func `the same name may stand in two objects`() throws {
    #expect(try read(#"[{"a":1},{"a":{"a":2}}]"#).array?.count == 2)
  }

  @Test func `members keep their order`() throws {
    #expect(try read(#"{"b":1,"a":2,"c":3}"#).object?.members.map(\.name) == ["b", "a", "c"])
  }

  @Test func `a byte order mark is refused at the start and kept inside a string`() throws {
    #expect(throws: JSONReaderError.notUTF8) { try read("\u{FEFF}{}") }
    #expect(try read("\"\u{FEFF}\"") == .string("\u{FEFF}"))
    #expect(throws: JSONReaderError.unexpectedByte(offset: 1)) { try read("[\u{FEFF}]") }
  }

  @Test func `nesting stops at the cap, and a scalar has depth 0`() throws {
    let nested = String(repeating: "[", count: 32) + String(repeating: "]", count: 32)
    #expect(throws: Never.self) { try read(nested) }
    #expect(throws: JSONReaderError.tooDeep(limit: 32, offset: 32)) { try read("[\(nested)]") }
    #expect(throws: JSONReaderError.tooDeep(limit: 32, offset: 32 * 5)) {
      try read(String(repeating: #"{"a":"#, count: 33))
    }
    #expect(try JSONReader.read("1".utf8, maximumDepth: 0) == .number(JSONNumber(1)))
    #expect(throws: JSONReaderError.tooDeep(limit: 0, offset: 0)) {
      try JSONReader.read("[]".utf8, maximumDepth: 0)
    }
  }

  @Test(arguments: ["[", #"{"a":"#, #"[{"a":"#])
  func `a depth of 100 000 costs neither stack nor time`(opening: String) {
    let text = String(repeating: opening, count: 100_000)
    let took = processorTime {
      #expect(throws: JSONReaderError.self) { try read(text) }
    }
    #expect(took < .milliseconds(500))
  }

  @Test func `a depth of 500 is read when the caller allows it`() throws {
    let text = String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
    #expect(try JSONReader.read(text.utf8, maximumDepth: 500).array?.count == 1)
  }

  @Test func `a long array and a long object are read in linear time`() throws {
    func cost(_ count: Int) throws -> Duration {
      let array = "[" + String(repeating: "0,", count: count) + "0]"
      let object = "{" + (0..<count).map { "\"\($0)\":0," }.joined() + "\"z\":0}"
      var elements: [JSONValue]?
      var members: Int?
      let took = try processorTime {
        elements = try JSONReader.read(array.utf8, maximumBytes: .max).array
        members = try JSONReader.read(object.utf8, maximumBytes: .max).object?.members.count
      }
      #expect(elements?.count == count + 1)
      #expect(members == count + 1)
      return took
    }
    _ = try cost(1000)
    let small = try cost(4000)
    let large = try cost(64_000)
    #expect(large < small * 64, "16 times the text took \(large / small) times as long")
  }

  @Test func `a text is read up to the cap in bytes`() throws {
    #expect(try JSONReader.read("\"é\"".utf8, maximumBytes: 4) == .string("é"))
    #expect(throws: JSONReaderError.tooLarge(limit: 3)) {
      try JSONReader.read("\"é\"".utf8, maximumBytes: 3)
    }
  }

  @Test(arguments: [
    ("", JSONReaderError.unexpectedEnd), (" \n\t\r", .unexpectedEnd), ("[1", .unexpectedEnd),
    (#"{"a""#, .unexpectedEnd), (#""\u12"#, .unexpectedEnd), ("tru", .unexpectedEnd), ("-", .unexpectedEnd),
    ("1e", .unexpectedEnd), ("[1,]", .unexpectedByte(offset: 3)), (#"{"a":1,}"#, .unexpectedByte(offset: 7)),
    ("[1}", .unexpectedByte(offset: 2)), (#"{"a":1]"#, .unexpectedByte(offset: 6)),
    ("01", .unexpectedByte(offset: 1)), ("+1", .unexpectedByte(offset: 0)),
    (".5", .unexpectedByte(offset: 0)),
    ("1 2", .unexpectedByte(offset: 2)), ("'a'", .unexpectedByte(offset: 0)),
    ("NaN", .unexpectedByte(offset: 0)),
    ("True", .unexpectedByte(offset: 0)), ("\"\u{1}\"", .unexpectedByte(offset: 1)),
    ("[\u{A0}1]", .unexpectedByte(offset: 1)),
    (#"["\x"]"#, .badEscape(offset: 2)), (#""\uD83D""#, .badEscape(offset: 1)),
    (#""\uDE00\uD83D""#, .badEscape(offset: 1)), (#""\u+123""#, .badEscape(offset: 1)),
    ("{a:1}", .unexpectedByte(offset: 1)),
    ("/**/1", .unexpectedByte(offset: 0)), ("\u{0}", .unexpectedByte(offset: 0)),
    ("1\u{0}", .unexpectedByte(offset: 1)),
  ])
  func `an error names the first byte that is wrong`(text: String, error: JSONReaderError) {
    #expect(throws: error) { try read(text) }
  }

  @Test func `escapes become the scalars that they name`() throws {
    #expect(
      try read(#""\"\\\/\b\f\n\r\t\u0000\uD83D\uDE00\uffff""#)
        == .string("\"\\/\u{8}\u{C}\n\r\t\u{0}😀\u{FFFF}")
    )
  }

  @Test func `an integer is one only when it is spelled as one and fits 64 bits`() throws {
    #expect(try read("9223372036854775807").int64 == .max)
    #expect(try read("-9223372036854775808").int64 == .min)
    #expect(try read("-0").int64 == 0)
    for text in ["9223372036854775808", "1.0", "1e2", "1E0"] {
      guard case .number(let number) = try read(text) else {
        Issue.record("\(text) is no number")
        continue
      }
      #expect(number.int64 == nil)
      #expect(number.text == text)
    }
  }
}

/// What `body` costs this thread: not what else the machine does meanwhile.
private func processorTime(_ body: () throws -> Void) rethrows -> Duration {
  func now() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
  let start = now()
  try body()
  return now() - start
}
