// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, ListUserPolicies: the names of a user's inline policies, page by page.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:ListUserPolicies`.
package struct ListUserPolicies: Action {
  package static let service = ServiceName.iam
  package static let name = "ListUserPolicies"
  package static let isReadOnly = true

  private let paging: Paging
  private let userName: String

  package init(_ parameters: inout ParameterReader) {
    paging = Paging(&parameters)
    userName = parameters.requiredString("UserName", length: 1...128, pattern: .name)
  }

  package var requestParameters: JSONValue? { .strings(["userName": userName]) }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> EntityTarget<
    UserRecord
  > {
    try await house.target(UserRecord.self, userName, call)
  }

  package func questions(_ subject: EntityTarget<UserRecord>, _ call: AuthenticatedCall) -> [Question] {
    [subject.question("iam:ListUserPolicies")]
  }

  package func perform(
    _ call: AuthorizedCall<ListUserPolicies>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    try call.subject.existing()
    let prefix = InlinePolicyRecord.prefix(.user, call.account, userName)
    let (page, marker) = try await paging.page(of: InlinePolicyRecord.self, prefix: prefix, house)
    return Proposal(
      result: ResponseStructure([
        "PolicyNames": .list(page.map { .string($0.record.policyName) }),
        "IsTruncated": .boolean(marker != nil), "Marker": marker.map { .string($0) },
      ])
    )
  }
}
