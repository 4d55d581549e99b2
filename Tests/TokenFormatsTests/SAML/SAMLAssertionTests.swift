// SPDX-License-Identifier: Apache-2.0
//
// Assertions and responses, octet by octet, and the refusals, each of which names its field.

import Crypto
import CryptoExtras
import Foundation
import IdentityModel
import Testing
import TokenFormats

struct SAMLAssertionTests {
  private let provider: TestIdentityProvider

  init() throws {
    provider = try TestIdentityProvider.shared.get()
  }

  private func text(_ octets: [UInt8]) -> String { String(decoding: octets, as: UTF8.self) }

  private func sha256(_ text: String) -> String {
    Data(SHA256.hash(data: Array(text.utf8))).base64EncodedString()
  }

  /// The form of `testAssertion` was written by hand from SAML Core 2.0 and the rules of Exclusive XML Canonicalization.
  @Test func `an assertion is written in exclusive canonical form with its signature after the issuer`()
    throws
  {
    let id = "_01010101010101010101010101010101"
    let head =
      #"<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="\#(id)""#
      + #" IssueInstant="2026-04-21T07:37:10Z" Version="2.0"><saml:Issuer>https://idp.example/saml</saml:Issuer>"#
    let tail =
      #"<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent""#
      + #" NameQualifier="https://idp.example/saml" SPNameQualifier="https://sp.example">"#
      + "arn:aws:iam::123456789012:role/ci</saml:NameID>"
      + #"<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData"#
      + #" InResponseTo="_request" NotOnOrAfter="2026-04-21T07:42:10Z""#
      + #" Recipient="https://sp.example/acs?a=1&amp;b=2"></saml:SubjectConfirmationData>"#
      + "</saml:SubjectConfirmation></saml:Subject>"
      + #"<saml:Conditions NotBefore="2026-04-21T07:36:10Z" NotOnOrAfter="2026-04-21T08:37:10Z">"#
      + "<saml:AudienceRestriction><saml:Audience>https://sp.example</saml:Audience>"
      + "<saml:Audience>urn:other</saml:Audience></saml:AudienceRestriction>"
      + "<saml:OneTimeUse></saml:OneTimeUse></saml:Conditions>"
      + #"<saml:AuthnStatement AuthnInstant="2026-04-21T07:37:10Z" SessionIndex="ASIA1""#
      + #" SessionNotOnOrAfter="2026-04-21T07:52:10Z"><saml:AuthnContext><saml:AuthnContextClassRef>"#
      + "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified</saml:AuthnContextClassRef></saml:AuthnContext>"
      + "</saml:AuthnStatement><saml:AttributeStatement>"
      + #"<saml:Attribute FriendlyName="account" Name="https://sts.amazonaws.com/aws_account""#
      + #" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">"#
      + "<saml:AttributeValue>123456789012</saml:AttributeValue></saml:Attribute>"
      + #"<saml:Attribute Name="tag &amp; &lt;team>"><saml:AttributeValue>a</saml:AttributeValue>"#
      + "<saml:AttributeValue></saml:AttributeValue>"
      + "<saml:AttributeValue>b&#xD;\n\t\"c\"</saml:AttributeValue></saml:Attribute>"
      + #"<saml:Attribute Name="none"></saml:Attribute></saml:AttributeStatement></saml:Assertion>"#
    func info(_ namespace: String) -> String {
      "<ds:SignedInfo\(namespace)>"
        + #"<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:CanonicalizationMethod>"#
        + #"<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod>"#
        + ##"<ds:Reference URI="#\##(id)"><ds:Transforms>"##
        + #"<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform>"#
        + #"<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform></ds:Transforms>"#
        + #"<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>"#
        + "<ds:DigestValue>\(sha256(head + tail))</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    }
    let namespace = #" xmlns:ds="http://www.w3.org/2000/09/xmldsig#""#
    let input = try testAssertion().signingInput(.rsaSHA256, certificate: provider.rsaCertificate)
    #expect(text(input.octets) == info(namespace))
    let signature = [UInt8](repeating: 7, count: 256)
    let certificate = Data(provider.rsaCertificate.der).base64EncodedString()
    let signed = text(try input.signed(signature).octets)
    #expect(
      signed == head + "<ds:Signature\(namespace)>" + info("")
        + "<ds:SignatureValue>\(Data(signature).base64EncodedString())</ds:SignatureValue>"
        + "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>\(certificate)</ds:X509Certificate></ds:X509Data>"
        + "</ds:KeyInfo></ds:Signature>" + tail
    )
  }

