// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, GetGroup: a group and its members, page by page.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:GetGroup`.
package struct GetGroup: Action {
  package static let service = ServiceName.iam
  package static let name = "GetGroup"
  package static let isReadOnly = true

  private let groupName: String
  private let paging: Paging

  package init(_ parameters: inout ParameterReader) {
    groupName = parameters.existingEntityName(.group)
    paging = Paging(&parameters)
  }

  package var requestParameters: JSONValue? { .strings(["groupName": groupName]) }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> EntityTarget<GroupRecord> {
    try await house.target(GroupRecord.self, groupName, call)
  }

  package func questions(_ subject: EntityTarget<GroupRecord>, _ call: AuthenticatedCall) -> [Question] {
    [subject.question("iam:GetGroup")]
  }

  package func perform(
    _ call: AuthorizedCall<GetGroup>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let group = try call.subject.existing()
    let prefix = GroupMemberRecord.prefix(call.account, groupName)
    let (page, marker) = try await paging.page(of: GroupMemberRecord.self, prefix: prefix, house)
    var users: [ResponseValue] = []
    for member in page {
      let name = member.record.userName
      // A user who left between the reads is not there any more.
      let user = try await house.read { try await $0.entity(UserRecord.self, name, of: call.account) }
      if let user { users.append(.structure(user.record.listResponse)) }
    }
    return Proposal(
      result: ResponseStructure([
        "Group": .structure(group.record.listResponse), "Users": .list(users),
        "IsTruncated": .boolean(marker != nil), "Marker": marker.map { .string($0) },
      ])
    )
  }
}
