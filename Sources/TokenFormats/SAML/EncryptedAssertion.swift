// SPDX-License-Identifier: Apache-2.0
//
// An assertion that only its service can read: AES-256-GCM under a key that is used once, and that key under the
// service's RSA key with OAEP. There is no other choice here: no CBC, no PKCS #1 v1.5. Source: SAML Core 2.0 §2.3.4, §6;
// XML Encryption 1.1 §5.2.4, §5.5.2.

import Crypto
import CryptoExtras
package import IdentityModel

/// An assertion in `EncryptedAssertion`.
package struct EncryptedAssertion: Sendable {
  /// The octets of the element, in exclusive canonical form.
  package let octets: [UInt8]
}

extension SignedXML where Document == SAMLAssertion {
  /// Encrypts the assertion for the holder of the private key that belongs to `certificate`.
  ///
  /// Shape: a key of RSA, 2048 to 8192 bits; `contentKey`, 32 octets of chance, never used before; `nonce`, 12 octets of
  /// chance. Throws `keyCannotEncrypt` and `keyMaterialOfWrongLength`.
  ///
  /// DEVIATION: of randomness as an argument: the seed of OAEP comes from the cryptographic library itself, which lets
  /// nobody else choose it.
  package func encrypted(
    for certificate: EncodedCertificate,
    contentKey: Secret,
    nonce: [UInt8]
  ) throws(SAMLError) -> EncryptedAssertion {
    guard certificate.canEncrypt,
      let publicKey = try? _RSA.Encryption.PublicKey(derRepresentation: certificate.subjectPublicKeyInfo)
    else { throw .keyCannotEncrypt }
    guard contentKey.count == 32, nonce.count == 12, let nonce = try? AES.GCM.Nonce(data: nonce) else {
      throw .keyMaterialOfWrongLength
    }
    // XML Encryption 1.1 §5.2.4: "the cipher text ... is prefixed by the IV and followed by the authentication tag".
    let result = contentKey.withBytes { key -> (wrapped: [UInt8], sealed: [UInt8])? in
      guard let wrapped = try? publicKey.encrypt(key, padding: .PKCS1_OAEP_SHA256),
        let box = try? AES.GCM.seal(octets, using: SymmetricKey(data: key), nonce: nonce)
      else { return nil }
      return (Array(wrapped), Array(box.nonce) + box.ciphertext + box.tag)
    }
    guard let result else { throw .encryptionFailed }
    let element = Self.element(certificate, wrapped: result.wrapped, sealed: result.sealed)
    return EncryptedAssertion(octets: CanonicalXML(element).octets)
  }

  private static func element(
    _ certificate: EncodedCertificate,
    wrapped: [UInt8],
    sealed: [UInt8]
  ) -> XMLElement {
    func value(_ octets: [UInt8]) -> XMLNode {
      let value = XMLElement(.xenc, "CipherValue", text: XMLText(base64: octets))
      return .element(XMLElement(.xenc, "CipherData", [], [.element(value)]))
    }
    // §5.5.2: the digest is that of OAEP itself; the mask generation function has its own, which is SHA-1 unless said.
    let keyTransport = XMLElement(
      .xenc,
      "EncryptionMethod",
      [XMLAttribute("Algorithm", SAMLURI.rsaOAEP)],
      [
        .element(XMLElement(.ds, "DigestMethod", [XMLAttribute("Algorithm", SAMLURI.sha256)])),
        .element(XMLElement(.xenc11, "MGF", [XMLAttribute("Algorithm", SAMLURI.mgf1SHA256)])),
      ]
    )
    let key = XMLElement(
      .xenc,
      "EncryptedKey",
      [],
      [.element(keyTransport), .element(certificate.keyInfo), value(wrapped)]
    )
    let data = XMLElement(
      .xenc,
      "EncryptedData",
      [XMLAttribute("Type", SAMLURI.element)],
      [
        .element(XMLElement(.xenc, "EncryptionMethod", [XMLAttribute("Algorithm", SAMLURI.aes256GCM)])),
        .element(XMLElement(.ds, "KeyInfo", [], [.element(key)])),
        value(sealed),
      ]
    )
    return XMLElement(.saml, "EncryptedAssertion", [], [.element(data)])
  }
}
