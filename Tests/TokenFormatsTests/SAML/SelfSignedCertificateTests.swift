// SPDX-License-Identifier: Apache-2.0
//
// Certificates of SAML keys: openssl reads them and believes them by themselves, xmlsec1 takes them as trusted, and one
// that the key did not sign is none.

import Crypto
import CryptoExtras
import Foundation
import IdentityModel
import Testing
import TokenFormats

@Suite struct SelfSignedCertificateTests {
  private let provider: TestIdentityProvider

  init() throws { provider = try TestIdentityProvider.shared.get() }

  private func publicKey(_ algorithm: XMLSignatureAlgorithm) throws -> PublicKey {
    guard algorithm != .ecdsaSHA384 else {
      let point = Array(provider.p384.publicKey.x963Representation.dropFirst())
      return .p384(x: Array(point[..<48]), y: Array(point[48...]))
    }
    let numbers = try provider.rsa.publicKey.getKeyPrimitives()
    return .rsa(modulus: Array(numbers.modulus), exponent: Array(numbers.publicExponent))
  }

  private func input(
    _ algorithm: XMLSignatureAlgorithm,
    uri: String = "https://idp.example/0f0e0d0c/saml/metadata",
    serial: [UInt8] = [UInt8](repeating: 0xFF, count: 16),
    from: Instant = testNow,
    until: Instant = testNow.advanced(bySeconds: 3652 * 24 * 3600)
  ) throws -> SelfSignedCertificate {
    try #require(
      SelfSignedCertificate(
        of: try publicKey(algorithm),
        uri: uri,
        shortName: "0f0e0d0c",
        serialNumber: serial,
        notBefore: from,
        notAfter: until
      )
    )
  }

  private func certificate(_ algorithm: XMLSignatureAlgorithm) throws -> EncodedCertificate {
    let input = try input(algorithm)
    return try #require(input.signed(try provider.sign(input.octets, algorithm)))
  }

  @Test(
    .enabled(if: ForeignTool.isPresent(ForeignTool.openssl), "\(ForeignTool.absent)"),
    arguments: [XMLSignatureAlgorithm.rsaSHA256, .ecdsaSHA384]
  )
  func `openssl reads one and verifies it by itself`(algorithm: XMLSignatureAlgorithm) throws {
    let certificate = try certificate(algorithm)
    try ForeignTool.withFolder { folder in
      let file = try folder.write(Array(certificate.pem.utf8), as: "certificate.pem")
      let text = try ForeignTool.run(ForeignTool.openssl, ["x509", "-in", file, "-noout", "-text"])
      let lines = String(decoding: text.output, as: UTF8.self)
      for expected in [
        "Version: 3 (0x2)", "Issuer: CN = https://idp.example/0f0e0d0c/saml/metadata",
        "Subject: CN = https://idp.example/0f0e0d0c/saml/metadata", "Not Before: Apr 21 07:37:10 2026 GMT",
        "Not After : Apr 20 07:37:10 2036 GMT", "X509v3 Key Usage: critical", "Digital Signature",
        "URI:https://idp.example/0f0e0d0c/saml/metadata",
        "7f:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff:ff",
        algorithm == .rsaSHA256 ? "sha256WithRSAEncryption" : "ecdsa-with-SHA384",
      ] {
        #expect(lines.contains(expected), "\(expected)\n\(lines)")
      }
      let verified = try ForeignTool.run(
        ForeignTool.openssl,
        ["verify", "-check_ss_sig", "-attime", "\(testNow.seconds + 1)", "-CAfile", file, file]
      )
      #expect(verified.status == 0, "\(verified.complaint)")
    }
  }

  @Test(
    .enabled(if: ForeignTool.isPresent(ForeignTool.openssl, ForeignTool.xmlsec1), "\(ForeignTool.absent)"),
    arguments: XMLSignatureAlgorithm.allCases
  )
  func `xmlsec1 verifies an assertion that was signed under one`(algorithm: XMLSignatureAlgorithm) throws {
    let from = Instant(seconds: Int64(Date().timeIntervalSince1970) - 3600)
    let input = try input(algorithm, from: from, until: from.advanced(bySeconds: 7200))
    let certificate = try #require(
      input.signed(try provider.sign(input.octets, algorithm == .ecdsaSHA384 ? .ecdsaSHA384 : .rsaSHA256))
    )
    let signed = try provider.sign(
      try testAssertion().signingInput(algorithm, certificate: certificate)
    )
    try ForeignTool.withFolder { folder in
      let file = try folder.write(signed.octets, as: "assertion.xml")
      let trusted = try folder.write(Array(certificate.pem.utf8), as: "trusted.pem")
      let result = try ForeignTool.run(
        ForeignTool.xmlsec1,
        [
          "--verify", "--trusted-pem", trusted, "--enabled-key-data", "x509", "--id-attr:ID",
          "urn:oasis:names:tc:SAML:2.0:assertion:Assertion", file,
        ]
      )
      #expect(result.status == 0, "\(result.complaint)")
    }
  }

  @Test(arguments: [XMLSignatureAlgorithm.rsaSHA256, .ecdsaSHA384])
  func `a changed octet anywhere makes it no certificate of its key`(algorithm: XMLSignatureAlgorithm) throws
  {
    let input = try input(algorithm)
    let certificate = try #require(input.signed(try provider.sign(input.octets, algorithm)))
    #expect(certificate.isSignedByItsKey)
    #expect(certificate.isOf(try publicKey(algorithm)))
    let other = algorithm == .ecdsaSHA384 ? XMLSignatureAlgorithm.rsaSHA256 : .ecdsaSHA384
    #expect(!certificate.isOf(try publicKey(other)))
    // What is signed, behind the head of the whole, and the signature at the end.
    let end = certificate.der.count
    for index in Array(4..<(4 + input.octets.count)) + Array((end - 90)..<end) {
      var der = certificate.der
      der[index] ^= 0x01
      #expect(EncodedCertificate(der: der)?.isSignedByItsKey != true, "\(index)")
    }
  }

  @Test func `a signature of another key or of another length makes no certificate`() throws {
    let rsa = try input(.rsaSHA256)
    #expect(rsa.signed(try provider.sign(rsa.octets + [0], .rsaSHA256)) == nil)
    #expect(rsa.signed([]) == nil)
    let p384 = try input(.ecdsaSHA384)
    #expect(p384.signed([UInt8](repeating: 1, count: 96)) == nil)
    #expect(p384.signed([UInt8](repeating: 1, count: 95)) == nil)
  }

  @Test func `a name that is too long gives way to the short one, and stands whole beside it`() throws {
    let long = "https://" + String(repeating: "a", count: 60)
    let octets = try input(.ecdsaSHA384, uri: long).octets
    func holds(_ text: String) -> Int { String(decoding: octets, as: UTF8.self).ranges(of: text).count }
    #expect(holds(long) == 1)
    #expect(holds("0f0e0d0c") == 2)
  }

  @Test func `a serial number is positive, and times from 2050 on have four digits for the year`() throws {
    let end = try #require(Instant(rfc3339: "2050-01-01T00:00:00Z"))
    let octets = try input(.ecdsaSHA384, serial: [0x80], until: end).octets
    #expect(octets.contains([0xA0, 0x03, 0x02, 0x01, 0x02, 0x02, 0x01, 0x40]))
    #expect(octets.contains(Array("20500101000000Z".utf8)))
    #expect(octets.contains(Array("\u{17}\u{0D}260421073710Z".utf8)))
  }

  @Test func `no certificate is made of what is no key, or without a number, or of impossible times`() throws
  {
    let key = try publicKey(.ecdsaSHA384)
    func make(_ key: PublicKey, _ serial: [UInt8], _ end: Instant) -> SelfSignedCertificate? {
      SelfSignedCertificate(
        of: key,
        uri: "urn:a",
        shortName: "a",
        serialNumber: serial,
        notBefore: testNow,
        notAfter: end
      )
    }
    #expect(make(key, [1], testNow) != nil)
    #expect(make(key, [], testNow) == nil)
    #expect(make(key, [UInt8](repeating: 1, count: 21), testNow) == nil)
    #expect(make(key, [1], Instant(seconds: -1)) == nil)
    let none = [UInt8](repeating: 0, count: 48)
    #expect(make(.p384(x: none, y: none), [1], testNow) == nil)
  }
}

