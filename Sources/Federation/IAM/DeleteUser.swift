// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, DeleteUser: only a user without access keys and policies.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:DeleteUser`.
package struct DeleteUser: Action {
  package static let service = ServiceName.iam
  package static let name = "DeleteUser"
  package static let isReadOnly = false

  private let userName: String

  package init(_ parameters: inout ParameterReader) {
    userName = parameters.requiredString("UserName", length: 1...128, pattern: .name)
  }

  package var requestParameters: JSONValue? { .strings(["userName": userName]) }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> EntityTarget<
    UserRecord
  > {
    try await house.target(UserRecord.self, userName, call)
  }

  package func questions(_ subject: EntityTarget<UserRecord>, _ call: AuthenticatedCall) -> [Question] {
    [subject.question("iam:DeleteUser")]
  }

  package func perform(
    _ call: AuthorizedCall<DeleteUser>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let user = try call.subject.existing()
    let keys = try await house.read { directory in
      try await directory.records(
        UserAccessKeyRecord.self,
        prefix: UserAccessKeyRecord.prefix(call.account, userName),
        limit: 1
      )
    }
    guard keys.isEmpty else {
      throw .deleteConflict("Cannot delete entity, must delete access keys first.")
    }
    let policies = try await house.read { directory in
      try await directory.records(
        InlinePolicyRecord.self,
        prefix: InlinePolicyRecord.prefix(.user, call.account, userName),
        limit: 1
      )
    }
    guard policies.isEmpty else {
      throw .deleteConflict("Cannot delete entity, must delete policies first.")
    }
    return try house.propose { change in
      change.delete(user)
      return (nil, nil)
    }
  }
}
