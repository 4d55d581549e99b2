// SPDX-License-Identifier: Apache-2.0
//
// The verifier of enveloped signatures: what strangers signed well is taken, and every published forgery and every other
// form is refused, with the reason.

import Crypto
import CryptoExtras
import Foundation
import Testing
import TokenFormats

struct EnvelopedSignatureTests {
  private let provider: TestIdentityProvider
  private let text: String

  init() throws {
    provider = try TestIdentityProvider.shared.get()
    let input = try testMetadata(provider).signingInput(.rsaSHA256, certificate: provider.rsaCertificate)
    text = String(decoding: try provider.sign(input).octets, as: UTF8.self)
  }

  private func verify(_ text: String) throws -> EncodedCertificate? {
    try EnvelopedSignature.verify(try XMLReader.read(Array(text.utf8)))
  }

  private func changed(_ old: String, _ new: String) -> String {
    #expect(text.contains(old), "\(old)")
    return text.replacing(old, with: new)
  }

  /// `text` with a new signature over its `SignedInfo`.
  private func resigned(_ text: String) throws -> String {
    let root = try XMLReader.read(Array(text.utf8))
    let signature = try #require(root.elements.first { $0.name.local == "Signature" })
    let info = try #require(signature.elements.first { $0.name.local == "SignedInfo" })
    let value = try #require(signature.elements.first { $0.name.local == "SignatureValue" }?.text)
    let new = try provider.sign(CanonicalXML(info).octets, .rsaSHA256)
    return text.replacing(value, with: XMLBase64.encode(new))
  }

  @Test func `our own signatures verify, with each algorithm, and give the certificate`() throws {
    for algorithm in XMLSignatureAlgorithm.allCases {
      let certificate = provider.certificate(for: algorithm)
      let metadata = try provider.sign(
        try testMetadata(provider).signingInput(algorithm, certificate: certificate)
      )
      let assertion = try provider.sign(try testAssertion(), algorithm)
      for octets in [metadata.octets, assertion.octets] {
        #expect(try EnvelopedSignature.verify(try XMLReader.read(octets))?.der == certificate.der)
      }
    }
  }

