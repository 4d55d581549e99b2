// SPDX-License-Identifier: Apache-2.0
//
// An identity provider's keys and self-signed certificates for the tests, made with swift-crypto, and assertions of it.

import Crypto
import CryptoExtras
import Foundation
import IdentityModel
import TokenFormats

/// Keys of both kinds with their certificates.
struct TestIdentityProvider: Sendable {
  let rsa: _RSA.Signing.PrivateKey
  let p384: P384.Signing.PrivateKey
  let rsaCertificate: EncodedCertificate
  let p384Certificate: EncodedCertificate

  /// One for all tests: RSA keys take their time.
  static let shared = Result { try TestIdentityProvider() }

  init() throws {
    rsa = try _RSA.Signing.PrivateKey(keySize: .bits2048)
    p384 = P384.Signing.PrivateKey()
    let rsa = rsa
    let p384 = p384
    rsaCertificate = try Self.certificate(
      key: Array(rsa.publicKey.derRepresentation),
      algorithm: hex("300d06092a864886f70d01010b0500")
    ) { Array(try rsa.signature(for: SHA256.hash(data: $0), padding: .insecurePKCS1v1_5).rawRepresentation) }
    p384Certificate = try Self.certificate(
      key: Array(p384.publicKey.derRepresentation),
      algorithm: hex("300a06082a8648ce3d040303")
    ) { Array(try p384.signature(for: SHA384.hash(data: $0)).derRepresentation) }
  }

  func certificate(for algorithm: XMLSignatureAlgorithm) -> EncodedCertificate {
    algorithm == .ecdsaSHA384 ? p384Certificate : rsaCertificate
  }

  func sign(_ octets: [UInt8], _ algorithm: XMLSignatureAlgorithm) throws -> [UInt8] {
    switch algorithm {
    case .rsaSHA256:
      Array(try rsa.signature(for: SHA256.hash(data: octets), padding: .insecurePKCS1v1_5).rawRepresentation)
    case .rsaSHA384:
      Array(try rsa.signature(for: SHA384.hash(data: octets), padding: .insecurePKCS1v1_5).rawRepresentation)
    case .ecdsaSHA384: Array(try p384.signature(for: SHA384.hash(data: octets)).rawRepresentation)
    }
  }

  func sign<Document>(_ input: XMLSigningInput<Document>) throws -> SignedXML<Document> {
    try input.signed(try sign(input.octets, input.algorithm))
  }

  func sign(
    _ assertion: SAMLAssertion,
    _ algorithm: XMLSignatureAlgorithm = .rsaSHA256
  ) throws -> SignedXML<SAMLAssertion> {
    try sign(try assertion.signingInput(algorithm, certificate: certificate(for: algorithm)))
  }

  /// A certificate of `key` by itself, from 2020 to 2049.
  private static func certificate(
    key: [UInt8],
    algorithm: [UInt8],
    _ sign: ([UInt8]) throws -> [UInt8]
  ) throws -> EncodedCertificate {
    let name = der(0x30, der(0x31, der(0x30, hex("0603550403") + der(0x0C, Array("idp.example".utf8)))))
    let validity = der(0x30, der(0x17, Array("200101000000Z".utf8)) + der(0x17, Array("491231235959Z".utf8)))
    let body = der(
      0x30,
      der(0xA0, hex("020102")) + hex("020101") + algorithm + name + validity + name + key
        + der(0xA3, der(0x30, der(0x30, hex("0603551d130101ff040530030101ff"))))
    )
    let signature = der(0x03, [0] + (try sign(body)))
    guard let certificate = EncodedCertificate(der: der(0x30, body + algorithm + signature)) else {
      throw CocoaError(.coderInvalidValue)
    }
    return certificate
  }
}

/// An element of DER.
func der(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
  switch content.count {
  case 0..<0x80: [tag, UInt8(content.count)] + content
  case 0x80..<0x100: [tag, 0x81, UInt8(content.count)] + content
  default: [tag, 0x82, UInt8(content.count >> 8), UInt8(content.count & 0xFF)] + content
  }
}

/// `octets` as PEM, in lines of 64.
func pem(_ label: String, _ octets: [UInt8]) -> [UInt8] {
  let lines = Data(octets).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
  return Array("-----BEGIN \(label)-----\n\(lines)\n-----END \(label)-----\n".utf8)
}

/// 2026-04-21T07:37:10Z.
let testNow = Instant(seconds: 1_776_757_030)

/// An identifier of 16 octets `number`.
func testIdentifier(_ number: UInt8) throws -> SAMLIdentifier {
  try SAMLIdentifier(random: [UInt8](repeating: number, count: 16))
}

/// An assertion with every part.
func testAssertion() throws -> SAMLAssertion {
  SAMLAssertion(
    id: try testIdentifier(1),
    issueInstant: testNow,
    issuer: "https://idp.example/saml",
    nameID: SAMLNameID(
      format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
      value: "arn:aws:iam::123456789012:role/ci",
      nameQualifier: "https://idp.example/saml",
      serviceNameQualifier: "https://sp.example"
    ),
    confirmation: SAMLSubjectConfirmation(
      method: .bearer,
      recipient: "https://sp.example/acs?a=1&b=2",
      notOnOrAfter: testNow.advanced(bySeconds: 300),
      inResponseTo: "_request"
    ),
    conditions: SAMLConditions(
      notBefore: testNow.advanced(bySeconds: -60),
      notOnOrAfter: testNow.advanced(bySeconds: 3600),
      audiences: ["https://sp.example", "urn:other"],
      oneTimeUse: true
    ),
    authentication: SAMLAuthentication(
      instant: testNow,
      sessionIndex: "ASIA1",
      sessionNotOnOrAfter: testNow.advanced(bySeconds: 900),
      contextClass: "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
    ),
    attributes: [
      SAMLAttribute(
        name: "https://sts.amazonaws.com/aws_account",
        nameFormat: "urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
        friendlyName: "account",
        values: ["123456789012"]
      ),
      SAMLAttribute(name: "tag & <team>", values: ["a", "", "b\r\n\t\"c\""]),
      SAMLAttribute(name: "none", values: []),
    ]
  )
}
