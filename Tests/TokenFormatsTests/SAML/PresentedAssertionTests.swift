// SPDX-License-Identifier: Apache-2.0
//
// Assertions that somebody presents: what is taken, and every check that one can fail, each with its error. The texts are
// written by hand and signed here, so that they can say what our own writer never would.

import Crypto
import IdentityModel
import Testing
import TokenFormats

private let endpoint = "https://sts.example/1/token"
private let issuer = "https://sts.example/1"
private let mark = "SIGNATURE"
private let saml = "urn:oasis:names:tc:SAML:2.0:"

private let good = """
  <saml:Assertion xmlns:saml="\(saml)assertion" ID="_1" IssueInstant="2026-04-21T07:37:00Z" Version="2.0">
  <saml:Issuer>https://idp.example/saml</saml:Issuer>\(mark)
  <saml:Subject><saml:NameID Format="\(saml)nameid-format:persistent">ada</saml:NameID>
  <saml:SubjectConfirmation Method="\(saml)cm:bearer">
  <saml:SubjectConfirmationData NotOnOrAfter="2026-04-21T07:42:00Z" Recipient="\(endpoint)"/>
  </saml:SubjectConfirmation></saml:Subject>
  <saml:Conditions NotBefore="2026-04-21T07:36:00Z" NotOnOrAfter="2026-04-21T08:37:00Z">
  <saml:AudienceRestriction><saml:Audience>\(issuer)</saml:Audience></saml:AudienceRestriction></saml:Conditions>
  <saml:AuthnStatement AuthnInstant="2026-04-21T07:37:00Z" SessionNotOnOrAfter="2026-04-21T07:50:00Z">
  <saml:AuthnContext/></saml:AuthnStatement>
  <saml:AttributeStatement><saml:Attribute Name="team"><saml:AttributeValue>blue</saml:AttributeValue>
  <saml:AttributeValue>red</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>
  """

struct PresentedAssertionTests {
  private let provider: TestIdentityProvider

  init() throws {
    provider = try TestIdentityProvider.shared.get()
  }

  /// `text` with the provider's signature at the mark, as a client sends it.
  private func signed(_ text: String, id: String = "_1", key: EncodedCertificate? = nil) throws -> String {
    let ds = "http://www.w3.org/2000/09/xmldsig#", exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
    let more = "http://www.w3.org/2001/04/"
    let document = CanonicalXML(try XMLReader.read(Array(text.replacing(mark, with: "").utf8))).octets
    let digest = XMLBase64.encode(Array(SHA256.hash(data: document)))
    let info = """
      <ds:SignedInfo xmlns:ds="\(ds)"><ds:CanonicalizationMethod Algorithm="\(exclusive)"/>
      <ds:SignatureMethod Algorithm="\(more)xmldsig-more#rsa-sha256"/><ds:Reference URI="#\(id)"><ds:Transforms>
      <ds:Transform Algorithm="\(ds)enveloped-signature"/><ds:Transform Algorithm="\(exclusive)"/></ds:Transforms>
      <ds:DigestMethod Algorithm="\(more)xmlenc#sha256"/><ds:DigestValue>\(digest)</ds:DigestValue></ds:Reference>
      </ds:SignedInfo>
      """
    let octets = CanonicalXML(try XMLReader.read(Array(info.utf8))).octets
    let value = XMLBase64.encode(try provider.sign(octets, .rsaSHA256))
    let certificate = XMLBase64.encode((key ?? provider.rsaCertificate).der)
    let signature = """
      <ds:Signature xmlns:ds="\(ds)">\(info)<ds:SignatureValue>\(value)</ds:SignatureValue><ds:KeyInfo><ds:X509Data>
      <ds:X509Certificate>\(certificate)</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>
      """
    return Base64URL.encode(Array(text.replacing(mark, with: signature).utf8))
  }

  private func metadata(
    _ role: String = "IDPSSODescriptor",
    entityID: String = "https://idp.example/saml",
    key: EncodedCertificate? = nil,
    use: String = #" use="signing""#,
    validUntil: String = ""
  ) -> String {
    let certificate = XMLBase64.encode((key ?? provider.rsaCertificate).der)
    return """
      <md:EntityDescriptor xmlns:md="\(saml)metadata" entityID="\(entityID)"\(validUntil)>
      <md:\(role) protocolSupportEnumeration="urn:x \(saml)protocol"><md:KeyDescriptor\(use)>
      <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>\(certificate)
      </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor></md:\(role)></md:EntityDescriptor>
      """
  }