  @Test func `a list of prefixes that is longer than any in use is refused, wherever it stands`() throws {
    let exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
    func list(_ count: Int) -> String {
      let words = (0..<count).map { "p\($0)" }.joined(separator: " ")
      return
        #"<c:InclusiveNamespaces xmlns:c="\#(exclusive)" PrefixList="\#(words)"></c:InclusiveNamespaces>"#
    }
    let method = #"<ds:CanonicalizationMethod Algorithm="\#(exclusive)">"#
    let transform = #"<ds:Transform Algorithm="\#(exclusive)">"#
    let most = EnvelopedSignature.maximumInclusivePrefixes
    // The shorter list changes what is signed; the longer one is not looked at that far.
    for (count, error) in [
      (most, XMLSignatureError.signatureInvalid), (most + 1, .unexpectedForm("PrefixList")),
    ] {
      #expect(throws: error) { try verify(changed(method, method + list(count))) }
    }
    #expect(try verify(resigned(changed(transform, transform + list(most)))) != nil)
    #expect(throws: XMLSignatureError.unexpectedForm("PrefixList")) {
      try verify(resigned(changed(transform, transform + list(most + 1))))
    }
  }

  @Test func `a document without a signature has no signer`() throws {
    #expect(try verify("<a ID='b'/>") == nil)
  }

  @Test func `no changed byte goes unnoticed`() throws {
    let octets = Array(text.utf8)
    var verified = 0
    for place in stride(from: 0, to: octets.count, by: 5) {
      var changed = octets
      changed[place] ^= 1
      guard let root = try? XMLReader.read(changed), let signer = try? EnvelopedSignature.verify(root) else {
        continue
      }
      verified += 1
      // The certificate around the key is not signed: then it is another certificate.
      #expect(signer.der != provider.rsaCertificate.der, "byte \(place)")
      #expect(signer.subjectPublicKeyInfo == provider.rsaCertificate.subjectPublicKeyInfo)
    }
    #expect(verified > 0)
  }

  @Test func `another form than the one that is spoken is refused, however well it is signed`() throws {
    let exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
    let enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
    let method = #"<ds:CanonicalizationMethod Algorithm="\#(exclusive)">"#
    let transform = #"<ds:Transform Algorithm="\#(exclusive)"></ds:Transform>"#
    let first = #"<ds:Transform Algorithm="\#(enveloped)"></ds:Transform>"#
    let rsa = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    let id = "_03030303030303030303030303030303"
    let cases: [(String, XMLSignatureError)] = [
      (
        changed(method, #"<ds:CanonicalizationMethod Algorithm="\#(exclusive)WithComments">"#),
        .canonicalization(exclusive + "WithComments")
      ),
      (
        changed(
          method,
          #"<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315">"#
        ),
        .canonicalization("http://www.w3.org/TR/2001/REC-xml-c14n-20010315")
      ),
      (changed(method, "<ds:CanonicalizationMethod>"), .canonicalization("")),
      (
        changed(rsa, "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        .signatureAlgorithm("http://www.w3.org/2000/09/xmldsig#rsa-sha1")
      ),
      (
        changed(rsa, "http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
        .signatureAlgorithm("http://www.w3.org/2000/09/xmldsig#hmac-sha1")
      ),
      (changed(rsa, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"), .algorithmOfAnotherKey),
      (
        changed("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1"),
        .digestAlgorithm("http://www.w3.org/2000/09/xmldsig#sha1")
      ),
      (changed("#" + id, ""), .reference("")),
      (changed("#" + id, "#_other"), .reference("#_other")),
      (changed(" URI=\"#\(id)\"", ""), .reference("")),
      (changed("<md:NameIDFormat>", #"<md:NameIDFormat ID="\#(id)">"#), .reference("#" + id)),
      (changed("<md:NameIDFormat>", #"<md:NameIDFormat xmlns:w="u:w" w:Id="\#(id)">"#), .reference("#" + id)),
      (changed(first + transform, transform + first), .transform(exclusive)),
      (changed(first + transform, first), .unexpectedForm("Transforms")),
      (changed(first + transform, first + transform + transform), .unexpectedForm("Transforms")),
      (changed(first + transform, first + first), .transform(enveloped)),
      (
        changed(
          first,
          #"<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"></ds:Transform>"#
        ),
        .transform("http://www.w3.org/TR/1999/REC-xslt-19991116")
      ),
      (
        changed(first, #"<ds:Transform Algorithm="\#(enveloped)"><x/></ds:Transform>"#), .transform(enveloped)
      ),
      (
        changed(transform, #"<ds:Transform Algorithm="\#(exclusive)"><x/></ds:Transform>"#),
        .unexpectedForm("InclusiveNamespaces")
      ),
      (
        changed("</ds:Reference>", "</ds:Reference><ds:Reference></ds:Reference>"),
        .unexpectedForm("SignedInfo")
      ),
      (
        changed("</ds:KeyInfo></ds:Signature>", "</ds:KeyInfo><ds:Object></ds:Object></ds:Signature>"),
        .unexpectedForm("Signature")
      ),
      (
        changed("<ds:SignatureValue>", "<ds:SignedInfo></ds:SignedInfo><ds:SignatureValue>"),
        .unexpectedForm("Signature")
      ),
      (
        changed(
          "<md:NameIDFormat>",
          "<md:NameIDFormat><ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/>"
        ), .severalSignatures
      ),
      (
        changed(
          "<md:IDPSSODescriptor",
          "<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/><md:IDPSSODescriptor"
        ), .severalSignatures
      ),
      (changed("https://idp.example/saml/sso", "https://evil.example"), .digestDiffers),
      (
        changed(
          "</md:NameIDFormat><md:SingleSignOnService",
          "<?x?></md:NameIDFormat><md:SingleSignOnService"
        ), .digestDiffers
      ),
    ]
    for (text, error) in cases {
      #expect(throws: error) { try verify(try resigned(text)) }
    }
    let signature = try #require(text.firstRange(of: "</ds:SignatureValue>")).upperBound
    let keyInfoEnd = try #require(text[signature...].firstRange(of: "</ds:KeyInfo>")).upperBound
    #expect(throws: XMLSignatureError.unexpectedForm("Signature")) {
      try verify(String(text[..<signature] + text[keyInfoEnd...]))
    }
    for keyInfo in [
      "", "<ds:KeyName>k</ds:KeyName>",
      "<ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data>",
      String(
        repeating:
          "<ds:X509Data><ds:X509Certificate>\(XMLBase64.encode(provider.rsaCertificate.der))</ds:X509Certificate></ds:X509Data>",
        count: 2
      ),
    ] {
      let changed = text[..<signature] + "<ds:KeyInfo>\(keyInfo)</ds:KeyInfo>" + text[keyInfoEnd...]
      #expect(throws: XMLSignatureError.noKey) { try verify(String(changed)) }
    }
    // Moved below another root, the signed element is not what is read.
    let wrapped =
      #"<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ID="x">\#(text)</md:EntityDescriptor>"#
    #expect(throws: XMLSignatureError.severalSignatures) { try verify(wrapped) }
  }

  @Test
  func `white space, comments, single quotes and other prefixes do not matter where they are not signed`()
    throws
  {
    let pretty =
      text.replacing("<ds:KeyInfo>", with: "<!-- c -->\n  <ds:KeyInfo>").replacing(
        "<ds:SignedInfo>",
        with: "\n<ds:SignedInfo >"
      )
    #expect(try verify("<?xml version='1.0'?>\n" + pretty)?.der == provider.rsaCertificate.der)
  }

  /// Of all published documents, the ones with a signature in the one form, by SHA-2, over the root.
  @Test(.enabled(if: Corpora.arePresent, "\(Corpora.absent)"))
  func `of everything that was published, only what is well signed is taken`() throws {
    let root = try #require(Corpora.folder)
    var taken: [String] = []
    var refused: [XMLSignatureError: Int] = [:]
    for folder in [
      "xmldsig-xml-crypto", "xmldsig-xmlsec", "saml-crewjam", "saml-node-saml", "saml-pysaml2-xsw",
      "saml-python3-saml",
      "saml-ruby-saml",
    ] {
      let files = try #require(FileManager.default.enumerator(atPath: root.appending(path: folder).path))
      for case let file as String in files {
        guard let data = try? Data(contentsOf: root.appending(path: folder).appending(path: file)) else {
          continue
        }
        let decoded = Data(base64Encoded: data, options: .ignoreUnknownCharacters)
        for octets in [data, decoded].compactMap({ $0 }) {
          guard let element = try? XMLReader.read(Array(octets)) else { continue }
          do {
            if try EnvelopedSignature.verify(element) != nil { taken.append("\(folder)/\(file)") }
          } catch {
            refused[error, default: 0] += 1
          }
        }
      }
    }
    // Google's and Microsoft's, which xmlsec1 verifies too. A comment in one of them is no part of what is signed, and no
    // end of a text here; what is wrong with another is said within the signature.
    #expect(
      taken.sorted() == [
        "saml-crewjam/testdata/TestSPCanHandlePlaintextResponse_response",
        "saml-crewjam/testdata/TestSPRejectsInjectedComment_response",
        "saml-crewjam/testdata/TestSPRejectsMalformedResponse_response",
        "xmldsig-xml-crypto/test/static/wsfederation_metadata.xml",
      ]
    )
    #expect(refused.values.reduce(0, +) > 200)
  }

  @Test(
    .enabled(if: ForeignTool.isPresent(ForeignTool.xmlsec1), "\(ForeignTool.absent)"),
    arguments: ["", "md #default"]
  )
  func `what xmlsec1 signs is verified, with and without a list of prefixes`(prefixes: String) throws {
    let list =
      prefixes.isEmpty
      ? ""
      : "<c:InclusiveNamespaces xmlns:c=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"\(prefixes)\"/>"
    let template = """
      <?xml version="1.0"?>
      <EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:md="urn:x" ID="a" entityID="b">
        <Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>
          <CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">\(list)</CanonicalizationMethod>
          <SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"/>
          <Reference URI="#a"><Transforms>
            <Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>
            <Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">\(list)</Transform></Transforms>
            <DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/><DigestValue/></Reference>
        </SignedInfo><SignatureValue/><KeyInfo><X509Data/></KeyInfo></Signature>
        <x y = '&#13;&lt;"' x='1'/><![CDATA[<&]]>é&#x1F600;<z xmlns=""/>
      </EntityDescriptor>
      """
    try ForeignTool.withFolder { folder in
      let key = try folder.write(Array(provider.rsa.pemRepresentation.utf8), as: "key.pem")
      let certificate = try folder.write(
        pem("CERTIFICATE", provider.rsaCertificate.der),
        as: "certificate.pem"
      )
      let file = try folder.write(Array(template.utf8), as: "template.xml")
      let result = try ForeignTool.run(
        ForeignTool.xmlsec1,
        [
          "--sign", "--privkey-pem", "\(key),\(certificate)", "--id-attr:ID",
          "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor", file,
        ]
      )
      #expect(result.status == 0, "\(result.complaint)")
      let signed = String(decoding: result.output, as: UTF8.self)
      #expect(try verify(signed)?.der == provider.rsaCertificate.der)
      #expect(throws: XMLSignatureError.digestDiffers) { try verify(signed.replacing(" x=", with: " w=")) }
    }
  }
}
