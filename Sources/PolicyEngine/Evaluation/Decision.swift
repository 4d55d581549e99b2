// SPDX-License-Identifier: Apache-2.0
//
// The answer and its reason: which statement gave or denied access, or which kind of policy was silent. A refusal is a
// value.

/// The kinds of policy by which AWS explains a decision.
///
/// Source: IAM User Guide, troubleshooting access denied errors.
package enum PolicyType: Hashable, Sendable, CaseIterable {
  /// Policies of the user and its groups, or of the role.
  case identity
  /// The policy of the resource.
  case resource
  /// The trust policy of the role that is to be assumed.
  case roleTrust
  /// The permissions boundary.
  case permissionsBoundary
  /// The policies of the session.
  case session
  /// The service control policies of the caller's account.
  case serviceControl
  /// The resource control policies of the resource's account.
  case resourceControl

  /// Whether policies of the type are an organization's, which its accounts may not read.
  package var isOfOrganization: Bool { self == .serviceControl || self == .resourceControl }
}

/// One statement of one policy.
package struct StatementReference: Hashable, Sendable {
  /// `NamedPolicy.identifier`.
  package let policy: String
  /// The place of the statement in its document, from 0.
  package let index: Int
  /// The statement's `Sid`.
  package let sid: String?

  /// Gathers the parts.
  package init(policy: String, index: Int, sid: String?) {
    self.policy = policy
    self.index = index
    self.sid = sid
  }
}

/// What the policies say to a request.
package enum Decision: Hashable, Sendable {
  /// Allowed by these statements of identity-based and resource-based policies; the other kinds only limit. Empty for
  /// the root user, who needs none.
  case allow(by: [StatementReference])
  /// Denied by a statement.
  case explicitDeny(PolicyType, StatementReference)
  /// Denied because no policy of this kind allows it.
  case implicitDeny(PolicyType)

  /// Whether the request may go on.
  package var isAllowed: Bool {
    if case .allow = self { true } else { false }
  }
}
