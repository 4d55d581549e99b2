// SPDX-License-Identifier: Apache-2.0
//
// What a federation config consists of: each member by its name on the wire, which is its name in a document too, its
// type, and what it is when nobody says. Source: docs/actions/CreateOutboundFederationConfig.md.

package import IdentityModel
package import StrictJSON

/// A member of a federation config.
package enum FederationConfigMember: String, CaseIterable, Hashable, Sendable {
  /// Where tokens are taken, a URL.
  case targetService = "TargetService"
  /// `OIDC` or `SAML`.
  case tokenType = "TokenType"
  /// For whom tokens are.
  case audience = "Audience"
  /// How long they live, in seconds.
  case duration = "Duration"
  /// How they are signed.
  case signingAlgorithm = "SigningAlgorithm"
  /// Words for people.
  case description = "Description"
  /// `Response` or `Assertion`.
  case samlForm = "SamlForm"
  /// Whether the response is signed too.
  case samlSignResponse = "SamlSignResponse"
  /// The format of the name identifier, a URN.
  case nameIDFormat = "NameIdFormat"
  /// The name identifier, a template.
  case nameIDValue = "NameIdValue"
  /// The attributes, in place of the default ones.
  case samlAttributes = "SamlAttributes"
  /// Whether an assertion may be used only once.
  case oneTimeUse = "OneTimeUse"
  /// `None` or `AES256-GCM`.
  case assertionEncryption = "AssertionEncryption"
  /// The certificate to encrypt for, PEM.
  case encryptionCertificate = "EncryptionCertificate"
  /// The service's metadata file; a request has it, a config does not.
  case serviceProviderMetadata = "ServiceProviderMetadata"
  /// Tags of the config.
  case tags = "Tags"

  /// A type of members.
  enum Kind {
    case text
    case number
    case flag
    case attributes
    case tags
  }

  var kind: Kind {
    switch self {
    case .duration: .number
    case .samlSignResponse, .oneTimeUse: .flag
    case .samlAttributes: .attributes
    case .tags: .tags
    default: .text
    }
  }

  /// Whether only configs for SAML have it.
  var isForSAML: Bool {
    switch self {
    case .targetService, .tokenType, .audience, .duration, .signingAlgorithm, .description, .tags: false
    default: true
    }
  }

  /// What it is when nobody says; `nil` where it is missing then.
  func byDefault(forSAML: Bool) -> FederationConfigValue? {
    switch self {
    case .targetService, .tokenType, .audience, .encryptionCertificate, .serviceProviderMetadata: nil
    case .duration: .number(3600)
    case .signingAlgorithm: .text(forSAML ? "RSA-SHA256" : "RS256")
    case .description: .text("")
    case .samlForm: .text("Response")
    case .samlSignResponse, .oneTimeUse: .flag(false)
    case .nameIDFormat: .text("urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified")
    case .nameIDValue: .text("${aws:PrincipalArn}")
    case .samlAttributes: .attributes([])
    case .assertionEncryption: .text("None")
    case .tags: .tags([])
    }
  }
}

/// An attribute of a SAML assertion, as a config writes it.
package struct FederationConfigAttribute: Sendable {
  /// The name.
  package let name: String
  /// The format of the name, a URN; `nil` when none is written.
  package let nameFormat: String?
  /// A name for people; `nil` when none is written.
  package let friendlyName: String?
  /// The templates of its values.
  package let values: [String]
}

/// The value of a member.
package enum FederationConfigValue: Sendable {
  /// Text.
  case text(String)
  /// A number.
  case number(Int64)
  /// A truth value.
  case flag(Bool)
  /// Attributes, in order; none stands for the default ones.
  case attributes([FederationConfigAttribute])
  /// Tags, in any order.
  case tags([Tag])
}

// MARK: - As JSON

extension FederationConfigValue {
  /// The value as a document has it.
  package var json: JSONValue {
    switch self {
    case .text(let text): .string(text)
    case .number(let number): .number(JSONNumber(number))
    case .flag(let flag): .bool(flag)
    case .attributes(let attributes): .array(attributes.map(\.json))
    case .tags(let tags):
      .array(
        tags.map { tag in
          .object(JSONObject([.init("Key", .string(tag.key)), .init("Value", .string(tag.value))]))
        }
      )
    }
  }

  /// Whether both say the same: by bytes, tags in any order.
  func isSame(as other: FederationConfigValue?) -> Bool {
    guard let other else { return false }
    var mine = JSONWriter()
    var others = JSONWriter()
    mine.value(inOrder.json)
    others.value(other.inOrder.json)
    return mine.bytes == others.bytes
  }

  private var inOrder: FederationConfigValue {
    guard case .tags(let tags) = self else { return self }
    return .tags(tags.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) })
  }
}

extension FederationConfigAttribute {
  fileprivate var json: JSONValue {
    let texts = [("Name", name), ("NameFormat", nameFormat), ("FriendlyName", friendlyName)]
    let members = texts.compactMap { name, text in text.map { JSONObject.Member(name, .string($0)) } }
    return .object(JSONObject(members + [.init("Values", .array(values.map { .string($0) }))]))
  }
}

// MARK: - As parameters

extension FederationConfigMember {
  /// The member as parameters of a call; an empty list of attributes is a parameter too.
  func parameters(_ value: FederationConfigValue) -> [(name: String, value: String)] {
    switch value {
    case .text(let text): return [(rawValue, text)]
    case .number(let number): return [(rawValue, String(number))]
    case .flag(let flag): return [(rawValue, flag ? "true" : "false")]
    case .attributes(let attributes):
      guard !attributes.isEmpty else { return [(rawValue, "")] }
      return attributes.enumerated().flatMap { $1.parameters("\(rawValue).member.\($0 + 1)") }
    case .tags(let tags):
      return tags.enumerated().flatMap { index, tag in
        let stem = "\(rawValue).member.\(index + 1)"
        return [(name: "\(stem).Key", value: tag.key), (name: "\(stem).Value", value: tag.value)]
      }
    }
  }
}

extension FederationConfigAttribute {
  fileprivate func parameters(_ stem: String) -> [(name: String, value: String)] {
    let texts = [("Name", name), ("NameFormat", nameFormat), ("FriendlyName", friendlyName)]
    return texts.compactMap { name, text in text.map { (name: "\(stem).\(name)", value: $0) } }
      + values.enumerated().map { (name: "\(stem).Values.member.\($0 + 1)", value: $1) }
  }
}
