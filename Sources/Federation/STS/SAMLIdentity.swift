// SPDX-License-Identifier: Apache-2.0
//
// Whom does this assertion stand for? What a verified assertion of a registered SAML provider says to AWS: condition keys,
// session tags, source identity, roles. Refuses to know XML and signatures. Source: AWS IAM User Guide, Configure SAML
// assertions for the authentication response, keys for SAML federation.

import AWSProtocols
import IdentityModel
import TokenFormats

/// A caller whom a SAML provider vouches for.
struct SAMLIdentity: Hashable, Sendable {
  /// `arn:aws:iam::A:saml-provider/name`.
  let providerARN: String
  /// The account of the provider.
  let account: AccountID
  /// The provider's name.
  let providerName: String
  /// The verified assertion.
  let assertion: ProviderAssertion

  /// `account` and `provider`, hashed with the issuer: AWS's `NameQualifier`.
  var nameQualifier: String {
    SAMLNameQualifier.of(issuer: assertion.issuer, account: account.description, provider: providerName)
  }

  /// The format of the name as policy sees it: `persistent`, `transient`, or a URI of somebody else's.
  private var subjectType: String? {
    guard let format = assertion.subjectFormat else { return nil }
    let prefix = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
    guard format.utf8.starts(with: prefix.utf8), format.utf8.count > prefix.utf8.count else { return format }
    return String(decoding: format.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
  }

  /// `saml:aud` (the `Recipient`), `saml:doc` (the provider), `saml:iss`, `saml:namequalifier`, `saml:sub`,
  /// `saml:sub_type`.
  var contextEntries: [Question.ContextEntry] {
    var entries: [Question.ContextEntry] = [
      .init("saml:aud", assertion.recipient), .init("saml:doc", "\(account)/\(providerName)"),
      .init("saml:iss", assertion.issuer), .init("saml:namequalifier", nameQualifier),
      .init("saml:sub", assertion.subject),
    ]
    if let subjectType { entries.append(.init("saml:sub_type", subjectType)) }
    return entries
  }
}

// MARK: - AWS's attributes

extension [PresentedAttribute] {
  private static var awsPrefix: String { "https://aws.amazon.com/SAML/Attributes/" }

  /// The values of AWS's attribute `name`; `nil` when it is absent.
  ///
  /// Throws InvalidIdentityToken when they are not text.
  func awsValues(_ name: String) throws(ServiceError) -> [String]? {
    let full = Self.awsPrefix + name
    guard let attribute = first(where: { $0.name.utf8.elementsEqual(full.utf8) }) else { return nil }
    guard let values = attribute.values, !values.isEmpty else { throw .malformedAttribute(full) }
    return values
  }

  /// The value of AWS's attribute `name`, of which there is one; `nil` when it is absent.
  func awsValue(_ name: String) throws(ServiceError) -> String? {
    guard let values = try awsValues(name) else { return nil }
    guard values.count == 1 else { throw .malformedAttribute(Self.awsPrefix + name) }
    return values[0]
  }

  /// The provider that `Role` pairs with the role `roleARN`, and every role that it names.
  ///
  /// Each value is `role ARN,provider ARN`, in either order. Throws InvalidIdentityToken when the role is not among them,
  /// or with two providers.
  func provider(forRole roleARN: String) throws(ServiceError) -> (provider: String, roles: [String]) {
    var provider: String?
    var roles: [String] = []
    for value in try awsValues("Role") ?? [] {
      let names = value.split(separator: ",", omittingEmptySubsequences: false)
        .map { String(decoding: $0.utf8.filter { $0 > 0x20 }, as: UTF8.self) }
      guard names.count == 2 else { throw .malformedAttribute(Self.awsPrefix + "Role") }
      roles += names
      guard let place = names.firstIndex(where: { $0.utf8.elementsEqual(roleARN.utf8) }) else { continue }
      let other = names[1 - place]
      guard provider?.utf8.elementsEqual(other.utf8) ?? true else {
        throw .invalidIdentityToken("The assertion names two providers for the role \(roleARN)")
      }
      provider = other
    }
    guard let provider else { throw .invalidIdentityToken("The assertion is not for the role \(roleARN)") }
    return (provider, roles)
  }

  /// `RoleSessionName`; `nil` when it is absent.
  func sessionName() throws(ServiceError) -> String? {
    guard let name = try awsValue("RoleSessionName") else { return nil }
    guard (2...64).contains(name.utf16.count), ParameterPattern.roleSessionName.matches(name) else {
      throw .malformedAttribute(Self.awsPrefix + "RoleSessionName")
    }
    return name
  }

  /// What the provider asks of a session: `PrincipalTag:…`, `TransitiveTagKeys`, `SourceIdentity`, `Role`.
  func sessionClaims(for roleARN: String) throws(ServiceError) -> SessionClaims {
    let tagPrefix = Self.awsPrefix + "PrincipalTag:"
    var tags: [Tag] = []
    for attribute in self where attribute.name.utf8.starts(with: tagPrefix.utf8) {
      guard let values = attribute.values, values.count == 1 else {
        throw .malformedAttribute(attribute.name)
      }
      let key = String(decoding: attribute.name.utf8.dropFirst(tagPrefix.utf8.count), as: UTF8.self)
      tags.append(Tag(key: key, value: values[0]))
    }
    return SessionClaims(
      tags: tags,
      transitiveTagKeys: try awsValues("TransitiveTagKeys") ?? [],
      sourceIdentity: try awsValue("SourceIdentity"),
      roleARNs: try provider(forRole: roleARN).roles
    )
  }
}

extension ServiceError {
  fileprivate static func malformedAttribute(_ name: String) -> ServiceError {
    .invalidIdentityToken("Malformed attribute: \(name)")
  }
}
