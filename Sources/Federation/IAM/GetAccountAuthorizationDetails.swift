// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, GetAccountAuthorizationDetails: users, groups, roles and managed policies with everything that says what
// they may do, page by page. How each is answered stands in AuthorizationDetails.swift.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:GetAccountAuthorizationDetails`.
package struct GetAccountAuthorizationDetails: Action {
  package static let service = ServiceName.iam
  package static let name = "GetAccountAuthorizationDetails"
  package static let isReadOnly = true

  private let filter: [String]
  private let paging: Paging

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    filter =
      parameters.optionalStringList("Filter", count: 0...QueryParameters.maximumCount, memberLength: 0...64)
      ?? []
    paging = Paging(&parameters)
    try parameters.check()
    let known = entityTypes.map { Array($0.utf8) }
    guard filter.allSatisfy({ known.contains(Array($0.utf8)) }) else {
      throw .validationError(
        "1 validation error detected: Value '[\(filter.joined(separator: ", "))]' at 'filter' failed to satisfy "
          + "constraint: Member must satisfy constraint: [Member must satisfy enum value set: "
          + "[\(entityTypes.joined(separator: ", "))]]"
      )
    }
  }

  package var requestParameters: JSONValue? {
    filter.isEmpty ? nil : .object(JSONObject([.init("filter", .array(filter.map { .string($0) }))]))
  }

  /// What stands in a page.
  private enum Item: Sendable {
    case user(UserRecord)
    case group(GroupRecord)
    case role(RoleRecord)
    case customerPolicy(ManagedPolicyRecord)
    case awsPolicy(AWSManagedPolicy)
  }

  package func perform(
    _ call: AuthorizedCall<GetAccountAuthorizationDetails>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let (page, marker) = try await paging.page(of: sources(call.account), house)
    var users: [ResponseValue] = []
    var groups: [ResponseValue] = []
    var roles: [ResponseValue] = []
    var policies: [ResponseValue] = []
    for item in page {
      switch item {
      case .user(let user): users.append(.structure(try await house.details(of: user)))
      case .group(let group): groups.append(.structure(try await house.details(of: group)))
      case .role(let role): roles.append(.structure(try await house.details(of: role)))
      case .customerPolicy(let policy): policies.append(.structure(try await house.details(of: policy)))
      case .awsPolicy(let policy):
        let details = try await house.details(of: policy, usedIn: call.account)
        if let details { policies.append(.structure(details)) }
      }
    }
    return Proposal(
      result: ResponseStructure([
        "UserDetailList": .list(users), "GroupDetailList": .list(groups), "RoleDetailList": .list(roles),
        "Policies": .list(policies), "IsTruncated": .boolean(marker != nil),
        "Marker": marker.map { .string($0) },
      ])
    )
  }

  /// Every list has its place whatever the filter, so that a marker means the same for each.
  private func sources(_ account: AccountID) -> [ListSource<Item>] {
    let prefix = "\(account)/"
    let sources: [(type: String, source: ListSource<Item>)] = [
      ("User", .records(of: UserRecord.self, prefix: prefix) { .user($0.record) }),
      ("Group", .records(of: GroupRecord.self, prefix: prefix) { .group($0.record) }),
      ("Role", .records(of: RoleRecord.self, prefix: prefix) { .role($0.record) }),
      (
        "LocalManagedPolicy",
        .records(of: ManagedPolicyRecord.self, prefix: prefix) { .customerPolicy($0.record) }
      ),
      ("AWSManagedPolicy", .values(AWSManagedPolicy.all.map { ($0.name, .awsPolicy($0)) })),
    ]
    return sources.map { type, source in
      filter.isEmpty || filter.contains { $0.utf8.elementsEqual(type.utf8) } ? source : .values([])
    }
  }
}
