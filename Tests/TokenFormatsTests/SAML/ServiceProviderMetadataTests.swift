// SPDX-License-Identifier: Apache-2.0
//
// Metadata files of services: what is taken out of them, and why some are refused.

import Foundation
import IdentityModel
import Testing
import TokenFormats

struct ServiceProviderMetadataTests {
  private let provider: TestIdentityProvider

  init() throws {
    provider = try TestIdentityProvider.shared.get()
  }

  private func read(_ text: String, now: Instant = testNow) throws(SAMLMetadataError)
    -> ServiceProviderMetadata
  {
    try ServiceProviderMetadata(Array(text.utf8), now: now)
  }

  private func key(_ use: String, _ certificate: EncodedCertificate) -> String {
    let text = XMLBase64.encode(certificate.der).enumerated().map { $0 % 64 == 63 ? "\($1)\n" : "\($1)" }
      .joined()
    return """
      <md:KeyDescriptor\(use)><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
      <ds:X509Certificate>
      \(text)
      </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
      """
  }

  private func document(
    attributes: String = "",
    role: String = "",
    _ content: String =
      #"<md:AssertionConsumerService Binding="\#(post)" Location="https://sp.example/acs" index="0"/>"#
  ) -> String {
    """
    <?xml version="1.0" encoding="UTF-8"?>
    <md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sp.example"\(attributes)>
      <md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"\(role)>
        \(content)
      </md:SPSSODescriptor>
    </md:EntityDescriptor>
    """
  }

  private static let post = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"

