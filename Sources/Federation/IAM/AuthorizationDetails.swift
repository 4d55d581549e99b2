// SPDX-License-Identifier: Apache-2.0
//
// A user, group, role or managed policy with everything that says what it may do, as GetAccountAuthorizationDetails
// answers it. Source: IAM API, `UserDetail`, `GroupDetail`, `RoleDetail`, `ManagedPolicyDetail`.

import AWSProtocols
import IdentityModel

extension House {
  /// `UserDetail`.
  func details(of user: UserRecord) async throws(ServiceError) -> ResponseStructure {
    let groups = try await read { directory in
      try await directory.allRecords(
        UserGroupRecord.self,
        prefix: UserGroupRecord.prefix(user.account, user.name)
      )
    }
    let policies = try await inlinePolicies(of: user)
    var details = user.listResponse
    details.append("UserPolicyList", policies.isEmpty ? nil : .list(policies))
    details.append("GroupList", .list(groups.map { .string($0.record.groupName) }))
    details.append("AttachedManagedPolicies", user.attachedPolicyResponse)
    details.append("PermissionsBoundary", user.boundaryResponse)
    details.append("Tags", user.tags.response)
    return details
  }

  /// `GroupDetail`.
  func details(of group: GroupRecord) async throws(ServiceError) -> ResponseStructure {
    ResponseStructure([
      "Path": .string(group.path), "GroupName": .string(group.name), "GroupId": .string(group.uniqueID),
      "Arn": .string(group.arn.description), "CreateDate": .timestamp(group.createDate, milliseconds: false),
      "GroupPolicyList": .list(try await inlinePolicies(of: group)),
      "AttachedManagedPolicies": group.attachedPolicyResponse,
    ])
  }

  /// `RoleDetail`.
  func details(of role: RoleRecord) async throws(ServiceError) -> ResponseStructure {
    let trustPolicy = try await trustPolicyText(of: role)
    let entries = try await read { directory in
      try await directory.everyRecord(
        RoleInstanceProfileRecord.self,
        prefix: RoleInstanceProfileRecord.prefix(role.account, role: role.name)
      )
    }
    let profiles = try await responses(
      of: try await instanceProfiles(entries.map(\.record), of: role.account)
    )
    return ResponseStructure([
      "Path": .string(role.path), "RoleName": .string(role.name), "RoleId": .string(role.uniqueID),
      "Arn": .string(role.arn.description), "CreateDate": .timestamp(role.createDate, milliseconds: false),
      "AssumeRolePolicyDocument": .string(urlEncoded(trustPolicy)),
      "InstanceProfileList": .list(profiles.map { .structure($0) }),
      "RolePolicyList": .list(try await inlinePolicies(of: role)),
      "AttachedManagedPolicies": role.attachedPolicyResponse, "PermissionsBoundary": role.boundaryResponse,
      "Tags": role.tags.response,
      // AWS leaves it empty for a role that was never used; use is not tracked.
      "RoleLastUsed": .structure(ResponseStructure()),
    ])
  }

  /// `ManagedPolicyDetail` of a policy of the account, the newest version first.
  func details(of policy: ManagedPolicyRecord) async throws(ServiceError) -> ResponseStructure {
    let versions = try await versions(of: policy).reversed().map { version in
      PolicyVersionSummary(version.record, of: policy)
    }
    let summary = PolicySummary(policy)
    return summary.details(try await usage(ofPolicy: summary.arn, in: policy.account), versions)
  }

  /// `ManagedPolicyDetail` of a policy of AWS; `nil` when nothing in `account` uses it: AWS leaves it out then.
  func details(
    of policy: AWSManagedPolicy,
    usedIn account: AccountID
  ) async throws(ServiceError) -> ResponseStructure? {
    let usage = try await usage(ofPolicy: policy.arn, in: account)
    guard usage != PolicyUsage() else { return nil }
    return PolicySummary(policy).details(usage, [PolicyVersionSummary(onlyOf: policy)])
  }

  /// `policyDetailListType`: the inline policies of `entity`.
  private func inlinePolicies<Entity: IAMEntity>(
    of entity: Entity
  ) async throws(ServiceError) -> [ResponseValue] {
    let prefix = InlinePolicyRecord.prefix(Entity.entityKind, entity.account, entity.name)
    let policies = try await read { try await $0.allRecords(InlinePolicyRecord.self, prefix: prefix) }
    return policies.map { policy in
      .structure(
        ResponseStructure([
          "PolicyName": .string(policy.record.policyName),
          "PolicyDocument": .string(urlEncoded(policy.record.policyDocument)),
        ])
      )
    }
  }
}

extension IAMEntity {
  /// `attachedPoliciesListType`: names and ARNs; a name is the last part of its ARN.
  fileprivate var attachedPolicyResponse: ResponseValue {
    .list(
      attachedPolicies.map { arn in
        let name = arn.utf8.split(separator: UInt8(ascii: "/")).last.map { String(Substring($0)) }
        return .structure(
          ResponseStructure(["PolicyName": .string(name ?? arn), "PolicyArn": .string(arn)])
        )
      }
    )
  }
}

extension PolicySummary {
  fileprivate func details(_ usage: PolicyUsage, _ versions: [PolicyVersionSummary]) -> ResponseStructure {
    var details = response(usage)
    details.append("Description", description.map { .string($0) })
    details.append(
      "PolicyVersionList",
      .list(versions.map { .structure($0.response(withDocument: true)) })
    )
    return details
  }
}
