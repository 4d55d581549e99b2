// SPDX-License-Identifier: Apache-2.0
//
// The metadata that an account publishes of itself as an identity provider. Source: SAML Metadata 2.0 §2.3.2, §2.4.2,
// §2.4.3; saml-schema-metadata-2.0.xsd.

package import IdentityModel

/// What a service must know of an identity provider to believe its assertions.
package struct IdentityProviderMetadata: Sendable {
  /// Names this version of the document.
  package var id: SAMLIdentifier
  /// The issuer of the assertions, a URI.
  package var entityID: String
  /// When whoever keeps a copy is to have fetched another.
  package var validUntil: Instant
  /// The certificates of keys that sign or will sign; during a rotation more than one.
  package var signingCertificates: [EncodedCertificate]
  /// The kinds of names that subjects can have, URIs.
  package var nameIDFormats: [String]
  /// Where a service would send people to sign in, a URI; the schema demands one.
  package var singleSignOnLocation: String

  /// Gathers the parts.
  package init(
    id: SAMLIdentifier,
    entityID: String,
    validUntil: Instant,
    signingCertificates: [EncodedCertificate],
    nameIDFormats: [String],
    singleSignOnLocation: String
  ) {
    self.id = id
    self.entityID = entityID
    self.validUntil = validUntil
    self.signingCertificates = signingCertificates
    self.nameIDFormats = nameIDFormats
    self.singleSignOnLocation = singleSignOnLocation
  }

  /// The document with its signature still to be made, which comes first.
  ///
  /// `certificate`, that of the key which will sign, goes into `KeyInfo`. Throws for the first field that cannot be said.
  package func signingInput(
    _ algorithm: XMLSignatureAlgorithm,
    certificate: EncodedCertificate
  ) throws(SAMLError) -> XMLSigningInput<IdentityProviderMetadata> {
    let element = XMLElement(
      .md,
      "EntityDescriptor",
      [
        XMLAttribute("ID", id.xml), XMLAttribute("entityID", try SAMLField.entityID.uri(entityID)),
        XMLAttribute("validUntil", try SAMLField.validUntil.time(validUntil)),
      ],
      [.element(try roleDescriptor())]
    )
    return try XMLSigningInput(element, id: id, signatureAt: 0, algorithm, certificate)
  }

  private func roleDescriptor() throws(SAMLError) -> XMLElement {
    guard !signingCertificates.isEmpty else { throw .empty(.certificate) }
    var role = XMLElement(
      .md,
      "IDPSSODescriptor",
      [
        XMLAttribute("WantAuthnRequestsSigned", "false"),
        XMLAttribute("protocolSupportEnumeration", SAMLURI.protocolSupport),
      ]
    )
    for certificate in signingCertificates {
      let descriptor = XMLElement(
        .md,
        "KeyDescriptor",
        [XMLAttribute("use", "signing")],
        [.element(certificate.keyInfo)]
      )
      role.children.append(.element(descriptor))
    }
    for (index, format) in nameIDFormats.enumerated() {
      let text = try SAMLField.offeredNameIDFormat(index).uri(format)
      role.children.append(.element(XMLElement(.md, "NameIDFormat", text: text)))
    }
    // python3-saml looks for HTTP-Redirect, others for HTTP-POST.
    for binding in [SAMLURI.httpPOST, SAMLURI.httpRedirect] {
      let service = XMLElement(
        .md,
        "SingleSignOnService",
        [
          XMLAttribute("Binding", binding),
          XMLAttribute("Location", try SAMLField.singleSignOnLocation.uri(singleSignOnLocation)),
        ]
      )
      role.children.append(.element(service))
    }
    return role
  }
}
