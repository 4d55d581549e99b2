// SPDX-License-Identifier: Apache-2.0
//
// Exclusive canonicalization against the published examples of the specification and of libxml2.

import Testing
import TokenFormats

struct CanonicalXMLTests {
  private static let santuario = "exc-c14n-santuario/src/test/resources/org/apache/xml/security/c14n/inExcl"

  /// The first element `local`, wherever it stands.
  private func find(_ local: String, in element: XMLElement) -> XMLElement? {
    if element.name.local == local { return element }
    for child in element.elements {
      if let found = find(local, in: child) { return found }
    }
    return nil
  }

  @Test(
    .enabled(if: Corpora.arePresent, "\(Corpora.absent)"),
    arguments: [
      ("example2_2_1.xml", "elem2", [], "example2_2_c14nized_exclusive.xml"),
      ("example2_2_2.xml", "elem2", [], "example2_2_c14nized_exclusive.xml"),
      ("example2_2_3.xml", "p", [], "example2_2_3_c14nized_exclusive.xml"),
      ("example2_4.xml", "elem2", [], "example2_4_c14nized.xml"),
      // With every prefix in the list, and without attributes of XML above it, it is the inclusive form.
      ("example2_2_1.xml", "elem2", ["n0", "n1", "n3"], "example2_2_1_c14nized.xml"),
    ]
  )
  func `the examples of the specification come out as published`(
    file: String,
    element: String,
    prefixes: [String],
    expected: String
  ) throws {
    let root = try XMLReader.read(try Corpora.bytes("\(Self.santuario)/\(file)"))
    let apex = try #require(find(element, in: root))
    let form = CanonicalXML(apex, inclusivePrefixes: prefixes).octets
    #expect(form == (try Corpora.bytes("\(Self.santuario)/\(expected)")))
  }

  @Test(
    .enabled(if: Corpora.arePresent, "\(Corpora.absent)"),
    arguments: [("test-0", "e6", []), ("test-1", "e6", ["a"]), ("test-2", "SignedInfo", [])]
  )
  func `libxml2's tests of subtrees come out as published`(
    name: String,
    element: String,
    prefixes: [String]
  ) throws {
    // The document type of two of them gives an attribute a default, and is not read here.
    let doctype = #"<!DOCTYPE doc [<!ATTLIST e9 attr CDATA "default">]>"#
    let text = try Corpora.text("c14n-libxml2/test/c14n/exc-without-comments/\(name).xml")
    let root = try XMLReader.read(Array(text.replacing(doctype, with: "").utf8))
    let apex = try #require(find(element, in: root))
    let expected = try Corpora.text("c14n-libxml2/result/c14n/exc-without-comments/\(name)")
    let form = String(decoding: CanonicalXML(apex, inclusivePrefixes: prefixes).octets, as: UTF8.self)
    #expect(form == expected.replacing(#" attr="default""#, with: ""))
  }

  @Test(arguments: [
    // A prefix is declared where it is used, and not again below.
    (
      "<a xmlns:p='u:1'><p:b><p:c/></p:b><p:d/></a>",
      #"<a><p:b xmlns:p="u:1"><p:c></p:c></p:b><p:d xmlns:p="u:1"></p:d></a>"#
    ),
    // An attribute uses a prefix as an element does.
    ("<a xmlns:p='u:1' p:b=''/>", #"<a xmlns:p="u:1" p:b=""></a>"#),
    // A prefix that changes its meaning is declared anew, and again when it changes back.
    (
      "<p:a xmlns:p='u:1'><p:b xmlns:p='u:2'><p:c xmlns:p='u:1'/></p:b></p:a>",
      #"<p:a xmlns:p="u:1"><p:b xmlns:p="u:2"><p:c xmlns:p="u:1"></p:c></p:b></p:a>"#
    ),
    // The default namespace is taken away only where it was in force.
    (
      "<p:a xmlns='u:1' xmlns:p='u:2'><b xmlns=''><c xmlns='u:1'><d xmlns=''/></c></b></p:a>",
      #"<p:a xmlns:p="u:2"><b><c xmlns="u:1"><d xmlns=""></d></c></b></p:a>"#
    ),
    // Declarations by prefix, attributes by namespace and then by name, all by their bytes.
    (
      "<z:a xmlns:z='u:1' xmlns:B='u:3' xmlns:b='u:2' b:b='' b:a='' B:a='' é='' z='' Z=''/>",
      #"<z:a xmlns:B="u:3" xmlns:b="u:2" xmlns:z="u:1" Z="" z="" é="" b:a="" b:b="" B:a=""></z:a>"#
    ),
  ])
  func `namespaces are declared where they are used`(text: String, form: String) throws {
    let root = try XMLReader.read(Array(text.utf8))
    #expect(String(decoding: CanonicalXML(root).octets, as: UTF8.self) == form)
  }
}
