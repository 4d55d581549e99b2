// SPDX-License-Identifier: Apache-2.0
//
// Encrypted assertions, opened by openssl (the key) and xmlsec1 (the assertion), neither of which knows this code.

import Crypto
import CryptoExtras
import Foundation
import IdentityModel
import Testing
import TokenFormats

struct EncryptedAssertionTests {
  private let provider: TestIdentityProvider
  private let contentKey = Array(UInt8(0)..<32)
  private let nonce = Array(UInt8(100)..<112)

  init() throws {
    provider = try TestIdentityProvider.shared.get()
  }

  /// The ciphertexts of key and assertion, and the algorithms that the element names, in the order of the document.
  private func parts(_ octets: [UInt8]) throws -> (key: [UInt8], content: [UInt8], algorithms: [String]) {
    var values: [[UInt8]] = []
    var algorithms: [String] = []
    func walk(_ element: XMLElement) throws {
      if let algorithm = element.attribute("Algorithm") { algorithms.append(algorithm) }
      if element.name.local == "CipherValue" {
        values.append(try #require(element.text.flatMap(XMLBase64.decode)))
      }
      for child in element.elements { try walk(child) }
    }
    try walk(try XMLReader.read(octets))
    try #require(values.count == 2)
    return (values[0], values[1], algorithms)
  }

  @Test func `the assertion is under AES-256-GCM, and its key under RSA-OAEP with SHA-256 throughout`() throws
  {
    let signed = try provider.sign(try testAssertion())
    let encrypted = try signed.encrypted(
      for: provider.rsaCertificate,
      contentKey: Secret(contentKey),
      nonce: nonce
    )
    let parts = try parts(encrypted.octets)
    #expect(
      parts.algorithms == [
        "http://www.w3.org/2009/xmlenc11#aes256-gcm", "http://www.w3.org/2009/xmlenc11#rsa-oaep",
        "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2009/xmlenc11#mgf1sha256",
      ]
    )
    #expect(CanonicalXML(try XMLReader.read(encrypted.octets)).octets == encrypted.octets)
    #expect(Array(parts.content.prefix(12)) == nonce)
    let box = try AES.GCM.SealedBox(combined: parts.content)
    #expect(Array(try AES.GCM.open(box, using: SymmetricKey(data: contentKey))) == signed.octets)
    #expect(parts.key.count == 256)
    for secret in ["123456789012", "role/ci", "AttributeStatement"] {
      #expect(!encrypted.octets.contains(secret))
      #expect(signed.octets.contains(secret))
    }
  }

  @Test(
    .enabled(
      if: ForeignTool.isPresent(ForeignTool.xmlsec1, ForeignTool.openssl),
      "\(ForeignTool.absent)"
    )
  )
  func `openssl unwraps the key, and xmlsec1 decrypts the assertion with it`() throws {
    let signed = try provider.sign(try testAssertion())
    let encrypted = try signed.encrypted(
      for: provider.rsaCertificate,
      contentKey: Secret(contentKey),
      nonce: nonce
    )
    try ForeignTool.withFolder { folder in
      let privateKey = try folder.write(Array(provider.rsa.pemRepresentation.utf8), as: "key.pem")
      let wrapped = try folder.write(try parts(encrypted.octets).key, as: "wrapped")
      let unwrapped = try ForeignTool.run(
        ForeignTool.openssl,
        [
          "pkeyutl", "-decrypt", "-inkey", privateKey, "-in", wrapped, "-pkeyopt", "rsa_padding_mode:oaep",
          "-pkeyopt", "rsa_oaep_md:sha256", "-pkeyopt", "rsa_mgf1_md:sha256",
        ]
      )
      #expect(unwrapped.output == contentKey, "\(unwrapped.complaint)")
      let keyFile = try folder.write(unwrapped.output, as: "content.key")
      // xmlsec1 1.2 knows OAEP only with a SHA-1 mask: it gets the content key by itself.
      let text = String(decoding: encrypted.octets, as: UTF8.self)
      let start = try #require(text.firstRange(of: "<ds:KeyInfo")).lowerBound
      let end = try #require(text.ranges(of: "</ds:KeyInfo>").last).upperBound
      func decrypt(_ text: String) throws -> (status: Int32, octets: [UInt8]) {
        let file = try folder.write(Array(text.utf8), as: "encrypted.xml")
        let result = try ForeignTool.run(ForeignTool.xmlsec1, ["--decrypt", "--aeskey", keyFile, file])
        return (result.status, result.output)
      }
      let content = String(text[..<start] + text[end...])
      let opened = try decrypt(content)
      #expect(opened.status == 0)
      let assertion = try #require(try XMLReader.read(opened.octets).elements.first)
      #expect(CanonicalXML(assertion).octets == signed.octets)
      let value = try #require(content.firstRange(of: "<xenc:CipherValue>")).upperBound
      let changed =
        content[..<value] + (content[value] == "A" ? "B" : "A") + content[content.index(after: value)...]
      #expect(try decrypt(String(changed)).status != 0)
    }
  }

  @Test func `keys that cannot encrypt, and material of another length, are refused`() throws {
    let signed = try provider.sign(try testAssertion())
    #expect(throws: SAMLError.keyCannotEncrypt) {
      try signed.encrypted(for: provider.p384Certificate, contentKey: Secret(contentKey), nonce: nonce)
    }
    for (key, nonce) in [(16, 12), (31, 12), (33, 12), (32, 11), (32, 13), (32, 16), (32, 0)] {
      #expect(throws: SAMLError.keyMaterialOfWrongLength) {
        try signed.encrypted(
          for: provider.rsaCertificate,
          contentKey: Secret([UInt8](repeating: 1, count: key)),
          nonce: [UInt8](repeating: 1, count: nonce)
        )
      }
    }
  }
}
