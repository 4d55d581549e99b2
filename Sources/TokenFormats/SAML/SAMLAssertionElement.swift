// SPDX-License-Identifier: Apache-2.0
//
// How an assertion is spelled in XML, element by element in the order of the schema. Source: SAML Core 2.0 §2.3 to §2.7;
// saml-schema-assertion-2.0.xsd.

import IdentityModel

extension SAMLAssertion {
  /// The assertion with a signature over it still to be made, which comes after `Issuer`.
  ///
  /// `certificate`, that of the key which will sign, goes into `KeyInfo`. Throws for the first field that cannot be said.
  package func signingInput(
    _ algorithm: XMLSignatureAlgorithm,
    certificate: EncodedCertificate
  ) throws(SAMLError) -> XMLSigningInput<SAMLAssertion> {
    try XMLSigningInput(try element(), id: id, signatureAt: 1, algorithm, certificate)
  }

  /// Throws for the first field that cannot be said, as `signingInput` does.
  package func check() throws(SAMLError) {
    _ = try element()
  }

  // "<sequence> <element ref="saml:Issuer"/> <element ref="ds:Signature" minOccurs="0"/> <element ref="saml:Subject"
  // minOccurs="0"/> <element ref="saml:Conditions" minOccurs="0"/> <element ref="saml:Advice" minOccurs="0"/> <choice
  // minOccurs="0" maxOccurs="unbounded"> statements </choice> </sequence>"
  private func element() throws(SAMLError) -> XMLElement {
    guard conditions.notBefore.seconds < conditions.notOnOrAfter.seconds,
      conditions.notBefore.seconds < confirmation.notOnOrAfter.seconds
    else { throw .neverValid }
    var children = [
      XMLNode.element(XMLElement(.saml, "Issuer", text: try SAMLField.issuer.uri(issuer))),
      .element(try subject()),
      .element(try conditions.element()),
      .element(try authentication.element()),
    ]
    if !attributes.isEmpty { children.append(.element(try attributeStatement())) }
    return XMLElement(
      .saml,
      "Assertion",
      [
        XMLAttribute("ID", id.xml),
        XMLAttribute("IssueInstant", try SAMLField.issueInstant.time(issueInstant)),
        XMLAttribute("Version", "2.0"),
      ],
      children
    )
  }

  private func subject() throws(SAMLError) -> XMLElement {
    var attributes = [XMLAttribute("Format", try SAMLField.nameIDFormat.uri(nameID.format))]
    if let qualifier = nameID.nameQualifier {
      attributes.append(XMLAttribute("NameQualifier", try SAMLField.nameQualifier.name(qualifier)))
    }
    if let qualifier = nameID.serviceNameQualifier {
      attributes.append(XMLAttribute("SPNameQualifier", try SAMLField.serviceNameQualifier.name(qualifier)))
    }
    let name = try SAMLField.nameID.name(nameID.value)
    return XMLElement(
      .saml,
      "Subject",
      [],
      [
        .element(XMLElement(.saml, "NameID", attributes, text: name)),
        .element(try confirmation.element()),
      ]
    )
  }

  private func attributeStatement() throws(SAMLError) -> XMLElement {
    guard attributes.count <= Self.maximumAttributes else {
      throw .tooMany(.attributes, limit: Self.maximumAttributes)
    }
    var statement = XMLElement(.saml, "AttributeStatement")
    for (index, attribute) in attributes.enumerated() {
      // SECURITY: of two attributes with one name some services see the first, and some the last.
      let isRepeated = attributes[..<index].contains { same($0.name, attribute.name) }
      guard !isRepeated else { throw .duplicate(.attributeName(index)) }
      statement.children.append(.element(try attribute.element(index)))
    }
    return statement
  }
}

extension SAMLSubjectConfirmation {
  // SAML Profiles 2.0 §4.1.4.2: "At least one bearer <SubjectConfirmation> element MUST contain a
  // <SubjectConfirmationData> element that itself MUST contain a Recipient attribute ... [and] a NotOnOrAfter
  // attribute ... It MUST NOT contain a NotBefore attribute. If the containing message is in response to an
  // <AuthnRequest>, then the InResponseTo attribute MUST match the request's ID."
  //
  // `xsi:type` would be right for holder-of-key, and is left out as the profile allows: a prefix in content is not part
  // of the exclusive canonical form.
  fileprivate func element() throws(SAMLError) -> XMLElement {
    var attributes: [XMLAttribute] = []
    if let inResponseTo {
      attributes.append(XMLAttribute("InResponseTo", try SAMLField.inResponseTo.identifier(inResponseTo)))
    }
    attributes.append(XMLAttribute("NotOnOrAfter", try SAMLField.notOnOrAfter.time(notOnOrAfter)))
    attributes.append(XMLAttribute("Recipient", try SAMLField.recipient.uri(recipient)))
    var data = XMLElement(.saml, "SubjectConfirmationData", attributes)
    let uri: XMLText
    switch method {
    case .bearer: uri = SAMLURI.bearer
    case .holderOfKey(let key):
      uri = SAMLURI.holderOfKey
      data.children = [.element(try key.element())]
    }
    return XMLElement(.saml, "SubjectConfirmation", [XMLAttribute("Method", uri)], [.element(data)])
  }
}

