// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, ListGroupsForUser: the groups that a user is in, page by page.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:ListGroupsForUser`.
package struct ListGroupsForUser: Action {
  package static let service = ServiceName.iam
  package static let name = "ListGroupsForUser"
  package static let isReadOnly = true

  private let paging: Paging
  private let userName: String

  package init(_ parameters: inout ParameterReader) {
    paging = Paging(&parameters)
    userName = parameters.existingEntityName(.user)
  }

  package var requestParameters: JSONValue? { .strings(["userName": userName]) }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> EntityTarget<UserRecord> {
    try await house.target(UserRecord.self, userName, call)
  }

  package func questions(_ subject: EntityTarget<UserRecord>, _ call: AuthenticatedCall) -> [Question] {
    [subject.question("iam:ListGroupsForUser")]
  }

  package func perform(
    _ call: AuthorizedCall<ListGroupsForUser>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    try call.subject.existing()
    let prefix = UserGroupRecord.prefix(call.account, userName)
    let (page, marker) = try await paging.page(of: UserGroupRecord.self, prefix: prefix, house)
    var groups: [ResponseValue] = []
    for membership in page {
      let name = membership.record.groupName
      // A group that was left between the reads may be gone.
      let group = try await house.read { try await $0.entity(GroupRecord.self, name, of: call.account) }
      if let group { groups.append(.structure(group.record.listResponse)) }
    }
    return Proposal(
      result: ResponseStructure([
        "Groups": .list(groups), "IsTruncated": .boolean(marker != nil), "Marker": marker.map { .string($0) },
      ])
    )
  }
}
