// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, ListRoles: the roles of the account below a path, page by page.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:ListRoles`.
package struct ListRoles: Action {
  package static let service = ServiceName.iam
  package static let name = "ListRoles"
  package static let isReadOnly = true

  private let paging: Paging
  private let pathPrefix: String

  package init(_ parameters: inout ParameterReader) {
    paging = Paging(&parameters)
    pathPrefix = parameters.optionalString("PathPrefix", length: 1...512, pattern: .pathPrefix) ?? "/"
  }

  package var requestParameters: JSONValue? { .strings(["pathPrefix": pathPrefix]) }

  package func questions(_ subject: NoSubject, _ call: AuthenticatedCall) -> [Question] {
    let resource = ARN(service: "iam", account: call.account, resource: "role\(pathPrefix)")
    return [Question(action: "iam:ListRoles", resource: resource.description)]
  }

  package func perform(
    _ call: AuthorizedCall<ListRoles>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    // A page is a page of all roles: a path leaves some out of it, as AWS leaves pages short.
    let (page, marker) = try await paging.page(of: RoleRecord.self, prefix: "\(call.account)/", house)
    let roles = page.map(\.record).filter { $0.path.utf8.starts(with: pathPrefix.utf8) }
    let trustPolicies = try await house.trustPolicyTexts(of: roles)
    return Proposal(
      result: ResponseStructure([
        "Roles": .list(zip(roles, trustPolicies).map { .structure($0.listResponse($1)) }),
        "IsTruncated": .boolean(marker != nil), "Marker": marker.map { .string($0) },
      ])
    )
  }
}
