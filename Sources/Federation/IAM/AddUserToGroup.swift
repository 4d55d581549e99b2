// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, AddUserToGroup. The group's policies bear on the user from the next request on; adding a member changes
// nothing.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:AddUserToGroup`.
package struct AddUserToGroup: Action {
  package static let service = ServiceName.iam
  package static let name = "AddUserToGroup"
  package static let isReadOnly = false

  private let groupName: String
  private let userName: String

  package init(_ parameters: inout ParameterReader) {
    groupName = parameters.existingEntityName(.group)
    userName = parameters.existingEntityName(.user)
  }

  package var requestParameters: JSONValue? { .strings(["groupName": groupName, "userName": userName]) }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> EntityTarget<GroupRecord> {
    try await house.target(GroupRecord.self, groupName, call)
  }

  package func questions(_ subject: EntityTarget<GroupRecord>, _ call: AuthenticatedCall) -> [Question] {
    [subject.question("iam:AddUserToGroup")]
  }

  package func perform(
    _ call: AuthorizedCall<AddUserToGroup>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    try call.subject.existing()
    let user = try await house.target(UserRecord.self, userName, call.authenticated)
    try user.existing()
    let memberships = try await house.memberships(ofUser: userName, call.account)
    guard !memberships.contains(where: { $0.byUser.record.groupName == groupName }) else {
      return Proposal(result: nil)
    }
    guard memberships.count < groupsPerUser else {
      throw .limitExceeded("Cannot exceed quota for GroupsPerUser: \(groupsPerUser)")
    }
    return try house.propose { change in
      // The user's revision: what the user may do changes, and the number of groups is decided against it. The group's:
      // a deletion or a new name that looked for members before this one came is decided anew.
      try user.touch(in: &change)
      try call.subject.touch(in: &change)
      try change.create(
        GroupMemberRecord(userName: userName),
        id: GroupMemberRecord.id(call.account, group: groupName, user: userName),
        account: call.account
      )
      try change.create(
        UserGroupRecord(groupName: groupName),
        id: UserGroupRecord.id(call.account, user: userName, group: groupName),
        account: call.account
      )
      return (nil, nil)
    }
  }
}
