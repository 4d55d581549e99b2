// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, UpdateAssumeRolePolicy: who may assume the role from now on. Sessions that exist stay.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:UpdateAssumeRolePolicy`.
package struct UpdateAssumeRolePolicy: Action {
  package static let service = ServiceName.iam
  package static let name = "UpdateAssumeRolePolicy"
  package static let isReadOnly = false

  private let policyDocument: String
  private let roleName: String

  package init(_ parameters: inout ParameterReader) {
    policyDocument = parameters.requiredString(
      "PolicyDocument",
      length: 1...131_072,
      pattern: .policyDocument
    )
    roleName = parameters.requiredString("RoleName", length: 1...64, pattern: .name)
  }

  package var requestParameters: JSONValue? {
    .strings(["roleName": roleName, "policyDocument": policyDocument])
  }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> EntityTarget<
    RoleRecord
  > {
    try await house.target(RoleRecord.self, roleName, call)
  }

  package func questions(_ subject: EntityTarget<RoleRecord>, _ call: AuthenticatedCall) -> [Question] {
    [subject.question("iam:UpdateAssumeRolePolicy")]
  }

  package func perform(
    _ call: AuthorizedCall<UpdateAssumeRolePolicy>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let trust = try await house.trustPolicy(policyDocument, of: roleName)
    let stored = try call.subject.existing()
    var role = stored.record
    role.assumeRolePolicyDocument = trust.text
    role.trustedPrincipalIDs = trust.principalIDs
    return try house.propose { change in
      try change.replace(stored, with: role, account: call.account)
      return (nil, nil)
    }
  }
}
