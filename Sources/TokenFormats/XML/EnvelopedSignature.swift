// SPDX-License-Identifier: Apache-2.0
//
// The verification of the one form of XML signature that SAML has: enveloped, over the root, one reference to its ID,
// exclusive canonical form, SHA-2. Every other form is refused, with the reason. Source: XML Signature 1.1 §3.2, §4; SAML
// Core 2.0 §5.4; SAML Metadata 2.0 §3.1.

/// Why a signature does not count.
package enum XMLSignatureError: Error, Hashable, Sendable {
  /// There is another signature in the document than the one that is a child of the root.
  case severalSignatures
  /// The element has children other than XML Signature wants of it here; it is named.
  case unexpectedForm(String)
  /// The canonicalization is none that is spoken here.
  case canonicalization(String)
  /// The signature algorithm is none that is accepted; SHA-1 is not.
  case signatureAlgorithm(String)
  /// The digest algorithm is none that is accepted; SHA-1 is not.
  case digestAlgorithm(String)
  /// A transform is not the one that stands in its place.
  case transform(String)
  /// The reference is not to the `ID` of the root, or another element has the same `ID`.
  case reference(String)
  /// `KeyInfo` does not hold one certificate of a key that is accepted.
  case noKey
  /// The key is none of those that were agreed.
  case foreignKey
  /// The key does not sign with the algorithm.
  case algorithmOfAnotherKey
  /// The signature is not the key's signature over `SignedInfo`.
  case signatureInvalid
  /// The document is not the one that was digested.
  case digestDiffers
}