extension SAMLConditions {
  fileprivate func element() throws(SAMLError) -> XMLElement {
    guard !audiences.isEmpty else { throw .empty(.audience(0)) }
    var restriction = XMLElement(.saml, "AudienceRestriction")
    for (index, audience) in audiences.enumerated() {
      let text = try SAMLField.audience(index).uri(audience)
      restriction.children.append(.element(XMLElement(.saml, "Audience", text: text)))
    }
    var element = XMLElement(
      .saml,
      "Conditions",
      [
        XMLAttribute("NotBefore", try SAMLField.notBefore.time(notBefore)),
        XMLAttribute("NotOnOrAfter", try SAMLField.notOnOrAfter.time(notOnOrAfter)),
      ],
      [.element(restriction)]
    )
    if oneTimeUse { element.children.append(.element(XMLElement(.saml, "OneTimeUse"))) }
    return element
  }
}

extension SAMLAuthentication {
  fileprivate func element() throws(SAMLError) -> XMLElement {
    var attributes = [XMLAttribute("AuthnInstant", try SAMLField.authnInstant.time(instant))]
    if let sessionIndex {
      attributes.append(XMLAttribute("SessionIndex", try SAMLField.sessionIndex.name(sessionIndex)))
    }
    if let sessionNotOnOrAfter {
      let end = try SAMLField.sessionNotOnOrAfter.time(sessionNotOnOrAfter)
      attributes.append(XMLAttribute("SessionNotOnOrAfter", end))
    }
    let reference = XMLElement(
      .saml,
      "AuthnContextClassRef",
      text: try SAMLField.authnContextClass.uri(contextClass)
    )
    return XMLElement(
      .saml,
      "AuthnStatement",
      attributes,
      [.element(XMLElement(.saml, "AuthnContext", [], [.element(reference)]))]
    )
  }
}

extension SAMLAttribute {
  fileprivate func element(_ index: Int) throws(SAMLError) -> XMLElement {
    var element = XMLElement(
      .saml,
      "Attribute",
      [XMLAttribute("Name", try SAMLField.attributeName(index).name(name))]
    )
    if let nameFormat {
      let text = try SAMLField.attributeNameFormat(index).uri(nameFormat)
      element.attributes.append(XMLAttribute("NameFormat", text))
    }
    if let friendlyName {
      let text = try SAMLField.attributeFriendlyName(index).name(friendlyName)
      element.attributes.append(XMLAttribute("FriendlyName", text))
    }
    for (place, value) in values.enumerated() {
      let text = try SAMLField.attributeValue(index, place).text(value)
      element.children.append(.element(XMLElement(.saml, "AttributeValue", text: text)))
    }
    return element
  }
}

extension SAMLHolderKey {
  // XML Signature 1.1 §4.5.2.2, §4.5.2.3, §4.5.4.
  fileprivate func element() throws(SAMLError) -> XMLElement {
    let value: XMLElement
    switch self {
    case .certificate(let octets):
      guard let certificate = EncodedCertificate(der: octets) else { throw .malformedCertificate }
      return certificate.keyInfo
    case .publicKey(.rsa(let modulus, let exponent)):
      value = XMLElement(
        .ds,
        "RSAKeyValue",
        [],
        [
          .element(XMLElement(.ds, "Modulus", text: XMLText(base64: modulus))),
          .element(XMLElement(.ds, "Exponent", text: XMLText(base64: exponent))),
        ]
      )
    case .publicKey(.p384(let x, let y)):
      value = XMLElement(
        .dsig11,
        "ECKeyValue",
        [],
        [
          .element(XMLElement(.dsig11, "NamedCurve", [XMLAttribute("URI", SAMLURI.p384)])),
          .element(XMLElement(.dsig11, "PublicKey", text: XMLText(base64: [0x04] + x + y))),
        ]
      )
    }
    return XMLElement(
      .ds,
      "KeyInfo",
      [],
      [.element(XMLElement(.ds, "KeyValue", [], [.element(value)]))]
    )
  }
}
