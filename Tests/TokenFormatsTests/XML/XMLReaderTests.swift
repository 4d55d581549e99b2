// SPDX-License-Identifier: Apache-2.0
//
// What the reader takes for XML and what it refuses, with the reason and the place.

import Foundation
import Testing
import TokenFormats

struct XMLReaderTests {
  private func read(_ text: String, limits: XMLLimits = XMLLimits()) throws(XMLReadError) -> XMLElement {
    try XMLReader.read(Array(text.utf8), limits: limits)
  }

  private func canonical(_ text: String) throws -> String {
    String(decoding: CanonicalXML(try read(text)).octets, as: UTF8.self)
  }

  @Test(arguments: [
    ("<a/>", "<a></a>"),
    ("\u{FEFF}<a/>", "<a></a>"),
    ("<?xml version='1.0'?><a/>", "<a></a>"),
    ("<?xml version = \"1.0\"\n encoding='utf-8' standalone='no' ?>\r\n<a/>\n<!-- b --> <?c d?>", "<a></a>"),
    ("<?xml-stylesheet href='x'?><a/>", "<a></a>"),
    ("<a\t b = 'c' />", #"<a b="c"></a>"#),
    ("<a z='1' b='2'/>", #"<a b="2" z="1"></a>"#),
    ("<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x1F600;&#x0041;</a>", "<a>&lt;&gt;&amp;\"'A\u{1F600}A</a>"),
    ("<a>x\r\ny\rz\n</a>", "<a>x\ny\nz\n</a>"),
    ("<a>&#13;</a>", "<a>&#xD;</a>"),
    (
      "<a b='x\r\ny\tz\n &#9;&#xA;&#13;\"<'/>".replacing("<'", with: "&lt;'"),
      #"<a b="x y z  &#x9;&#xA;&#xD;&quot;&lt;"></a>"#
    ),
    ("<a><![CDATA[<b>&amp;]]]]><![CDATA[>]]></a>", "<a>&lt;b&gt;&amp;amp;]]&gt;</a>"),
    ("<a>one<!-- two -->three</a>", "<a>onethree</a>"),
    ("<a><?p  q ?>x<?r?></a>", "<a><?p q ?>x<?r?></a>"),
    ("<ä·1.-_/>", "<ä·1.-_></ä·1.-_>"),
    ("<p:a xmlns:p='u:1' p:b='c' b='d'/>", #"<p:a xmlns:p="u:1" b="d" p:b="c"></p:a>"#),
    ("<a xmlns='u:1'><b xmlns=''/></a>", #"<a xmlns="u:1"><b xmlns=""></b></a>"#),
    ("<a xml:lang='en' xmlns:xml='http://www.w3.org/XML/1998/namespace'/>", #"<a xml:lang="en"></a>"#),
    ("<a>]] ></a>", "<a>]] &gt;</a>"),
    ("<a>\u{7F}\u{85}\u{2028}\u{FFFD}\u{1FFFE}</a>", "<a>\u{7F}\u{85}\u{2028}\u{FFFD}\u{1FFFE}</a>"),
  ])
  func `a well-formed document is read`(text: String, form: String) throws {
    #expect(try Array(canonical(text).utf8) == Array(form.utf8))
  }

  @Test(arguments: [
    ("", XMLReadError.unclosedElement(offset: 0)),
    (" ", .unclosedElement(offset: 1)),
    ("x<a/>", .notWellFormed(offset: 0)),
    ("<a/>x", .notWellFormed(offset: 4)),
    ("<a/><b/>", .notWellFormed(offset: 4)),
    ("<a>", .unclosedElement(offset: 3)),
    ("<a></b>", .unclosedElement(offset: 3)),
    ("<a></a ></a>", .notWellFormed(offset: 8)),
    ("</a>", .notWellFormed(offset: 0)),
    ("<a b/>", .notWellFormed(offset: 4)),
    ("<a b=c/>", .notWellFormed(offset: 5)),
    ("<a b='c'd='e'/>", .notWellFormed(offset: 8)),
    ("<a b='<'/>", .notWellFormed(offset: 6)),
    ("<a b='c", .notWellFormed(offset: 7)),
    ("<a b='c' b='d'/>", .duplicateAttribute(offset: 9)),
    ("<a xmlns='u:1' xmlns='u:2'/>", .duplicateAttribute(offset: 15)),
    ("<a xmlns:p='u:1' xmlns:q='u:1' p:b='' q:b=''/>", .duplicateAttribute(offset: 38)),
    ("<a>]]></a>", .notWellFormed(offset: 3)),
    ("<a>&b;</a>", .unknownEntity(offset: 3)),
    ("<a b='&nbsp;'/>", .unknownEntity(offset: 6)),
    ("<a>&</a>", .notWellFormed(offset: 4)),
    ("<a>&lt</a>", .notWellFormed(offset: 3)),
    ("<a>&#;</a>", .notWellFormed(offset: 3)),
    ("<a>&#x;</a>", .notWellFormed(offset: 3)),
    ("<a>&#X41;</a>", .notWellFormed(offset: 3)),
    ("<a>&#0;</a>", .notWellFormed(offset: 3)),
    ("<a>&#31;</a>", .notWellFormed(offset: 3)),
    ("<a>&#xD800;</a>", .notWellFormed(offset: 3)),
    ("<a>&#xFFFF;</a>", .notWellFormed(offset: 3)),
    ("<a>&#x110000;</a>", .notWellFormed(offset: 3)),
    ("<a>&#99999999999999999999;</a>", .notWellFormed(offset: 3)),
    ("<a>\u{0}</a>", .forbiddenCharacter(offset: 3)),
    ("<a>\u{B}</a>", .forbiddenCharacter(offset: 3)),
    ("<a>é\u{FFFE}</a>", .forbiddenCharacter(offset: 5)),
    ("<a b='\u{FFFF}'/>", .forbiddenCharacter(offset: 6)),
    ("<a><!-- -- --></a>", .notWellFormed(offset: 10)),
    ("<a><!-- ---></a>", .notWellFormed(offset: 10)),
    ("<a><!-- </a>", .notWellFormed(offset: 7)),
    ("<a><?b </a>", .notWellFormed(offset: 7)),
    ("<a><?xml version='1.0'?></a>", .notWellFormed(offset: 5)),
    (" <?xml version='1.0'?><a/>", .notWellFormed(offset: 3)),
    ("<a><?b:c?></a>", .notWellFormed(offset: 6)),
    ("<a><??></a>", .notWellFormed(offset: 5)),
    ("<![CDATA[x]]><a/>", .notWellFormed(offset: 0)),
    ("<a><![CDATA[x]]</a>", .notWellFormed(offset: 12)),
    ("<a><!ELEMENT b ANY></a>", .notWellFormed(offset: 4)),
    ("<!DOCTYPE a><a/>", .documentType(offset: 0)),
    ("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", .documentType(offset: 21)),
    ("<!doctype a><a/>", .notWellFormed(offset: 1)),
    ("<?xml version='1.1'?><a/>", .unknownVersion),
    ("<?xml encoding='UTF-8'?><a/>", .notWellFormed(offset: 5)),
    ("<?xml version='1.0' standalone='maybe'?><a/>", .notWellFormed(offset: 38)),
    ("<?xml version='1.0' standalone='no' encoding='UTF-8'?><a/>", .notWellFormed(offset: 36)),
    ("<?xml version='1.0' encoding='UTF-16'?><a/>", .notUTF8),
    ("<?xml version='1.0' encoding='ISO-8859-1'?><a/>", .notUTF8),
    ("<1/>", .notWellFormed(offset: 1)),
    ("< a/>", .notWellFormed(offset: 1)),
    ("<a:/>", .notWellFormed(offset: 3)),
    ("<:a/>", .notWellFormed(offset: 1)),
    ("<a:b:c xmlns:a='u:1'/>", .notWellFormed(offset: 4)),
    ("<a:b/>", .undeclaredPrefix(offset: 1)),
    ("<a b:c=''/>", .undeclaredPrefix(offset: 3)),
    ("<a><b xmlns:p='u:1'/><p:c/></a>", .undeclaredPrefix(offset: 22)),
    ("<a xmlns:p=''/>", .forbiddenDeclaration(offset: 3)),
    ("<a xmlns:xmlns='u:1'/>", .forbiddenDeclaration(offset: 3)),
    ("<a xmlns:xml='u:1'/>", .forbiddenDeclaration(offset: 3)),
    ("<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>", .forbiddenDeclaration(offset: 3)),
    ("<a xmlns='http://www.w3.org/2000/xmlns/'/>", .forbiddenDeclaration(offset: 3)),
    ("<a xmlns='relative/uri'/>", .forbiddenDeclaration(offset: 3)),
    ("<xmlns:a/>", .undeclaredPrefix(offset: 1)),
  ])
  func `what is not well-formed is refused where it goes wrong`(text: String, error: XMLReadError) {
    #expect(throws: error) { try read(text) }
  }

  @Test(
    arguments: [
      [0xFF, 0xFE, 0x3C, 0x00], [0x3C, 0x61, 0x3E, 0xC0, 0x80, 0x3C, 0x2F, 0x61, 0x3E],
      [0x3C, 0x61, 0x3E, 0xED, 0xA0, 0x80, 0x3C, 0x2F, 0x61, 0x3E], [0x3C, 0x61, 0x2F, 0x3E, 0xE2, 0x82],
    ] as [[UInt8]]
  )
  func `what is not UTF-8 is refused`(octets: [UInt8]) {
    #expect(throws: XMLReadError.notUTF8) { try XMLReader.read(octets) }
  }

  @Test func `what is too large is refused, and what is just not is read`() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
    }
    func siblings(_ count: Int) -> String { "<a>" + String(repeating: "<b/>", count: count - 1) + "</a>" }
    func attributes(_ count: Int) -> String {
      "<a " + (0..<count).map { "b\($0)=''" }.joined(separator: " ") + "/>"
    }
    func namespaces(_ count: Int) -> String {
      let half = count / 2
      func declared(_ range: Range<Int>) -> String {
        range.map { "xmlns:p\($0)='u:\($0)'" }.joined(separator: " ")
      }
      return "<a \(declared(0..<half))><b \(declared(half..<count))/></a>"
    }
    let limits = XMLLimits(bytes: 5000, depth: 4, elements: 10, attributes: 8)
    for good in [nested(4), siblings(10), attributes(8), namespaces(8)] {
      #expect(throws: Never.self) { try read(good, limits: limits) }
    }
    #expect(throws: XMLReadError.tooDeep(limit: 4)) { try read(nested(5), limits: limits) }
    #expect(throws: XMLReadError.tooManyElements(limit: 10)) { try read(siblings(11), limits: limits) }
    #expect(throws: XMLReadError.tooManyAttributes(limit: 8, offset: 1)) {
      try read(attributes(9), limits: limits)
    }
    #expect(throws: XMLReadError.tooManyAttributes(limit: 8, offset: 64)) {
      try read(namespaces(9), limits: limits)
    }
    let name = "u:" + String(repeating: "x", count: 254)
    #expect(throws: Never.self) { try read("<a xmlns='\(name)'/>", limits: limits) }
    #expect(throws: XMLReadError.forbiddenDeclaration(offset: 3)) {
      try read("<a xmlns:p='\(name)x'/>", limits: limits)
    }
    let long = "<a>" + String(repeating: "x", count: 4993) + "</a>"
    #expect(throws: Never.self) { try read(long, limits: limits) }
    #expect(throws: XMLReadError.tooLong(limit: 5000)) { try read(long + " ", limits: limits) }
  }

  @Test func `a comment does not end a text`() throws {
    let root = try read("<a><b>admin<!-- -->@evil.example</b><c>x<d/>y</c><e/></a>")
    #expect(root.elements.map(\.text) == ["admin@evil.example", nil, ""])
  }

  @Test(.enabled(if: Corpora.arePresent, "\(Corpora.absent)"))
  func `the published entity bombs are refused unread`() throws {
    let folder = try #require(Corpora.folder).appending(path: "c14n-libxml2/test/recurse")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
      $0.hasSuffix(".xml")
    }
    #expect(files.count == 13)
    for file in files {
      let octets = try Corpora.bytes("c14n-libxml2/test/recurse/\(file)")
      #expect("\(file)") {
        try XMLReader.read(octets)
      } throws: { error in
        if case .documentType? = error as? XMLReadError { true } else { false }
      }
    }
    #expect(throws: XMLReadError.documentType(offset: 22)) {
      try XMLReader.read(try Corpora.bytes("saml-ruby-saml/test/responses/attackxee.xml"))
    }
  }
}
