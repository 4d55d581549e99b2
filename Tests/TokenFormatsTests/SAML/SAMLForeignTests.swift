// SPDX-License-Identifier: Apache-2.0
//
// What is written here, judged by programs that nobody here wrote: xmlsec1 verifies the signatures, xmllint validates
// against the OASIS schemas, Python's expat gives the text back. 200 random assertions in the normal run besides the
// naughty strings; EXEAT_SAML sets another number. The seed is fixed.

import Foundation
import IdentityModel
import StrictJSON
import Testing
import TokenFormats

@Suite(
  .enabled(
    if: ForeignTool.isPresent(ForeignTool.xmlsec1, ForeignTool.xmllint, ForeignTool.python),
    "\(ForeignTool.absent)"
  )
)
struct SAMLForeignTests {
  private let provider: TestIdentityProvider

  init() throws {
    provider = try TestIdentityProvider.shared.get()
  }

  /// Runs `xmlsec1 --verify` on `files`; how many it says are good, and its exit status.
  private func verify(
    _ files: [String],
    _ certificate: EncodedCertificate,
    _ options: [String] = [],
    in folder: URL
  ) throws -> (good: Int, status: Int32) {
    let trusted = try folder.write(pem("CERTIFICATE", certificate.der), as: "trusted.pem")
    let ids = [
      "urn:oasis:names:tc:SAML:2.0:assertion:Assertion", "urn:oasis:names:tc:SAML:2.0:protocol:Response",
      "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor",
    ]
    let result = try ForeignTool.run(
      ForeignTool.xmlsec1,
      ["--verify", "--trusted-pem", trusted, "--enabled-key-data", "x509"]
        + ids.flatMap { ["--id-attr:ID", $0] }
        + options + files
    )
    let lines = (String(decoding: result.output, as: UTF8.self) + result.complaint).split(separator: "\n")
    return (lines.count { $0 == "SignedInfo References (ok/all): 1/1" }, result.status)
  }

  private func response(
    _ content: SAMLResponse.Content,
    _ number: UInt8 = 2
  ) throws -> SAMLResponse {
    SAMLResponse(
      id: try testIdentifier(number),
      issueInstant: testNow,
      issuer: "https://idp.example/saml",
      destination: "https://sp.example/acs",
      inResponseTo: "_request",
      content: content
    )
  }

  @Test(arguments: XMLSignatureAlgorithm.allCases)
  func `xmlsec1 verifies assertion and response, and refuses both when they were changed`(
    algorithm: XMLSignatureAlgorithm
  ) throws {
    let assertion = try provider.sign(try testAssertion(), algorithm)
    let certificate = provider.certificate(for: algorithm)
    let input = try response(.signed(assertion)).signingInput(algorithm, certificate: certificate)
    let response = try provider.sign(input)
    try ForeignTool.withFolder { folder in
      let inner = ["--node-xpath", "//*[local-name()='Assertion']/*[local-name()='Signature']"]
      let good = [
        try folder.write(assertion.octets, as: "assertion.xml"),
        try folder.write(response.octets, as: "response.xml"),
      ]
      #expect(try verify(good, certificate, in: folder) == (2, 0))
      #expect(try verify(good, certificate, inner, in: folder) == (2, 0))
      for (old, new) in [
        ("role/ci", "role/cj"), ("Version=\"2.0\"", "Version=\"2.1\""),
        ("<saml:OneTimeUse></saml:OneTimeUse>", ""),
      ] {
        let text = String(decoding: response.octets, as: UTF8.self)
        let changed = text.replacing(old, with: new)
        #expect(changed != text)
        let bad = [try folder.write(Array(changed.utf8), as: "bad.xml")]
        #expect(try verify(bad, certificate, in: folder).status != 0)
        #expect(try verify(bad, certificate, inner, in: folder).status != 0)
      }
      // The other key's certificate is not trusted.
      let other = provider.certificate(for: algorithm == .ecdsaSHA384 ? .rsaSHA256 : .ecdsaSHA384)
      #expect(try verify(good, other, in: folder).status != 0)
    }
  }

  /// What Python is to find in an assertion.
  private func expectation(_ assertion: SAMLAssertion, _ file: String) -> JSONValue {
    let attributes = assertion.attributes.map { attribute in
      JSONValue.array(
        [.string(attribute.name), attribute.friendlyName.map(JSONValue.string) ?? .null]
          + attribute.values.map(JSONValue.string)
      )
    }
    return .array([
      .string(file), .string(assertion.nameID.value),
      assertion.authentication.sessionIndex.map(JSONValue.string) ?? .null, .array(attributes),
    ])
  }

