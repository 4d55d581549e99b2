// SPDX-License-Identifier: Apache-2.0
//
// What a verified token of an identity provider says. Refuses to know what a session or a role is.

package import IdentityModel
package import StrictJSON

/// A token of an identity provider that passed every check.
///
/// Only `PresentedToken` makes one.
package struct ProviderToken: Hashable, Sendable {
  /// `iss`: the URL of the registered provider.
  package let issuer: String
  /// `sub`.
  ///
  /// Shape: 1–255 characters without controls.
  package let subject: String
  /// `aud`, in the token's order; never empty.
  package let audiences: [String]
  /// The first of `audiences` that is a client id of the provider.
  package let audience: String
  /// `azp`; a client id of the provider.
  ///
  /// Shape: as `subject`.
  package let authorizedParty: String?
  /// `exp`.
  package let expiration: Instant
  /// `iat`.
  package let issuedAt: Instant
  /// `jti`.
  package let tokenID: String?
  /// What the provider asks of AWS: session tags, source identity, roles.
  package let sessionClaims: SessionClaims
  /// Every claim.
  package let claims: JSONObject

  /// The client that the token was issued to: what AWS names the audience of the session.
  ///
  /// Source: AWS IAM User Guide, keys for OIDC federation: `aud` is `azp`, and `aud` where there is no `azp`.
  package var clientID: String { authorizedParty ?? audience }
}
