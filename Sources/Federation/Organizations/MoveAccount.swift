// SPDX-License-Identifier: Apache-2.0
//
// AWS Organizations API, MoveAccount: an account goes below another parent, and its tokens say so from then on.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `organizations:MoveAccount`.
package struct MoveAccount: Action {
  package static let service = ServiceName.organizations
  package static let name = "MoveAccount"
  package static let isReadOnly = false

  private let accountID: String
  private let sourceID: String
  private let destinationID: String

  /// The account and both parents.
  package struct Move: ActionSubject {
    let account: OrganizationTarget
    let source: OrganizationTarget
    let destination: OrganizationTarget

    package var requirements: [Change.Write] {
      account.requirements + source.requirements + destination.requirements
    }
    package var concernedAccount: AccountID? {
      if case .account(let account) = account.entity { account.record.account } else { nil }
    }
  }

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    accountID = try parameters.organizationsID("AccountId", [.account])
    sourceID = try parameters.organizationsID("SourceParentId", [.root, .unit])
    destinationID = try parameters.organizationsID("DestinationParentId", [.root, .unit])
  }

  package var requestParameters: JSONValue? {
    .strings([
      "accountId": accountID, "sourceParentId": sourceID, "destinationParentId": destinationID,
    ])
  }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> Move {
    Move(
      account: try await house.organizationTarget(accountID, call),
      source: try await house.organizationTarget(sourceID, call),
      destination: try await house.organizationTarget(destinationID, call)
    )
  }

  package func questions(_ subject: Move, _ call: AuthenticatedCall) -> [Question] {
    [subject.account, subject.source, subject.destination].map { $0.question("MoveAccount") }
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.managedOrganization()
    guard case .account(let account) = call.subject.account.entity else { throw .accountNotFound() }
    guard call.subject.source.entity != nil, account.record.parentID.utf8.elementsEqual(sourceID.utf8) else {
      throw .organizations(
        "SourceParentNotFoundException",
        "The account is not in the root or organizational unit that you specified as its source."
      )
    }
    guard call.subject.destination.entity != nil else {
      throw .organizations(
        "DestinationParentNotFoundException",
        "You specified a destination parent that doesn't exist."
      )
    }
    guard !sourceID.utf8.elementsEqual(destinationID.utf8) else {
      throw .organizations(
        "DuplicateAccountException",
        "The account is already in the root or organizational unit that you specified as its destination."
      )
    }
    var moved = account.record
    moved.parentID = destinationID
    let member = moved
    let child = try await house.child(sourceID, .account, accountID)
    return try house.propose { change in
      try change.replace(account, with: member, account: call.account)
      change.delete(child)
      try change.create(
        OrganizationChildRecord(childID: accountID),
        id: OrganizationChildRecord.id(destinationID, .account, accountID),
        account: call.account
      )
      // The path is another one, and so are the policies on it: the organization gets another revision.
      try change.replace(organization, with: organization.record, account: call.account)
      return (nil, nil)
    }
  }
}
