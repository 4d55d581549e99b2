// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with the SAML side of a federation config, as the client reads it: the parameter is named in IAM's way.
// AWS has no such actions; the sentences are ours.

import IdentityModel
import TokenFormats

extension ServiceError {
  /// 400: `The specified value for nameIdValue is invalid. It must …`.
  static func invalidValue(_ parameter: String, _ sentence: String) -> ServiceError {
    .validationError("The specified value for \(parameter) is invalid. \(sentence)")
  }

  /// What of a config cannot be said in SAML; `nil` for what no config brought about.
  init?(samlValue error: SAMLError) {
    let field: SAMLField
    let sentence: String
    switch error {
    case .forbiddenCharacter(let found):
      (field, sentence) = (found, "It has a control character that XML cannot carry")
    case .empty(let found): (field, sentence) = (found, "It must not be blank")
    case .notURI(let found):
      (field, sentence) = (found, "It must be a URI of at most 1024 characters, without white space")
    case .tooMany(let found, let limit): (field, sentence) = (found, "There are more than \(limit)")
    case .duplicate(let found): (field, sentence) = (found, "Another attribute has the same name")
    case .notNCName, .impossibleTime, .neverValid, .identifierOfWrongLength, .signatureOfWrongLength,
      .certificateOfAnotherAlgorithm, .malformedCertificate, .keyCannotEncrypt, .keyMaterialOfWrongLength,
      .encryptionFailed:
      return nil
    }
    guard let parameter = field.parameter else { return nil }
    self = .invalidValue(parameter, sentence)
  }

  /// Refuses a service's metadata for the first thing wrong with it.
  init(serviceProviderMetadata error: SAMLMetadataError) {
    self = .invalidValue("serviceProviderMetadata", error.sentence)
  }
}

extension SAMLField {
  /// The parameter that the field comes from; `nil` when it is none of the caller's.
  fileprivate var parameter: String? {
    switch self {
    case .nameID: "nameIdValue"
    case .nameIDFormat: "nameIdFormat"
    case .recipient, .destination: "targetService"
    case .audience: "audience"
    case .attributes: "samlAttributes"
    case .attributeName(let index): "samlAttributes.\(index + 1).member.name"
    case .attributeNameFormat(let index): "samlAttributes.\(index + 1).member.nameFormat"
    case .attributeFriendlyName(let index): "samlAttributes.\(index + 1).member.friendlyName"
    case .attributeValue(let index, let place):
      "samlAttributes.\(index + 1).member.values.\(place + 1).member"
    case .issuer, .nameQualifier, .serviceNameQualifier, .inResponseTo, .notBefore, .notOnOrAfter,
      .issueInstant, .authnInstant, .sessionIndex, .sessionNotOnOrAfter, .authnContextClass, .entityID,
      .validUntil, .singleSignOnLocation, .certificate, .offeredNameIDFormat:
      nil
    }
  }
}

extension SAMLMetadataError {
  fileprivate var sentence: String {
    switch self {
    case .xml(let error): error.sentence
    case .signature(let error): "Its signature does not count: \(error.sentence)"
    case .notAnEntityDescriptor: "It must be the EntityDescriptor of one service provider"
    case .missing(let name): "\(quoted(name)) is missing"
    case .malformed(let name): "\(quoted(name)) cannot be understood"
    case .expired(let end): "It was valid until \(end.rfc3339)"
    case .serviceRoles(let count): "It must have one SPSSODescriptor for SAML 2.0, and has \(count)"
    case .noPOSTBinding: "No AssertionConsumerService takes HTTP-POST"
    }
  }
}

extension XMLReadError {
  fileprivate var sentence: String {
    switch self {
    case .tooLong(let limit): "It has more than \(limit) bytes"
    case .tooDeep(let limit): "Its elements are nested more than \(limit) deep"
    case .tooManyElements(let limit): "It has more than \(limit) elements"
    case .tooManyAttributes(let limit, let offset):
      "More than \(limit) attributes or namespaces \(at(offset))"
    case .notUTF8: "It is not UTF-8"
    case .forbiddenCharacter(let offset): "A character that XML cannot carry \(at(offset))"
    case .unknownVersion: "It is not XML 1.0"
    case .documentType(let offset): "A DOCTYPE is never read (\(at(offset)))"
    case .unknownEntity(let offset): "An entity that is not predefined \(at(offset))"
    case .notWellFormed(let offset): "It is not well-formed \(at(offset))"
    case .unclosedElement(let offset): "An element is not closed \(at(offset))"
    case .duplicateAttribute(let offset): "An attribute stands twice \(at(offset))"
    case .undeclaredPrefix(let offset): "A prefix is not declared \(at(offset))"
    case .forbiddenDeclaration(let offset): "A namespace must not be declared so \(at(offset))"
    }
  }

  private func at(_ offset: Int) -> String { "at byte \(offset)" }
}

extension XMLSignatureError {
  fileprivate var sentence: String {
    switch self {
    case .severalSignatures: "there is more than the one that belongs to the root"
    case .unexpectedForm(let name): "\(quoted(name)) has another form"
    case .canonicalization(let name): "the canonicalization \(quoted(name)) is not taken"
    case .signatureAlgorithm(let name): "the signature algorithm \(quoted(name)) is not taken"
    case .digestAlgorithm(let name): "the digest algorithm \(quoted(name)) is not taken"
    case .transform(let name): "the transform \(quoted(name)) is not taken"
    case .reference(let name): "the reference \(quoted(name)) is not to the ID of the root alone"
    case .noKey: "KeyInfo does not hold one certificate"
    case .foreignKey: "the key is none of the agreed ones"
    case .algorithmOfAnotherKey: "the key does not sign with the algorithm"
    case .signatureInvalid: "the key did not make it"
    case .digestDiffers: "the document is not the one that was signed"
    }
  }
}

/// The beginning of what a stranger wrote, in backticks.
private func quoted(_ text: String) -> String { "`\(text.beginning(utf8Bytes: 200))`" }
