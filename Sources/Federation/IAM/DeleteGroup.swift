// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, DeleteGroup: only a group without members and policies.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:DeleteGroup`.
package struct DeleteGroup: Action {
  package static let service = ServiceName.iam
  package static let name = "DeleteGroup"
  package static let isReadOnly = false

  private let groupName: String

  package init(_ parameters: inout ParameterReader) {
    groupName = parameters.existingEntityName(.group)
  }

  package var requestParameters: JSONValue? { .strings(["groupName": groupName]) }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> EntityTarget<GroupRecord> {
    try await house.target(GroupRecord.self, groupName, call)
  }

  package func questions(_ subject: EntityTarget<GroupRecord>, _ call: AuthenticatedCall) -> [Question] {
    [subject.question("iam:DeleteGroup")]
  }

  package func perform(
    _ call: AuthorizedCall<DeleteGroup>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let group = try call.subject.existing()
    let members = GroupMemberRecord.prefix(call.account, groupName)
    guard try await house.read({ try await $0.count(of: GroupMemberRecord.self, prefix: members, limit: 1) }) == 0
    else { throw .deleteConflict("Cannot delete entity, must remove users from group first.") }
    try await house.requireNoPolicies(group.record)
    return try house.propose { change in
      change.delete(group)
      return (nil, nil)
    }
  }
}
