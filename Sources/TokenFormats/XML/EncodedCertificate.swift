// SPDX-License-Identifier: Apache-2.0
//
// An X.509 certificate as metadata and signatures carry one: its octets, and the public key found in them. It is a
// wrapping for a key here and nothing more: names, dates and issuer decide nothing in SAML. Source: RFC 5280 §4.1; X.690
// §10.1; SAML Metadata Interoperability Profile §2.5.

import Crypto
import CryptoExtras

/// A certificate in DER whose public key has been found.
package struct EncodedCertificate: Sendable {
  /// The octets.
  package let der: [UInt8]
  /// The `SubjectPublicKeyInfo`, in DER.
  package let subjectPublicKeyInfo: [UInt8]
  /// The key, if it is one that verifies signatures here.
  package let signatureKey: SignatureKey?

  /// What its issuer signed, and the `BIT STRING` of that signature.
  let toBeSigned: [UInt8]
  let signatureBits: [UInt8]
  private let text: XMLText

  /// Finds the key of a certificate; `nil` when the octets are not one certificate in DER.
  package init?(der: [UInt8]) {
    var rest = der[...]
    guard var certificate = DER.take(0x30, from: &rest)?.content, rest.isEmpty,
      let toBeSigned = DER.take(0x30, from: &certificate),
      DER.take(0x30, from: &certificate) != nil, let signature = DER.take(0x03, from: &certificate)?.content,
      certificate.isEmpty
    else { return nil }
    var body = toBeSigned.content
    // "TBSCertificate ::= SEQUENCE { version [0] EXPLICIT Version DEFAULT v1, serialNumber, signature, issuer, validity,
    // subject, subjectPublicKeyInfo, ... }"
    _ = DER.take(0xA0, from: &body)
    guard DER.take(0x02, from: &body) != nil, DER.take(0x30, from: &body) != nil,
      DER.take(0x30, from: &body) != nil, DER.take(0x30, from: &body) != nil,
      DER.take(0x30, from: &body) != nil, let key = DER.take(0x30, from: &body)?.whole
    else { return nil }
    self.der = der
    self.toBeSigned = Array(toBeSigned.whole)
    self.signatureBits = Array(signature)
    self.subjectPublicKeyInfo = Array(key)
    self.signatureKey = SignatureKey(subjectPublicKeyInfo: Array(key))
    self.text = XMLText(base64: der)
  }

  /// Whether assertions can be encrypted for its key: RSA, 2048 to 8192 bits.
  package var canEncrypt: Bool {
    if case .rs256? = signatureKey?.algorithms.first { true } else { false }
  }

  /// `KeyInfo` with the certificate.
  var keyInfo: XMLElement {
    XMLElement(
      .ds,
      "KeyInfo",
      [],
      [
        .element(
          XMLElement(.ds, "X509Data", [], [.element(XMLElement(.ds, "X509Certificate", text: text))])
        )
      ]
    )
  }
}

extension XMLText {
  /// `octets` in base 64.
  init(base64 octets: [UInt8]) {
    self.init(checked: XMLBase64.encode(octets))
  }
}

extension SignatureKey {
  /// Parses a `SubjectPublicKeyInfo` in DER; `nil` for a key that the other initialisers refuse.
  package init?(subjectPublicKeyInfo der: [UInt8]) {
    func point(_ octets: some Collection<UInt8>) -> (x: [UInt8], y: [UInt8]) {
      let coordinates = Array(octets.dropFirst())
      let half = coordinates.count / 2
      return (Array(coordinates[..<half]), Array(coordinates[half...]))
    }
    if let key = try? _RSA.Signing.PublicKey(derRepresentation: der) {
      guard let numbers = try? key.getKeyPrimitives() else { return nil }
      self.init(
        modulus: Array(numbers.modulus.drop { $0 == 0 }),
        exponent: Array(numbers.publicExponent.drop { $0 == 0 })
      )
    } else if let key = try? P256.Signing.PublicKey(derRepresentation: der) {
      let (x, y) = point(key.x963Representation)
      self.init(.p256, x: x, y: y)
    } else if let key = try? P384.Signing.PublicKey(derRepresentation: der) {
      let (x, y) = point(key.x963Representation)
      self.init(.p384, x: x, y: y)
    } else if let key = try? P521.Signing.PublicKey(derRepresentation: der) {
      let (x, y) = point(key.x963Representation)
      self.init(.p521, x: x, y: y)
    } else {
      return nil
    }
  }
}
