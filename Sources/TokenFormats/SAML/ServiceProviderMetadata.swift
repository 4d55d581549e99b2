// SPDX-License-Identifier: Apache-2.0
//
// What a service says of itself in its metadata file: who it is, where its assertions go, with which key to encrypt
// them. The file is a stranger's; a signature on it is verified or the file is refused. Source: SAML Metadata 2.0
// §2.2.3, §2.3.2, §2.4.4, §3.

package import IdentityModel

/// Why a metadata file is refused.
package enum SAMLMetadataError: Error, Hashable, Sendable {
  /// It is not XML that is read here.
  case xml(XMLReadError)
  /// Its signature does not count, with the reason.
  case signature(XMLSignatureError)
  /// The root is not an `EntityDescriptor`: the metadata of one entity.
  case notAnEntityDescriptor
  /// An attribute or element is missing, by its name.
  case missing(String)
  /// An attribute or element is there and cannot be understood, by its name.
  case malformed(String)
  /// It was valid until then.
  case expired(Instant)
  /// There is not exactly one `SPSSODescriptor` for SAML 2.0.
  case serviceRoles(Int)
  /// No `AssertionConsumerService` takes HTTP-POST.
  case noPOSTBinding
}

/// The metadata of a service provider.
package struct ServiceProviderMetadata: Sendable {
  /// An endpoint that takes assertions by HTTP-POST.
  package struct AssertionConsumerService: Hashable, Sendable {
    /// Where: `https` or `http`, absolute.
    package let location: String
    /// Its number among the endpoints, 0 to 65,535.
    package let index: Int
    /// Whether it says that it is the default one; `nil` when it says nothing.
    package let isDefault: Bool?
  }

  /// Who it is: a URI of at most 1,024 characters.
  package let entityID: String
  /// The endpoints for HTTP-POST, one or more, in order.
  package let assertionConsumerServices: [AssertionConsumerService]
  /// The certificates with which assertions can be encrypted, in order.
  package let encryptionCertificates: [EncodedCertificate]
  /// The kinds of names that it takes, in order of preference.
  package let nameIDFormats: [String]
  /// Whether it wants assertions signed.
  package let wantsAssertionsSigned: Bool
  /// When it must be fetched again.
  package let validUntil: Instant?
  /// The certificate whose key signed the file; `nil` when nobody did.
  ///
  /// SECURITY: taken from the file itself, so that it proves that the file is whole and not who made it.
  package let signer: EncodedCertificate?

  /// The endpoint to use.
  ///
  /// SAML Metadata 2.0 §2.2.3: "the default endpoint is the first such endpoint with the isDefault attribute set to true.
  /// If no such endpoints exist, the default endpoint is the first such endpoint without the isDefault attribute set to
  /// false. If no such endpoints exist, the default endpoint is the first element in the sequence."
  package var defaultAssertionConsumerService: AssertionConsumerService? {
    assertionConsumerServices.first { $0.isDefault == true }
      ?? assertionConsumerServices.first { $0.isDefault == nil } ?? assertionConsumerServices.first
  }

  /// Reads a metadata file.
  ///
  /// - Throws: the first thing wrong with it.
  package init(
    _ octets: [UInt8],
    now: Instant,
    limits: XMLLimits = XMLLimits()
  ) throws(SAMLMetadataError) {
    let root: XMLElement
    do { root = try XMLReader.read(octets, limits: limits) } catch { throw .xml(error) }
    guard root.matches("EntityDescriptor", in: .md) else { throw .notAnEntityDescriptor }
    do { signer = try EnvelopedSignature.verify(root) } catch { throw .signature(error) }
    guard let entityID = root.attribute("entityID") else { throw .missing("entityID") }
    guard isURI(entityID) else { throw .malformed("entityID") }
    let role = try Self.role(root)
    self.entityID = entityID
    validUntil = try Self.validUntil([root, role], now)
    wantsAssertionsSigned = try boolean("WantAssertionsSigned", role) ?? false
    nameIDFormats = try role.elements("NameIDFormat", in: .md).map { format throws(SAMLMetadataError) in
      guard let text = format.text.map(collapsed), isURI(text) else { throw .malformed("NameIDFormat") }
      return text
    }
    encryptionCertificates = try Self.encryptionCertificates(role)
    assertionConsumerServices = try Self.assertionConsumerServices(role)
    guard !assertionConsumerServices.isEmpty else { throw .noPOSTBinding }
  }

  private static func role(_ root: XMLElement) throws(SAMLMetadataError) -> XMLElement {
    let roles = root.elements("SPSSODescriptor", in: .md).filter { role in
      let protocols = role.attribute("protocolSupportEnumeration") ?? ""
      return words(protocols).contains { same($0, SAMLURI.protocolSupport.string) }
    }
    guard let role = roles.first, roles.count == 1 else { throw .serviceRoles(roles.count) }
    return role
  }

  private static func validUntil(
    _ elements: [XMLElement],
    _ now: Instant
  ) throws(SAMLMetadataError) -> Instant? {
    var earliest: Instant?
    for element in elements {
      guard let text = element.attribute("validUntil") else { continue }
      guard let instant = Instant(rfc3339: collapsed(text)) else { throw .malformed("validUntil") }
      guard now < instant else { throw .expired(instant) }
      earliest = min(earliest ?? instant, instant)
    }
    return earliest
  }

  private static func encryptionCertificates(
    _ role: XMLElement
  ) throws(SAMLMetadataError) -> [EncodedCertificate] {
    var certificates: [EncodedCertificate] = []
    for descriptor in role.elements("KeyDescriptor", in: .md) {
      switch descriptor.attribute("use") {
      case nil: break
      case let use? where same(use, "encryption"): break
      case let use? where same(use, "signing"): continue
      default: throw .malformed("use")
      }
      for keyInfo in descriptor.elements("KeyInfo", in: .ds) {
        for data in keyInfo.elements("X509Data", in: .ds) {
          for element in data.elements("X509Certificate", in: .ds) {
            guard let certificate = EncodedCertificate(element) else { throw .malformed("X509Certificate") }
            certificates.append(certificate)
          }
        }
      }
    }
    return certificates
  }

  private static func assertionConsumerServices(
    _ role: XMLElement
  ) throws(SAMLMetadataError) -> [AssertionConsumerService] {
    var services: [AssertionConsumerService] = []
    for element in role.elements("AssertionConsumerService", in: .md) {
      guard let binding = element.attribute("Binding") else { throw .missing("Binding") }
      guard same(binding, SAMLURI.httpPOST.string) else { continue }
      guard let location = element.attribute("Location") else { throw .missing("Location") }
      guard isURI(location), isWebURL(location) else { throw .malformed("Location") }
      guard let number = element.attribute("index") else { throw .missing("index") }
      let digits = collapsed(number)
      guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let index = UInt16(digits) else {
        throw .malformed("index")
      }
      let isDefault = try boolean("isDefault", element)
      services.append(
        AssertionConsumerService(location: location, index: Int(index), isDefault: isDefault)
      )
    }
    return services
  }
}

