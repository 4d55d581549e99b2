// SPDX-License-Identifier: Apache-2.0
//
// What an assertion says, as values. Only what a service needs to let a workload or a person in: one subject, confirmed
// in one way, one authentication, attributes. Source: SAML Core 2.0 §2; SAML Profiles 2.0 §4.1.4.2; RFC 7522 §3.

package import IdentityModel

/// A name of the subject.
package struct SAMLNameID: Hashable, Sendable {
  /// What kind of name it is: a URI, such as `urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified`.
  package var format: String
  /// The name: any text that is not blank.
  package var value: String
  /// The domain that qualifies the name.
  package var nameQualifier: String?
  /// The service that the name is for.
  package var serviceNameQualifier: String?

  /// Gathers the parts.
  package init(
    format: String,
    value: String,
    nameQualifier: String? = nil,
    serviceNameQualifier: String? = nil
  ) {
    self.format = format
    self.value = value
    self.nameQualifier = nameQualifier
    self.serviceNameQualifier = serviceNameQualifier
  }
}

/// A key that the bearer of an assertion must prove again.
package enum SAMLHolderKey: Hashable, Sendable {
  /// The certificate of a TLS client, in DER.
  ///
  /// Source: SAML V2.0 Holder-of-Key Assertion Profile §2.4.
  case certificate([UInt8])
  /// A bare public key.
  case publicKey(PublicKey)
}

/// How the service makes sure that it has the subject before it.
package struct SAMLSubjectConfirmation: Hashable, Sendable {
  /// The method.
  package enum Method: Hashable, Sendable {
    /// Whoever brings it.
    case bearer
    /// Whoever proves the key, and nobody else.
    case holderOfKey(SAMLHolderKey)
  }

  /// The method.
  package var method: Method
  /// Where the assertion is to be delivered: the assertion consumer service or token endpoint, a URI.
  package var recipient: String
  /// When it may no longer be delivered.
  package var notOnOrAfter: Instant
  /// The `ID` of the request that is answered; `nil` when nobody asked, as in sign-in that the identity provider begins.
  package var inResponseTo: String?

  /// Gathers the parts.
  package init(method: Method, recipient: String, notOnOrAfter: Instant, inResponseTo: String? = nil) {
    self.method = method
    self.recipient = recipient
    self.notOnOrAfter = notOnOrAfter
    self.inResponseTo = inResponseTo
  }
}

/// When, for whom and how often an assertion counts.
package struct SAMLConditions: Hashable, Sendable {
  /// From when.
  package var notBefore: Instant
  /// Until when, that instant excluded.
  package var notOnOrAfter: Instant
  /// For whom: one or more URIs, of which the service is to be one.
  package var audiences: [String]
  /// Whether it is to be used at once and not kept.
  package var oneTimeUse: Bool

  /// Gathers the conditions.
  package init(notBefore: Instant, notOnOrAfter: Instant, audiences: [String], oneTimeUse: Bool = false) {
    self.notBefore = notBefore
    self.notOnOrAfter = notOnOrAfter
    self.audiences = audiences
    self.oneTimeUse = oneTimeUse
  }
}

/// When and how the subject was authenticated.
package struct SAMLAuthentication: Hashable, Sendable {
  /// When.
  package var instant: Instant
  /// The name of the session.
  package var sessionIndex: String?
  /// When the session ends.
  package var sessionNotOnOrAfter: Instant?
  /// How: a URI, such as `urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified`.
  package var contextClass: String

  /// Gathers the parts.
  package init(
    instant: Instant,
    sessionIndex: String? = nil,
    sessionNotOnOrAfter: Instant? = nil,
    contextClass: String
  ) {
    self.instant = instant
    self.sessionIndex = sessionIndex
    self.sessionNotOnOrAfter = sessionNotOnOrAfter
    self.contextClass = contextClass
  }
}

/// An attribute of the subject.
package struct SAMLAttribute: Hashable, Sendable {
  /// The name: any text that is not blank.
  package var name: String
  /// What kind of name it is: a URI.
  package var nameFormat: String?
  /// A name for people.
  package var friendlyName: String?
  /// The values, any text; one is usual.
  package var values: [String]

  /// Gathers the parts.
  package init(name: String, nameFormat: String? = nil, friendlyName: String? = nil, values: [String]) {
    self.name = name
    self.nameFormat = nameFormat
    self.friendlyName = friendlyName
    self.values = values
  }
}

/// An assertion, to be signed.
package struct SAMLAssertion: Sendable {
  /// The most attributes: those that describe a session with a hundred tags.
  package static let maximumAttributes = 128

  /// Its name.
  package var id: SAMLIdentifier
  /// When it was made.
  package var issueInstant: Instant
  /// Who made it: the identity provider's entity id, a URI.
  package var issuer: String
  /// Whom it is about.
  package var nameID: SAMLNameID
  /// How the service makes sure of that.
  package var confirmation: SAMLSubjectConfirmation
  /// When and for whom it counts.
  package var conditions: SAMLConditions
  /// When and how the subject was authenticated.
  package var authentication: SAMLAuthentication
  /// What else is said of the subject, in order.
  package var attributes: [SAMLAttribute]

  /// Gathers the statements.
  package init(
    id: SAMLIdentifier,
    issueInstant: Instant,
    issuer: String,
    nameID: SAMLNameID,
    confirmation: SAMLSubjectConfirmation,
    conditions: SAMLConditions,
    authentication: SAMLAuthentication,
    attributes: [SAMLAttribute] = []
  ) {
    self.id = id
    self.issueInstant = issueInstant
    self.issuer = issuer
    self.nameID = nameID
    self.confirmation = confirmation
    self.conditions = conditions
    self.authentication = authentication
    self.attributes = attributes
  }
}
