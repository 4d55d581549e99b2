// SPDX-License-Identifier: Apache-2.0
//
// What the SAML parameters of a federation config come to, alone, over what was stored and beside a service's metadata;
// and what is refused before anything is stored, with the parameter's name.

import AWSProtocols
import Federation
import Foundation
import IdentityModel
import Testing
import TokenFormats

@Suite struct SAMLParametersTests {
  private static let now = Instant(seconds: 1_776_757_030)
  private static let acs = "https://sp.example/acs"
  private static let entityID = "https://sp.example/metadata"

  /// Applies `form` to what was stored.
  private func applied(
    _ form: KeyValuePairs<String, String>,
    to settings: SAMLSettings = .standard,
    targetService: String? = nil,
    audience: String? = nil
  ) throws(ServiceError) -> (settings: SAMLSettings, targetService: String?, audience: String?) {
    let text = form.map { "\(encoded($0.key))=\(encoded($0.value))" }.joined(separator: "&")
    let parameters: QueryParameters
    do {
      parameters = try QueryParameters.read(
        method: "POST",
        query: nil,
        contentType: "application/x-www-form-urlencoded",
        body: Array(text.utf8)
      )
    } catch {
      throw .invalidInput("\(error)")
    }
    var reader = ParameterReader(parameters)
    let saml = SAMLParameters(&reader)
    try reader.check()
    let request = try SAMLRequest(saml, targetService: targetService, audience: audience)
    let applied = try request.applied(to: settings)
    try request.requireValidity(at: Self.now)
    try applied.checkAssertion(
      targetService: request.targetService ?? Self.acs,
      audience: request.audience ?? Self.entityID
    )
    return (applied, request.targetService, request.audience)
  }

  private func refused(
    _ form: KeyValuePairs<String, String>,
    to settings: SAMLSettings = .standard,
    targetService: String? = nil,
    audience: String? = nil,
    _ message: String,
    _ location: SourceLocation = #_sourceLocation
  ) {
    do throws(ServiceError) {
      _ = try applied(form, to: settings, targetService: targetService, audience: audience)
      Issue.record("not refused", sourceLocation: location)
    } catch {
      #expect(error.code == "ValidationError", sourceLocation: location)
      #expect(error.httpStatus == 400, sourceLocation: location)
      #expect(error.message == message, sourceLocation: location)
    }
  }

  private func metadata(
    _ content: String = "",
    nameIDFormats: [String] = [],
    attributes: String = "",
    services: [String] = [acs, "https://sp.example/other"]
  ) -> String {
    let formats = nameIDFormats.map { "<NameIDFormat>\($0)</NameIDFormat>" }.joined()
    let endpoints = services.enumerated().map { index, location in
      """
      <AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="\(location)" \
      index="\(index)"/>
      """
    }.joined()
    return """
      <EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="\(Self.entityID)" \(attributes)>
      <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">\(content)\(formats)\
      \(endpoints)</SPSSODescriptor></EntityDescriptor>
      """
  }

  private func keyDescriptor(_ certificate: EncodedCertificate) -> String {
    """
    <KeyDescriptor use="encryption"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>\
    <X509Certificate>\(XMLBase64.encode(certificate.der))</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
    """
  }

