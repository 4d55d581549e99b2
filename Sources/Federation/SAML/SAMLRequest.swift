// SPDX-License-Identifier: Apache-2.0
//
// What the SAML side of a config comes to: the defaults or what was stored, a service's metadata over it, and over that
// what the caller said in so many words. Whatever could go wrong at issuing is refused here, with the parameter's name.

package import AWSProtocols
package import IdentityModel
import TokenFormats

extension SAMLSettings {
  /// `SamlForm`: a response that brings the assertion, for HTTP-POST.
  package static let response = "Response"
  /// `SamlForm`: the assertion alone, for the bearer grant.
  package static let assertion = "Assertion"
  /// `AssertionEncryption`: none.
  package static let noEncryption = "None"
  /// `AssertionEncryption`: AES-256-GCM, its key with RSA-OAEP and SHA-256.
  package static let aes256GCM = "AES256-GCM"

  /// What a config says that is made without a word about it.
  package static let standard = SAMLSettings(
    form: response,
    signsResponse: false,
    nameIDFormat: "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
    nameID: "${aws:PrincipalArn}",
    attributes: nil,
    oneTimeUse: false,
    encryptionCertificate: nil
  )

  /// The members of `OutboundFederationConfig` that only SAML has, in answers.
  package var response: [(name: String, value: ResponseValue?)] {
    let certificate = encryptionCertificate.flatMap { EncodedCertificate(der: $0.bytes) }
    return [
      ("SamlForm", .string(form)), ("SamlSignResponse", .boolean(signsResponse)),
      ("NameIdFormat", .string(nameIDFormat)), ("NameIdValue", .string(nameID)),
      ("SamlAttributes", attributes.map { .list($0.map { .structure($0.response) }) }),
      ("OneTimeUse", .boolean(oneTimeUse)),
      ("AssertionEncryption", .string(encryptionCertificate == nil ? Self.noEncryption : Self.aes256GCM)),
      ("EncryptionCertificate", certificate.map { .string($0.pem) }),
    ]
  }
}

extension SAMLAttributeTemplate {
  fileprivate var response: ResponseStructure {
    ResponseStructure([
      "Name": .string(name), "NameFormat": nameFormat.map { .string($0) },
      "FriendlyName": friendlyName.map { .string($0) }, "Values": .list(values.map { .string($0) }),
    ])
  }
}

/// What a request says of the SAML side of a config, read beside the service's metadata that came with it.
package struct SAMLRequest: Sendable {
  /// The assertion consumer service; `nil` when neither the caller nor metadata named one.
  package let targetService: String?
  /// The entity id; `nil` when neither the caller nor metadata named one.
  package let audience: String?

  private let parameters: SAMLParameters
  private let service: ServiceProviderMetadata?
  private let nameIDFormat: String?
  /// The certificate that the caller sent.
  private let certificate: EncodedCertificate?

  /// Reads `parameters`; `targetService` and `audience` are what the caller said, and metadata fills what was left out.
  ///
  /// Throws ValidationError for the first parameter that cannot be, alone or beside the others.
  package init(
    _ parameters: SAMLParameters,
    targetService: String?,
    audience: String?
  ) throws(ServiceError) {
    self.parameters = parameters
    service = try Self.serviceProvider(parameters.serviceProviderMetadata)
    self.targetService = try Self.target(service, targetService)
    self.audience = try Self.entityID(service, audience)
    nameIDFormat = try Self.nameIDFormat(service, parameters.nameIDFormat)
    certificate = try Self.certificate(service, parameters)
    try checkTemplates()
  }

  /// Throws ValidationError when the metadata that came with the request is no longer valid at `now`.
  package func requireValidity(at now: Instant) throws(ServiceError) {
    guard let end = service?.validUntil, end <= now else { return }
    throw ServiceError(serviceProviderMetadata: .expired(end))
  }

  /// What the request makes of `settings`: those that were stored, or the standard ones.
  ///
  /// Throws ValidationError for what does not go together.
  package func applied(to settings: SAMLSettings = .standard) throws(ServiceError) -> SAMLSettings {
    var settings = settings
    if let form = parameters.form { settings.form = form }
    if let signsResponse = parameters.signsResponse { settings.signsResponse = signsResponse }
    if let nameID = parameters.nameID { settings.nameID = nameID }
    if let attributes = parameters.attributes { settings.attributes = attributes.isEmpty ? nil : attributes }
    if let oneTimeUse = parameters.oneTimeUse { settings.oneTimeUse = oneTimeUse }
    if let nameIDFormat { settings.nameIDFormat = nameIDFormat }
    settings.encryptionCertificate = try encryptionCertificate(stored: settings.encryptionCertificate)
    guard settings.form == SAMLSettings.response || !settings.signsResponse else {
      throw .validationError("SamlSignResponse needs SamlForm Response: a bare Assertion has no response")
    }
    guard settings.form == SAMLSettings.response || settings.encryptionCertificate == nil else {
      throw .validationError("AssertionEncryption needs SamlForm Response: a bare Assertion is not encrypted")
    }
    return settings
  }
}

// MARK: - Beside the service's metadata

extension SAMLRequest {
  // When it was valid until is looked at later: reading knows no time.
  private static func serviceProvider(_ text: String?) throws(ServiceError) -> ServiceProviderMetadata? {
    guard let text else { return nil }
    do {
      return try ServiceProviderMetadata(Array(text.utf8), now: Instant(milliseconds: .min))
    } catch {
      throw ServiceError(serviceProviderMetadata: error)
    }
  }

