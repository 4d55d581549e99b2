// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, RemoveUserFromGroup. Removing somebody who is no member changes nothing, and AWS does not mind.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:RemoveUserFromGroup`.
package struct RemoveUserFromGroup: Action {
  package static let service = ServiceName.iam
  package static let name = "RemoveUserFromGroup"
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
    [subject.question("iam:RemoveUserFromGroup")]
  }

  package func perform(
    _ call: AuthorizedCall<RemoveUserFromGroup>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    try call.subject.existing()
    let user = try await house.target(UserRecord.self, userName, call.authenticated)
    try user.existing()
    guard let membership = try await house.membership(of: userName, in: groupName, call.account) else {
      return Proposal(result: nil)
    }
    return try house.propose { change in
      change.delete(membership.byGroup)
      change.delete(membership.byUser)
      // Whatever was decided for the user as a member is decided anew.
      try user.touch(in: &change)
      return (nil, nil)
    }
  }
}