  private func authority(_ text: String) throws -> SAMLAuthority {
    try SAMLAuthority(metadata: Array(text.utf8), now: testNow)
  }

  private func verify(_ token: String, at now: Instant = testNow, _ authority: SAMLAuthority? = nil) throws
    -> ProviderAssertion
  {
    let known = try authority ?? self.authority(metadata())
    return try PresentedAssertion(token).verify(
      by: known,
      expectations: PresentedAssertionExpectations(
        recipient: endpoint,
        audiences: [issuer, endpoint],
        now: now
      )
    )
  }

  @Test func `an assertion for this endpoint by a key of the provider is taken`() throws {
    let taken = try verify(try signed(good))
    #expect(taken.issuer == "https://idp.example/saml" && taken.subject == "ada")
    #expect(taken.subjectFormat == saml + "nameid-format:persistent" && taken.recipient == endpoint)
    #expect(taken.sessionEnd == Instant(rfc3339: "2026-04-21T07:50:00Z"))
    #expect(taken.attributes.map(\.name) == ["team"] && taken.attributes.first?.values == ["blue", "red"])
  }

  @Test(arguments: [
    (" NotOnOrAfter=\"2026-04-21T08:37:00Z\"", ""), ("NotOnOrAfter=\"2026-04-21T07:42:00Z\" ", ""),
    ("<saml:Audience>", "<saml:Audience>https://sp.example</saml:Audience><saml:Audience>"),
    ("<saml:Audience>\(issuer)", "<saml:Audience>\(endpoint)"),
    (" SessionNotOnOrAfter=\"2026-04-21T07:50:00Z\"", ""),
    ("</saml:Conditions>", "</saml:Conditions><saml:Advice/>"),
    // A comment within a text does not end it.
    (">ada<", ">a<!-- -->da<"),
    (
      "<saml:SubjectConfirmation ",
      "<saml:SubjectConfirmation Method=\"\(saml)cm:sender-vouches\"/><saml:SubjectConfirmation "
    ),
  ])
  func `what the standards leave open is taken`(old: String, new: String) throws {
    #expect(good.contains(old))
    #expect(try verify(try signed(good.replacing(old, with: new))).subject == "ada")
  }

