// SPDX-License-Identifier: Apache-2.0
//
// Everything that is written here, validated by xmllint against the schemas of OASIS and W3C.

import Foundation
import IdentityModel
import Testing
import TokenFormats

@Suite(
  .enabled(if: ForeignTool.isPresent(ForeignTool.xmlsec1, ForeignTool.xmllint), "\(ForeignTool.absent)")
)
struct SAMLSchemaTests {
  private let provider: TestIdentityProvider

  init() throws {
    provider = try TestIdentityProvider.shared.get()
  }

  /// Where Debian's opensaml-schemas and xmltooling-schemas put the schemas of OASIS and W3C.
  private static let schemas = ["/usr/share/xml/opensaml", "/usr/share/xml/xmltooling"]
  static let haveSchemas = schemas.allSatisfy { FileManager.default.fileExists(atPath: $0) }

  /// Copies the schemas into `folder`, with the places that they import from made local.
  private func copySchemas(to folder: URL) throws {
    for source in Self.schemas {
      for name in try FileManager.default.contentsOfDirectory(atPath: source) where name.hasSuffix(".xsd") {
        let text = try String(contentsOfFile: "\(source)/\(name)", encoding: .utf8)
          .replacing("http://www.w3.org/TR/2002/REC-xmldsig-core-20020212/", with: "")
          .replacing("http://www.w3.org/TR/2002/REC-xmlenc-core-20021210/", with: "")
          .replacing("http://www.w3.org/2001/xml.xsd", with: "xml.xsd")
        _ = try folder.write(Array(text.utf8), as: name)
      }
    }
  }

  @Test(.enabled(if: Self.haveSchemas, "Debian's opensaml-schemas and xmltooling-schemas are not installed"))
  func `everything that is written is valid against the OASIS schemas`() throws {
    let full = try testAssertion()
    var bare = full
    bare.attributes = []
    bare.confirmation.inResponseTo = nil
    bare.authentication.sessionIndex = nil
    bare.authentication.sessionNotOnOrAfter = nil
    var holder = full
    holder.confirmation.method = .holderOfKey(.certificate(provider.p384Certificate.der))
    var bareHolder = full
    bareHolder.confirmation.method = .holderOfKey(.publicKey(.p384(x: [1], y: [2])))
    try ForeignTool.withFolder { folder in
      try copySchemas(to: folder)
      // One schema of all of them, so that wildcards find what they stand for.
      let imports =
        [
          ("SAML:2.0:assertion", "saml-schema-assertion-2.0"),
          ("SAML:2.0:protocol", "saml-schema-protocol-2.0"),
          ("SAML:2.0:metadata", "saml-schema-metadata-2.0"),
        ].map { ("urn:oasis:names:tc:\($0.0)", $0.1) } + [
          ("http://www.w3.org/2009/xmlenc11#", "xenc11-schema"),
          ("http://www.w3.org/2009/xmldsig11#", "xmldsig11-schema"),
        ]
      let schema =
        #"<schema xmlns="http://www.w3.org/2001/XMLSchema">"#
        + imports.map { #"<import namespace="\#($0.0)" schemaLocation="\#($0.1).xsd"/>"# }.joined()
        + "</schema>"
      let schemaFile = try folder.write(Array(schema.utf8), as: "all.xsd")
      func validate(_ octets: [UInt8]) throws -> Bool {
        let file = try folder.write(octets, as: "document.xml")
        let arguments = ["--nonet", "--noout", "--schema", schemaFile, file]
        let result = try ForeignTool.run(ForeignTool.xmllint, arguments, in: folder)
        if result.status != 0 { print(result.complaint) }
        return result.status == 0
      }
      for assertion in [full, bare, holder, bareHolder] {
        for algorithm in XMLSignatureAlgorithm.allCases {
          let signed = try provider.sign(assertion, algorithm)
          #expect(try validate(signed.octets))
          let encrypted = try signed.encrypted(
            for: provider.rsaCertificate,
            contentKey: Secret([UInt8](repeating: 1, count: 32)),
            nonce: [UInt8](repeating: 2, count: 12)
          )
          #expect(try validate(encrypted.octets))
          for content in [SAMLResponse.Content.signed(signed), .encrypted(encrypted)] {
            let response = try testResponse(content)
            #expect(try validate(try response.octets()))
            let certificate = provider.certificate(for: algorithm)
            let input = try response.signingInput(algorithm, certificate: certificate)
            #expect(try validate(try provider.sign(input).octets))
          }
          let input = try testMetadata(provider).signingInput(
            algorithm,
            certificate: provider.certificate(for: algorithm)
          )
          let metadata = try provider.sign(input)
          #expect(try validate(metadata.octets))
          let file = try folder.write(metadata.octets, as: "metadata.xml")
          #expect(try ForeignTool.verify([file], provider.certificate(for: algorithm), in: folder) == (1, 0))
        }
      }
      let invalid = try provider.sign(full).octets
      let text = String(decoding: invalid, as: UTF8.self).replacing(#" Version="2.0""#, with: "")
      #expect(try !validate(Array(text.utf8)))
    }
  }
}

/// Metadata with two certificates, as during a rotation.
func testMetadata(_ provider: TestIdentityProvider) throws -> IdentityProviderMetadata {
  IdentityProviderMetadata(
    id: try testIdentifier(3),
    entityID: "https://idp.example/saml",
    validUntil: testNow.advanced(bySeconds: 86_400),
    signingCertificates: [provider.rsaCertificate, provider.p384Certificate],
    nameIDFormats: [
      "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
      "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
    ],
    singleSignOnLocation: "https://idp.example/saml/sso"
  )
}
