// SPDX-License-Identifier: Apache-2.0
//
// A document on its way to its signature: enveloped, one reference to its ID, exclusive canonical form. The document is
// written once and digested as written; the key stays elsewhere. Source: XML Signature 1.1 §3.1, §4; SAML Core 2.0 §5.4.

/// A document without its signature, and what is to be signed.
///
/// `Document` says what the document is.
package struct XMLSigningInput<Document>: Sendable {
  /// What the key signs: `SignedInfo` in exclusive canonical form.
  package let octets: [UInt8]
  /// With what.
  package let algorithm: XMLSignatureAlgorithm

  private let signedInfo: XMLElement
  private let certificate: EncodedCertificate
  private let document: CanonicalXML

  /// Digests `element`, whose `ID` is `id` and whose signature will come before its child `position`.
  init(
    _ element: XMLElement,
    id: SAMLIdentifier,
    signatureAt position: Int,
    _ algorithm: XMLSignatureAlgorithm,
    _ certificate: EncodedCertificate
  ) throws(SAMLError) {
    guard certificate.signatureKey?.algorithms.contains(algorithm.jws) == true else {
      throw .certificateOfAnotherAlgorithm
    }
    document = CanonicalXML(element, marking: position)
    self.algorithm = algorithm
    self.certificate = certificate
    signedInfo = Self.signedInfo(id, algorithm, digest: algorithm.digest.hash(document.octets))
    octets = CanonicalXML(signedInfo).octets
  }

  // SAML Core 2.0 §5.4.2: "Signatures MUST contain a single <ds:Reference> containing a same-document reference to the ID
  // attribute value of the root element"; §5.4.4: no transforms other than the enveloped signature transform and the
  // exclusive canonicalization transforms.
  private static func signedInfo(
    _ id: SAMLIdentifier,
    _ algorithm: XMLSignatureAlgorithm,
    digest: [UInt8]
  ) -> XMLElement {
    func method(_ name: String, _ uri: XMLText) -> XMLNode {
      .element(XMLElement(.ds, name, [XMLAttribute("Algorithm", uri)]))
    }
    let transforms = XMLElement(
      .ds,
      "Transforms",
      [],
      [
        method("Transform", SAMLURI.envelopedSignature),
        method("Transform", SAMLURI.exclusiveCanonicalization),
      ]
    )
    let reference = XMLElement(
      .ds,
      "Reference",
      [XMLAttribute("URI", XMLText(checked: "#" + id.text))],
      [
        .element(transforms),
        method("DigestMethod", algorithm.digest.uri),
        .element(XMLElement(.ds, "DigestValue", text: XMLText(base64: digest))),
      ]
    )
    return XMLElement(
      .ds,
      "SignedInfo",
      [],
      [
        method("CanonicalizationMethod", SAMLURI.exclusiveCanonicalization),
        method("SignatureMethod", algorithm.jws.xmlURI),
        .element(reference),
      ]
    )
  }

  /// The document with `signature` in its place.
  ///
  /// Shape of `signature`: RSA 256 to 1,024 octets, as many as the modulus; ECDSA 96 octets, R followed by S.
  package func signed(_ signature: [UInt8]) throws(SAMLError) -> SignedXML<Document> {
    let lengths =
      switch algorithm {
      case .rsaSHA256, .rsaSHA384: 256...1024
      case .ecdsaSHA384: 96...96
      }
    guard lengths.contains(signature.count) else { throw .signatureOfWrongLength(signature.count) }
    let element = XMLElement(
      .ds,
      "Signature",
      [],
      [
        .element(signedInfo),
        .element(XMLElement(.ds, "SignatureValue", text: XMLText(base64: signature))),
        .element(certificate.keyInfo),
      ]
    )
    // INVARIANT: no root that is signed uses the prefix `ds` itself, so that the signature declares it and stands in the
    // document as it stands alone.
    let octets =
      document.octets[..<document.mark] + CanonicalXML(element).octets + document.octets[document.mark...]
    return SignedXML(octets: Array(octets))
  }
}

/// A signed document, in exclusive canonical form.
///
/// `Document` says what the document is.
package struct SignedXML<Document>: Sendable {
  /// The octets, UTF-8.
  package let octets: [UInt8]
}
