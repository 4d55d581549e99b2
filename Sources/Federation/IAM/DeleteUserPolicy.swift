// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, DeleteUserPolicy.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:DeleteUserPolicy`.
package struct DeleteUserPolicy: Action {
  package static let service = ServiceName.iam
  package static let name = "DeleteUserPolicy"
  package static let isReadOnly = false

  private let policyName: String
  private let userName: String

  package init(_ parameters: inout ParameterReader) {
    policyName = parameters.requiredString("PolicyName", length: 1...128, pattern: .name)
    userName = parameters.requiredString("UserName", length: 1...128, pattern: .name)
  }

  package var requestParameters: JSONValue? {
    .strings(["userName": userName, "policyName": policyName])
  }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> EntityTarget<
    UserRecord
  > {
    try await house.target(UserRecord.self, userName, call)
  }

  package func questions(_ subject: EntityTarget<UserRecord>, _ call: AuthenticatedCall) -> [Question] {
    [subject.question("iam:DeleteUserPolicy")]
  }

  package func perform(
    _ call: AuthorizedCall<DeleteUserPolicy>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    try call.subject.existing()
    let policy = try await house.existingInlinePolicy(policyName, of: .user, userName, call.account)
    return try house.propose { change in
      change.delete(policy)
      // Whatever was decided for the user while it had the policy is decided anew.
      try call.subject.touch(in: &change)
      return (nil, nil)
    }
  }
}
