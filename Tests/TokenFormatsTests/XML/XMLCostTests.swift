// SPDX-License-Identifier: Apache-2.0
//
// What a stranger's document can cost: the time of each is printed, a canonical form is at most so many times as long as
// what it was made of, and whatever grew with the square of the length would run into the time limit. 128 KiB in the
// normal run; with EXEAT_SAML the 1 MiB that are the limit.

import Foundation
import Testing
import TokenFormats

@Suite(.serialized, .timeLimit(.minutes(20)))
struct XMLCostTests {
  private static let most = ProcessInfo.processInfo.environment["EXEAT_SAML"] == nil ? 1 << 17 : 1 << 20

  private static func attributes(_ count: Int, _ one: (Int) -> String) -> String {
    (0..<count).map(one).joined(separator: " ")
  }

  /// `unit` as often as it fits between `start` and `end`, at most 19,900 times.
  private static func filled(_ start: String, _ unit: String, _ end: String, limit: Int = 19_900) -> String {
    let room = most - start.utf8.count - end.utf8.count
    return start + String(repeating: unit, count: min(limit, room / unit.utf8.count)) + end
  }

  /// 30 elements in each other, each with 31 prefixes that it declares anew and uses.
  private static let piled: String = (0..<30).map { depth in
    let declared = attributes(31) { "xmlns:p\($0)='u:\(depth)-\($0)'" }
    let used = attributes(31) { "p\($0):b=''" }
    return "<p0:a \(declared) \(used)>"
  }.joined()
  private static let pileEnd = String(repeating: "</p0:a>", count: 30)

  /// A namespace name of 256 bytes.
  private static func name(_ index: Int) -> String {
    "u:\(index + 100)" + String(repeating: "x", count: 251)
  }

  private static let cases: [(String, String)] = [
    ("one long text", filled("<a>", "x", "</a>", limit: .max)),
    ("one long value", filled("<a b='", "x", "'/>", limit: .max)),
    ("one long comment", filled("<a><!--", "- ", "--></a>", limit: .max)),
    ("brackets", filled("<a>", "]", "</a>", limit: .max)),
    ("brackets in CDATA", filled("<a><![CDATA[", "]", "]]></a>", limit: .max)),
    ("many CDATA sections", filled("<a>", "<![CDATA[]]>", "</a>", limit: .max)),
    ("many instructions", filled("<a>", "<?b?>", "</a>", limit: .max)),
    ("many references", filled("<a>", "&#65;", "</a>", limit: .max)),
    ("a reference of zeros", filled("<a>&#", "0", "65;</a>", limit: .max)),
    ("many elements", filled("<a>", "<b/>", "</a>")),
    ("many attributes", filled("<a>", "<b \(attributes(64) { "a\($0)=''" })/>", "</a>")),
    (
      "a declaration in each element",
      filled("<a \(attributes(60) { "xmlns:p\($0)='u:'" })>", "<b xmlns:q='u:'/>", "</a>")
    ),
    ("a long namespace name", filled("<p:a xmlns:p='\(name(0))'><b>", "<p:a/>", "</b></p:a>")),
    (
      "namespace names that differ late",
      filled(
        "<a \(attributes(31) { "xmlns:p\($0)='\(name(0).dropLast(3))\($0 + 100)'" })>",
        "<a \(attributes(31) { "p\($0):b=''" })/>",
        "</a>"
      )
    ),
    ("a pile of declarations", filled(piled, "<p0:a/>", pileEnd, limit: 19_000)),
    (
      "a pile of declarations, all used",
      filled(piled, "<p0:a \(attributes(31) { "p\($0):b=''" })/>", pileEnd)
    ),
  ]

  @Test(arguments: cases) func `a hostile document is read and written in reasonable time`(
    name: String,
    text: String
  ) throws {
    let octets = Array(text.utf8)
    #expect(octets.count <= Self.most)
    var form: [UInt8] = []
    let spent = try ContinuousClock().measure {
      form = CanonicalXML(try XMLReader.read(octets)).octets
    }
    print("cost: \(name): \(octets.count) bytes, \(form.count) in canonical form, \(spent)")
    #expect(form.count <= 64 * octets.count)
  }
}
