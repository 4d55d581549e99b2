// SPDX-License-Identifier: Apache-2.0
//
// The SAML metadata of an issuer, signed. When it is rendered again is the business of IssuerPublication.
// Source: SAML Metadata 2.0 §2.3.2, `validUntil`; docs/decisions/0022.

import IdentityModel
import TokenFormats

/// Renders metadata.
struct SAMLMetadataRendering: Sendable {
  /// How long a document is valid.
  ///
  /// Unit: seconds.
  static let validitySeconds = 7 * 24 * 3600
  /// How old a document becomes before it is rendered anew.
  ///
  /// Unit: seconds.
  static let renewalSeconds = 24 * 3600
  /// What subjects may be named with; a config can say any other too.
  static let nameIDFormats = [
    "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
  ]

  let signer: any TokenSigner
  let entropy: Entropy

  /// The signed document; `nil` when no key is left to publish.
  func document(
    of record: IssuerRecord,
    _ ring: SAMLKeyRing,
    now: Instant
  ) async throws -> PublishedDocument? {
    guard let key = ring.signingKey(.rs256, at: now) ?? ring.signingKey(.es384, at: now) else { return nil }
    let metadata = IdentityProviderMetadata(
      id: try SAMLIdentifier(random: entropy.octets(20)),
      entityID: samlEntityID(of: record),
      validUntil: now.advanced(bySeconds: Int64(Self.validitySeconds)),
      signingCertificates: ring.published(at: now).map(\.certificate),
      nameIDFormats: Self.nameIDFormats,
      singleSignOnLocation: record.issuer + samlSignOnPath
    )
    let input = try metadata.signingInput(key.defaultAlgorithm, certificate: key.certificate)
    let signature = try await signer.sign(input.octets, with: key.sealed, algorithm: input.algorithm.jws)
    let octets = try input.signed(signature).octets
    return PublishedDocument(
      body: octets,
      contentType: "application/samlmetadata+xml",
      entityTag: EntityTag.strong(for: octets)
    )
  }
}

/// Where SAML metadata says that one signs in, below an issuer.
let samlSignOnPath = "/saml/sso"