  @Test func `nothing said is the standard, and everything said is kept`() throws {
    #expect(try applied([:]).settings == .standard)
    let certificate = try TestCertificates.rsa()
    let settings = try applied([
      "SamlForm": "Response", "SamlSignResponse": "true",
      "NameIdFormat": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", "NameIdValue": "${aws:userid}",
      "SamlAttributes.member.1.Name": "team", "SamlAttributes.member.1.NameFormat": "urn:f",
      "SamlAttributes.member.1.FriendlyName": "Team",
      "SamlAttributes.member.1.Values.member.1": "${aws:PrincipalTag/team, 'none'}",
      "SamlAttributes.member.1.Values.member.2": "", "OneTimeUse": "true",
      "AssertionEncryption": "AES256-GCM", "EncryptionCertificate": certificate.pem,
    ]).settings
    #expect(
      settings
        == SAMLSettings(
          form: "Response",
          signsResponse: true,
          nameIDFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
          nameID: "${aws:userid}",
          attributes: [
            SAMLAttributeTemplate(
              name: "team",
              nameFormat: "urn:f",
              friendlyName: "Team",
              values: ["${aws:PrincipalTag/team, 'none'}", ""]
            )
          ],
          oneTimeUse: true,
          encryptionCertificate: Octets(certificate.der)
        )
    )
    // What is left out stays; an empty list brings the default attributes back, and None ends the encryption.
    #expect(try applied([:], to: settings).settings == settings)
    #expect(try applied(["SamlAttributes": ""], to: settings).settings.attributes == nil)
    let plain = try applied(["AssertionEncryption": "None", "OneTimeUse": "false"], to: settings).settings
    #expect(plain.encryptionCertificate == nil && !plain.oneTimeUse && plain.signsResponse)
  }

  @Test func `a certificate alone asks for encryption, and encryption without one is refused`() throws {
    let certificate = try TestCertificates.rsa()
    let settings = try applied(["EncryptionCertificate": certificate.pem]).settings
    #expect(settings.encryptionCertificate == Octets(certificate.der))
    refused(["AssertionEncryption": "AES256-GCM"], "AssertionEncryption needs an EncryptionCertificate")
    refused(
      ["AssertionEncryption": "None", "EncryptionCertificate": certificate.pem],
      "EncryptionCertificate contradicts AssertionEncryption None"
    )
    let wrong =
      "The specified value for encryptionCertificate is invalid. It must be one PEM certificate of an RSA key of "
      + "2048 to 8192 bits"
    refused(["EncryptionCertificate": "x"], wrong)
    refused(["EncryptionCertificate": try TestCertificates.p384().pem], wrong)
    refused(["EncryptionCertificate": certificate.pem + certificate.pem], wrong)
  }

  @Test func `a bare assertion has no response to sign and is not encrypted`() throws {
    #expect(try applied(["SamlForm": "Assertion"]).settings.form == "Assertion")
    refused(
      ["SamlForm": "Assertion", "SamlSignResponse": "true"],
      "SamlSignResponse needs SamlForm Response: a bare Assertion has no response"
    )
    refused(
      ["SamlForm": "Assertion", "EncryptionCertificate": try TestCertificates.rsa().pem],
      "AssertionEncryption needs SamlForm Response: a bare Assertion is not encrypted"
    )
  }

  @Test(arguments: [
    "${aws:PrincipalArn}", "${aws:PrincipalTag/team}", "${aws:PrincipalAccount}", "${aws:userid}",
    "${aws:username}", "${sts:RoleSessionName}", "${sts:SourceIdentity}", "${aws:SourceIdentity}",
    "${aws:PrincipalOrgID}", "${aws:FederatedProvider}", "${aws:PrincipalType}", "${aws:TokenIssueTime}",
    "${AWS:PRINCIPALARN}", "${aws:PrincipalTag/a b}", "a${$}b ${aws:username, 'nobody'}@example",
  ])
  func `a template may name what is known of a caller`(template: String) throws {
    #expect(try applied(["NameIdValue": template]).settings.nameID == template)
    _ = try applied([
      "SamlAttributes.member.1.Name": "a", "SamlAttributes.member.1.Values.member.1": template,
    ])
  }

  @Test(arguments: [
    ("${", "It must be text with ${key} or ${key, 'default'}; ${$} stands for a dollar sign"),
    ("${aws:username", "It must be text with ${key} or ${key, 'default'}; ${$} stands for a dollar sign"),
    ("${aws:nobody}", "There is no key `aws:nobody`"),
    ("${aws:PrincipalTag/}", "There is no key `aws:PrincipalTag/`"),
    ("${aws:RequestTag/x}", "There is no key `aws:RequestTag/x`"),
    ("${aws:\u{212A}ey}", "There is no key `aws:\u{212A}ey`"),
    ("a\u{0}", "It has a control character that XML cannot carry"),
    ("\u{1B}[1m", "It has a control character that XML cannot carry"),
    ("${aws:username, '\u{7}'}", "It has a control character that XML cannot carry"),
    ("\u{FFFE}", "It has a control character that XML cannot carry"),
  ])
  func `a template that says nothing, or what XML cannot carry, is refused by its parameter`(
    template: String,
    sentence: String
  ) {
    refused(["NameIdValue": template], "The specified value for nameIdValue is invalid. \(sentence)")
    refused(
      [
        "SamlAttributes.member.1.Name": "a", "SamlAttributes.member.1.Values.member.1": "fine",
        "SamlAttributes.member.2.Name": "b", "SamlAttributes.member.2.Values.member.1": "fine",
        "SamlAttributes.member.2.Values.member.2": template,
      ],
      "The specified value for samlAttributes.2.member.values.2.member is invalid. \(sentence)"
    )
  }

  @Test func `a key with several values has room in an attribute and no other, once`() throws {
    let paths = "${aws:PrincipalOrgPaths}"
    let names: KeyValuePairs = [
      "SamlAttributes.member.1.Name": "a", "SamlAttributes.member.1.Values.member.1": paths,
    ]
    _ = try applied(names)
    let sentence =
      "The key `aws:PrincipalOrgPaths` has several values, and there is room for one such key in an attribute's value only"
    refused(["NameIdValue": paths], "The specified value for nameIdValue is invalid. \(sentence)")
    refused(
      ["SamlAttributes.member.1.Name": "a", "SamlAttributes.member.1.Values.member.1": paths + paths],
      "The specified value for samlAttributes.1.member.values.1.member is invalid. \(sentence)"
    )
  }

  @Test func `names and formats that SAML cannot say are refused by their parameter`() {
    refused(["NameIdValue": " "], "The specified value for nameIdValue is invalid. It must not be blank")
    let uri = "It must be a URI of at most 1024 characters, without white space"
    refused(["NameIdFormat": "a b"], "The specified value for nameIdFormat is invalid. \(uri)")
    let value = ("SamlAttributes.member.1.Values.member.1", "x")
    let blank = "It must not be blank"
    refused(
      ["SamlAttributes.member.1.Name": " ", value.0: value.1],
      "The specified value for samlAttributes.1.member.name is invalid. \(blank)"
    )
    refused(
      ["SamlAttributes.member.1.Name": "a", "SamlAttributes.member.1.NameFormat": " ", value.0: value.1],
      "The specified value for samlAttributes.1.member.nameFormat is invalid. \(blank)"
    )
    refused(
      ["SamlAttributes.member.1.Name": "a", "SamlAttributes.member.1.FriendlyName": " ", value.0: value.1],
      "The specified value for samlAttributes.1.member.friendlyName is invalid. \(blank)"
    )
    refused(
      [
        "SamlAttributes.member.1.Name": "a", value.0: value.1, "SamlAttributes.member.2.Name": "a",
        "SamlAttributes.member.2.Values.member.1": "y",
      ],
      "The specified value for samlAttributes.2.member.name is invalid. Another attribute has the same name"
    )
    refused(
      [:],
      targetService: "https://sp.example/a b",
      "The specified value for targetService is invalid. \(uri)"
    )
    refused([:], audience: "a b", "The specified value for audience is invalid. \(uri)")
  }

  @Test func `choices, lists and lengths have AWS's own refusals`() {
    refused(
      ["SamlForm": "response"],
      "1 validation error detected: Value 'response' at 'samlForm' failed to satisfy constraint: Member must satisfy "
        + "enum value set: [Response, Assertion]"
    )
    refused(
      ["AssertionEncryption": "AES256-CBC"],
      "1 validation error detected: Value 'AES256-CBC' at 'assertionEncryption' failed to satisfy constraint: Member must "
        + "satisfy enum value set: [None, AES256-GCM]"
    )
    refused(
      ["SamlAttributes.member.1.Name": "a"],
      "1 validation error detected: Value null at 'samlAttributes.1.member.values' failed to satisfy constraint: Member "
        + "must not be null"
    )
  }

  @Test func `metadata fills what was left out`() throws {
    let certificate = try TestCertificates.rsa()
    let transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
    let persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    let text = metadata(keyDescriptor(certificate), nameIDFormats: [persistent, transient])
    let filled = try applied(["ServiceProviderMetadata": text, "AssertionEncryption": "AES256-GCM"])
    #expect(filled.targetService == Self.acs)
    #expect(filled.audience == Self.entityID)
    #expect(filled.settings.nameIDFormat == persistent)
    #expect(filled.settings.encryptionCertificate == Octets(certificate.der))
    // That assertions could be encrypted does not mean that they are to be.
    #expect(try applied(["ServiceProviderMetadata": text]).settings.encryptionCertificate == nil)
    let said = try applied(
      ["ServiceProviderMetadata": text, "NameIdFormat": transient, "EncryptionCertificate": certificate.pem],
      targetService: "https://sp.example/other",
      audience: Self.entityID
    )
    #expect(said.targetService == "https://sp.example/other")
    #expect(said.settings.nameIDFormat == transient)
    #expect(said.settings.encryptionCertificate == Octets(certificate.der))
  }

  @Test func `what contradicts the metadata is refused`() throws {
    let text = metadata(keyDescriptor(try TestCertificates.rsa()), nameIDFormats: ["urn:a"])
    refused(
      ["ServiceProviderMetadata": text],
      targetService: "https://sp.example/third",
      "The specified value for targetService is invalid. It is none of the assertion consumer services in "
        + "serviceProviderMetadata"
    )
    refused(
      ["ServiceProviderMetadata": text],
      audience: "https://sp.example",
      "The specified value for audience is invalid. It is not the entityID in serviceProviderMetadata"
    )
    refused(
      ["ServiceProviderMetadata": text, "NameIdFormat": "urn:b"],
      "The specified value for nameIdFormat is invalid. It is none of those in serviceProviderMetadata"
    )
    refused(
      ["ServiceProviderMetadata": text, "EncryptionCertificate": try TestCertificates.otherRSA().pem],
      "The specified value for encryptionCertificate is invalid. Its key is none of those in serviceProviderMetadata"
    )
    // The key that was stored was another service's.
    var stored = SAMLSettings.standard
    stored.encryptionCertificate = Octets(try TestCertificates.rsa().der)
    refused(
      ["ServiceProviderMetadata": metadata()],
      to: stored,
      "AssertionEncryption needs an EncryptionCertificate: serviceProviderMetadata has none of an RSA key of 2048 to 8192 "
        + "bits"
    )
  }

  @Test func `metadata of a stranger is refused with the reason`() {
    let prefix = "The specified value for serviceProviderMetadata is invalid. "
    let entity = metadata().replacing(
      "<EntityDescriptor",
      with: "<!DOCTYPE x [<!ENTITY a 'b'>]><EntityDescriptor"
    )
    refused(["ServiceProviderMetadata": entity], prefix + "A DOCTYPE is never read (at byte 0)")
    refused(
      [
        "ServiceProviderMetadata":
          "<EntitiesDescriptor xmlns='urn:oasis:names:tc:SAML:2.0:metadata'>\(metadata())\(metadata())</EntitiesDescriptor>"
      ],
      prefix + "It must be the EntityDescriptor of one service provider"
    )
    refused(
      ["ServiceProviderMetadata": metadata(attributes: "validUntil='2026-04-21T07:37:10Z'")],
      prefix + "It was valid until 2026-04-21T07:37:10Z"
    )
    refused(["ServiceProviderMetadata": "<a"], prefix + "It is not well-formed at byte 2")
    refused(
      ["ServiceProviderMetadata": metadata(services: [])],
      prefix + "No AssertionConsumerService takes HTTP-POST"
    )
    refused(
      [
        "ServiceProviderMetadata": metadata(attributes: "ID='a'").replacing(
          "</EntityDescriptor>",
          with: "<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'/></EntityDescriptor>"
        )
      ],
      prefix + "Its signature does not count: `Signature` has another form"
    )
  }
}