  @Test func `everything that a config needs is taken out`() throws {
    let metadata = try read(
      document(
        attributes: #" validUntil="2026-05-01T00:00:00.5Z""#,
        role: #" WantAssertionsSigned="1" validUntil="2026-04-30T00:00:00Z""#,
        key(#" use="signing""#, provider.p384Certificate)
          + key(#" use="encryption""#, provider.rsaCertificate)
          + key("", provider.p384Certificate)
            + """
            <md:NameIDFormat>
              urn:oasis:names:tc:SAML:2.0:nameid-format:transient </md:NameIDFormat><md:NameIDFormat>urn:b</md:NameIDFormat>
            <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
              Location="https://sp.example/art" index="0" isDefault="true"/>
            <md:AssertionConsumerService Binding="\(Self.post)" Location="https://sp.example/1" index="1" isDefault="0"/>
            <md:AssertionConsumerService Binding="\(Self.post)" Location="https://sp.example/2?a=b&amp;c" index="65535"/>
            """
      )
    )
    #expect(metadata.entityID == "https://sp.example")
    #expect(metadata.wantsAssertionsSigned)
    #expect(metadata.validUntil?.rfc3339 == "2026-04-30T00:00:00Z")
    #expect(metadata.nameIDFormats == ["urn:oasis:names:tc:SAML:2.0:nameid-format:transient", "urn:b"])
    #expect(
      metadata.encryptionCertificates.map(\.der) == [
        provider.rsaCertificate.der, provider.p384Certificate.der,
      ]
    )
    #expect(metadata.assertionConsumerServices.map(\.index) == [1, 65_535])
    #expect(metadata.defaultAssertionConsumerService?.location == "https://sp.example/2?a=b&c")
    #expect(metadata.signer == nil)
    let bare = try read(document())
    #expect(!bare.wantsAssertionsSigned)
    #expect(bare.validUntil == nil)
    #expect(bare.nameIDFormats.isEmpty)
    #expect(bare.encryptionCertificates.isEmpty)
  }

  @Test(arguments: [
    (["", "true"], 1), (["false", "true", "true"], 1), (["", ""], 0), (["false", "", ""], 1),
    (["false", "false"], 0),
    (["0", "1"], 1),
  ])
  func `the default endpoint is found as the specification says`(marks: [String], expected: Int) throws {
    let services = marks.enumerated().map { index, mark in
      #"<md:AssertionConsumerService Binding="\#(Self.post)" Location="https://sp.example" index="\#(index)""#
        + (mark.isEmpty ? "/>" : #" isDefault="\#(mark)"/>"#)
    }
    #expect(try read(document(services.joined())).defaultAssertionConsumerService?.index == expected)
  }

  @Test func `a metadata file that is wrong is refused with the reason`() {
    func service(_ attributes: String) -> String { document("<md:AssertionConsumerService \(attributes)/>") }
    let post = #"Binding="\#(Self.post)""#
    let cases: [(String, SAMLMetadataError)] = [
      ("<!DOCTYPE a>" + document().dropFirst(39), .xml(.documentType(offset: 0))),
      (document("&x;"), .xml(.unknownEntity(offset: 232))),
      (document().replacing("EntityDescriptor", with: "EntitiesDescriptor"), .notAnEntityDescriptor),
      (document().replacing("2.0:metadata", with: "1.0:metadata"), .notAnEntityDescriptor),
      (document().replacing(#" entityID="https://sp.example""#, with: ""), .missing("entityID")),
      (document().replacing(#""https://sp.example""#, with: #""""#), .malformed("entityID")),
      (document().replacing(#""https://sp.example""#, with: #""a b""#), .malformed("entityID")),
      (
        document().replacing(#""https://sp.example""#, with: "\"\(String(repeating: "x", count: 1025))\""),
        .malformed("entityID")
      ),
      (document(attributes: #" validUntil="2026-04-21T07:37:10Z""#), .expired(testNow)),
      (
        document(role: #" validUntil="2026-04-21T07:37:09Z""#),
        .expired(Instant(seconds: testNow.seconds - 1))
      ),
      (document(attributes: #" validUntil="2027-04-21T07:37:10+01:00""#), .malformed("validUntil")),
      (document(attributes: #" validUntil="never""#), .malformed("validUntil")),
      (document().replacing("SPSSO", with: "IDPSSO"), .serviceRoles(0)),
      (document().replacing("2.0:protocol", with: "1.1:protocol"), .serviceRoles(0)),
      (
        document(
          "</md:SPSSODescriptor><md:SPSSODescriptor protocolSupportEnumeration='a urn:oasis:names:tc:SAML:2.0:protocol'>"
        ),
        .serviceRoles(2)
      ),
      (document(role: #" WantAssertionsSigned="yes""#), .malformed("WantAssertionsSigned")),
      (document("<md:NameIDFormat>a b</md:NameIDFormat>"), .malformed("NameIDFormat")),
      (document("<md:NameIDFormat>a<b/></md:NameIDFormat>"), .malformed("NameIDFormat")),
      (document(key(#" use="both""#, provider.rsaCertificate)), .malformed("use")),
      (
        document(key("", provider.rsaCertificate).replacing("MII", with: "MIJ")),
        .malformed("X509Certificate")
      ),
      (document(""), .noPOSTBinding),
      (service(#"Binding="urn:b" Location="https://sp.example" index="0""#), .noPOSTBinding),
      (service(#"Location="https://sp.example" index="0""#), .missing("Binding")),
      (service("\(post) index='0'"), .missing("Location")),
      (service("\(post) Location='https://sp.example'"), .missing("index")),
      (service("\(post) Location='/acs' index='0'"), .malformed("Location")),
      (service("\(post) Location='javascript:alert(1)' index='0'"), .malformed("Location")),
      (service("\(post) Location='https://' index='0'"), .malformed("Location")),
      (service("\(post) Location='https://sp.example/ x' index='0'"), .malformed("Location")),
      (service("\(post) Location='https://sp.example' index='-1'"), .malformed("index")),
      (service("\(post) Location='https://sp.example' index='+1'"), .malformed("index")),
      (service("\(post) Location='https://sp.example' index='65536'"), .malformed("index")),
      (service("\(post) Location='https://sp.example' index='0' isDefault='maybe'"), .malformed("isDefault")),
    ]
    for (text, error) in cases {
      #expect(throws: error) { try read(text) }
    }
  }

  @Test func `a signed file is verified, and refused when it was changed`() throws {
    let input = try testMetadata(provider).signingInput(.ecdsaSHA384, certificate: provider.p384Certificate)
    let text = String(decoding: try provider.sign(input).octets, as: UTF8.self)
    // An identity provider's file: the signature is good, and the role is another.
    #expect(throws: SAMLMetadataError.serviceRoles(0)) { try read(text) }
    #expect(throws: SAMLMetadataError.signature(.digestDiffers)) {
      try read(text.replacing("IDPSSODescriptor", with: "SPSSODescriptor"))
    }
  }

  @Test(
    .enabled(if: Corpora.arePresent, "\(Corpora.absent)"),
    arguments: [
      ("saml-crewjam/testdata/TestCanParseMetadata_metadata.xml", "", .malformed("validUntil")),
      (
        "saml-python3-saml/tests/data/metadata/metadata_settings1.xml",
        "http://stuff.com/endpoints/metadata.php", nil
      ),
      ("saml-python3-saml/tests/data/metadata/no_expiration_mark_metadata.xml", "http://stuff.com/", nil),
      ("saml-python3-saml/tests/data/metadata/noentity_metadata_settings1.xml", "", .notAnEntityDescriptor),
      ("saml-python3-saml/tests/data/metadata/entities_metadata.xml", "", .notAnEntityDescriptor),
      (
        "saml-python3-saml/tests/data/metadata/unparsed_metadata.xml", "", .xml(.unclosedElement(offset: 943))
      ),
      (
        "saml-python3-saml/tests/data/metadata/expired_metadata_settings1.xml", "",
        .expired(Instant(seconds: 1_393_029_583))
      ),
      ("saml-python3-saml/tests/data/metadata/idp_metadata.xml", "", .serviceRoles(0)),
      (
        "saml-python3-saml/tests/data/metadata/signed_metadata_settings1.xml", "",
        .signature(.signatureAlgorithm("http://www.w3.org/2000/09/xmldsig#rsa-sha1"))
      ),
      (
        "saml-python3-saml/tests/data/metadata/signed_metadata_settings2.xml", "",
        .signature(.severalSignatures)
      ),
    ] as [(String, String, SAMLMetadataError?)]
  )
  func `published metadata files are read or refused`(
    file: String,
    entityID: String,
    error: SAMLMetadataError?
  ) throws {
    let octets = try Corpora.bytes(file)
    if let error {
      #expect(throws: error) { try ServiceProviderMetadata(octets, now: testNow) }
    } else {
      #expect(try ServiceProviderMetadata(octets, now: testNow).entityID.hasPrefix(entityID))
    }
  }

  @Test func `our own metadata offers sign-in by both bindings, with the certificates of a rotation`() throws
  {
    let input = try testMetadata(provider).signingInput(.rsaSHA256, certificate: provider.rsaCertificate)
    let root = try XMLReader.read(try provider.sign(input).octets)
    let role = try #require(root.elements("IDPSSODescriptor", in: .md).first)
    let services = role.elements("SingleSignOnService", in: .md)
    #expect(
      services.map { $0.attribute("Binding") } == [
        "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
        "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
      ]
    )
    #expect(services.allSatisfy { $0.attribute("Location") == "https://idp.example/saml/sso" })
    #expect(role.elements("KeyDescriptor", in: .md).count == 2)
  }

  @Test func `metadata that cannot be published is refused`() throws {
    let metadata = try testMetadata(provider)
    let cases: [(SAMLError, (inout IdentityProviderMetadata) -> Void)] = [
      (.empty(.entityID), { $0.entityID = "" }),
      (.notURI(.entityID), { $0.entityID = String(repeating: "x", count: 1025) }),
      (.impossibleTime(.validUntil), { $0.validUntil = Instant(seconds: -1) }),
      (.empty(.certificate), { $0.signingCertificates = [] }),
      (.notURI(.offeredNameIDFormat(1)), { $0.nameIDFormats[1] = "a b" }),
      (.empty(.singleSignOnLocation), { $0.singleSignOnLocation = "" }),
    ]
    for (error, change) in cases {
      var changed = metadata
      change(&changed)
      #expect(throws: error) { try changed.signingInput(.rsaSHA256, certificate: provider.rsaCertificate) }
    }
  }
}
