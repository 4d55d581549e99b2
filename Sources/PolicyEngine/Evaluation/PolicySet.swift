// SPDX-License-Identifier: Apache-2.0
//
// The policies that bear on one request, by kind.

/// Everything that bears on one request.
package struct PolicySet: Hashable, Sendable {
  /// The policies of the user and its groups, or of the role.
  package var identity: [NamedPolicy]
  /// The permissions boundary; `nil` when there is none.
  ///
  /// What no policy in it allows is denied.
  package var permissionsBoundary: [NamedPolicy]?
  /// The session policies; `nil` when the session was made without.
  ///
  /// What no policy in it allows is denied.
  package var session: [NamedPolicy]?
  /// The policy of the resource, or the trust policy of the role that is to be assumed.
  package var resource: NamedPolicy?
  /// Whether the policy of the resource must allow even a caller of the resource's own account: true of KMS keys.
  ///
  /// A trust policy must in any case.
  package var resourceMustAllow: Bool
  /// The service control policies that bear on the caller's account.
  ///
  /// A list for each level from the root of the organization to the account; every level must allow. Empty outside
  /// an organization, and for those whom service control policies do not bind (the management account, services).
  package var serviceControl: [[NamedPolicy]]
  /// The resource control policies that bear on the resource's account, in the same form.
  package var resourceControl: [[NamedPolicy]]

  /// Gathers the policies.
  package init(
    identity: [NamedPolicy] = [],
    permissionsBoundary: [NamedPolicy]? = nil,
    session: [NamedPolicy]? = nil,
    resource: NamedPolicy? = nil,
    resourceMustAllow: Bool = false,
    serviceControl: [[NamedPolicy]] = [],
    resourceControl: [[NamedPolicy]] = []
  ) {
    self.identity = identity
    self.permissionsBoundary = permissionsBoundary
    self.session = session
    self.resource = resource
    self.resourceMustAllow = resourceMustAllow
    self.serviceControl = serviceControl
    self.resourceControl = resourceControl
  }

  /// How decisions call the policy of the resource.
  var resourceType: PolicyType { resource?.document.kind == .trust ? .roleTrust : .resource }

  /// All policies, in the order in which a denial is attributed; each level of an organization by itself.
  var inOrder: [(type: PolicyType, policies: [NamedPolicy])] {
    serviceControl.map { (.serviceControl, $0) } + resourceControl.map { (.resourceControl, $0) } + [
      (resourceType, resource.map { [$0] } ?? []),
      (.identity, identity),
      (.permissionsBoundary, permissionsBoundary ?? []),
      (.session, session ?? []),
    ]
  }
}
