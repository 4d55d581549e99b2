// SPDX-License-Identifier: Apache-2.0
//
// Everything that authenticating and authorizing a call needs to know about whoever signed it.

package import IdentityModel
package import PolicyEngine

/// Whoever signs with an access key.
///
/// A class, because every step of a call hands it on, and copying what is in it costs a count for each text.
package final class Caller: Sendable {
  /// The access key id.
  package let accessKeyID: String
  /// The secret access key.
  package let secretAccessKey: Secret
  /// The session token that goes with the key; `nil` for long-term keys.
  package let sessionToken: Secret?
  /// The session; `nil` for long-term keys.
  package let session: Session?
  /// Whose key it is.
  package let principal: Principal
  /// How its account stands; never closed.
  package let standing: AccountStanding
  /// What the principal's policies allow and deny.
  package let policies: PrincipalPolicies
  /// That the key, its identity and its account are still what they were, and every policy too, those of the
  /// organization included: whatever is decided for this caller depends on it.
  package let requirements: [Change.Write]

  init(
    accessKeyID: String,
    secretAccessKey: Secret,
    sessionToken: Secret?,
    session: Session?,
    principal: Principal,
    standing: AccountStanding,
    policies: PrincipalPolicies,
    requirements: [Change.Write]
  ) {
    self.accessKeyID = accessKeyID
    self.secretAccessKey = secretAccessKey
    self.sessionToken = sessionToken
    self.session = session
    self.principal = principal
    self.standing = standing
    self.policies = policies
    self.requirements = requirements
  }
}

/// The policies that speak for a principal or limit it, whatever the request.
package struct PrincipalPolicies: Sendable {
  /// The identity-based policies, those of groups included; empty for root.
  package var identity: [NamedPolicy] = []
  /// The permissions boundary; `nil` when there is none.
  package var permissionsBoundary: [NamedPolicy]?
  /// The session policies; `nil` when the session was made without.
  package var session: [NamedPolicy]?

  /// No policies: root.
  package init() {}

  /// Whether there is any.
  package var isEmpty: Bool { identity.isEmpty && permissionsBoundary == nil && session == nil }
}