  private static func target(
    _ service: ServiceProviderMetadata?,
    _ said: String?
  ) throws(ServiceError) -> String? {
    guard let service, let said else {
      return said ?? service?.defaultAssertionConsumerService?.location
    }
    guard service.assertionConsumerServices.contains(where: { areSame($0.location, said) }) else {
      throw .invalidValue(
        "targetService",
        "It is none of the assertion consumer services in serviceProviderMetadata"
      )
    }
    return said
  }

  private static func entityID(
    _ service: ServiceProviderMetadata?,
    _ said: String?
  ) throws(ServiceError) -> String? {
    guard let service else { return said }
    if let said, !areSame(said, service.entityID) {
      throw .invalidValue("audience", "It is not the entityID in serviceProviderMetadata")
    }
    return service.entityID
  }

  private static func nameIDFormat(
    _ service: ServiceProviderMetadata?,
    _ said: String?
  ) throws(ServiceError) -> String? {
    guard let formats = service?.nameIDFormats, !formats.isEmpty else { return said }
    guard let said else { return formats.first }
    guard formats.contains(where: { areSame($0, said) }) else {
      throw .invalidValue("nameIdFormat", "It is none of those in serviceProviderMetadata")
    }
    return said
  }

  private static func certificate(
    _ service: ServiceProviderMetadata?,
    _ parameters: SAMLParameters
  ) throws(ServiceError) -> EncodedCertificate? {
    guard let pem = parameters.encryptionCertificate else { return nil }
    guard parameters.encryption != SAMLSettings.noEncryption else {
      throw .validationError("EncryptionCertificate contradicts AssertionEncryption None")
    }
    guard let certificate = EncodedCertificate(pem: pem), certificate.canEncrypt else {
      throw .invalidValue(
        "encryptionCertificate",
        "It must be one PEM certificate of an RSA key of 2048 to 8192 bits"
      )
    }
    if let listed = service?.encryptionCertificates, !listed.isEmpty,
      !listed.contains(where: { $0.subjectPublicKeyInfo == certificate.subjectPublicKeyInfo })
    {
      throw .invalidValue("encryptionCertificate", "Its key is none of those in serviceProviderMetadata")
    }
    return certificate
  }

  /// The certificate to encrypt for; `nil` for no encryption.
  private func encryptionCertificate(stored: Octets?) throws(ServiceError) -> Octets? {
    if parameters.encryption == SAMLSettings.noEncryption { return nil }
    if let certificate { return Octets(certificate.der) }
    // Metadata names a key with which assertions can be encrypted; that they are to be is for the caller to say.
    guard parameters.encryption != nil || stored != nil else { return nil }
    guard let service else {
      guard let stored else {
        throw .validationError("AssertionEncryption needs an EncryptionCertificate")
      }
      return stored
    }
    // SECURITY: what was stored belongs to whatever service this was before.
    guard let usable = service.encryptionCertificates.first(where: \.canEncrypt) else {
      throw .validationError(
        "AssertionEncryption needs an EncryptionCertificate: serviceProviderMetadata has none of an RSA key of 2048 "
          + "to 8192 bits"
      )
    }
    return Octets(usable.der)
  }

  /// Throws ValidationError for the first template that cannot be read.
  private func checkTemplates() throws(ServiceError) {
    if let nameID = parameters.nameID { try check(nameID, "nameIdValue", takesSeveral: false) }
    for (index, attribute) in (parameters.attributes ?? []).enumerated() {
      for (place, value) in attribute.values.enumerated() {
        let name = "samlAttributes.\(index + 1).member.values.\(place + 1).member"
        try check(value, name, takesSeveral: true)
      }
    }
  }

  private func check(
    _ text: String,
    _ parameter: String,
    takesSeveral: Bool
  ) throws(ServiceError) {
    do {
      _ = try SAMLTemplate(text, takesSeveral: takesSeveral)
    } catch {
      switch error {
      case .malformed:
        throw .invalidValue(
          parameter,
          "It must be text with ${key} or ${key, 'default'}; ${$} stands for a dollar sign"
        )
      case .unknownKey(let key):
        throw .invalidValue(parameter, "There is no key `\(key.beginning(utf8Bytes: 200))`")
      case .multivalued(let key):
        throw .invalidValue(
          parameter,
          "The key `\(key)` has several values, and there is room for one such key in an attribute's value only"
        )
      }
    }
  }

}

extension SAMLSettings {
  /// Throws ValidationError for the first thing that an assertion for this service could not say.
  ///
  /// The last of the checks: an assertion with the templates as they stand is written and thrown away, so that nothing
  /// that XML cannot carry is found only at issuing.
  package func checkAssertion(targetService: String, audience: String) throws(ServiceError) {
    let end = Instant(seconds: 60)
    do {
      try SAMLAssertion(
        id: SAMLIdentifier(random: [UInt8](repeating: 0, count: 16)),
        issueInstant: Instant(seconds: 0),
        issuer: "urn:issuer",
        nameID: SAMLNameID(format: nameIDFormat, value: nameID),
        confirmation: SAMLSubjectConfirmation(method: .bearer, recipient: targetService, notOnOrAfter: end),
        conditions: SAMLConditions(
          notBefore: Instant(seconds: 0),
          notOnOrAfter: end,
          audiences: [audience],
          oneTimeUse: oneTimeUse
        ),
        authentication: SAMLAuthentication(instant: Instant(seconds: 0), contextClass: "urn:class"),
        attributes: (attributes ?? []).map {
          SAMLAttribute(
            name: $0.name,
            nameFormat: $0.nameFormat,
            friendlyName: $0.friendlyName,
            values: $0.values
          )
        }
      ).check()
    } catch {
      throw ServiceError(samlValue: error) ?? .internalFailure
    }
  }
}

private func areSame(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