  private static let reader = """
    import json, sys, xml.etree.ElementTree as E
    s = '{urn:oasis:names:tc:SAML:2.0:assertion}'
    same = 0
    for name, subject, session, attributes in json.load(open(sys.argv[1] + '/expected.json', encoding='utf-8')):
        root = E.parse(sys.argv[1] + '/' + name).getroot()
        found = [[a.get('Name'), a.get('FriendlyName')] + [v.text or '' for v in a.iter(s + 'AttributeValue')]
                 for a in root.iter(s + 'Attribute')]
        good = (next(root.iter(s + 'NameID')).text == subject and found == attributes
                and next(root.iter(s + 'AuthnStatement')).get('SessionIndex') == session)
        same += good
        if not good: print(name)
    print(same)
    """

  private func judge(_ assertions: [SAMLAssertion]) throws {
    try ForeignTool.withFolder { folder in
      var files: [String] = []
      var expected: [JSONValue] = []
      for (index, assertion) in assertions.enumerated() {
        let name = "a\(index).xml"
        files.append(try folder.write(try provider.sign(assertion).octets, as: name))
        expected.append(expectation(assertion, name))
      }
      _ = try folder.write(JSONValue.array(expected).bytes, as: "expected.json")
      for start in stride(from: 0, to: files.count, by: 1000) {
        let some = Array(files[start..<min(start + 1000, files.count)])
        #expect(try verify(some, provider.rsaCertificate, in: folder) == (some.count, 0))
      }
      let read = try ForeignTool.run(ForeignTool.python, ["-c", Self.reader, folder.path])
      #expect(String(decoding: read.output, as: UTF8.self) == "\(assertions.count)\n", "\(read.complaint)")
    }
  }

  @Test(.enabled(if: Corpora.arePresent, "\(Corpora.absent)"))
  func `every naughty string that XML can carry comes back as it was, and every other is refused`() throws {
    let strings = try Corpora.json("naughty-strings/blns.json").array?.compactMap(\.string) ?? []
    #expect(strings.count > 500)
    var assertions: [SAMLAssertion] = []
    var refused = 0
    for (index, string) in (strings + ["\u{1}", "\u{FFFE}", "\r", "]]>", "<!--x-->"]).enumerated() {
      var assertion = try testAssertion()
      assertion.id = try SAMLIdentifier(
        random: [UInt8](repeating: 0, count: 14) + [UInt8(index >> 8), UInt8(index & 0xFF)]
      )
      let isBlank = string.utf8.allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
      let name = isBlank ? "x" + string : string
      assertion.nameID.value = name
      assertion.authentication.sessionIndex = name
      assertion.attributes = [
        SAMLAttribute(name: name, friendlyName: name, values: [string, string + string, "<" + string])
      ]
      if XMLText(string) == nil {
        #expect(throws: SAMLError.forbiddenCharacter(.nameID)) { try provider.sign(assertion) }
        assertion.nameID.value = "x"
        assertion.authentication.sessionIndex = nil
        assertion.attributes = [SAMLAttribute(name: "n", values: ["", string])]
        #expect(throws: SAMLError.forbiddenCharacter(.attributeValue(0, 1))) { try provider.sign(assertion) }
        refused += 1
      } else {
        assertions.append(assertion)
      }
    }
    #expect(refused >= 2)
    try judge(assertions)
  }

  @Test func `random assertions are verified by xmlsec1 and give back the same text`() throws {
    let count = ProcessInfo.processInfo.environment["EXEAT_SAML"].flatMap(Int.init) ?? 200
    var chance = SeededChance(seed: 50)
    let pieces = [
      "a", "Z", "0", " ", "\t", "\n", "\r", "\r\n", "<", ">", "&", "\"", "'", "]]>", "<!--", "-->", "<?x?>",
      "&amp;",
      "&#0;", "é", "e\u{301}", "\u{85}", "\u{A0}", "\u{2028}", "\u{FEFF}", "\u{FFFD}",
      "\u{1F469}\u{200D}\u{1F4BB}",
      "\u{1FFFE}", "\u{10FFFF}", "\u{E000}", "\u{202E}", "\u{7F}", "xmlns:saml", "saml:",
      "${aws:PrincipalArn}",
    ]
    func text(_ most: Int) -> String {
      (0..<Int.random(in: 0...most, using: &chance)).map { _ in pieces.randomElement(using: &chance) ?? "" }
        .joined()
    }
    var assertions: [SAMLAssertion] = []
    for _ in 0..<count {
      var assertion = try testAssertion()
      assertion.id = try SAMLIdentifier(random: chance.octets(Int.random(in: 16...64, using: &chance)))
      assertion.nameID.value = text(20) + "."
      assertion.authentication.sessionIndex = Bool.random(using: &chance) ? text(8) + "." : nil
      assertion.attributes = (0..<Int.random(in: 0...50, using: &chance)).map { index in
        SAMLAttribute(
          name: text(5) + "\(index)",
          friendlyName: Bool.random(using: &chance) ? text(3) + "." : nil,
          values: (0..<Int.random(in: 0...3, using: &chance)).map { _ in text(12) }
        )
      }
      assertions.append(assertion)
    }
    try judge(assertions)
  }

  // MARK: Schemas

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
            let response = try response(content)
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
          #expect(try verify([file], provider.certificate(for: algorithm), in: folder) == (1, 0))
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
