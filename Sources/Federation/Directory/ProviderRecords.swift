// SPDX-License-Identifier: Apache-2.0
//
// Identity providers that an account trusts, as the directory holds them: OpenID Connect and SAML. Shapes and ids only;
// rules live in the actions. Source: IAM User Guide, identity providers and federation.

package import IdentityModel

/// An identity provider of an account.
package protocol IdentityProviderRecord: TaggedRecord {
  /// The word in the ARN: `oidc-provider`.
  static var resourceType: String { get }
  /// The id under which the provider stands whose ARN ends with `name`.
  static func id(_ account: AccountID, _ name: String) -> String
}

/// An OpenID Connect provider: an issuer whose tokens roles of the account may accept.
///
/// Id: `account/url`, the URL without `https://`, byte for byte.
package struct OIDCProviderRecord: IdentityProviderRecord {
  package static let kind = RecordKind("OIDCProvider")
  package static let resourceType = "oidc-provider"

  /// The account.
  package let account: AccountID
  /// The issuer's URL without `https://`: host, port when there is one, path.
  ///
  /// Shape: ASCII; no user, query or fragment.
  package let url: String
  /// The audiences that are accepted, in the order of adding, none twice.
  package var clientIDs: [String]
  /// SHA-1 thumbprints of certificates, 40 hexadecimal digits each: kept and given back, never relied on.
  package var thumbprints: [String]
  package var tags: [Tag]
  /// When it was made.
  package let createDate: Instant

  package static func id(_ account: AccountID, _ name: String) -> String { "\(account)/\(name)" }

  /// The issuer as tokens name it: `https://` and `url`.
  package var issuer: String { "https://\(url)" }

  /// `arn:aws:iam::A:oidc-provider/url`.
  package var arn: ARN { ARN(service: "iam", account: account, resource: "oidc-provider/\(url)") }
}

/// A SAML provider.
///
/// Id: `account/name`, the name in lower case.
package struct SAMLProviderRecord: IdentityProviderRecord {
  package static let kind = RecordKind("SAMLProvider")
  package static let resourceType = "saml-provider"

  /// The account.
  package let account: AccountID
  /// The name as it was spelled at creation.
  package let name: String
  /// The unique id: 34 characters of `[A-Z2-7]`, never reused.
  package let uniqueID: String
  /// The metadata, byte for byte as it was put.
  package var metadataDocument: String
  package var tags: [Tag]
  /// When it was made.
  package let createDate: Instant

  package static func id(_ account: AccountID, _ name: String) -> String {
    "\(account)/\(asciiLowercased(name))"
  }

  /// `arn:aws:iam::A:saml-provider/name`.
  package var arn: ARN { ARN(service: "iam", account: account, resource: "saml-provider/\(name)") }
}
