// SPDX-License-Identifier: Apache-2.0
//
// The writer: exact bytes, and texts that read back as what was written.

import Foundation
import StrictJSON
import Testing

private let naughty = sharedVectors("naughty-strings")

struct JSONWriterTests {
  private func text(_ body: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    body(&writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  @Test func `commas stand between members and elements and nowhere else`() {
    let written = text { json in
      json.object { json in
        json.member("a", "x")
        json.name("b")
        json.array { json in
          json.integer(-1)
          json.array { _ in }
          json.object { $0.member("c", 2) }
          json.object { _ in }
          json.null()
        }
        json.name("d")
        json.bool(true)
        json.name("e")
        json.raw(Array("[1,2]".utf8))
        json.name("f")
        json.bool(false)
      }
    }
    #expect(written == #"{"a":"x","b":[-1,[],{"c":2},{},null],"d":true,"e":[1,2],"f":false}"#)
  }

  @Test func `only quotation mark, backslash and C0 controls are escaped`() {
    #expect(
      text { $0.string("\"\\/\u{0}\u{8}\t\n\r\u{1F} \u{7F}é\u{2028}😀\u{FFFF}") }
        == "\"\\\"\\\\/\\u0000\\u0008\\u0009\\u000a\\u000d\\u001f \u{7F}é\u{2028}😀\u{FFFF}\""
    )
  }

  private func line(_ value: String) -> String {
    var writer = JSONWriter(isOneLine: true)
    writer.string(value)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  @Test func `one line also escapes what hides, turns text around or ends a line, and nothing else`() {
    #expect(line("\u{7F}\u{80}\u{85}\u{9F}\u{2028}\u{2029}") == #""\u007f\u0080\u0085\u009f\u2028\u2029""#)
    #expect(
      line("\u{AD}\u{61C}\u{200B}\u{202E}\u{2066}\u{FEFF}") == #""\u00ad\u061c\u200b\u202e\u2066\ufeff""#
    )
    #expect(line("x\u{E0001}\u{E007F}\u{1D173}y") == #""x\udb40\udc01\udb40\udc7f\ud834\udd73y""#)
    #expect(line("é\n\"\\ ~\u{A0}日😀\u{E000}\u{FFFF}") == "\"é\\u000a\\\"\\\\ ~\u{A0}日😀\u{E000}\u{FFFF}\"")
    #expect(line("only ASCII\t~") == #""only ASCII\u0009~""#)
  }

  @Test func `on one line every scalar comes back, and none of category Cc, Cf, Zl or Zp stands there`()
    throws
  {
    for start in stride(from: UInt32(0), to: 0x110000, by: 0x400) {
      let string = String(String.UnicodeScalarView((start..<start + 0x400).compactMap(Unicode.Scalar.init)))
      let written = line(string)
      #expect(try JSONReader.read(Array(written.utf8)).string?.utf8.elementsEqual(string.utf8) == true)
      #expect(
        !written.unicodeScalars.contains {
          [.control, .format, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory)
        }
      )
    }
  }

  @Test func `the extremes of 64 bits are written whole`() {
    #expect(
      text { $0.array { json in [.min, .max].forEach { json.integer($0) } } }
        == "[-9223372036854775808,9223372036854775807]"
    )
  }

  @Test func `every scalar of the first two planes and of the last comes back as name and as value`()
    throws
  {
    for start in [Array(stride(from: UInt32(0), to: 0x20000, by: 0x400)), [0x10FC00]].joined() {
      let scalars = (start..<start + 0x400).compactMap(Unicode.Scalar.init)
      let string = String(String.UnicodeScalarView(scalars))
      let read = try JSONReader.read(Array(text { $0.object { $0.member(string, string) } }.utf8))
      let member = try #require(read.object?.members.first)
      #expect(member.name.utf8.elementsEqual(string.utf8))
      #expect(member.value.string?.utf8.elementsEqual(string.utf8) == true)
    }
  }

  @Test(.enabled(if: naughty != nil, "shared/vectors/naughty-strings is not beside the checkout"))
  func `naughty strings come back as they were`() throws {
    let file = try #require(naughty).appending(path: "blns.json")
    let strings = try #require(try JSONReader.read(Array(Data(contentsOf: file))).array)
    #expect(strings.count == 515)
    var writer = JSONWriter()
    writer.value(.array(strings))
    #expect(try JSONReader.read(writer.bytes).array == strings)
    let judged = try #require(try JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String])
    #expect(judged.count == 515)
    // The judge drops a string that is nothing but U+FEFF.
    for (judge, string) in zip(judged, strings.compactMap(\.string)) where string != "\u{FEFF}" {
      #expect(Array(judge.utf8) == Array(string.utf8))
    }
  }
}
