// SPDX-License-Identifier: Apache-2.0
//
// The reader and the canonical form beside libxml2's: every published document without a document type, and documents
// changed at random. Where the two disagree on purpose, the reason stands here.

import Foundation
import Testing
import TokenFormats

@Suite(.enabled(if: Corpora.arePresent && ForeignTool.isPresent(ForeignTool.xmllint), "\(Corpora.absent)"))
struct XMLDifferentialTests {
  private static let folders = [
    "exc-c14n-santuario", "c14n-libxml2", "xmldsig-xml-crypto", "xmldsig-xmlsec", "saml-crewjam",
    "saml-node-saml",
    "saml-pysaml2-xsw", "saml-python3-saml", "saml-ruby-saml",
  ]

  /// Every published file that looks like XML, by its path.
  private func documents() throws -> [(path: String, octets: [UInt8])] {
    let root = try #require(Corpora.folder)
    var documents: [(String, [UInt8])] = []
    for folder in Self.folders {
      let files = try #require(FileManager.default.enumerator(atPath: root.appending(path: folder).path))
      for case let file as String in files {
        let path = root.appending(path: folder).appending(path: file)
        guard let data = try? Data(contentsOf: path) else { continue }
        var octets = Array(data)
        if file.hasSuffix(".base64"),
          let decoded = Data(base64Encoded: data, options: .ignoreUnknownCharacters)
        {
          octets = Array(decoded)
        }
        if octets.prefix(64).contains(UInt8(ascii: "<")) { documents.append(("\(folder)/\(file)", octets)) }
      }
    }
    return documents.sorted { $0.0 < $1.0 }
  }

  /// libxml2's verdict and canonical form; it goes on after errors of namespaces, which are errors all the same.
  private func xmllintForm(_ path: String) throws -> (accepted: Bool, form: [UInt8]) {
    let result = try ForeignTool.run(ForeignTool.xmllint, ["--nonet", "--exc-c14n", path])
    return (result.status == 0 && !result.complaint.contains("namespace error"), result.output)
  }

  @Test func `published documents are read, and written, as libxml2 does`() throws {
    var same = 0
    var refused = 0
    try ForeignTool.withFolder { folder in
      for (path, octets) in try documents() where !octets.contains("<!DOCTYPE") && !octets.contains("<!--") {
        let file = try folder.write(octets, as: "document.xml")
        let foreign = try xmllintForm(file)
        do {
          let form = CanonicalXML(try XMLReader.read(octets)).octets
          #expect(foreign.accepted, "\(path): refused by libxml2")
          // Processing instructions around the root belong to a document and not to an element.
          if form == foreign.form {
            same += 1
          } else {
            #expect(foreign.form.contains("<?"), "\(path): another canonical form")
          }
        } catch let error as XMLReadError {
          refused += 1
          #expect(!foreign.accepted || isStricter(error), "\(path): \(error)")
        }
      }
    }
    #expect(same > 300)
    #expect(refused > 0)
  }

  /// What libxml2 takes and this reader does not, on purpose.
  private func isStricter(_ error: XMLReadError) -> Bool {
    switch error {
    case .notUTF8, .unknownVersion, .forbiddenDeclaration, .documentType: true
    default: false
    }
  }

  @Test func `documents changed at random are refused where libxml2 refuses them`() throws {
    let seeds = [
      #"<?xml version="1.0" encoding="UTF-8"?><a xmlns="u:a" xmlns:p="u:p" p:x="1" y='2'><p:b>t&amp;&#x41;</p:b><![CDATA[c]]><?q r?><d/></a>"#,
      #"<p:a xmlns:p="u:p" xmlns:q="u:p"><q:b q:c="&lt;" d=" e&#10;"/>]]&gt;<f xmlns="">é😀</f></p:a>"#,
    ].map { Array($0.utf8) }
    let pieces = [
      "<", ">", "/", "&", ";", "#", "x", "'", "\"", "=", ":", " ", "]]>", "<!--", "-->", "?", "a", "xmlns",
      "\u{1}", "é",
    ]
    .map { Array($0.utf8) }
    var chance = SeededChance(seed: 5)
    let count = 400
    try ForeignTool.withFolder { folder in
      var accepted = 0
      for _ in 0..<count {
        var octets = seeds[Int.random(in: 0..<seeds.count, using: &chance)]
        for _ in 0..<Int.random(in: 1...2, using: &chance) {
          let place = Int.random(in: 0..<octets.count, using: &chance)
          switch Int.random(in: 0..<3, using: &chance) {
          case 0: octets.remove(at: place)
          case 1:
            octets.insert(contentsOf: pieces[Int.random(in: 0..<pieces.count, using: &chance)], at: place)
          default: octets[place] = octets[Int.random(in: 0..<octets.count, using: &chance)]
          }
        }
        guard !octets.contains("<!--") else { continue }
        let foreign = try xmllintForm(try folder.write(octets, as: "document.xml"))
        let text = String(decoding: octets, as: UTF8.self)
        do {
          let form = CanonicalXML(try XMLReader.read(octets)).octets
          accepted += 1
          #expect(foreign.accepted, "\(text): refused by libxml2")
          #expect(form == foreign.form || foreign.form.contains("<?"), "\(text): another canonical form")
        } catch let error as XMLReadError {
          #expect(!foreign.accepted || isStricter(error), "\(text): \(error)")
        }
      }
      #expect(accepted > count / 20)
    }
  }
}

/// A generator whose numbers are the same in every run: SplitMix64.
struct SeededChance: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  mutating func octets(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }
}

extension [UInt8] {
  func contains(_ text: String) -> Bool { firstRange(of: Array(text.utf8)) != nil }
}