  private static let refusals: [(String, String, PresentedAssertionError)] = [
    ("saml:Assertion", "saml:Other", .notAnAssertion),
    ("Version=\"2.0\"", "Version=\"1.1\"", .notAnAssertion),
    (" Version=\"2.0\"", "", .notAnAssertion),
    ("https://idp.example/saml<", "https://idp.example/saml/<", .issuerMismatch("https://idp.example/saml/")),
    ("IssueInstant=\"2026-04-21T07:37:00Z\"", "", .malformed("IssueInstant")),
    ("IssueInstant=\"2026-04-21T07:37:00Z\"", "IssueInstant=\"2026-04-21\"", .malformed("IssueInstant")),
    (
      "IssueInstant=\"2026-04-21T07:37:00Z\"", "IssueInstant=\"2026-04-21T07:38:11Z\"",
      .issuedInTheFuture(Instant(seconds: 1_776_757_091))
    ),
    (
      "IssueInstant=\"2026-04-21T07:37:00Z\"", "IssueInstant=\"2026-04-20T06:37:10Z\"",
      .tooOld(Instant(seconds: 1_776_667_030))
    ),
    ("saml:NameID", "saml:EncryptedID", .notTaken("EncryptedID")), (">ada<", "><", .malformed("NameID")),
    (">ada<", "> \n<", .malformed("NameID")), (">ada<", "><b/>ada<", .malformed("NameID")),
    (">ada<", "><?pi x?>ada<", .malformed("NameID")),
    (">ada<", ">\(String(repeating: "a", count: 256))<", .malformed("NameID")),
    ("cm:bearer", "cm:holder-of-key", .recipientMismatch),
    (endpoint + "\"", endpoint + "/\"", .recipientMismatch),
    (" Recipient=\"\(endpoint)\"", "", .recipientMismatch),
    ("Recipient=", "NotBefore=\"2026-04-21T07:37:00Z\" Recipient=", .recipientMismatch),
    ("Recipient=", "InResponseTo=\"_2\" Recipient=", .recipientMismatch),
    (
      "NotOnOrAfter=\"2026-04-21T07:42:00Z\"", "NotOnOrAfter=\"2026-04-21T07:36:10Z\"",
      .expired(Instant(seconds: 1_776_756_970))
    ),
    ("07:42:00Z", "later", .malformed("NotOnOrAfter")), ("08:37:00Z", "later", .malformed("NotOnOrAfter")),
    ("NotBefore=\"2026-04-21T07:36:00Z\"", "NotBefore=\"soon\"", .malformed("NotBefore")),
    (
      "NotBefore=\"2026-04-21T07:36:00Z\"", "NotBefore=\"2026-04-21T07:38:11Z\"",
      .notYetValid(Instant(seconds: 1_776_757_091))
    ),
    ("2026-04-21T08:37:00Z", "2026-04-21T07:36:10Z", .expired(Instant(seconds: 1_776_756_970))),
    ("<saml:Audience>\(issuer)", "<saml:Audience>\(issuer)/", .audienceMismatch),
    ("<saml:Audience>\(issuer)", "<saml:Audience> \(issuer)", .audienceMismatch),
    ("<saml:Audience>\(issuer)</saml:Audience>", "", .audienceMismatch),
    (
      "<saml:AudienceRestriction><saml:Audience>\(issuer)</saml:Audience></saml:AudienceRestriction>", "",
      .audienceMismatch
    ),
    (
      "</saml:AudienceRestriction>",
      "</saml:AudienceRestriction><saml:AudienceRestriction><saml:Audience>x</saml:Audience></saml:AudienceRestriction>",
      .audienceMismatch
    ),
    ("</saml:Conditions>", "<saml:OneTimeUse/></saml:Conditions>", .notTaken("OneTimeUse")),
    (
      "</saml:Conditions>", "<saml:ProxyRestriction Count=\"0\"/></saml:Conditions>",
      .notTaken("ProxyRestriction")
    ),
    ("</saml:Conditions>", "<saml:Condition/></saml:Conditions>", .notTaken("Condition")),
    ("07:50:00Z", "07:37:10Z", .expired(testNow)),
    ("saml:AuthnStatement", "saml:AuthzDecisionStatement", .notTaken("AuthzDecisionStatement")),
    (
      "</saml:AttributeStatement>", "<saml:Attribute Name=\"team\"/></saml:AttributeStatement>",
      .malformed("AttributeStatement")
    ),
    (
      "</saml:AttributeStatement>", "<saml:EncryptedAttribute/></saml:AttributeStatement>",
      .notTaken("EncryptedAttribute")
    ),
    (" Name=\"team\"", "", .malformed("Attribute")),
    ("<saml:Issuer>https://idp.example/saml</saml:Issuer>", "", .malformed("Issuer")),
    ("saml:Conditions", "saml:Advice", .malformed("Conditions")),
  ]

  @Test func `whatever else an assertion says is refused, with its reason`() throws {
    for (old, new, error) in Self.refusals {
      #expect(good.contains(old), "\(old)")
      let text = good.replacing(old, with: new)
      #expect(throws: error, "\(old) -> \(new)") { try verify(try signed(text)) }
    }
  }

  @Test func `without an end no assertion is taken`() throws {
    let text = good.replacing(" NotOnOrAfter=\"2026-04-21T08:37:00Z\"", with: "")
      .replacing("NotOnOrAfter=\"2026-04-21T07:42:00Z\" ", with: "")
    #expect(throws: PresentedAssertionError.malformed("NotOnOrAfter")) { try verify(try signed(text)) }
  }