  @Test
  func `a response that nobody asked for has no InResponseTo, and carries the assertion as it was signed`()
    throws
  {
    var assertion = try testAssertion()
    assertion.confirmation.inResponseTo = nil
    assertion.attributes = []
    assertion.authentication.sessionIndex = nil
    assertion.authentication.sessionNotOnOrAfter = nil
    assertion.nameID.nameQualifier = nil
    assertion.nameID.serviceNameQualifier = nil
    assertion.conditions.oneTimeUse = false
    let signed = try provider.sign(assertion)
    for absent in [
      "InResponseTo", "AttributeStatement", "SessionIndex", "SessionNotOn", "Qualifier", "OneTimeUse",
    ] {
      #expect(!text(signed.octets).contains(absent))
    }
    let response = SAMLResponse(
      id: try testIdentifier(2),
      issueInstant: testNow,
      issuer: "https://idp.example/saml",
      destination: "https://sp.example/acs",
      content: .signed(signed)
    )
    let octets = try response.octets()
    #expect(
      text(octets)
        == #"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" Destination="https://sp.example/acs""#
        + #" ID="_02020202020202020202020202020202" IssueInstant="2026-04-21T07:37:10Z" Version="2.0">"#
        + #"<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://idp.example/saml</saml:Issuer>"#
        + #"<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"></samlp:StatusCode>"#
        + "</samlp:Status>" + text(signed.octets) + "</samlp:Response>"
    )
    #expect(SAMLMessageText.postBinding(octets) == Data(octets).base64EncodedString())
    let grant = SAMLMessageText.bearerGrant(signed)
    #expect(Base64URL.decode(grant) == signed.octets)
    #expect(!grant.contains("="))
  }

  @Test func `what was written is what its own canonical form is`() throws {
    for algorithm in XMLSignatureAlgorithm.allCases {
      let octets = try provider.sign(try testAssertion(), algorithm).octets
      #expect(CanonicalXML(try XMLReader.read(octets)).octets == octets)
    }
  }

  @Test func `a holder's key is named, and the method with it`() throws {
    var assertion = try testAssertion()
    assertion.confirmation.method = .holderOfKey(.certificate(provider.p384Certificate.der))
    let certificate = Data(provider.p384Certificate.der).base64EncodedString()
    let withCertificate = text(try provider.sign(assertion).octets)
    #expect(withCertificate.contains(#"Method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key""#))
    #expect(!withCertificate.contains("cm:bearer"))
    #expect(
      withCertificate.contains(
        #"Recipient="https://sp.example/acs?a=1&amp;b=2"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">"#
          + "<ds:X509Data><ds:X509Certificate>\(certificate)</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
      )
    )
    assertion.confirmation.method = .holderOfKey(.publicKey(.rsa(modulus: [1, 2, 3], exponent: [1, 0, 1])))
    #expect(
      text(try provider.sign(assertion).octets).contains(
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQID</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue>"
      )
    )
    assertion.confirmation.method = .holderOfKey(.publicKey(.p384(x: [1], y: [2])))
    #expect(
      text(try provider.sign(assertion).octets).contains(
        #"<dsig11:ECKeyValue xmlns:dsig11="http://www.w3.org/2009/xmldsig11#">"#
          + #"<dsig11:NamedCurve URI="urn:oid:1.3.132.0.34"></dsig11:NamedCurve>"#
          + "<dsig11:PublicKey>BAEC</dsig11:PublicKey></dsig11:ECKeyValue>"
      )
    )
    assertion.confirmation.method = .holderOfKey(.certificate(Array(provider.p384Certificate.der.dropLast())))
    #expect(throws: SAMLError.malformedCertificate) { try provider.sign(assertion) }
  }

  @Test func `each field refuses what it cannot carry and says which one it is`() throws {
    let bad = "a\u{1}"
    let long = String(repeating: "x", count: 1025)
    let attribute = SAMLAttribute(name: "n", values: ["v"])
    let cases: [(SAMLError, (inout SAMLAssertion) -> Void)] = [
      (.forbiddenCharacter(.issuer), { $0.issuer = bad }),
      (.empty(.issuer), { $0.issuer = "" }),
      (.notURI(.issuer), { $0.issuer = "https://idp.example /" }),
      (.notURI(.issuer), { $0.issuer = long }),
      (.forbiddenCharacter(.nameID), { $0.nameID.value = "\u{FFFF}" }),
      (.empty(.nameID), { $0.nameID.value = " \t" }),
      (.notURI(.nameIDFormat), { $0.nameID.format = "a b" }),
      (.forbiddenCharacter(.nameQualifier), { $0.nameID.nameQualifier = bad }),
      (.empty(.serviceNameQualifier), { $0.nameID.serviceNameQualifier = "" }),
      (.notURI(.recipient), { $0.confirmation.recipient = "https://sp.example/\n" }),
      (.notNCName(.inResponseTo), { $0.confirmation.inResponseTo = "1" }),
      (.notNCName(.inResponseTo), { $0.confirmation.inResponseTo = "a:b" }),
      (.impossibleTime(.notOnOrAfter), { $0.confirmation.notOnOrAfter = Instant(seconds: 253_402_300_800) }),
      (.empty(.audience(0)), { $0.conditions.audiences = [] }),
      (.notURI(.audience(1)), { $0.conditions.audiences = ["a", "b c"] }),
      (.forbiddenCharacter(.audience(1)), { $0.conditions.audiences = ["a", bad] }),
      (.impossibleTime(.notBefore), { $0.conditions.notBefore = Instant(seconds: -1) }),
      (.neverValid, { $0.conditions.notOnOrAfter = $0.conditions.notBefore.advanced(bySeconds: 0) }),
      (
        .neverValid,
        { $0.confirmation.notOnOrAfter = Instant(milliseconds: $0.conditions.notBefore.milliseconds + 999) }
      ),
      (.impossibleTime(.issueInstant), { $0.issueInstant = Instant(seconds: -1) }),
      (.impossibleTime(.authnInstant), { $0.authentication.instant = Instant(seconds: -1) }),
      (.empty(.sessionIndex), { $0.authentication.sessionIndex = "" }),
      (
        .impossibleTime(.sessionNotOnOrAfter),
        { $0.authentication.sessionNotOnOrAfter = Instant(seconds: -1) }
      ),
      (.empty(.authnContextClass), { $0.authentication.contextClass = "" }),
      (
        .tooMany(.attributes, limit: 128),
        {
          $0.attributes = (0..<129).map { SAMLAttribute(name: "\($0)", values: []) }
        }
      ),
      (
        .duplicate(.attributeName(2)),
        {
          $0.attributes = [attribute, SAMLAttribute(name: "N", values: []), attribute]
        }
      ),
      (.empty(.attributeName(1)), { $0.attributes = [attribute, SAMLAttribute(name: "", values: [])] }),
      (.forbiddenCharacter(.attributeName(0)), { $0.attributes = [SAMLAttribute(name: bad, values: [])] }),
      (
        .notURI(.attributeNameFormat(0)),
        {
          $0.attributes = [SAMLAttribute(name: "n", nameFormat: "a b", values: [])]
        }
      ),
      (
        .empty(.attributeFriendlyName(0)),
        {
          $0.attributes = [SAMLAttribute(name: "n", friendlyName: "", values: [])]
        }
      ),
      (
        .forbiddenCharacter(.attributeValue(1, 2)),
        {
          $0.attributes = [attribute, SAMLAttribute(name: "m", values: ["a", "b", "\u{0}"])]
        }
      ),
    ]
    for (error, change) in cases {
      var assertion = try testAssertion()
      change(&assertion)
      #expect(throws: error) { try provider.sign(assertion) }
    }
    var most = try testAssertion()
    most.attributes = (0..<128).map { SAMLAttribute(name: "\($0)", values: []) }
    // Names that Swift holds equal are two names.
    most.attributes[0].name = "é"
    most.attributes[1].name = "e\u{301}"
    #expect(throws: Never.self) { try provider.sign(most) }
  }

  @Test func `a response refuses what it cannot carry`() throws {
    let response = SAMLResponse(
      id: try testIdentifier(2),
      issueInstant: testNow,
      issuer: "https://idp.example/saml",
      destination: "https://sp.example/acs",
      content: .signed(try provider.sign(try testAssertion()))
    )
    let cases: [(SAMLError, (inout SAMLResponse) -> Void)] = [
      (.empty(.issuer), { $0.issuer = "" }), (.notURI(.destination), { $0.destination = "a b" }),
      (.notNCName(.inResponseTo), { $0.inResponseTo = "-" }),
      (.impossibleTime(.issueInstant), { $0.issueInstant = Instant(seconds: -1) }),
    ]
    for (error, change) in cases {
      var changed = response
      change(&changed)
      #expect(throws: error) { try changed.octets() }
    }
  }

  @Test func `a signature of another length, and a certificate of another kind of key, are refused`() throws {
    for (algorithm, good, bad) in [
      (XMLSignatureAlgorithm.rsaSHA256, 256, [0, 96, 255, 1025]), (.rsaSHA384, 512, [255]),
      (.ecdsaSHA384, 96, [0, 95, 97, 104]),
    ] {
      let input = try testAssertion().signingInput(
        algorithm,
        certificate: provider.certificate(for: algorithm)
      )
      #expect(throws: Never.self) { try input.signed([UInt8](repeating: 1, count: good)) }
      for count in bad {
        #expect(throws: SAMLError.signatureOfWrongLength(count)) {
          try input.signed([UInt8](repeating: 1, count: count))
        }
      }
    }
    #expect(throws: SAMLError.certificateOfAnotherAlgorithm) {
      try testAssertion().signingInput(.ecdsaSHA384, certificate: provider.rsaCertificate)
    }
    #expect(throws: SAMLError.certificateOfAnotherAlgorithm) {
      try testAssertion().signingInput(.rsaSHA384, certificate: provider.p384Certificate)
    }
  }

  @Test func `an identifier is a name made of sixteen octets of chance or more`() throws {
    #expect(try SAMLIdentifier(random: Array(0..<16)).text == "_000102030405060708090a0b0c0d0e0f")
    #expect(try SAMLIdentifier(random: [UInt8](repeating: 0xFE, count: 64)).text.utf8.count == 129)
    for count in [0, 15, 65] {
      #expect(throws: SAMLError.identifierOfWrongLength(count)) {
        try SAMLIdentifier(random: [UInt8](repeating: 1, count: count))
      }
    }
  }

  @Test func `a certificate is taken apart and nothing else is taken for one`() throws {
    let der = provider.rsaCertificate.der
    #expect(provider.rsaCertificate.subjectPublicKeyInfo == Array(provider.rsa.publicKey.derRepresentation))
    #expect(provider.rsaCertificate.signatureKey?.algorithms == [.rs256, .rs384, .rs512])
    #expect(provider.p384Certificate.signatureKey?.algorithms == [.es384])
    #expect(EncodedCertificate(der: []) == nil)
    #expect(EncodedCertificate(der: der + [0]) == nil)
    for length in 0..<der.count { #expect(EncodedCertificate(der: Array(der[..<length])) == nil) }
    // A length with more octets than it needs.
    #expect(EncodedCertificate(der: [0x30, 0x83, 0] + der[2...]) == nil)
    // An indefinite one.
    #expect(EncodedCertificate(der: [0x30, 0x80] + der[4...] + [0, 0]) == nil)
  }

  @Test func `base 64 has one text for each octet string, but for white space`() {
    for (octets, text) in [([], ""), ([0xFB], "+w=="), ([0xFF, 0xFE], "//4="), ([1, 2, 3], "AQID")]
      as [([UInt8], String)]
    {
      #expect(XMLBase64.encode(octets) == text)
      #expect(XMLBase64.decode(text) == octets)
      #expect(XMLBase64.decode(" " + text.map { "\($0)\r\n\t" }.joined()) == octets)
    }
    for bad in [
      "A", "AA", "AA=", "AAA", "AB==", "AAB=", "=AAA", "AA==AAAA", "AA=A", "====", "A===", "-w==", "_w==",
      "AA==\u{B}",
    ] {
      #expect(XMLBase64.decode(bad) == nil, "\(bad)")
    }
  }
}
