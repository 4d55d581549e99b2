// SPDX-License-Identifier: Apache-2.0
//
// AWS Organizations API, CreatePolicy: a policy that is attached to nothing yet. Owns what a document must be.

package import AWSProtocols
package import IdentityModel
import PolicyEngine
package import StrictJSON

/// `organizations:CreatePolicy`.
package struct CreateOrganizationPolicy: OrganizationPolicyAction {
  package static let name = "CreatePolicy"
  package static let isReadOnly = false

  private let content: String
  private let description: String
  private let policyName: String
  private let type: OrganizationPolicyType
  package let tags: [Tag]

  /// How many policies of one type an organization has at most.
  static let maximumPerType = 1000

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    content = try parameters.organizationsString("Content", length: 1...1_000_000)
    description = try parameters.organizationsString("Description", length: 0...512)
    policyName = try parameters.organizationsString("Name", length: 1...128)
    let type = try parameters.policyTypeName("Type")
    tags = try parameters.organizationsTags()
    self.type = try OrganizationPolicyType(served: type)
  }

  package var requestParameters: JSONValue? {
    var members = [
      JSONObject.Member("content", .string(content)), .init("description", .string(description)),
      .init("name", .string(policyName)), .init("type", .string(type.rawValue)),
    ]
    if !tags.isEmpty { members.append(.init("tags", .tags(tags))) }
    return .object(JSONObject(members))
  }

  package var policyType: OrganizationPolicyType? { type }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.managedOrganization().record
    guard organization.featureSet == .all else {
      throw .organizations(
        "PolicyTypeNotAvailableForOrganizationException",
        "The policy type \(type.rawValue) is not available for the organization."
      )
    }
    try type.require(content: content)
    let names = OrganizationPolicyNameRecord.prefix(organization.organizationID, type)
    let count = try await house.read { directory in
      try await directory.count(
        of: OrganizationPolicyNameRecord.self,
        prefix: names,
        limit: Self.maximumPerType
      )
    }
    guard count < Self.maximumPerType else {
      throw .constraintViolation(
        .policyNumber,
        "You have exceeded the number of policies that an organization can have: \(Self.maximumPerType)."
      )
    }
    try await house.requireFree(policyName, type, in: organization)
    let policy = OrganizationPolicyRecord(
      organizationID: organization.organizationID,
      managementAccount: call.account,
      policyID: house.entropy.organizationsID(prefix: "p-", count: 10),
      type: type,
      name: policyName,
      description: description,
      content: content,
      tags: tags,
      createDate: call.now
    )
    return try house.propose { change in
      let id = OrganizationPolicyRecord.id(policy.organizationID, policy.policyID)
      try change.create(policy, id: id, account: call.account)
      try change.create(
        OrganizationPolicyNameRecord(policyID: policy.policyID),
        id: OrganizationPolicyNameRecord.id(policy.organizationID, type, policyName),
        account: call.account
      )
      let stored = Stored(record: policy, key: RecordKey(OrganizationPolicyRecord.kind, id), revision: 0)
      let summary = JSONValue.strings([
        "id": policy.policyID, "arn": policy.arn.description, "name": policyName, "type": type.rawValue,
      ])
      return (
        ResponseStructure(["Policy": .structure(OrganizationPolicy.customer(stored).response)]),
        .object(JSONObject([.init("policySummary", summary ?? .null)]))
      )
    }
  }
}

extension OrganizationPolicyType {
  /// Throws unless `content` is a document that a customer may attach as this type.
  func require(content: String) throws(ServiceError) {
    // Source: AWS counts the characters of the text as it comes.
    guard content.utf16.count <= Self.maximumCharacters else {
      throw .constraintViolation(
        .policyContent,
        "You have exceeded the maximum size of a policy: \(Self.maximumCharacters) characters."
      )
    }
    do {
      try PolicyDocument(json: Array(content.utf8), kind: kind).requireCustomers()
    } catch {
      throw .organizations(
        "MalformedPolicyDocumentException",
        "The provided policy document does not meet the requirements of the specified policy type. "
          + error.clientReason
      )
    }
  }
}

extension House {
  /// Throws DuplicatePolicyException when a policy of the type has the name.
  func requireFree(
    _ name: String,
    _ type: OrganizationPolicyType,
    in organization: OrganizationRecord
  ) async throws(ServiceError) {
    let id = OrganizationPolicyNameRecord.id(organization.organizationID, type, name)
    let taken = try await read { try await $0.record(OrganizationPolicyNameRecord.self, at: id) != nil }
    guard !taken else {
      throw .organizations(
        "DuplicatePolicyException",
        "A policy with the specified name and type already exists."
      )
    }
  }
}
