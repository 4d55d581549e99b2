// SPDX-License-Identifier: Apache-2.0
//
// AWS Organizations API, CloseAccount, RemoveAccountFromOrganization: an account ends, or goes its own way.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `organizations:CloseAccount`: from the answer on the account's keys and sessions are nobody's, its roles nobody's to
/// assume.
///
/// What it has published stays, for the tokens that are out.
package struct CloseAccount: OrganizationTargetAction {
  package static let name = "CloseAccount"
  package static let isReadOnly = false
  static let concernsAccount = true

  let targetID: String

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    targetID = try parameters.organizationsID("AccountId", [.account])
  }

  package var requestParameters: JSONValue? { .strings(["accountId": targetID]) }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.managedOrganization()
    guard case .account(let member) = call.subject.entity else { throw .accountNotFound() }
    guard member.record.account != call.account else {
      throw .constraintViolation(
        .cannotCloseManagementAccount,
        "You cannot close the management account of an organization."
      )
    }
    guard member.record.status == .active else {
      throw .organizations(
        "AccountAlreadyClosedException",
        "You attempted to close an account that is already closed."
      )
    }
    let account = try await house.existingAccount(member.record.account)
    var closed = account.record
    closed.closeDate = call.now
    var suspended = member.record
    suspended.status = .suspended
    let (record, state) = (closed, suspended)
    return try house.propose { change in
      try change.replace(account, with: record, account: record.account)
      try change.replace(member, with: state, account: call.account)
      try change.replace(organization, with: organization.record, account: call.account)
      return (nil, nil)
    }
  }
}

/// `organizations:RemoveAccountFromOrganization`: the account stands alone from then on; one that is closed stays closed.
package struct RemoveAccountFromOrganization: OrganizationTargetAction {
  package static let name = "RemoveAccountFromOrganization"
  package static let isReadOnly = false
  static let concernsAccount = true

  let targetID: String

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    targetID = try parameters.organizationsID("AccountId", [.account])
  }

  package var requestParameters: JSONValue? { .strings(["accountId": targetID]) }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.managedOrganization()
    guard case .account(let member) = call.subject.entity else { throw .accountNotFound() }
    guard member.record.account != call.account else {
      throw .organizations(
        "MasterCannotLeaveOrganizationException",
        "You can't remove a management account from an organization."
      )
    }
    let account = try await house.existingAccount(member.record.account)
    var alone = account.record
    alone.organizationID = nil
    let record = alone
    let leaving = try await house.leaving(member)
    return try house.propose { change in
      try change.replace(account, with: record, account: record.account)
      change.writes += leaving
      try change.replace(organization, with: organization.record, account: call.account)
      return (nil, nil)
    }
  }
}
