// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, GetRole: a role with its trust policy, settings, boundary and tags.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:GetRole`.
package struct GetRole: Action {
  package static let service = ServiceName.iam
  package static let name = "GetRole"
  package static let isReadOnly = true

  private let roleName: String

  package init(_ parameters: inout ParameterReader) {
    roleName = parameters.requiredString("RoleName", length: 1...64, pattern: .name)
  }

  package var requestParameters: JSONValue? { .strings(["roleName": roleName]) }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> EntityTarget<
    RoleRecord
  > {
    try await house.target(RoleRecord.self, roleName, call)
  }

  package func questions(_ subject: EntityTarget<RoleRecord>, _ call: AuthenticatedCall) -> [Question] {
    [subject.question("iam:GetRole")]
  }

  package func perform(
    _ call: AuthorizedCall<GetRole>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let role = try call.subject.existing().record
    let trustPolicy = try await house.trustPolicyText(of: role)
    return Proposal(result: ResponseStructure(["Role": .structure(role.response(trustPolicy))]))
  }
}
