// SPDX-License-Identifier: Apache-2.0
//
// Federation configs as the directory holds them: one name for one service outside and for the tokens that it takes.
// Shapes and ids only; rules live in the actions. Source: contract exeat.md, "Federation configs".

package import IdentityModel

/// What kind of token a federation config gives.
package enum FederationTokenType: String, Codable, Hashable, Sendable, CaseIterable {
  /// An OpenID Connect token: a JWT.
  case oidc = "OIDC"
  /// A SAML 2.0 assertion.
  case saml = "SAML"
}

/// A federation config.
///
/// Id: `account/name`, the name in lower case.
package struct FederationConfigRecord: TaggedRecord {
  package static let kind = RecordKind("FederationConfig")

  /// The account.
  package let account: AccountID
  /// The name as it was spelled at creation.
  package let name: String
  /// The service's absolute URL; for SAML that of its assertion consumer service.
  package var targetService: String
  /// What kind of token it gives: chosen at creation, for good.
  package let tokenType: FederationTokenType
  /// OIDC: `aud`.
  ///
  /// SAML: the audience, which is the service provider's entity id.
  package var audience: String
  /// The longest that a token lives, and how long it lives when the caller does not say: 60–43200 seconds.
  package var duration: Int
  /// OIDC: `RS256`, `ES384`.
  ///
  /// SAML: `RSA-SHA256`, `RSA-SHA384`, `ECDSA-SHA384`.
  package var signingAlgorithm: String
  /// The description; up to 1000 characters.
  package var description: String?
  /// What only SAML has; `nil` exactly for OIDC.
  package var saml: SAMLSettings?
  package var tags: [Tag]
  /// When it was made.
  package let createDate: Instant
  /// When anything but its tags was last changed; the creation, to begin with.
  package var lastUpdatedDate: Instant

  /// The id under which the config `name` stands.
  package static func id(_ account: AccountID, _ name: String) -> String {
    "\(account)/\(asciiLowercased(name))"
  }

  /// The ARN of the config `name` of `account`, whether there is one or not.
  package static func arn(_ account: AccountID, _ name: String) -> ARN {
    ARN(service: "iam", account: account, resource: "outbound-federation-config/\(name)")
  }

  /// `arn:aws:iam::A:outbound-federation-config/name`.
  package var arn: ARN { FederationConfigRecord.arn(account, name) }
}

/// What a SAML config says beyond what every config says.
package struct SAMLSettings: Codable, Hashable, Sendable {
  /// `Response` or `Assertion`.
  package var form: String
  /// Whether the response is signed too, beside the assertion.
  package var signsResponse: Bool
  /// The format of the `NameID`: a URN.
  package var nameIDFormat: String
  /// The template of the `NameID`'s value.
  package var nameID: String
  /// The attributes; `nil` for the default ones.
  package var attributes: [SAMLAttributeTemplate]?
  /// Whether the conditions have `OneTimeUse`.
  package var oneTimeUse: Bool
  /// The certificate, DER, that assertions are encrypted for; `nil` when they are not encrypted.
  package var encryptionCertificate: Octets?

  /// Gathers the parts.
  package init(
    form: String,
    signsResponse: Bool,
    nameIDFormat: String,
    nameID: String,
    attributes: [SAMLAttributeTemplate]?,
    oneTimeUse: Bool,
    encryptionCertificate: Octets?
  ) {
    self.form = form
    self.signsResponse = signsResponse
    self.nameIDFormat = nameIDFormat
    self.nameID = nameID
    self.attributes = attributes
    self.oneTimeUse = oneTimeUse
    self.encryptionCertificate = encryptionCertificate
  }
}

/// An attribute that a SAML config names: its values are templates.
package struct SAMLAttributeTemplate: Codable, Hashable, Sendable {
  /// The `Name`.
  package var name: String
  /// The `NameFormat`: a URN.
  package var nameFormat: String?
  /// The `FriendlyName`.
  package var friendlyName: String?
  /// The templates of the values.
  package var values: [String]

  /// Gathers the parts.
  package init(name: String, nameFormat: String?, friendlyName: String?, values: [String]) {
    self.name = name
    self.nameFormat = nameFormat
    self.friendlyName = friendlyName
    self.values = values
  }
}
