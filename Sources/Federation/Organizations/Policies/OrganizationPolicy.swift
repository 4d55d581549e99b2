// SPDX-License-Identifier: Apache-2.0
//
// A policy of an organization as the actions see it, AWS's own or a customer's, and what it is attached to. Source:
// botocore, organizations 2016-11-28, `PolicySummary`, `PolicyTargetSummary`.

import AWSProtocols
import IdentityModel

/// A policy that an organization can attach.
package enum OrganizationPolicy: Sendable {
  /// AWS's own policy of the type.
  case aws(OrganizationPolicyType)
  /// One that a customer wrote.
  case customer(Stored<OrganizationPolicyRecord>)

  var type: OrganizationPolicyType {
    switch self {
    case .aws(let type): type
    case .customer(let policy): policy.record.type
    }
  }

  var policyID: String {
    switch self {
    case .aws(let type): type.fullAccess.policyID
    case .customer(let policy): policy.record.policyID
    }
  }

  var arn: String {
    switch self {
    case .aws(let type):
      "arn:aws:organizations::aws:policy/\(type.resourceType)/\(type.fullAccess.policyID)"
    case .customer(let policy): policy.record.arn.description
    }
  }

  /// The tags; AWS's own has none.
  var tags: [Tag] {
    switch self {
    case .aws: []
    case .customer(let policy): policy.record.tags
    }
  }

  /// That it is still what it was; AWS's own never changes.
  var requirements: [Change.Write] {
    switch self {
    case .aws: []
    case .customer(let policy): [policy.isUnchanged]
    }
  }

  /// The policy of a customer; throws InvalidInputException for AWS's own, which nobody changes.
  func changeable() throws(ServiceError) -> Stored<OrganizationPolicyRecord> {
    guard case .customer(let policy) = self else {
      throw .invalidOrganizationsInput(
        .immutablePolicy,
        "You specified a policy that is managed by AWS and can't be modified."
      )
    }
    return policy
  }

  /// As `PolicySummary`.
  var summary: ResponseStructure {
    let (name, description, isAWS): (String, String, Bool) =
      switch self {
      case .aws(let type): (type.fullAccess.name, FullAccessPolicy.description, true)
      case .customer(let policy): (policy.record.name, policy.record.description, false)
      }
    return ResponseStructure([
      "Id": .string(policyID), "Arn": .string(arn), "Name": .string(name),
      "Description": .string(description), "Type": .string(type.rawValue), "AwsManaged": .boolean(isAWS),
    ])
  }

  /// As `Policy`.
  var response: ResponseStructure {
    let content: String =
      switch self {
      case .aws(let type): type.fullAccess.content
      case .customer(let policy): policy.record.content
      }
    return ResponseStructure(["PolicySummary": .structure(summary), "Content": .string(content)])
  }
}

extension OrganizationEntity {
  /// The id.
  var id: String {
    switch self {
    case .root(let root): root.record.rootID
    case .unit(let unit): unit.record.unitID
    case .account(let account): account.record.account.description
    case .policy(let policy): policy.record.policyID
    }
  }

  /// As `PolicyTargetSummary`; `nil` for a policy, which is attached and has none attached.
  var targetSummary: ResponseStructure? {
    let (name, type): (String, String)
    switch self {
    case .root: (name, type) = ("Root", "ROOT")
    case .unit(let unit): (name, type) = (unit.record.name, "ORGANIZATIONAL_UNIT")
    case .account(let account): (name, type) = (account.record.name, "ACCOUNT")
    case .policy: return nil
    }
    return ResponseStructure([
      "TargetId": .string(id), "Arn": .string(resource.arn.description), "Name": .string(name),
      "Type": .string(type),
    ])
  }
}

extension Directory {
  /// The policy `policyID` of `organization`; `nil` when there is none.
  func organizationPolicy(
    _ policyID: String,
    in organization: OrganizationRecord
  ) async throws(StoreError) -> OrganizationPolicy? {
    let aws = OrganizationPolicyType.allCases.first { type in
      type.fullAccess.policyID.utf8.elementsEqual(policyID.utf8)
    }
    if let aws { return .aws(aws) }
    let id = OrganizationPolicyRecord.id(organization.organizationID, policyID)
    return try await record(OrganizationPolicyRecord.self, at: id).map { .customer($0) }
  }

  /// Which policies of `type` the target has, and the record that says so; without one it has AWS's own.
  func attachments(
    of targetID: String,
    _ type: OrganizationPolicyType,
    in organization: OrganizationRecord
  ) async throws(StoreError) -> (stored: Stored<OrganizationTargetRecord>?, policies: [String]) {
    guard organization.enabledTypes.contains(type) else { return (nil, []) }
    let id = OrganizationTargetRecord.id(organization.organizationID, type, targetID)
    let stored = try await record(OrganizationTargetRecord.self, at: id)
    return (stored, stored?.record.policies ?? [type.fullAccess.policyID])
  }
}
