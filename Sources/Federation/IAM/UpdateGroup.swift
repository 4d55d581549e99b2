// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, UpdateGroup: another name or path for a group, which stays the same: unique id, policies, members.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:UpdateGroup`.
package struct UpdateGroup: Action {
  package static let service = ServiceName.iam
  package static let name = "UpdateGroup"
  package static let isReadOnly = false

  private let groupName: String
  private let newGroupName: String?
  private let newPath: String?

  package init(_ parameters: inout ParameterReader) {
    groupName = parameters.existingEntityName(.group)
    newGroupName = parameters.optionalString("NewGroupName", length: 1...128, pattern: .name)
    newPath = parameters.optionalString("NewPath", length: 1...512, pattern: .path)
  }

  package var requestParameters: JSONValue? {
    .strings(["groupName": groupName, "newGroupName": newGroupName, "newPath": newPath])
  }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> EntityTarget<GroupRecord> {
    try await house.target(GroupRecord.self, groupName, call)
  }

  package func questions(_ subject: EntityTarget<GroupRecord>, _ call: AuthenticatedCall) -> [Question] {
    subject.moveQuestions("iam:UpdateGroup", newPath: newPath, newName: newGroupName)
  }

  package func perform(
    _ call: AuthorizedCall<UpdateGroup>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let group = try call.subject.existing()
    var renamed = group.record
    renamed.path = newPath ?? renamed.path
    renamed.name = newGroupName ?? renamed.name
    guard renamed != group.record else { return Proposal(result: nil) }
    var change = try await house.move(group, to: renamed)
    guard !renamed.name.utf8.elementsEqual(groupName.utf8) else {
      return Proposal(change: change, result: nil)
    }
    // What was decided for the members rests on the group's record, which is not where it was.
    let memberships = try await house.memberships(inGroup: groupName, call.account)
    do {
      for membership in memberships {
        let user = membership.byGroup.record.userName
        try change.move(
          membership.byGroup,
          to: GroupMemberRecord.id(call.account, group: renamed.name, user: user),
          as: membership.byGroup.record,
          account: call.account
        )
        try change.move(
          membership.byUser,
          to: UserGroupRecord.id(call.account, user: user, group: renamed.name),
          as: UserGroupRecord(groupName: renamed.name),
          account: call.account
        )
      }
    } catch {
      throw house.diagnostics.serviceError("move memberships", error)
    }
    return Proposal(change: change, result: nil)
  }
}
