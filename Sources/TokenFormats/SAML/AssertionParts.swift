// SPDX-License-Identifier: Apache-2.0
//
// The parts of an assertion that somebody presents, in the order of the schema and nothing else: subject, conditions,
// statements. Source: SAML Core 2.0 §2.3.3, §2.4, §2.5, §2.7; saml-schema-assertion-2.0.xsd; RFC 7522 §3.

import IdentityModel

/// The children of an assertion.
struct AssertionParts {
  let issuer: XMLElement
  let subject: XMLElement
  private let conditions: XMLElement
  private let statements: [XMLElement]

  // "<sequence> Issuer, Signature?, Subject?, Conditions?, Advice?, statements* </sequence>". RFC 7522 §3 demands those
  // that are taken here.
  init(_ root: XMLElement) throws(PresentedAssertionError) {
    var rest = root.elements[...]
    func take(
      _ name: String,
      in namespace: XMLNamespace
    ) throws(PresentedAssertionError) -> XMLElement {
      guard let element = rest.first, element.matches(name, in: namespace) else { throw .malformed(name) }
      rest.removeFirst()
      return element
    }
    issuer = try take("Issuer", in: .saml)
    guard rest.first?.matches("Signature", in: .ds) == true else { throw .notSigned }
    rest.removeFirst()
    subject = try take("Subject", in: .saml)
    conditions = try take("Conditions", in: .saml)
    if rest.first?.matches("Advice", in: .saml) == true { rest.removeFirst() }
    for statement in rest {
      guard ["AuthnStatement", "AttributeStatement"].contains(where: { statement.matches($0, in: .saml) })
      else { throw .notTaken(statement.name.local) }
    }
    statements = Array(rest)
  }

  /// Checks the conditions; when they end, if they say so.
  ///
  /// SAML Core 2.0 §2.5.1: an assertion with a condition that is not understood is not valid. `OneTimeUse` needs a memory
  /// of what was used and `ProxyRestriction` speaks of tokens made from the assertion: both are refused.
  func checkConditions(
    _ audiences: [String],
    _ clock: AssertionClock
  ) throws(PresentedAssertionError) -> Instant? {
    let end = try clock.window(of: conditions)
    var isRestricted = false
    for condition in conditions.elements {
      guard condition.matches("AudienceRestriction", in: .saml) else { throw .notTaken(condition.name.local) }
      let names = condition.elements
      guard names.allSatisfy({ $0.matches("Audience", in: .saml) }) else {
        throw .malformed("AudienceRestriction")
      }
      let isForUs = names.contains { name in
        guard let text = name.text else { return false }
        return audiences.contains { same($0, text) }
      }
      guard isForUs else { throw .audienceMismatch }
      isRestricted = true
    }
    guard isRestricted else { throw .audienceMismatch }
    return end
  }

  /// The earliest end of a session at the provider.
  func sessionEnd(_ clock: AssertionClock) throws(PresentedAssertionError) -> Instant? {
    var earliest: Instant?
    for statement in statements where statement.matches("AuthnStatement", in: .saml) {
      guard let end = try clock.time("SessionNotOnOrAfter", of: statement) else { continue }
      guard clock.now < end else { throw .expired(end) }
      earliest = min(earliest ?? end, end)
    }
    return earliest
  }

  /// The attributes of all statements, in order.
  ///
  /// SECURITY: of two with one name readers see the first, the last, or both: they are refused.
  func attributes() throws(PresentedAssertionError) -> [PresentedAttribute] {
    var found: [PresentedAttribute] = []
    for statement in statements where statement.matches("AttributeStatement", in: .saml) {
      for element in statement.elements {
        guard element.matches("Attribute", in: .saml) else { throw .notTaken(element.name.local) }
        guard let name = element.attribute("Name"), !name.isEmpty else { throw .malformed("Attribute") }
        guard found.count < SAMLAssertion.maximumAttributes, !found.contains(where: { same($0.name, name) })
        else { throw .malformed("AttributeStatement") }
        let values = element.elements
        guard values.allSatisfy({ $0.matches("AttributeValue", in: .saml) }) else {
          throw .malformed("Attribute")
        }
        let texts = values.compactMap(\.text)
        found.append(PresentedAttribute(name: name, values: texts.count == values.count ? texts : nil))
      }
    }
    return found
  }
}

/// The subject of an assertion.
struct AssertionSubject {
  let name: String
  let format: String?
  private let confirmations: [XMLElement]

  init(_ element: XMLElement) throws(PresentedAssertionError) {
    let children = element.elements
    // `EncryptedID` and `BaseID` name nobody who can be read.
    guard let identifier = children.first, identifier.matches("NameID", in: .saml) else {
      throw .notTaken(children.first?.name.local ?? "Subject")
    }
    guard let text = identifier.text, isPrintable(text, 1...255), !text.utf8.allSatisfy(isXMLSpace) else {
      throw .malformed("NameID")
    }
    if let value = identifier.attribute("Format") {
      guard isPrintable(value, 1...1024) else { throw .malformed("Format") }
    }
    confirmations = Array(children.dropFirst())
    guard confirmations.allSatisfy({ $0.matches("SubjectConfirmation", in: .saml) }) else {
      throw .malformed("Subject")
    }
    name = text
    format = identifier.attribute("Format")
  }

  /// Finds the confirmation of a bearer at `recipient`; when that ends, if it says so.
  ///
  /// RFC 7522 §3: "At least one <SubjectConfirmation> element MUST have a Method attribute with a value of
  /// "urn:oasis:names:tc:SAML:2.0:cm:bearer"", its data with a `Recipient` that is the token endpoint. SAML Profiles 2.0
  /// §4.1.4.2: no `NotBefore`; and with `InResponseTo` it answers a request that this server did not make.
  func confirm(_ recipient: String, _ clock: AssertionClock) throws(PresentedAssertionError) -> Instant? {
    for confirmation in confirmations {
      guard let method = confirmation.attribute("Method"), same(method, SAMLURI.bearer.string),
        let data = confirmation.elements.first, confirmation.elements.count == 1,
        data.matches("SubjectConfirmationData", in: .saml),
        let place = data.attribute("Recipient"), same(place, recipient),
        data.attribute("NotBefore") == nil, data.attribute("InResponseTo") == nil
      else { continue }
      return try clock.window(of: data)
    }
    throw .recipientMismatch
  }
}
