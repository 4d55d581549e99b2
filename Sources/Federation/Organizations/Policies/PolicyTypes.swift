// SPDX-License-Identifier: Apache-2.0
//
// AWS Organizations API, EnablePolicyType, DisablePolicyType: which types of policy are in force below the root. To
// disable a type detaches every policy of it; enabled again, everything has AWS's own policy and no other.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// The parameters of both.
struct PolicyTypeParameters: Sendable {
  let rootID: String
  let type: OrganizationPolicyType

  init(_ parameters: inout ParameterReader) throws(ServiceError) {
    let type = try parameters.policyTypeName("PolicyType")
    rootID = try parameters.organizationsID("RootId", [.root])
    self.type = try OrganizationPolicyType(served: type)
  }

  var recorded: JSONValue? { .strings(["rootId": rootID, "policyType": type.rawValue]) }

  /// The organization; throws unless the caller manages it, its root is the one that was named, and it has policies.
  func organization(
    of call: AuthenticatedCall,
    _ subject: OrganizationPolicySubject
  ) throws(ServiceError) -> Stored<OrganizationRecord> {
    let organization = try call.managedOrganization()
    guard subject.target != nil else {
      throw .organizations("RootNotFoundException", "You specified a root that doesn't exist.")
    }
    guard organization.record.featureSet == .all else {
      throw .organizations(
        "PolicyTypeNotAvailableForOrganizationException",
        "The policy type \(type.rawValue) is not available for the organization."
      )
    }
    return organization
  }
}

/// `organizations:EnablePolicyType`.
package struct EnablePolicyType: OrganizationPolicyAction {
  package static let name = "EnablePolicyType"
  package static let isReadOnly = false

  private let parameters: PolicyTypeParameters

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    self.parameters = try PolicyTypeParameters(&parameters)
  }

  package var requestParameters: JSONValue? { parameters.recorded }
  package var targetID: String? { parameters.rootID }
  package var policyType: OrganizationPolicyType? { parameters.type }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let stored = try parameters.organization(of: call.authenticated, call.subject)
    var organization = stored.record
    guard !organization.enabledTypes.contains(parameters.type) else {
      throw .organizations(
        "PolicyTypeAlreadyEnabledException",
        "The specified policy type is already enabled."
      )
    }
    organization.enabledPolicyTypes.append(parameters.type.rawValue)
    let enabled = organization
    return try house.propose { change in
      try change.replace(stored, with: enabled, account: call.account)
      return (ResponseStructure(["Root": .structure(enabled.rootDescription)]), nil)
    }
  }
}

/// `organizations:DisablePolicyType`.
package struct DisablePolicyType: OrganizationPolicyAction {
  package static let name = "DisablePolicyType"
  package static let isReadOnly = false

  private let parameters: PolicyTypeParameters

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    self.parameters = try PolicyTypeParameters(&parameters)
  }

  package var requestParameters: JSONValue? { parameters.recorded }
  package var targetID: String? { parameters.rootID }
  package var policyType: OrganizationPolicyType? { parameters.type }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let stored = try parameters.organization(of: call.authenticated, call.subject)
    var organization = stored.record
    guard organization.enabledTypes.contains(parameters.type) else { throw .policyTypeNotEnabled }
    organization.enabledPolicyTypes.removeAll { $0.utf8.elementsEqual(parameters.type.rawValue.utf8) }
    let disabled = organization
    let type = parameters.type
    let id = disabled.organizationID
    let (targets, attachments) = try await house.read { directory in
      var attachments: [Stored<OrganizationAttachmentRecord>] = []
      let prefix = OrganizationPolicyRecord.prefix(id)
      for policy in try await directory.everyRecord(OrganizationPolicyRecord.self, prefix: prefix)
      where policy.record.type == type {
        attachments += try await directory.everyRecord(
          OrganizationAttachmentRecord.self,
          prefix: OrganizationAttachmentRecord.prefix(id, policy: policy.record.policyID)
        )
      }
      let targets = try await directory.everyRecord(
        OrganizationTargetRecord.self,
        prefix: OrganizationTargetRecord.prefix(id, type)
      )
      return (targets, attachments)
    }
    return try house.propose { change in
      try change.replace(stored, with: disabled, account: call.account)
      for target in targets { change.delete(target) }
      for attachment in attachments { change.delete(attachment) }
      return (ResponseStructure(["Root": .structure(disabled.rootDescription)]), nil)
    }
  }
}

extension ServiceError {
  /// That the type of the policy is not in force.
  static var policyTypeNotEnabled: ServiceError {
    .organizations(
      "PolicyTypeNotEnabledException",
      "This operation can be performed only for enabled policy types."
    )
  }
}

extension OrganizationRecord {
  /// As `Root`.
  var rootDescription: ResponseStructure {
    let root = ARN.organizations(managementAccount, "root/\(organizationID)/\(rootID)")
    return ResponseStructure([
      "Id": .string(rootID), "Arn": .string(root.description), "Name": .string("Root"),
      "PolicyTypes": .list(enabledPolicyTypes.map(policyTypeStatus)),
    ])
  }
}