extension EncodedCertificate {
  /// Reads `X509Certificate`; `nil` when it does not hold one.
  init?(_ element: XMLElement) {
    guard let der = element.text.flatMap(XMLBase64.decode) else { return nil }
    self.init(der: der)
  }
}

/// XML Schema 2 §3.2.2: `true`, `false`, `1`, `0`; `nil` when the attribute is absent.
private func boolean(_ name: String, _ element: XMLElement) throws(SAMLMetadataError) -> Bool? {
  guard let text = element.attribute(name) else { return nil }
  switch Array(collapsed(text).utf8) {
  case Array("true".utf8), Array("1".utf8): return true
  case Array("false".utf8), Array("0".utf8): return false
  default: throw .malformed(name)
  }
}

/// XML Schema 2 §4.3.6, `collapse`, of a text that is one word.
private func collapsed(_ text: String) -> String {
  let words = words(text)
  return words.count == 1 ? words[0] : text
}

/// The parts between white space.
private func words(_ text: String) -> [String] {
  text.utf8.split(whereSeparator: isXMLSpace).map { String(decoding: $0, as: UTF8.self) }
}

/// One to 1,024 characters without white space.
private func isURI(_ text: String) -> Bool {
  (1...1024).contains(text.unicodeScalars.count) && !text.utf8.contains(where: isXMLSpace)
}

private func isWebURL(_ text: String) -> Bool {
  let lowercased = asciiLowercased(text)
  return ["https://", "http://"].contains { scheme in
    lowercased.utf8.starts(with: scheme.utf8) && lowercased.utf8.count > scheme.utf8.count
  }
}
