// SPDX-License-Identifier: Apache-2.0
//
// AWS Organizations API, DescribeCreateAccountStatus, ListCreateAccountStatus: what became of requests for accounts.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `organizations:DescribeCreateAccountStatus`.
package struct DescribeCreateAccountStatus: Action {
  package static let service = ServiceName.organizations
  package static let name = "DescribeCreateAccountStatus"
  package static let isReadOnly = true

  private let requestID: String

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    requestID = try parameters.organizationsID("CreateAccountRequestId", [.accountRequest])
  }

  package var requestParameters: JSONValue? { .strings(["createAccountRequestId": requestID]) }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.managedOrganization().record
    let id = CreateAccountStatusRecord.prefix(organization.organizationID) + requestID
    let status = try await house.read { try await $0.record(CreateAccountStatusRecord.self, at: id) }
    guard let status else {
      throw .organizations(
        "CreateAccountStatusNotFoundException",
        "You specified a create account request that doesn't exist."
      )
    }
    return Proposal(
      result: ResponseStructure(["CreateAccountStatus": .structure(status.record.response)])
    )
  }
}

/// `organizations:ListCreateAccountStatus`.
package struct ListCreateAccountStatus: Action {
  package static let service = ServiceName.organizations
  package static let name = "ListCreateAccountStatus"
  package static let isReadOnly = true

  private let states: [String]
  private let paging: OrganizationsPaging

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    states = parameters.optionalStringList("States", count: 0...Int.max, memberLength: 0...Int.max) ?? []
    paging = try OrganizationsPaging(&parameters)
    guard states.allSatisfy({ ["IN_PROGRESS", "SUCCEEDED", "FAILED"].contains($0) }) else {
      throw .invalidOrganizationsInput(.invalidEnum, "You specified an invalid value.")
    }
  }

  package var requestParameters: JSONValue? {
    states.isEmpty ? nil : .object(JSONObject([.init("states", .strings(states))]))
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.managedOrganization().record
    let (found, nextToken) = try await paging.page(
      of: CreateAccountStatusRecord.self,
      prefix: CreateAccountStatusRecord.prefix(organization.organizationID),
      house
    )
    // A page may have fewer entries than were asked for, and even none, while there are more.
    let statuses = found.filter { states.isEmpty || states.contains($0.state.rawValue) }
    return Proposal(
      result: ResponseStructure([
        "CreateAccountStatuses": .list(statuses.map { .structure($0.response) }),
        "NextToken": nextToken.map { .string($0) },
      ])
    )
  }
}
