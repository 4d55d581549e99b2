// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, ListUsers, ListGroups: the identities of the account below a path, page by page.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:ListUsers`.
package typealias ListUsers = ListEntities<UserRecord>
/// `iam:ListGroups`.
package typealias ListGroups = ListEntities<GroupRecord>

/// An identity that stands in lists.
package protocol ListedEntity: IAMEntity {
  /// The identity in a list.
  var listResponse: ResponseStructure { get }
}

extension UserRecord: ListedEntity {}
extension GroupRecord: ListedEntity {}

/// Lists the users or the groups of the account.
package struct ListEntities<Entity: ListedEntity>: Action {
  package static var service: ServiceName { .iam }
  package static var name: String { "List\(Entity.entityKind.rawValue)s" }
  package static var isReadOnly: Bool { true }

  private let paging: Paging
  private let pathPrefix: String

  package init(_ parameters: inout ParameterReader) {
    paging = Paging(&parameters)
    pathPrefix = parameters.optionalString("PathPrefix", length: 1...512, pattern: .pathPrefix) ?? "/"
  }

  package var requestParameters: JSONValue? { .strings(["pathPrefix": pathPrefix]) }

  package func questions(_ subject: NoSubject, _ call: AuthenticatedCall) -> [Question] {
    let resource = ARN(
      service: "iam",
      account: call.account,
      resource: "\(Entity.entityKind.word)\(pathPrefix)"
    )
    return [Question(action: "iam:\(Self.name)", resource: resource.description)]
  }

  package func perform(
    _ call: AuthorizedCall<Self>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    // A page is a page of all: a path leaves some out of it, as AWS leaves pages short.
    let (page, marker) = try await paging.page(of: Entity.self, prefix: "\(call.account)/", house)
    let found = page.map(\.record).filter { $0.path.utf8.starts(with: pathPrefix.utf8) }
    var result = ResponseStructure()
    result.append("\(Entity.entityKind.rawValue)s", .list(found.map { .structure($0.listResponse) }))
    result.append("IsTruncated", .boolean(marker != nil))
    result.append("Marker", marker.map { .string($0) })
    return Proposal(result: result)
  }
}
