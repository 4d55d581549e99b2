// SPDX-License-Identifier: Apache-2.0
//
// From a SAML config and a caller to an assertion, signed. What it says is decided here; how it is spelled is
// TokenFormats' business. Source: SAML Core 2.0 §2; SAML Profiles 2.0 §4.1.4.2; RFC 7522 §3.

import IdentityModel
import PolicyEngine
import TokenFormats

/// An assertion that was issued.
struct IssuedAssertion: Sendable {
  /// What the caller gets: a response in base 64 for HTTP-POST, or an assertion in base64url for the bearer grant.
  let token: String
  /// The `ID` of the assertion, by which it is on record.
  let id: String
}

/// What an assertion is made of.
struct AssertionRequest: Sendable {
  /// The config, one for SAML.
  let config: FederationConfigRecord
  /// What the config says beyond what every config says.
  let settings: SAMLSettings
  /// Who asks.
  let call: AuthenticatedCall
  /// The issuer of the account.
  let issuer: Issuer
  /// Whether it is for a token endpoint of this server.
  let isForTokenEndpoint: Bool
  /// Until when it is valid.
  let expiration: Instant
  /// The key that its bearer has to prove; `nil` for a bearer assertion.
  let holderKey: SAMLHolderKey?
}

extension House {
  /// The assertion that `request` asks for, signed by the key of its account that signs now.
  ///
  /// Throws ValidationError when the caller has no value for the `NameID`, or one that XML cannot carry.
  func issue(_ request: AssertionRequest) async throws(ServiceError) -> IssuedAssertion {
    do {
      return try await issued(request)
    } catch let error as SAMLIssuingProblem {
      throw error.serviceError
    } catch let error as SAMLError {
      guard let refusal = ServiceError(samlValue: error) else {
        throw diagnostics.serviceError("write an assertion", error)
      }
      throw refusal
    } catch {
      throw diagnostics.serviceError("sign an assertion", error)
    }
  }

  private func issued(_ request: AssertionRequest) async throws -> IssuedAssertion {
    let settings = request.settings
    guard let algorithm = XMLSignatureAlgorithm(rawValue: request.config.signingAlgorithm),
      let key = request.issuer.samlKeys.signingKey(algorithm.family, at: request.call.now)
    else {
      throw StoreError.corrupted("no SAML key for `\(request.config.arn)`")
    }
    let id = try SAMLIdentifier(random: entropy.assertionID(at: request.call.now))
    let input = try request.assertion(id).signingInput(algorithm, certificate: key.certificate)
    let assertion = try await signed(input, key)
    guard settings.form == SAMLSettings.response else {
      return IssuedAssertion(token: SAMLMessageText.bearerGrant(assertion), id: id.text)
    }
    let content: SAMLResponse.Content
    if let octets = settings.encryptionCertificate?.bytes {
      guard let certificate = EncodedCertificate(der: octets) else { throw SAMLError.malformedCertificate }
      content = .encrypted(
        try assertion.encrypted(
          for: certificate,
          contentKey: Secret(entropy.octets(32)),
          nonce: entropy.octets(12)
        )
      )
    } else {
      content = .signed(assertion)
    }
    let response = SAMLResponse(
      id: try SAMLIdentifier(random: entropy.octets(20)),
      issueInstant: request.call.now,
      issuer: samlEntityID(of: request.issuer.stored.record),
      destination: request.config.targetService,
      content: content
    )
    let octets =
      settings.signsResponse
      ? try await signed(try response.signingInput(algorithm, certificate: key.certificate), key).octets
      : try response.octets()
    return IssuedAssertion(token: SAMLMessageText.postBinding(octets), id: id.text)
  }

  private func signed<Document>(
    _ input: XMLSigningInput<Document>,
    _ key: SAMLKey
  ) async throws -> SignedXML<Document> {
    try input.signed(
      try await signer.sign(input.octets, with: key.sealed, algorithm: input.algorithm.jws)
    )
  }
}

extension AssertionRequest {
  /// How far the clock of a service may be behind.
  ///
  /// Unit: seconds.
  static let clockToleranceSeconds = 60
  /// How long the `NameID` and the attributes may be, with all their values, names and formats together.
  ///
  /// SECURITY: a template repeats what a key brings in, and a config has room for hundreds of templates.
  ///
  /// Unit: octets of UTF-8, before XML is written.
  static let maximumTextBytes = 48 * 1024

