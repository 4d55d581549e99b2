// SPDX-License-Identifier: Apache-2.0
//
// AWS Organizations API, CreateOrganization, DescribeOrganization, DeleteOrganization: the organization itself.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `organizations:CreateOrganization`: the caller's account becomes the management account of a new organization.
package struct CreateOrganization: Action {
  package static let service = ServiceName.organizations
  package static let name = "CreateOrganization"
  package static let isReadOnly = false

  private let featureSet: OrganizationRecord.FeatureSet

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    featureSet =
      try parameters.organizationsChoice("FeatureSet", of: OrganizationRecord.FeatureSet.self) ?? .all
  }

  package var requestParameters: JSONValue? { .strings(["featureSet": featureSet.rawValue]) }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    guard call.authenticated.caller.standing.membership == nil else {
      throw .organizations(
        "AlreadyInOrganizationException",
        "The AWS account is already a member of an organization."
      )
    }
    let account = try await house.existingAccount(call.account)
    // SECURITY: else a tenant would make accounts without end, each the management account of the next ten thousand.
    guard account.record.bornIn == nil else {
      throw .accessDenied(
        "An account that was made by an organization can't create an organization of its own."
      )
    }
    let suffix = house.entropy.organizationsID(prefix: "", count: 4)
    let organization = OrganizationRecord(
      organizationID: house.entropy.organizationsID(prefix: "o-", count: 10),
      managementAccount: call.account,
      managementEmail: managementEmail(of: call.account),
      featureSet: featureSet,
      rootID: "r-\(suffix)",
      enabledPolicyTypes: [],
      createDate: call.now
    )
    let root = OrganizationRootRecord(
      rootID: organization.rootID,
      organizationID: organization.organizationID,
      managementAccount: call.account,
      tags: []
    )
    let member = OrganizationAccountRecord(
      account: call.account,
      organizationID: organization.organizationID,
      managementAccount: call.account,
      parentID: organization.rootID,
      name: account.record.alias ?? "Management account",
      email: organization.managementEmail,
      joinedMethod: .invited,
      joinedDate: call.now,
      status: .active,
      tags: []
    )
    var managing = account.record
    managing.organizationID = organization.organizationID
    let replaced = managing
    return try house.propose { change in
      try change.replace(account, with: replaced, account: call.account)
      try change.create(organization, id: organization.organizationID, account: call.account)
      try change.create(root, id: root.rootID, account: call.account)
      try change.add(member)
      return (
        ResponseStructure(["Organization": .structure(organization.response)]),
        .object(JSONObject([.init("organization", organization.recorded)]))
      )
    }
  }
}

/// `organizations:DescribeOrganization`: members may ask too.
package struct DescribeOrganization: Action {
  package static let service = ServiceName.organizations
  package static let name = "DescribeOrganization"
  package static let isReadOnly = true

  package init(_ parameters: inout ParameterReader) {}

  package var requestParameters: JSONValue? { nil }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.organization().place.organization.record
    return Proposal(result: ResponseStructure(["Organization": .structure(organization.response)]))
  }
}

/// `organizations:DeleteOrganization`: only the management account may be left in it.
package struct DeleteOrganization: Action {
  package static let service = ServiceName.organizations
  package static let name = "DeleteOrganization"
  package static let isReadOnly = false

  package init(_ parameters: inout ParameterReader) {}

  package var requestParameters: JSONValue? { nil }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.managedOrganization()
    let id = organization.record.organizationID
    let units = OrganizationalUnitRecord.prefix(organization.record)
    let account = try await house.existingAccount(call.account)
    let (root, members, unit, requests) = try await house.read { directory in
      (
        try await directory.record(OrganizationRootRecord.self, at: organization.record.rootID),
        try await directory.records(
          OrganizationAccountRecord.self,
          prefix: OrganizationAccountRecord.prefix(id),
          limit: 2
        ),
        try await directory.records(OrganizationalUnitRecord.self, prefix: units, limit: 1),
        try await directory.everyRecord(
          CreateAccountStatusRecord.self,
          prefix: CreateAccountStatusRecord.prefix(id)
        )
      )
    }
    guard members.count <= 1, unit.isEmpty else {
      throw .organizations(
        "OrganizationNotEmptyException",
        "To delete an organization you must first remove all member accounts (except the management account) and "
          + "all organizational units."
      )
    }
    guard let root, let member = members.first else {
      throw house.diagnostics.serviceError(
        "delete an organization",
        StoreError.corrupted("Organization `\(id)` has no root or no management account")
      )
    }
    var alone = account.record
    alone.organizationID = nil
    let replaced = alone
    let leaving = try await house.leaving(member)
    let policies = try await house.policies(of: organization.record)
    return try house.propose { change in
      try change.replace(account, with: replaced, account: call.account)
      change.writes += policies
      change.delete(organization)
      change.delete(root)
      change.writes += leaving
      for request in requests { change.delete(request) }
      change.writes.append(.requireNone(OrganizationChildRecord.kind, prefix: "\(root.record.rootID)/"))
      return (nil, nil)
    }
  }
}

/// An address that nobody can ever have: accounts have none before they are in an organization.
///
/// Source: RFC 2606.
private func managementEmail(of account: AccountID) -> String { "root@\(account).invalid" }

extension OrganizationRecord {
  /// What CreateOrganization and DescribeOrganization answer.
  var response: ResponseStructure {
    // As AWS does: the field is out of date by its own documentation, and names this type only.
    let types: [ResponseValue] =
      featureSet == .all ? [policyTypeStatus("SERVICE_CONTROL_POLICY")] : []
    return ResponseStructure([
      "Id": .string(organizationID),
      "Arn": .string(arn.description),
      "FeatureSet": .string(featureSet.rawValue),
      "MasterAccountArn": .string(managementAccountARN.description),
      "MasterAccountId": .string(managementAccount.description),
      "MasterAccountEmail": .string(managementEmail),
      "AvailablePolicyTypes": .list(types),
    ])
  }

  /// What of it is recorded.
  var recorded: JSONValue {
    .strings([
      "id": organizationID, "arn": arn.description, "featureSet": featureSet.rawValue,
      "masterAccountId": managementAccount.description,
      "masterAccountArn": managementAccountARN.description,
    ]) ?? .null
  }

  private var managementAccountARN: ARN {
    .organizations(managementAccount, "account/\(organizationID)/\(managementAccount)")
  }
}

/// A type of policy that is enabled.
func policyTypeStatus(_ type: String) -> ResponseValue {
  .structure(ResponseStructure(["Type": .string(type), "Status": .string("ENABLED")]))
}
