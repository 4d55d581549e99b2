// SPDX-License-Identifier: Apache-2.0
//
// What is written here, judged by programs that nobody here wrote: xmlsec1 verifies the signatures, Python's expat gives
// the text back and Python's own canonicalization the octets. 200 random assertions in the normal run besides the naughty
// strings; EXEAT_SAML sets another number. The seed is fixed.

import Foundation
import IdentityModel
import StrictJSON
import Testing
import TokenFormats

@Suite(
  .enabled(
    if: ForeignTool.isPresent(ForeignTool.xmlsec1, ForeignTool.python),
    "\(ForeignTool.absent)"
  )
)
struct SAMLForeignTests {
  private let provider: TestIdentityProvider

  init() throws {
    provider = try TestIdentityProvider.shared.get()
  }

  @Test(arguments: XMLSignatureAlgorithm.allCases)
  func `xmlsec1 verifies assertion and response, and refuses both when they were changed`(
    algorithm: XMLSignatureAlgorithm
  ) throws {
    let assertion = try provider.sign(try testAssertion(), algorithm)
    let certificate = provider.certificate(for: algorithm)
    let input = try testResponse(.signed(assertion)).signingInput(algorithm, certificate: certificate)
    let response = try provider.sign(input)
    try ForeignTool.withFolder { folder in
      let inner = ["--node-xpath", "//*[local-name()='Assertion']/*[local-name()='Signature']"]
      let good = [
        try folder.write(assertion.octets, as: "assertion.xml"),
        try folder.write(response.octets, as: "response.xml"),
      ]
      #expect(try ForeignTool.verify(good, certificate, in: folder) == (2, 0))
      #expect(try ForeignTool.verify(good, certificate, options: inner, in: folder) == (2, 0))
      for (old, new) in [
        ("role/ci", "role/cj"), ("Version=\"2.0\"", "Version=\"2.1\""),
        ("<saml:OneTimeUse></saml:OneTimeUse>", ""),
      ] {
        let text = String(decoding: response.octets, as: UTF8.self)
        let changed = text.replacing(old, with: new)
        #expect(changed != text)
        let bad = [try folder.write(Array(changed.utf8), as: "bad.xml")]
        #expect(try ForeignTool.verify(bad, certificate, in: folder).status != 0)
        #expect(try ForeignTool.verify(bad, certificate, options: inner, in: folder).status != 0)
      }
      // The other key's certificate is not trusted.
      let other = provider.certificate(for: algorithm == .ecdsaSHA384 ? .rsaSHA256 : .ecdsaSHA384)
      #expect(try ForeignTool.verify(good, other, in: folder).status != 0)
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
        written = open(sys.argv[1] + '/' + name, encoding='utf-8', newline='').read()
        good = (next(root.iter(s + 'NameID')).text == subject and found == attributes
                and next(root.iter(s + 'AuthnStatement')).get('SessionIndex') == session
                and E.canonicalize(written) == written)
        same += good
        if not good: print(name)
    print(same)
    """

  /// Signs each assertion, every third with the same algorithm and every second within a response, and has all of them
  /// verified and read.
  private func judge(_ assertions: [SAMLAssertion]) throws {
    let algorithms = XMLSignatureAlgorithm.allCases
    try ForeignTool.withFolder { folder in
      var files: [String] = []
      var expected: [JSONValue] = []
      for (index, assertion) in assertions.enumerated() {
        let name = "a\(index).xml"
        let signed = try provider.sign(assertion, algorithms[index % algorithms.count])
        let octets = index.isMultiple(of: 2) ? signed.octets : try testResponse(.signed(signed)).octets()
        files.append(try folder.write(octets, as: name))
        expected.append(expectation(assertion, name))
      }
      _ = try folder.write(JSONValue.array(expected).bytes, as: "expected.json")
      for start in stride(from: 0, to: files.count, by: 1000) {
        let some = Array(files[start..<min(start + 1000, files.count)])
        let verdict = try ForeignTool.verify(
          some,
          provider.rsaCertificate,
          provider.p384Certificate,
          in: folder
        )
        #expect(verdict == (some.count, 0))
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
    let naughty = try Corpora.arePresent ? Corpora.json("naughty-strings/blns.json").array ?? [] : []
    let strings = naughty.compactMap(\.string).filter { XMLText($0) != nil }
    /// Any character of all that XML can carry, or one of what goes wrong elsewhere.
    func piece() -> String {
      switch Int.random(in: 0..<8, using: &chance) {
      case 0: strings.randomElement(using: &chance) ?? ""
      case 1...2:
        Unicode.Scalar(UInt32.random(in: 0x20..<0x11_0000, using: &chance))
          .map { String($0) }.flatMap { XMLText($0)?.string } ?? ""
      default: pieces.randomElement(using: &chance) ?? ""
      }
    }
    func text(_ most: Int) -> String {
      (0..<Int.random(in: 0...most, using: &chance)).map { _ in piece() }.joined()
    }
    var assertions: [SAMLAssertion] = []
    for number in 0..<count {
      var assertion = try testAssertion()
      assertion.id = try SAMLIdentifier(random: chance.octets(Int.random(in: 16...64, using: &chance)))
      assertion.nameID.value = text(20) + "."
      assertion.authentication.sessionIndex = Bool.random(using: &chance) ? text(8) + "." : nil
      assertion.attributes = (0..<Int.random(in: 0...50, using: &chance)).map { index in
        // Each naughty string in its turn is a name and a value.
        let string = strings.isEmpty || index > 0 ? text(5) : strings[number % strings.count]
        return SAMLAttribute(
          name: string + ".\(index)",
          friendlyName: Bool.random(using: &chance) ? text(3) + "." : nil,
          values: (0..<Int.random(in: 0...3, using: &chance)).map { $0 == 0 ? string : text(12) }
        )
      }
      assertions.append(assertion)
    }
    try judge(assertions)
  }
}

extension ForeignTool {
  /// Runs `xmlsec1 --verify` on `files`; how many it says are good, and its exit status.
  static func verify(
    _ files: [String],
    _ certificates: EncodedCertificate...,
    options: [String] = [],
    in folder: URL
  ) throws -> (good: Int, status: Int32) {
    var trusted: [String] = []
    for (index, certificate) in certificates.enumerated() {
      trusted.append("--trusted-pem")
      trusted.append(try folder.write(pem("CERTIFICATE", certificate.der), as: "trusted\(index).pem"))
    }
    let ids = [
      "urn:oasis:names:tc:SAML:2.0:assertion:Assertion", "urn:oasis:names:tc:SAML:2.0:protocol:Response",
      "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor",
    ]
    let result = try run(
      xmlsec1,
      ["--verify"] + trusted + ["--enabled-key-data", "x509"] + ids.flatMap { ["--id-attr:ID", $0] }
        + options + files
    )
    let lines = (String(decoding: result.output, as: UTF8.self) + result.complaint).split(separator: "\n")
    return (lines.count { $0 == "SignedInfo References (ok/all): 1/1" }, result.status)
  }
}

/// A response with `content`.
func testResponse(
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