  /// What is said of the caller.
  fileprivate func assertion(_ id: SAMLIdentifier) throws -> SAMLAssertion {
    let context = RequestContext(saml: call)
    let nameID = SAMLNameID(format: settings.nameIDFormat, value: try self.nameID(context))
    var room = Self.maximumTextBytes
    try room.take([nameID.format, nameID.value])
    let attributes = try self.attributes(context, &room)
    let session = call.caller.session
    return SAMLAssertion(
      id: id,
      issueInstant: call.now,
      issuer: samlEntityID(of: issuer.stored.record),
      nameID: nameID,
      confirmation: SAMLSubjectConfirmation(
        // SECURITY: one way or the other: an assertion for the holder of a key is nothing to whoever merely has it.
        method: holderKey.map { .holderOfKey($0) } ?? .bearer,
        recipient: config.targetService,
        notOnOrAfter: expiration
      ),
      conditions: SAMLConditions(
        notBefore: call.now.advanced(bySeconds: -Int64(Self.clockToleranceSeconds)),
        notOnOrAfter: expiration,
        audiences: [config.audience],
        oneTimeUse: settings.oneTimeUse
      ),
      authentication: SAMLAuthentication(
        instant: session?.issuedAt ?? call.now,
        sessionNotOnOrAfter: session?.expiration,
        contextClass: "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
      ),
      attributes: attributes
    )
  }

  private func nameID(_ context: RequestContext) throws -> String {
    guard let template = try? SAMLTemplate(settings.nameID, takesSeveral: false) else {
      throw StoreError.corrupted("the NameIdValue of `\(config.arn)`")
    }
    guard let value = template.texts(in: context).first else { throw SAMLIssuingProblem.noNameID }
    let scalars = value.unicodeScalars
    // One that is blank is refused with the others that cannot be said.
    guard !scalars.allSatisfy(\.properties.isWhitespace) else { return value }
    // SECURITY: services strip, fold or do not show such characters, and would take the caller for somebody else.
    guard scalars.first?.properties.isWhitespace == false, scalars.last?.properties.isWhitespace == false,
      scalars.allSatisfy({ ![.control, .format].contains($0.properties.generalCategory) })
    else { throw SAMLIssuingProblem.deceptiveNameID }
    return value
  }

  /// The templates of the config, or the default ones.
  ///
  /// SECURITY: a token endpoint of this server believes what its own assertions say of the session's source identity, so
  /// there no config has a word in it: a session neither sheds its source identity nor takes another's.
  private var attributeTemplates: [SAMLAttributeTemplate] {
    let templates = settings.attributes ?? AuthenticatedCall.defaultSAMLAttributes
    guard isForTokenEndpoint else { return templates }
    let own = AuthenticatedCall.sourceIdentityAttribute
    return templates.filter { !$0.name.utf8.elementsEqual(own.name.utf8) } + [own]
  }

  private func attributes(_ context: RequestContext, _ room: inout Int) throws -> [SAMLAttribute] {
    var attributes: [SAMLAttribute] = []
    for attribute in attributeTemplates {
      var values: [String] = []
      for text in attribute.values {
        guard let template = try? SAMLTemplate(text, takesSeveral: true) else {
          throw StoreError.corrupted("the SamlAttributes of `\(config.arn)`")
        }
        let texts = template.texts(in: context)
        try room.take(texts)
        values += texts
      }
      // Nothing is said where there is nothing to say.
      guard !values.isEmpty else { continue }
      try room.take([attribute.name, attribute.nameFormat, attribute.friendlyName])
      attributes.append(
        SAMLAttribute(
          name: attribute.name,
          nameFormat: attribute.nameFormat,
          friendlyName: attribute.friendlyName,
          values: values
        )
      )
    }
    guard settings.attributes == nil else { return attributes }
    for further in call.furtherSAMLAttributes() {
      try room.take([further.name, further.nameFormat, further.value])
      attributes.append(
        SAMLAttribute(name: further.name, nameFormat: further.nameFormat, values: [further.value])
      )
    }
    return attributes
  }
}

extension Int {
  /// Takes the octets of `texts` from this room.
  fileprivate mutating func take(_ texts: [String?]) throws(SAMLIssuingProblem) {
    for text in texts { self -= text?.utf8.count ?? 0 }
    guard self >= 0 else { throw .tooLong }
  }
}

/// Why a caller gets no assertion of a config that gives others one.
enum SAMLIssuingProblem: Error {
  /// The template of the `NameID` names a key that has no value for the caller.
  case noNameID
  /// The `NameID` would have characters that are not seen, or that services take away.
  case deceptiveNameID
  /// There is more to say than an assertion may hold.
  case tooLong

  fileprivate var serviceError: ServiceError {
    switch self {
    case .noNameID:
      .validationError(
        "The nameIdValue of the federation config has no value for this caller: a key that it names is not there, and "
          + "has no default."
      )
    case .deceptiveNameID:
      .invalidValue(
        "nameIdValue",
        "For this caller it begins or ends with white space, or has a control or format character"
      )
    case .tooLong:
      ServiceError(
        code: "SAMLAssertionSizeExceededException",
        httpStatus: 400,
        message: "The NameID and the attributes of the assertion exceed the maximum allowed size of "
          + "\(AssertionRequest.maximumTextBytes) octets"
      )
    }
  }
}
