// SPDX-License-Identifier: Apache-2.0
//
// What we sign cannot be changed: every attribute, text and element of a signed response and assertion in its turn, for
// our own verifier and for xmlsec1. Wrapping, and what service providers make of it, is in Tests/EndToEnd.

import Foundation
import Testing
import TokenFormats

struct SAMLForgeryTests {
  private let provider: TestIdentityProvider

  init() throws {
    provider = try TestIdentityProvider.shared.get()
  }

  private func assertion() throws -> SignedXML<SAMLAssertion> {
    try provider.sign(try testAssertion())
  }

  private func response() throws -> [UInt8] {
    let response = SAMLResponse(
      id: try testIdentifier(2),
      issueInstant: testNow,
      issuer: "https://idp.example/saml",
      destination: "https://sp.example/acs",
      inResponseTo: "_request",
      content: .signed(try assertion())
    )
    return try provider.sign(
      try response.signingInput(.rsaSHA256, certificate: provider.rsaCertificate)
    ).octets
  }

  /// `text` with another last letter or digit, of those that base 64 can end with.
  private func changed(_ text: XMLText) -> XMLText? {
    var bytes = Array(text.string.utf8)
    guard let place = bytes.lastIndex(where: { $0 != UInt8(ascii: "=") }) else { return nil }
    bytes[place] = bytes[place] == UInt8(ascii: "A") ? UInt8(ascii: "Q") : UInt8(ascii: "A")
    return XMLText(String(decoding: bytes, as: UTF8.self))
  }

  /// Every change of one thing in `element` and below it, with what was changed.
  private func changes(_ element: XMLElement, _ path: String = "") -> [(String, XMLElement)] {
    let path = "\(path)/\(element.name.local)"
    var found: [(String, XMLElement)] = []
    for (index, attribute) in element.attributes.enumerated() {
      var removed = element
      removed.attributes.remove(at: index)
      found.append(("\(path)/@\(attribute.name.local) removed", removed))
      if let value = changed(attribute.value) {
        removed.attributes.append(XMLAttribute(attribute.name.local, value))
        found.append(("\(path)/@\(attribute.name.local)", removed))
      }
    }
    var added = element
    added.attributes.append(XMLAttribute("more", "x"))
    found.append(("\(path)/@more added", added))
    added = element
    added.children.append(.text("x"))
    found.append(("\(path)/text() added", added))
    for (index, child) in element.children.enumerated() {
      var copy = element
      copy.children.remove(at: index)
      found.append(("\(path)/[\(index)] removed", copy))
      copy = element
      copy.children.insert(child, at: index)
      found.append(("\(path)/[\(index)] twice", copy))
      if index > 0 {
        copy = element
        copy.children.swapAt(index - 1, index)
        found.append(("\(path)/[\(index)] moved", copy))
      }
      switch child {
      case .text(let text):
        guard let text = changed(text) else { continue }
        copy = element
        copy.children[index] = .text(text)
        found.append(("\(path)/text()", copy))
      case .element(let child):
        for (name, child) in changes(child, path) {
          copy = element
          copy.children[index] = .element(child)
          found.append((name, copy))
        }
      default: continue
      }
    }
    return found
  }

  /// Whether the change is one of what nobody signs: text beside the parts of a signature, the certificate in it, and
  /// where it stands among its siblings.
  private func isUnsigned(_ name: String) -> Bool {
    (name.contains("/Signature/") && !name.contains("/SignedInfo"))
      || ["/Assertion/[1] moved", "/Assertion/[2] moved"].contains(name)
  }

  @Test func `every change of what is signed is refused`() throws {
    for octets in [try response(), try assertion().octets] {
      let root = try XMLReader.read(octets)
      guard root.name.local == "Assertion" else {
        // With a second signature inside it nothing is taken; without, everything but the assertion is the same.
        #expect(throws: XMLSignatureError.severalSignatures) { try EnvelopedSignature.verify(root) }
        continue
      }
      #expect(try EnvelopedSignature.verify(root)?.der == provider.rsaCertificate.der)
      var refused = 0
      for (name, changed) in changes(root) {
        // What is written and read again: two texts side by side are one then.
        let octets = CanonicalXML(changed).octets
        guard octets != CanonicalXML(root).octets else { continue }
        let signer = try? EnvelopedSignature.verify(try XMLReader.read(octets))
        if signer?.der == provider.rsaCertificate.der {
          #expect(isUnsigned(name), "\(name)")
        } else {
          refused += 1
        }
      }
      #expect(refused > 150)
    }
  }

  @Test(
    .enabled(if: ForeignTool.isPresent(ForeignTool.xmlsec1), "\(ForeignTool.absent)"),
    arguments: [false, true]
  )
  func `xmlsec1 refuses every change of what is signed`(ofResponse: Bool) throws {
    let octets = try ofResponse ? response() : assertion().octets
    let root = try XMLReader.read(octets)
    try ForeignTool.withFolder { folder in
      // The signature of the root, wherever it went.
      func isTaken(_ octets: [UInt8]) throws -> Bool {
        let file = try folder.write(octets, as: "changed.xml")
        let signature = ["--node-xpath", "/*/*[local-name()='Signature']"]
        let verdict = try ForeignTool.verify([file], provider.rsaCertificate, options: signature, in: folder)
        return verdict.status == 0
      }
      #expect(try isTaken(octets))
      var refused = 0
      let all = changes(root).filter { !$0.0.contains("/Signature") }
      // Every one of an assertion; of a response those that are not of its assertion alone.
      for (name, changed) in all where !ofResponse || !name.contains("/Assertion/") {
        let taken = try isTaken(CanonicalXML(changed).octets)
        // Where the signature stands among its siblings is not signed.
        #expect(!taken || name.hasSuffix("moved"), "\(name)")
        if !taken { refused += 1 }
      }
      #expect(refused > (ofResponse ? 25 : 100))
    }
  }

  @Test func `no changed octet of an assertion goes unnoticed`() throws {
    let isFull = ProcessInfo.processInfo.environment["EXEAT_SAML"] != nil
    let octets = try assertion().octets
    for place in stride(from: 0, to: octets.count, by: isFull ? 1 : 13) {
      var changed = octets
      changed[place] ^= 1
      guard let root = try? XMLReader.read(changed), let signer = try? EnvelopedSignature.verify(root) else {
        continue
      }
      #expect(signer.der != provider.rsaCertificate.der, "octet \(place)")
    }
  }
}