  @Test func `only a key of the provider signs, and it signs the whole`() throws {
    let unsigned = Base64URL.encode(Array(good.replacing(mark, with: "").utf8))
    #expect(throws: PresentedAssertionError.notSigned) { try verify(unsigned) }
    let other = try TestIdentityProvider()
    let others = try authority(metadata(key: other.rsaCertificate))
    #expect(throws: PresentedAssertionError.signature(.foreignKey)) { try verify(try signed(good), others) }
    // Nothing is computed for a stranger's key: it is refused as that, not for what it did not sign.
    #expect(throws: PresentedAssertionError.signature(.foreignKey)) {
      try verify(try signed(good, key: other.rsaCertificate))
    }
    #expect(throws: PresentedAssertionError.signature(.signatureInvalid)) {
      try verify(try signed(good, key: other.rsaCertificate), others)
    }
    #expect(throws: PresentedAssertionError.signature(.reference("#_2"))) {
      try verify(try signed(good, id: "_2"))
    }
    let octets = try #require(Base64URL.decode(try signed(good)))
    let text = String(decoding: octets, as: UTF8.self)
    let changed = Base64URL.encode(Array(text.replacing(">ada<", with: ">eve<").utf8))
    #expect(throws: PresentedAssertionError.signature(.digestDiffers)) { try verify(changed) }
    // One within the other: the signature of the inner one is none of the outer one.
    let wrapped = good.replacing("_1", with: "_0").replacing(mark, with: "")
      .replacing("</saml:Conditions>", with: "</saml:Conditions><saml:Advice>\(text)</saml:Advice>")
    #expect(throws: PresentedAssertionError.notSigned) { try verify(Base64URL.encode(Array(wrapped.utf8))) }
  }

  @Test func `what is no assertion is not read far`() throws {
    #expect(throws: PresentedAssertionError.tooLong(limit: 60_000)) {
      try PresentedAssertion(String(repeating: "a", count: 60_001))
    }
    for text in ["a", "+/+/", "ab=c", "YQ===", "é"] {
      #expect(throws: PresentedAssertionError.notBase64URL, "\(text)") { try PresentedAssertion(text) }
    }
    let bomb = "<!DOCTYPE a [<!ENTITY b 'c'>]><saml:Assertion xmlns:saml='\(saml)assertion'/>"
    for text in [bomb, "text", "<a>", ""] {
      let error = #expect(throws: PresentedAssertionError.self) {
        try PresentedAssertion(Base64URL.encode(Array(text.utf8)))
      }
      guard case .xml = error else {
        Issue.record("\(text): \(String(describing: error))")
        continue
      }
    }
  }

  @Test func `metadata names one identity provider and its keys, or nobody`() throws {
    #expect(try authority(metadata()).entityID == "https://idp.example/saml")
    #expect(try verify(try signed(good), try authority(metadata(use: ""))).subject == "ada")
    let both =
      "<md:EntitiesDescriptor xmlns:md=\"\(saml)metadata\">\(metadata("SPSSODescriptor"))\(metadata())"
      + "</md:EntitiesDescriptor>"
    #expect(try authority(both).entityID == "https://idp.example/saml")
    let later = metadata(validUntil: " validUntil=\"2026-04-21T07:37:11Z\"")
    #expect(try authority(later).entityID == "https://idp.example/saml")
    let two = both.replacing("SPSSODescriptor", with: "IDPSSODescriptor")
    let refusals: [(String, SAMLAuthorityError)] = [
      (two, .identityProviders(2)), (metadata("SPSSODescriptor"), .identityProviders(0)),
      (metadata().replacing("2.0:protocol", with: "1.1:protocol"), .identityProviders(0)),
      (metadata(use: " use=\"encryption\""), .noSigningKey), (metadata(entityID: ""), .malformed("entityID")),
      (metadata(validUntil: " validUntil=\"2026-04-21T07:37:10Z\""), .expired(testNow)),
      (metadata(validUntil: " validUntil=\"never\""), .malformed("validUntil")),
    ]
    for (text, error) in refusals { #expect(throws: error) { try authority(text) } }
    let broken = metadata().replacing("<ds:X509Certificate>", with: "<ds:X509Certificate>AAAA")
    #expect(throws: SAMLAuthorityError.malformed("X509Certificate")) { try authority(broken) }
  }

  @Test func `the name qualifier is AWS's hash`() {
    // printf 'https://example.com/saml123456789012/MySAMLIdP' | openssl sha1 -binary | base64
    let qualifier = SAMLNameQualifier.of(
      issuer: "https://example.com/saml",
      account: "123456789012",
      provider: "MySAMLIdP"
    )
    #expect(qualifier == "1uAJanUnBc2XeUkHURMht+xam2c=")
  }
}
