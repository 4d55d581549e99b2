// SPDX-License-Identifier: Apache-2.0
//
// From the place of an account in its organization to the policies that bind it, level by level. What is the same for
// all accounts below one parent is loaded once for all of them. Knows no rules of any action.

package import IdentityModel
package import PolicyEngine

/// What the policies of an organization say to an account, or to all accounts below a parent.
package struct OrganizationPolicies: Sendable {
  /// The service control policies: a list for each level, from the root down.
  ///
  /// Empty when none bind: the type is not enabled, or this is the management account.
  package let serviceControl: [[NamedPolicy]]
  /// The resource control policies, in the same form.
  package let resourceControl: [[NamedPolicy]]

  /// No policies bind.
  package static let none = OrganizationPolicies(serviceControl: [], resourceControl: [])

  /// These and those of one level more below them.
  func followed(by level: OrganizationPolicies) -> OrganizationPolicies {
    OrganizationPolicies(
      serviceControl: serviceControl + level.serviceControl,
      resourceControl: resourceControl + level.resourceControl
    )
  }
}

extension OrganizationPlace {
  /// The root, the unit or the account that is the level `number`, counted from the root, of `account`.
  package func levelID(_ number: Int, of account: AccountID) -> String? {
    let levels = [rootID] + unitIDs + [account.description]
    return levels.indices.contains(number) ? levels[number] : nil
  }
}

extension Directory {
  /// The policies of `targets`, a level for each.
  func organizationPolicies(
    of targets: [String],
    in organization: OrganizationRecord
  ) async throws(StoreError) -> OrganizationPolicies {
    OrganizationPolicies(
      serviceControl: try await levels(of: targets, .serviceControl, in: organization),
      resourceControl: try await levels(of: targets, .resourceControl, in: organization)
    )
  }

  /// The policies that bind `account`, which stands at `place`: of the management account none.
  func policies(
    of account: AccountID,
    at place: OrganizationPlace
  ) async throws(StoreError) -> OrganizationPolicies {
    let organization = place.organization.record
    guard organization.managementAccount != account else { return .none }
    for type in organization.enabledTypes {
      let id = OrganizationTargetRecord.id(organization.organizationID, type, account.description)
      guard try await record(OrganizationTargetRecord.self, at: id) == nil else {
        let own = try await organizationPolicies(of: [account.description], in: organization)
        return place.inheritedPolicies.followed(by: own)
      }
    }
    // One value for all of them: an account costs no policies of its own.
    return place.ordinaryPolicies
  }

  private func levels(
    of targets: [String],
    _ type: OrganizationPolicyType,
    in organization: OrganizationRecord
  ) async throws(StoreError) -> [[NamedPolicy]] {
    guard organization.enabledTypes.contains(type) else { return [] }
    var levels: [[NamedPolicy]] = []
    for target in targets { levels.append(try await policies(of: target, type, in: organization)) }
    return levels
  }

  private func policies(
    of target: String,
    _ type: OrganizationPolicyType,
    in organization: OrganizationRecord
  ) async throws(StoreError) -> [NamedPolicy] {
    let id = OrganizationTargetRecord.id(organization.organizationID, type, target)
    guard let stored = try await record(OrganizationTargetRecord.self, at: id) else {
      return type.fullAccess.policies
    }
    var policies: [NamedPolicy] = []
    for policyID in stored.record.policies {
      if policyID.utf8.elementsEqual(type.fullAccess.policyID.utf8) {
        policies += type.fullAccess.policies
      } else {
        policies.append(try await organizationPolicy(policyID, of: organization.organizationID))
      }
    }
    return policies
  }

  /// The document of a customer's policy, parsed once for everything that it is attached to.
  private func organizationPolicy(
    _ policyID: String,
    of organization: String
  ) async throws(StoreError) -> NamedPolicy {
    let id = OrganizationPolicyRecord.id(organization, policyID)
    // SECURITY: a policy that cannot be found is an error, never a Deny less.
    guard let stored = try await record(OrganizationPolicyRecord.self, at: id) else {
      throw .corrupted("an attached policy `\(id)` is missing")
    }
    let (known, generation) = remembered { ($0.organizationDocuments[Array(id.utf8)], $0.generation) }
    if let known, known.revision == stored.revision { return known.policy }
    let policy = NamedPolicy(
      identifier: policyID,
      document: try parsed(stored.record.content, stored.record.type.kind, stored.key)
    )
    remembered { $0.remember(policy, revision: stored.revision, at: id, generation: generation) }
    return policy
  }
}

extension OrganizationRecord {
  /// The types of policy that are in force.
  package var enabledTypes: [OrganizationPolicyType] {
    enabledPolicyTypes.compactMap(OrganizationPolicyType.init(rawValue:))
  }

  /// The level of a target to which nobody attached anything.
  var ordinaryPolicies: OrganizationPolicies {
    func level(_ type: OrganizationPolicyType) -> [[NamedPolicy]] {
      enabledTypes.contains(type) ? [type.fullAccess.policies] : []
    }
    return OrganizationPolicies(
      serviceControl: level(.serviceControl),
      resourceControl: level(.resourceControl)
    )
  }
}
