// SPDX-License-Identifier: Apache-2.0
//
// AWS Organizations API, DescribePolicy, UpdatePolicy, DeletePolicy: one policy by its id.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `organizations:DescribePolicy`.
package struct DescribeOrganizationPolicy: OrganizationPolicyAction {
  package static let name = "DescribePolicy"
  package static let isReadOnly = true

  private let id: String

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    id = try parameters.organizationsID("PolicyId", [.policy])
  }

  package var requestParameters: JSONValue? { .strings(["policyId": id]) }
  package var policyID: String? { id }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    _ = try call.authenticated.managedOrganization()
    let policy = try call.subject.existingPolicy()
    return Proposal(result: ResponseStructure(["Policy": .structure(policy.response)]))
  }
}

/// `organizations:UpdatePolicy`: what is left out stays as it is.
package struct UpdateOrganizationPolicy: OrganizationPolicyAction {
  package static let name = "UpdatePolicy"
  package static let isReadOnly = false

  private let id: String
  private let policyName: String?
  private let description: String?
  private let content: String?

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    content = try parameters.optionalOrganizationsString("Content", length: 1...1_000_000)
    description = try parameters.optionalOrganizationsString("Description", length: 0...512)
    policyName = try parameters.optionalOrganizationsString("Name", length: 1...128)
    id = try parameters.organizationsID("PolicyId", [.policy])
  }

  package var requestParameters: JSONValue? {
    .strings(["policyId": id, "name": policyName, "description": description, "content": content])
  }

  package var policyID: String? { id }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.managedOrganization()
    let stored = try call.subject.existingPolicy().changeable()
    let type = stored.record.type
    if let content { try type.require(content: content) }
    var policy = stored.record
    var formerName: Stored<OrganizationPolicyNameRecord>?
    if let policyName, !policyName.utf8.elementsEqual(policy.name.utf8) {
      try await house.requireFree(policyName, type, in: organization.record)
      let id = OrganizationPolicyNameRecord.id(policy.organizationID, type, policy.name)
      formerName = try await house.read { try await $0.record(OrganizationPolicyNameRecord.self, at: id) }
      policy.name = policyName
    }
    policy.description = description ?? policy.description
    policy.content = content ?? policy.content
    let updated = policy
    return try house.propose { change in
      try change.replace(stored, with: updated, account: call.account)
      if content != nil { try change.touch(organization) }
      if let formerName {
        change.delete(formerName)
        try change.create(
          OrganizationPolicyNameRecord(policyID: updated.policyID),
          id: OrganizationPolicyNameRecord.id(updated.organizationID, type, updated.name),
          account: call.account
        )
      }
      let answer = Stored(record: updated, key: stored.key, revision: stored.revision)
      return (ResponseStructure(["Policy": .structure(OrganizationPolicy.customer(answer).response)]), nil)
    }
  }
}

/// `organizations:DeletePolicy`.
package struct DeleteOrganizationPolicy: OrganizationPolicyAction {
  package static let name = "DeletePolicy"
  package static let isReadOnly = false

  private let id: String

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    id = try parameters.organizationsID("PolicyId", [.policy])
  }

  package var requestParameters: JSONValue? { .strings(["policyId": id]) }
  package var policyID: String? { id }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    _ = try call.authenticated.managedOrganization()
    let stored = try call.subject.existingPolicy().changeable()
    let policy = stored.record
    let attachments = OrganizationAttachmentRecord.prefix(policy.organizationID, policy: policy.policyID)
    let nameID = OrganizationPolicyNameRecord.id(policy.organizationID, policy.type, policy.name)
    let (isAttached, name) = try await house.read { directory in
      (
        try await directory.count(of: OrganizationAttachmentRecord.self, prefix: attachments, limit: 1) > 0,
        try await directory.record(OrganizationPolicyNameRecord.self, at: nameID)
      )
    }
    guard !isAttached else {
      throw .organizations(
        "PolicyInUseException",
        "The policy is attached to one or more entities. You must detach it from all roots, OUs, and accounts "
          + "before performing this operation."
      )
    }
    return try house.propose { change in
      change.writes.append(.requireNone(OrganizationAttachmentRecord.kind, prefix: attachments))
      change.delete(stored)
      if let name { change.delete(name) }
      return (nil, nil)
    }
  }
}
