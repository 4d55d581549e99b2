// SPDX-License-Identifier: Apache-2.0
//
// What a session is: whose, until when, and within which limits. All of it travels in the session token, sealed, so
// that any node checks the credentials without a lookup. What the identity behind it may do is read when it calls.
// Source: AWS STS API, AssumeRole, GetSessionToken, GetFederationToken.

package import IdentityModel

/// A session: temporary credentials without their secret.
package struct Session: Codable, Hashable, Sendable {
  /// Which call made the session.
  package enum Kind: String, Codable, Hashable, Sendable {
    /// AssumeRole and its relatives.
    case role
    /// GetSessionToken.
    case user
    /// GetFederationToken.
    case federatedUser
  }

  /// Whom an identity provider vouched for when the session was made.
  package struct WebIdentity: Codable, Hashable, Sendable {
    /// The provider: the ARN of an OIDC or SAML provider.
    package let provider: String
    /// The `sub` of the provider's token.
    package let subject: String
    /// The `aud` of the provider's token.
    package let audience: String

    /// Gathers the parts.
    package init(provider: String, subject: String, audience: String) {
      self.provider = provider
      self.subject = subject
      self.audience = audience
    }
  }

  /// Which call made it.
  package let kind: Kind
  /// The account.
  package let account: AccountID
  /// The name of the role, or of the user who asked; `nil` for the account's root.
  package let name: String?
  /// The unique id of that role or user; `nil` for root.
  ///
  /// SECURITY: the session belongs to this id, not to whoever has the name later.
  package let uniqueID: String?
  /// The name of the role session or of the federated user.
  package let sessionName: String?
  /// When it was made: `aws:TokenIssueTime`.
  package let issuedAt: Instant
  /// When it ends.
  package let expiration: Instant
  /// The long-term access key that asked for it; `nil` for role sessions.
  ///
  /// SECURITY: the session ends with that key: whoever deletes a stolen key takes with it what the thief made of it.
  package let parentAccessKeyID: String?
  /// The inline session policy, byte for byte as it was given.
  package var policy: String?
  /// The ARNs of the managed session policies.
  package var policyARNs: [String] = []
  /// The session tags, those that came along a chain included.
  package var tags: [Tag] = []
  /// The keys of the session tags that go along a chain.
  package var transitiveTagKeys: [String] = []
  /// `SourceIdentity`, which never changes along a chain.
  package var sourceIdentity: String?
  /// Whom an identity provider vouched for; lost when another role is assumed.
  package var webIdentity: WebIdentity?

  /// A session of a role.
  package init(
    role: RoleRecord,
    sessionName: String,
    issuedAt: Instant,
    durationSeconds: Int
  ) {
    self.kind = .role
    self.account = role.account
    self.name = role.name
    self.uniqueID = role.uniqueID
    self.sessionName = sessionName
    self.issuedAt = issuedAt
    self.expiration = issuedAt.advanced(bySeconds: Int64(durationSeconds))
    self.parentAccessKeyID = nil
  }

  /// A session of GetSessionToken, or of GetFederationToken when `federatedUserName` is given, for a user or root.
  package init(
    user: UserRecord?,
    of account: AccountID,
    federatedUserName: String?,
    accessKeyID: String,
    issuedAt: Instant,
    durationSeconds: Int
  ) {
    self.kind = federatedUserName == nil ? .user : .federatedUser
    self.account = account
    self.name = user?.name
    self.uniqueID = user?.uniqueID
    self.sessionName = federatedUserName
    self.issuedAt = issuedAt
    self.expiration = issuedAt.advanced(bySeconds: Int64(durationSeconds))
    self.parentAccessKeyID = accessKeyID
  }

  /// Whether the session was made with session policies of any form.
  package var hasSessionPolicies: Bool { policy != nil || !policyARNs.isEmpty }
}
