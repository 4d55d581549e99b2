// SPDX-License-Identifier: Apache-2.0
//
// The message that brings an assertion to a service, and the texts in which messages travel. Source: SAML Core 2.0 §3.2,
// §3.3.3; SAML Bindings 2.0 §3.5.4; RFC 7522 §2.1.

package import IdentityModel

/// A response that says success and brings one assertion.
package struct SAMLResponse: Sendable {
  /// The assertion that it brings.
  package enum Content: Sendable {
    /// For everybody to read.
    case signed(SignedXML<SAMLAssertion>)
    /// For the service alone to read.
    case encrypted(EncryptedAssertion)
  }

  /// Its name; another one than the assertion's.
  package var id: SAMLIdentifier
  /// When it was made.
  package var issueInstant: Instant
  /// Who made it: the identity provider's entity id, a URI.
  package var issuer: String
  /// Where it is to be posted: the assertion consumer service, a URI.
  package var destination: String
  /// The `ID` of the request that is answered; `nil` when nobody asked.
  package var inResponseTo: String?
  /// The assertion.
  package var content: Content

  /// Gathers the parts.
  package init(
    id: SAMLIdentifier,
    issueInstant: Instant,
    issuer: String,
    destination: String,
    inResponseTo: String? = nil,
    content: Content
  ) {
    self.id = id
    self.issueInstant = issueInstant
    self.issuer = issuer
    self.destination = destination
    self.inResponseTo = inResponseTo
    self.content = content
  }

  /// The response as it is, with no signature but the assertion's.
  package func octets() throws(SAMLError) -> [UInt8] {
    CanonicalXML(try element()).octets
  }

  /// The response with a signature of its own still to be made, which comes after `Issuer`.
  ///
  /// `certificate`, that of the key which will sign, goes into `KeyInfo`. Throws for the first field that cannot be said.
  package func signingInput(
    _ algorithm: XMLSignatureAlgorithm,
    certificate: EncodedCertificate
  ) throws(SAMLError) -> XMLSigningInput<SAMLResponse> {
    try XMLSigningInput(try element(), id: id, signatureAt: 1, algorithm, certificate)
  }

  // "<sequence> <element ref="saml:Issuer" minOccurs="0"/> <element ref="ds:Signature" minOccurs="0"/> <element
  // ref="samlp:Extensions" minOccurs="0"/> <element ref="samlp:Status"/> </sequence>", then assertions.
  private func element() throws(SAMLError) -> XMLElement {
    var attributes = [
      XMLAttribute("ID", id.xml), XMLAttribute("Version", "2.0"),
      XMLAttribute("IssueInstant", try SAMLField.issueInstant.time(issueInstant)),
      XMLAttribute("Destination", try SAMLField.destination.uri(destination)),
    ]
    if let inResponseTo {
      attributes.append(XMLAttribute("InResponseTo", try SAMLField.inResponseTo.identifier(inResponseTo)))
    }
    let code = XMLElement(.samlp, "StatusCode", [XMLAttribute("Value", SAMLURI.success)])
    let assertion: [UInt8] =
      switch content {
      case .signed(let assertion): assertion.octets
      case .encrypted(let assertion): assertion.octets
      }
    return XMLElement(
      .samlp,
      "Response",
      attributes,
      [
        .element(XMLElement(.saml, "Issuer", text: try SAMLField.issuer.uri(issuer))),
        .element(XMLElement(.samlp, "Status", [], [.element(code)])),
        .canonical(assertion),
      ]
    )
  }
}

/// How a message is written where only text can go.
package enum SAMLMessageText {
  /// The value of the form field `SAMLResponse` of the HTTP-POST binding: base 64, in one line.
  package static func postBinding(_ response: [UInt8]) -> String {
    XMLBase64.encode(response)
  }

  /// The value of the parameter `assertion` of the SAML 2.0 bearer grant: base64url without padding.
  package static func bearerGrant(_ assertion: SignedXML<SAMLAssertion>) -> String {
    Base64URL.encode(assertion.octets)
  }
}
