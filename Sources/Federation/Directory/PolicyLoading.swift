// SPDX-License-Identifier: Apache-2.0
//
// From an identity to its policies: inline, attached, of its groups, its boundary. Everything that is read leaves a
// requirement, so that whoever decides by it can insist that it is still so. Knows no rules of any action.

package import IdentityModel
package import PolicyEngine

/// Policies as they were read, with what makes them still true.
package struct LoadedPolicies: Sendable {
  /// The policies.
  package var policies = PrincipalPolicies()
  /// That they are unchanged.
  package var requirements: [Change.Write] = []
}

extension Directory {
  /// The identity of the kind `Entity` with the name `name`: the spelling must be exact, although names are unique
  /// without regard to case.
  package func entity<Entity: IAMEntity>(
    _ type: Entity.Type,
    _ name: String,
    of account: AccountID
  ) async throws(StoreError) -> Stored<Entity>? {
    guard let stored = try await record(type, at: Entity.id(account, name)),
      stored.record.name.utf8.elementsEqual(name.utf8)
    else { return nil }
    return stored
  }

  /// The policies of a user, its groups and its boundary.
  package func policies(of user: Stored<UserRecord>) async throws(StoreError) -> LoadedPolicies {
    var loaded = LoadedPolicies()
    try await load(user, into: &loaded)
    try await loadBoundary(of: user, into: &loaded)
    let account = user.record.account
    for membership in try await allRecords(
      UserGroupRecord.self,
      prefix: UserGroupRecord.prefix(account, user.record.name)
    ) {
      // SECURITY: a group that cannot be found is an error, never a Deny less.
      guard let group = try await entity(GroupRecord.self, membership.record.groupName, of: account) else {
        throw .corrupted("UserGroup `\(membership.key.id)`")
      }
      try await load(group, into: &loaded)
    }
    return loaded
  }

  /// The policies of a group.
  package func policies(of group: Stored<GroupRecord>) async throws(StoreError) -> LoadedPolicies {
    var loaded = LoadedPolicies()
    try await load(group, into: &loaded)
    return loaded
  }

  /// The policies of a role and its boundary.
  package func policies(of role: Stored<RoleRecord>) async throws(StoreError) -> LoadedPolicies {
    var loaded = LoadedPolicies()
    try await load(role, into: &loaded)
    try await loadBoundary(of: role, into: &loaded)
    return loaded
  }

  /// The managed policy `arn` as it is in force; `nil` when there is none.
  package func managedPolicy(
    _ arn: String
  ) async throws(StoreError) -> (policy: NamedPolicy, requirement: Change.Write?)? {
    if let policy = AWSManagedPolicy(arn: arn) {
      return (NamedPolicy(identifier: arn, document: policy.document), nil)
    }
    guard let stored = try await managedPolicyRecord(arn) else { return nil }
    let record = stored.record
    let versionID = PolicyVersionRecord.id(record.account, record.policyName, record.defaultVersion)
    guard let version = try await self.record(PolicyVersionRecord.self, at: versionID) else {
      throw .corrupted("ManagedPolicy `\(stored.key.id)` has no version `\(record.defaultVersion)`")
    }
    let document = try parsed(version.record.policyDocument, .boundary, version.key)
    return (NamedPolicy(identifier: arn, document: document), stored.isUnchanged)
  }

  /// The record of the customer-managed policy `arn`; `nil` when there is none.
  package func managedPolicyRecord(_ arn: String) async throws(StoreError) -> Stored<ManagedPolicyRecord>? {
    guard let (account, name) = policyName(inARN: arn),
      let stored = try await record(ManagedPolicyRecord.self, at: ManagedPolicyRecord.id(account, name)),
      stored.record.arn.description.utf8.elementsEqual(arn.utf8)
    else { return nil }
    return stored
  }

  /// Adds the inline and attached policies of `entity`.
  private func load<Entity: IAMEntity>(
    _ entity: Stored<Entity>,
    into loaded: inout LoadedPolicies
  ) async throws(StoreError) {
    let record = entity.record
    loaded.requirements.append(entity.isUnchanged)
    for policy in try await allRecords(
      InlinePolicyRecord.self,
      prefix: InlinePolicyRecord.prefix(Entity.entityKind, record.account, record.name)
    ) {
      let document = try parsed(policy.record.policyDocument, .identity, policy.key)
      loaded.policies.identity.append(
        NamedPolicy(
          identifier: "\(Entity.entityKind.word)_\(record.name)_\(policy.record.policyName)",
          document: document
        )
      )
    }
    for arn in record.attachedPolicies {
      // SECURITY: a policy that cannot be found is an error, never a Deny less.
      guard let (policy, requirement) = try await managedPolicy(arn) else {
        throw .corrupted("\(Entity.kind.name) `\(entity.key.id)` has the unknown policy `\(arn)`")
      }
      loaded.policies.identity.append(policy)
      if let requirement { loaded.requirements.append(requirement) }
    }
  }

  private func loadBoundary<Entity: BoundedEntity>(
    of entity: Stored<Entity>,
    into loaded: inout LoadedPolicies
  ) async throws(StoreError) {
    guard let arn = entity.record.permissionsBoundary else { return }
    guard let (policy, requirement) = try await managedPolicy(arn) else {
      throw .corrupted("\(Entity.kind.name) `\(entity.key.id)` has the unknown boundary `\(arn)`")
    }
    loaded.policies.permissionsBoundary = [policy]
    if let requirement { loaded.requirements.append(requirement) }
  }

  /// SECURITY: a stored document that no longer parses is an error, never a policy less.
  func parsed(
    _ document: String,
    _ kind: PolicyKind,
    _ key: RecordKey
  ) throws(StoreError) -> PolicyDocument {
    do {
      return try PolicyDocument(json: Array(document.utf8), kind: kind)
    } catch {
      throw .corrupted("\(key.kind.name) `\(key.id)`: \(error)")
    }
  }
}

/// The account and the name in the ARN of a customer-managed policy; `nil` for any other text.
private func policyName(inARN arn: String) -> (AccountID, String)? {
  guard let parts = ARN(arn)?.parts, parts.count == 6, parts[2] == "iam", parts[3].isEmpty,
    let account = AccountID(String(parts[4])), parts[5].utf8.starts(with: "policy/".utf8),
    let name = parts[5].split(separator: "/", omittingEmptySubsequences: false).last, !name.isEmpty
  else { return nil }
  return (account, String(name))
}

extension Directory {
  /// The trust policy of `role`, for the question whether a caller may assume it.
  ///
  /// SECURITY: it trusts the users and roles that it named when it was written, not whoever has their names now.
  package func trustPolicy(of role: Stored<RoleRecord>) throws(StoreError) -> NamedPolicy {
    let document = try parsed(role.record.assumeRolePolicyDocument, .trust, role.key)
    return NamedPolicy(
      identifier: role.record.arn.description,
      document: document.binding(role.record.trustedPrincipalIDs)
    )
  }
}
