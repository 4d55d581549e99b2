// SPDX-License-Identifier: Apache-2.0
//
// What metadata says of an identity provider whose assertions are taken: its name and its keys. The metadata was put by an
// administrator; whether its own signature is good is not asked, as AWS does not. Source: SAML Metadata 2.0 §2.3, §2.4.

package import IdentityModel

/// Why metadata makes no authority.
package enum SAMLAuthorityError: Error, Hashable, Sendable {
  /// It is not XML that is read here.
  case xml(XMLReadError)
  /// There is not exactly one entity that is an identity provider for SAML 2.0.
  case identityProviders(Int)
  /// An attribute or element is missing or cannot be understood, by its name.
  case malformed(String)
  /// It was valid until then.
  case expired(Instant)
  /// It has no certificate with a key that verifies signatures here.
  case noSigningKey
}

/// An identity provider, as its metadata describes it.
package struct SAMLAuthority: Sendable {
  /// The most signing certificates that are looked at.
  package static let maximumCertificates = 16

  /// Who it is: what `Issuer` must be, byte for byte.
  package let entityID: String
  /// The public keys, each a `SubjectPublicKeyInfo` in DER, that may sign its assertions.
  let signingKeys: [[UInt8]]

  /// Reads `metadata`: an `EntityDescriptor`, or an `EntitiesDescriptor` with one that is an identity provider.
  ///
  /// - Throws: the first thing wrong with it.
  package init(metadata: [UInt8], now: Instant) throws(SAMLAuthorityError) {
    let root: XMLElement
    do { root = try XMLReader.read(metadata) } catch { throw .xml(error) }
    let entities =
      root.matches("EntityDescriptor", in: .md) ? [root] : root.elements("EntityDescriptor", in: .md)
    var found: [(entity: XMLElement, role: XMLElement)] = []
    for entity in entities {
      for role in entity.elements("IDPSSODescriptor", in: .md) where Self.speaksSAML2(role) {
        found.append((entity, role))
      }
    }
    guard found.count == 1, let (entity, role) = found.first else {
      throw .identityProviders(found.count)
    }
    // "validUntil ... the expiration time of the metadata contained in the element and any contained elements".
    for element in [root, entity, role] {
      guard let text = element.attribute("validUntil") else { continue }
      guard let end = Instant(rfc3339: text) else { throw .malformed("validUntil") }
      guard now < end else { throw .expired(end) }
    }
    guard let name = entity.attribute("entityID"), isPrintable(name, 1...1024) else {
      throw .malformed("entityID")
    }
    entityID = name
    signingKeys = try Self.signingKeys(role)
  }

  private static func speaksSAML2(_ role: XMLElement) -> Bool {
    (role.attribute("protocolSupportEnumeration") ?? "").utf8.split(whereSeparator: isXMLSpace)
      .contains { $0.elementsEqual(SAMLURI.protocolSupport.string.utf8) }
  }

  // §2.4.1.1: a `KeyDescriptor` without `use` is for signing and for encryption.
  private static func signingKeys(_ role: XMLElement) throws(SAMLAuthorityError) -> [[UInt8]] {
    var keys: [[UInt8]] = []
    var count = 0
    for descriptor in role.elements("KeyDescriptor", in: .md) {
      if let use = descriptor.attribute("use"), !same(use, "signing") { continue }
      let certificates = descriptor.elements("KeyInfo", in: .ds).flatMap { $0.elements("X509Data", in: .ds) }
        .flatMap { $0.elements("X509Certificate", in: .ds) }
      count += certificates.count
      guard count <= maximumCertificates else { throw .malformed("KeyDescriptor") }
      for element in certificates {
        guard let certificate = EncodedCertificate(element) else { throw .malformed("X509Certificate") }
        // A key that is none here signs nothing here; the others go on.
        if certificate.signatureKey != nil { keys.append(certificate.subjectPublicKeyInfo) }
      }
    }
    guard !keys.isEmpty else { throw .noSigningKey }
    return keys
  }
}
