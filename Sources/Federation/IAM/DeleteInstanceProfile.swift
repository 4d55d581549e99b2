// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, DeleteInstanceProfile: only a profile without a role.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:DeleteInstanceProfile`.
package struct DeleteInstanceProfile: Action {
  package static let service = ServiceName.iam
  package static let name = "DeleteInstanceProfile"
  package static let isReadOnly = false

  private let instanceProfileName: String

  package init(_ parameters: inout ParameterReader) {
    instanceProfileName = InstanceProfileRecord.readIdentifier(&parameters)
  }

  package var requestParameters: JSONValue? { .strings(["instanceProfileName": instanceProfileName]) }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> ResourceTarget<InstanceProfileRecord> {
    try await house.resource(InstanceProfileRecord.self, instanceProfileName, call)
  }

  package func questions(
    _ subject: ResourceTarget<InstanceProfileRecord>,
    _ call: AuthenticatedCall
  ) -> [Question] {
    [subject.question("iam:DeleteInstanceProfile")]
  }

  package func perform(
    _ call: AuthorizedCall<DeleteInstanceProfile>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let profile = try call.subject.existing()
    guard profile.record.roleName == nil else {
      throw .deleteConflict("Cannot delete entity, must remove roles from instance profile first.")
    }
    return try house.propose { change in
      change.delete(profile)
      return (nil, nil)
    }
  }
}
