// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, ListUsers: the users of the account below a path, page by page.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:ListUsers`.
package struct ListUsers: Action {
  package static let service = ServiceName.iam
  package static let name = "ListUsers"
  package static let isReadOnly = true

  private let paging: Paging
  private let pathPrefix: String

  package init(_ parameters: inout ParameterReader) {
    paging = Paging(&parameters)
    pathPrefix = parameters.optionalString("PathPrefix", length: 1...512, pattern: .pathPrefix) ?? "/"
  }

  package var requestParameters: JSONValue? { .strings(["pathPrefix": pathPrefix]) }

  package func questions(_ subject: NoSubject, _ call: AuthenticatedCall) -> [Question] {
    let resource = ARN(service: "iam", account: call.account, resource: "user\(pathPrefix)")
    return [Question(action: "iam:ListUsers", resource: resource.description)]
  }

  package func perform(
    _ call: AuthorizedCall<ListUsers>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    // A page is a page of all users: a path leaves some out of it, as AWS leaves pages short.
    let (page, marker) = try await paging.page(of: UserRecord.self, prefix: "\(call.account)/", house)
    let users = page.map(\.record).filter { $0.path.utf8.starts(with: pathPrefix.utf8) }
    return Proposal(
      result: ResponseStructure([
        "Users": .list(users.map { .structure($0.listResponse) }), "IsTruncated": .boolean(marker != nil),
        "Marker": marker.map { .string($0) },
      ])
    )
  }
}
