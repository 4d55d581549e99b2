// SPDX-License-Identifier: Apache-2.0
//
// Why no assertion, response or metadata is made of some values. Cases name the field, so that the one who configured it
// can be told which one it was.

/// A field of what is to be written; lists are counted from 0.
package enum SAMLField: Hashable, Sendable {
  /// `Issuer`.
  case issuer
  /// The text of `NameID`.
  case nameID
  /// `NameID/@Format`.
  case nameIDFormat
  /// `NameID/@NameQualifier`.
  case nameQualifier
  /// `NameID/@SPNameQualifier`.
  case serviceNameQualifier
  /// `SubjectConfirmationData/@Recipient`.
  case recipient
  /// `InResponseTo`.
  case inResponseTo
  /// `Audience`.
  case audience(Int)
  /// `Conditions/@NotBefore`.
  case notBefore
  /// `Conditions/@NotOnOrAfter` and `SubjectConfirmationData/@NotOnOrAfter`.
  case notOnOrAfter
  /// `IssueInstant`.
  case issueInstant
  /// `AuthnStatement/@AuthnInstant`.
  case authnInstant
  /// `AuthnStatement/@SessionIndex`.
  case sessionIndex
  /// `AuthnStatement/@SessionNotOnOrAfter`.
  case sessionNotOnOrAfter
  /// `AuthnContextClassRef`.
  case authnContextClass
  /// `AttributeStatement`.
  case attributes
  /// `Attribute/@Name`.
  case attributeName(Int)
  /// `Attribute/@NameFormat`.
  case attributeNameFormat(Int)
  /// `Attribute/@FriendlyName`.
  case attributeFriendlyName(Int)
  /// `AttributeValue`: the attribute, and which of its values.
  case attributeValue(Int, Int)
  /// `Response/@Destination`.
  case destination
  /// `EntityDescriptor/@entityID`.
  case entityID
  /// `EntityDescriptor/@validUntil`.
  case validUntil
  /// `SingleSignOnService/@Location`.
  case singleSignOnLocation
  /// `X509Certificate`.
  case certificate
  /// `NameIDFormat` of metadata.
  case offeredNameIDFormat(Int)
}

/// Why something is not written.
package enum SAMLError: Error, Hashable, Sendable {
  /// The text has a character that XML cannot carry.
  case forbiddenCharacter(SAMLField)
  /// The text is empty where it must say something.
  case empty(SAMLField)
  /// The text is a URI and has white space, or more than 1,024 characters.
  case notURI(SAMLField)
  /// The text is an identifier and not an `NCName`.
  case notNCName(SAMLField)
  /// There are more than `limit`.
  case tooMany(SAMLField, limit: Int)
  /// Another of the list has the same name.
  case duplicate(SAMLField)
  /// The time is outside of the years 1970 to 9999.
  case impossibleTime(SAMLField)
  /// The end of validity is not after its beginning, in whole seconds.
  case neverValid
  /// Fewer than 16 or more than 64 octets of chance for an identifier.
  case identifierOfWrongLength(Int)
  /// The signature has not as many octets as the algorithm gives.
  case signatureOfWrongLength(Int)
  /// The key of the certificate does not sign with the algorithm.
  case certificateOfAnotherAlgorithm
  /// The octets are no certificate in DER.
  case malformedCertificate
  /// The certificate's key is not RSA of 2048 to 8192 bits.
  case keyCannotEncrypt
  /// The content key has not 32 octets, or the nonce not 12.
  case keyMaterialOfWrongLength
  /// The cryptographic library refused.
  case encryptionFailed
}
