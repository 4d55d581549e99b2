// SPDX-License-Identifier: Apache-2.0
//
// AWS Organizations API, AttachPolicy, DetachPolicy: what binds a root, a unit or an account. Every change of it gives
// the organization another revision, so that the next request is judged by it.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `organizations:AttachPolicy`.
package struct AttachOrganizationPolicy: OrganizationPolicyAction {
  package static let name = "AttachPolicy"
  package static let isReadOnly = false

  private let policy: String
  private let target: String

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    policy = try parameters.organizationsID("PolicyId", [.policy])
    target = try parameters.policyTargetID()
  }

  package var requestParameters: JSONValue? { .strings(["policyId": policy, "targetId": target]) }
  package var policyID: String? { policy }
  package var targetID: String? { target }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.managedOrganization()
    let policy = try call.subject.existingPolicy()
    let target = try call.subject.existingTarget()
    guard organization.record.enabledTypes.contains(policy.type) else { throw .policyTypeNotEnabled }
    let (stored, attached) = try await house.read { directory in
      try await directory.attachments(of: target.id, policy.type, in: organization.record)
    }
    guard !attached.contains(where: { $0.utf8.elementsEqual(policy.policyID.utf8) }) else {
      throw .organizations(
        "DuplicatePolicyAttachmentException",
        "The selected policy is already attached to the specified target."
      )
    }
    guard attached.count < OrganizationPolicyType.maximumPerTarget else {
      throw .constraintViolation(
        .maximumAttachments,
        "You have attached the maximum number of policies to the specified target."
      )
    }
    let organizationID = organization.record.organizationID
    return try house.propose { change in
      try change.touch(organization)
      try change.put(attached + [policy.policyID], stored, of: target, policy.type, in: organization.record)
      if case .customer = policy {
        try change.create(
          OrganizationAttachmentRecord(target: target.id),
          id: OrganizationAttachmentRecord.id(organizationID, policy: policy.policyID, target.id),
          account: call.account
        )
      }
      return (nil, nil)
    }
  }
}

/// `organizations:DetachPolicy`.
package struct DetachOrganizationPolicy: OrganizationPolicyAction {
  package static let name = "DetachPolicy"
  package static let isReadOnly = false

  private let policy: String
  private let target: String

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    policy = try parameters.organizationsID("PolicyId", [.policy])
    target = try parameters.policyTargetID()
  }

  package var requestParameters: JSONValue? { .strings(["policyId": policy, "targetId": target]) }
  package var policyID: String? { policy }
  package var targetID: String? { target }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.managedOrganization()
    let policy = try call.subject.existingPolicy()
    let target = try call.subject.existingTarget()
    let id = OrganizationAttachmentRecord.id(
      organization.record.organizationID,
      policy: policy.policyID,
      target.id
    )
    let (stored, attached, attachment) = try await house.read { directory in
      let (stored, attached) = try await directory.attachments(
        of: target.id,
        policy.type,
        in: organization.record
      )
      return (stored, attached, try await directory.record(OrganizationAttachmentRecord.self, at: id))
    }
    let left = attached.filter { !$0.utf8.elementsEqual(policy.policyID.utf8) }
    guard left.count < attached.count else {
      throw .organizations(
        "PolicyNotAttachedException",
        "The policy isn't attached to the specified target in the specified root."
      )
    }
    if case .aws(.resourceControl) = policy {
      throw .invalidOrganizationsInput(.nonDetachablePolicy, "You can't detach this AWS Managed Policy.")
    }
    guard !left.isEmpty else {
      throw .constraintViolation(
        .minimumAttachments,
        "You cannot remove the last policy attached to the specified target. You must have at least one attached at "
          + "all times."
      )
    }
    return try house.propose { change in
      try change.touch(organization)
      try change.put(left, stored, of: target, policy.type, in: organization.record)
      if let attachment { change.delete(attachment) }
      return (nil, nil)
    }
  }
}

extension Change {
  /// That `target` has exactly `policies`: no record at all says that it has AWS's own.
  fileprivate mutating func put(
    _ policies: [String],
    _ stored: Stored<OrganizationTargetRecord>?,
    of target: OrganizationEntity,
    _ type: OrganizationPolicyType,
    in organization: OrganizationRecord
  ) throws(StoreError) {
    let isOrdinary = policies.count == 1 && policies[0].utf8.elementsEqual(type.fullAccess.policyID.utf8)
    let record = OrganizationTargetRecord(policies: policies)
    switch (stored, isOrdinary) {
    case (let stored?, true):
      delete(stored)
    case (let stored?, false):
      try replace(stored, with: record, account: organization.managementAccount)
    case (nil, true):
      break
    case (nil, false):
      let id = OrganizationTargetRecord.id(organization.organizationID, type, target.id)
      try create(record, id: id, account: organization.managementAccount)
    }
  }
}

extension House {
  /// The writes after which nothing is attached any more to `targetID`, which goes.
  func detachments(
    of targetID: String,
    in organization: OrganizationRecord
  ) async throws(ServiceError) -> [Change.Write] {
    var change = Change()
    for type in organization.enabledTypes {
      let (stored, policies) = try await read { directory in
        try await directory.attachments(of: targetID, type, in: organization)
      }
      guard let stored else { continue }
      change.delete(stored)
      for policyID in policies {
        let id = OrganizationAttachmentRecord.id(organization.organizationID, policy: policyID, targetID)
        let attachment = try await read { try await $0.record(OrganizationAttachmentRecord.self, at: id) }
        if let attachment { change.delete(attachment) }
      }
    }
    return change.writes
  }

  /// The writes after which `organization`, which goes, has no policies.
  ///
  /// What its root had is detached with them.
  func policies(of organization: OrganizationRecord) async throws(ServiceError) -> [Change.Write] {
    var change = Change(try await detachments(of: organization.rootID, in: organization))
    let id = organization.organizationID
    let (policies, names) = try await read { directory in
      (
        try await directory.everyRecord(
          OrganizationPolicyRecord.self,
          prefix: OrganizationPolicyRecord.prefix(id)
        ),
        try await directory.everyRecord(OrganizationPolicyNameRecord.self, prefix: "\(id)/")
      )
    }
    for policy in policies { change.delete(policy) }
    for name in names { change.delete(name) }
    return change.writes
  }
}
