// SPDX-License-Identifier: Apache-2.0
//
// AWS Organizations API, DescribeAccount, ListAccounts, ListAccountsForParent: the accounts of an organization.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `organizations:DescribeAccount`: a member account may ask about itself.
package struct DescribeAccount: OrganizationTargetAction {
  package static let name = "DescribeAccount"
  package static let isReadOnly = true

  let targetID: String

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    targetID = try parameters.organizationsID("AccountId", [.account])
  }

  package var requestParameters: JSONValue? { .strings(["accountId": targetID]) }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let membership = try call.authenticated.organization()
    guard case .account(let account) = call.subject.entity else {
      throw membership.isManagement ? .accountNotFound() : .notManagementAccount
    }
    let response = try await house.responses([account.record], in: membership.place.organization)
    return Proposal(result: ResponseStructure(["Account": response.first]))
  }
}

/// `organizations:ListAccounts`.
package struct ListAccounts: Action {
  package static let service = ServiceName.organizations
  package static let name = "ListAccounts"
  package static let isReadOnly = true

  private let paging: OrganizationsPaging

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    paging = try OrganizationsPaging(&parameters)
  }

  package var requestParameters: JSONValue? { nil }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.managedOrganization()
    let (accounts, nextToken) = try await paging.page(
      of: OrganizationAccountRecord.self,
      prefix: OrganizationAccountRecord.prefix(organization.record.organizationID),
      house
    )
    return Proposal(
      result: ResponseStructure([
        "Accounts": .list(try await house.responses(accounts, in: organization)),
        "NextToken": nextToken.map { .string($0) },
      ])
    )
  }
}

/// `organizations:ListAccountsForParent`: those directly below a root or a unit.
package struct ListAccountsForParent: OrganizationTargetAction {
  package static let name = "ListAccountsForParent"
  package static let isReadOnly = true

  let targetID: String
  private let paging: OrganizationsPaging

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    targetID = try parameters.organizationsID("ParentId", [.root, .unit])
    paging = try OrganizationsPaging(&parameters)
  }

  package var requestParameters: JSONValue? { .strings(["parentId": targetID]) }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.managedOrganization()
    guard call.subject.entity != nil else { throw .parentNotFound() }
    let (children, nextToken) = try await paging.page(
      of: OrganizationChildRecord.self,
      prefix: OrganizationChildRecord.prefix(targetID, .account),
      house
    )
    let prefix = OrganizationAccountRecord.prefix(organization.record.organizationID)
    var accounts: [OrganizationAccountRecord] = []
    for child in children {
      // One that was moved away between the two reads is not there any more.
      let found = try await house.read { directory in
        try await directory.record(OrganizationAccountRecord.self, at: prefix + child.childID)
      }
      if let found { accounts.append(found.record) }
    }
    return Proposal(
      result: ResponseStructure([
        "Accounts": .list(try await house.responses(accounts, in: organization)),
        "NextToken": nextToken.map { .string($0) },
      ])
    )
  }
}

extension House {
  /// The accounts as the actions answer them.
  func responses(
    _ accounts: [OrganizationAccountRecord],
    in organization: Stored<OrganizationRecord>
  ) async throws(ServiceError) -> [ResponseValue] {
    var responses: [ResponseValue] = []
    for account in accounts {
      let path = try await read { try await $0.place(account.parentID, in: organization) }.path
      responses.append(.structure(account.response(path)))
    }
    return responses
  }
}

extension OrganizationAccountRecord {
  fileprivate func response(_ path: String) -> ResponseStructure {
    ResponseStructure([
      "Id": .string(account.description),
      "Arn": .string(arn.description),
      "Email": .string(email),
      "Name": .string(name),
      "Status": .string(status.rawValue),
      "State": .string(status == .active ? "ACTIVE" : "CLOSED"),
      "Paths": .list([.string("\(path)\(account)/")]),
      "JoinedMethod": .string(joinedMethod.rawValue),
      "JoinedTimestamp": .timestamp(joinedDate, milliseconds: true),
    ])
  }
}