/// An enveloped signature.
package enum EnvelopedSignature {
  /// The most words in a `PrefixList`; those in use have a handful.
  package static let maximumInclusivePrefixes = 16

  /// Verifies the signature that is a child of `root`, with the key of the certificate that it brings.
  ///
  /// SECURITY: the certificate comes with the document: who trusts the signer compares it with what was agreed. With
  /// `keys`, each a SubjectPublicKeyInfo in DER, that is done before anything is computed for it.
  ///
  /// - Returns: the certificate; `nil` when the document is not signed at all.
  /// - Throws: the first thing that keeps a signature from counting.
  package static func verify(
    _ root: XMLElement,
    by keys: [[UInt8]]? = nil
  ) throws(XMLSignatureError) -> EncodedCertificate? {
    let places = root.children.indices.filter { index in
      if case .element(let child) = root.children[index] { isSignature(child) } else { false }
    }
    var found = 0
    var ids: [String] = []
    survey(root, &found, &ids)
    guard found > 0 else { return nil }
    guard found == 1, let place = places.first, case .element(let signature) = root.children[place] else {
      throw .severalSignatures
    }
    let parts = try children(of: signature, "Signature", ["SignedInfo", "SignatureValue", "KeyInfo"])
    let info = try children(
      of: parts[0],
      "SignedInfo",
      ["CanonicalizationMethod", "SignatureMethod", "Reference"]
    )
    let key = try certificate(parts[2])
    guard keys?.contains(key.subjectPublicKeyInfo) ?? true else { throw .foreignKey }
    let octets = CanonicalXML(parts[0], inclusivePrefixes: try canonicalization(info[0])).octets
    try verify(octets, try algorithm(info[1]), parts[1], key)
    try verifyReference(info[2], root, place, ids)
    return key
  }

  private static func isSignature(_ element: XMLElement) -> Bool {
    element.matches("Signature", in: .ds)
  }

  /// Counts signatures, and gathers what stands in attributes `ID`, however they are spelled.
  private static func survey(_ element: XMLElement, _ signatures: inout Int, _ ids: inout [String]) {
    if isSignature(element) { signatures += 1 }
    for attribute in element.attributes {
      let name = attribute.name.local.utf8
      if name.count == 2, name.first.map({ $0 | 0x20 }) == UInt8(ascii: "i"),
        name.last.map({ $0 | 0x20 }) == UInt8(ascii: "d")
      {
        ids.append(attribute.value.string)
      }
    }
    for child in element.elements { survey(child, &signatures, &ids) }
  }

  private static func verify(
    _ signedInfo: [UInt8],
    _ algorithm: JWSAlgorithm,
    _ value: XMLElement,
    _ certificate: EncodedCertificate
  ) throws(XMLSignatureError) {
    guard let key = certificate.signatureKey else { throw .noKey }
    guard key.algorithms.contains(algorithm) else { throw .algorithmOfAnotherKey }
    guard let signature = value.text.flatMap(XMLBase64.decode) else {
      throw .unexpectedForm("SignatureValue")
    }
    guard key.isValid(signature: signature, for: signedInfo, algorithm: algorithm) else {
      throw .signatureInvalid
    }
  }

  private static func verifyReference(
    _ reference: XMLElement,
    _ root: XMLElement,
    _ place: Int,
    _ ids: [String]
  ) throws(XMLSignatureError) {
    let uri = reference.attribute("URI") ?? ""
    guard let id = root.attribute("ID"), !id.isEmpty, same(uri, "#" + id),
      ids.count(where: { same($0, id) }) == 1
    else { throw .reference(uri) }
    let parts = try children(of: reference, "Reference", ["Transforms", "DigestMethod", "DigestValue"])
    let transforms = try children(of: parts[0], "Transforms", ["Transform", "Transform"])
    let first = transforms[0].attribute("Algorithm") ?? ""
    guard same(first, SAMLURI.envelopedSignature.string), transforms[0].elements.isEmpty else {
      throw .transform(first)
    }
    let second = transforms[1].attribute("Algorithm") ?? ""
    guard same(second, SAMLURI.exclusiveCanonicalization.string) else { throw .transform(second) }
    let prefixes = try inclusivePrefixes(transforms[1])
    let name = parts[1].attribute("Algorithm") ?? ""
    guard let digest = XMLDigest.allCases.first(where: { same($0.uri.string, name) }) else {
      throw .digestAlgorithm(name)
    }
    guard let expected = parts[2].text.flatMap(XMLBase64.decode) else { throw .unexpectedForm("DigestValue") }
    let octets = CanonicalXML(root, omitting: place, inclusivePrefixes: prefixes).octets
    guard digest.hash(octets) == expected else { throw .digestDiffers }
  }

  private static func canonicalization(_ method: XMLElement) throws(XMLSignatureError) -> [String] {
    let name = method.attribute("Algorithm") ?? ""
    guard same(name, SAMLURI.exclusiveCanonicalization.string) else { throw .canonicalization(name) }
    return try inclusivePrefixes(method)
  }

  /// Exclusive XML Canonicalization 1.0 §2.2, §4: the `PrefixList`, where `#default` is the default namespace.
  private static func inclusivePrefixes(_ method: XMLElement) throws(XMLSignatureError) -> [String] {
    let parameters = method.elements
    guard let parameter = parameters.first else { return [] }
    guard parameters.count == 1, parameter.matches("InclusiveNamespaces", in: .ec),
      let list = parameter.attribute("PrefixList")
    else { throw .unexpectedForm("InclusiveNamespaces") }
    let words = list.utf8.split(whereSeparator: isXMLSpace)
    // SECURITY: each word costs a look at the scope of every element of the document.
    guard words.count <= maximumInclusivePrefixes else { throw .unexpectedForm("PrefixList") }
    return words.map { word in
      word.elementsEqual("#default".utf8) ? "" : String(decoding: word, as: UTF8.self)
    }
  }

  private static func algorithm(_ method: XMLElement) throws(XMLSignatureError) -> JWSAlgorithm {
    let name = method.attribute("Algorithm") ?? ""
    guard method.elements.isEmpty,
      let algorithm = JWSAlgorithm.allCases.first(where: { same($0.xmlURI.string, name) })
    else { throw .signatureAlgorithm(name) }
    return algorithm
  }

  private static func certificate(_ keyInfo: XMLElement) throws(XMLSignatureError) -> EncodedCertificate {
    let certificates = keyInfo.elements("X509Data", in: .ds).flatMap {
      $0.elements("X509Certificate", in: .ds)
    }
    guard let element = certificates.first, certificates.count == 1,
      let certificate = EncodedCertificate(element)
    else { throw .noKey }
    return certificate
  }

  /// The child elements of `element`, which are exactly those `names` in that order.
  private static func children(
    of element: XMLElement,
    _ parent: String,
    _ names: [String]
  ) throws(XMLSignatureError) -> [XMLElement] {
    let children = element.elements
    guard children.count == names.count, zip(children, names).allSatisfy({ $0.matches($1, in: .ds) }) else {
      throw .unexpectedForm(parent)
    }
    return children
  }
}