@Suite struct CertificateFormTests {
  private let certificate: EncodedCertificate
  private let provider: TestIdentityProvider

  init() throws {
    provider = try TestIdentityProvider.shared.get()
    certificate = provider.rsaCertificate
  }

  @Test func `what is written as PEM is read again, whatever white space is around`() throws {
    let text = certificate.pem
    #expect(Array(text.utf8) == pem("CERTIFICATE", certificate.der))
    for variant in [text, "\r\n " + text.replacing("\n", with: "\r\n") + " \t\n"] {
      #expect(EncodedCertificate(pem: variant)?.der == certificate.der)
    }
  }

  @Test func `anything but one certificate is refused`() {
    let text = certificate.pem
    let key = text.replacing("CERTIFICATE", with: "PRIVATE KEY")
    for wrong in [
      "", "x", key, text + text, "x\n" + text, text + "x", text.replacing("MII", with: "MI!"),
      text.replacing("-----END CERTIFICATE-----\n", with: ""),
      "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
      XMLBase64.encode(certificate.der),
    ] {
      #expect(EncodedCertificate(pem: wrong) == nil, "\(wrong.prefix(40))")
    }
  }

  @Test func `signatures in the form of certificates are verified for each kind of key`() throws {
    let message = Array("text".utf8)
    let rsa = try provider.sign(message, .rsaSHA256)
    #expect(certificate.verifies(signature: rsa, of: message))
    #expect(!certificate.verifies(signature: rsa, of: message + [0]))
    #expect(!certificate.verifies(signature: try provider.sign(message, .rsaSHA384), of: message))
    let p384 = Array(try provider.p384.signature(for: SHA384.hash(data: message)).derRepresentation)
    #expect(provider.p384Certificate.verifies(signature: p384, of: message))
    for wrong in [p384 + [0], Array(p384.dropLast()), [], try provider.sign(message, .ecdsaSHA384)] {
      #expect(!provider.p384Certificate.verifies(signature: wrong, of: message))
    }
    #expect(!certificate.verifies(signature: p384, of: message))
  }

  @Test func `assertions are encrypted for RSA only`() {
    #expect(provider.rsaCertificate.canEncrypt)
    #expect(!provider.p384Certificate.canEncrypt)
  }
}
