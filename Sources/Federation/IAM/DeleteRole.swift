// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, DeleteRole: only a role that is in no instance profile and has no policies. Its sessions end with it.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:DeleteRole`.
package struct DeleteRole: Action {
  package static let service = ServiceName.iam
  package static let name = "DeleteRole"
  package static let isReadOnly = false

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
    [subject.question("iam:DeleteRole")]
  }

  package func perform(
    _ call: AuthorizedCall<DeleteRole>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    // Whatever puts the role somewhere, or a policy on it, changes its revision: what is empty here is empty when the
    // role is deleted.
    let role = try call.subject.existing()
    let isInProfile = try await house.read { directory in
      let prefix = RoleInstanceProfileRecord.prefix(call.account, role: roleName)
      return try await directory.count(of: RoleInstanceProfileRecord.self, prefix: prefix, limit: 1) > 0
    }
    guard !isInProfile else {
      throw .deleteConflict("Cannot delete entity, must remove roles from instance profile first.")
    }
    guard role.record.attachedPolicies.isEmpty else {
      throw .deleteConflict("Cannot delete entity, must detach all policies first.")
    }
    let hasPolicies = try await house.read { directory in
      let prefix = InlinePolicyRecord.prefix(.role, call.account, roleName)
      return try await directory.count(of: InlinePolicyRecord.self, prefix: prefix, limit: 1) > 0
    }
    guard !hasPolicies else {
      throw .deleteConflict("Cannot delete entity, must delete policies first.")
    }
    let boundaryUse = try await house.policyUse(asBoundaryOf: role.record)
    return try house.propose { change in
      change.delete(role)
      if let boundaryUse { change.delete(boundaryUse.stored) }
      return (nil, nil)
    }
  }
}
