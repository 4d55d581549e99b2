// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, DeletePolicyVersion: any version but the default.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:DeletePolicyVersion`.
package struct DeletePolicyVersion: TargetedAction {
  package static let service = ServiceName.iam
  package static let name = "DeletePolicyVersion"
  package static let isReadOnly = false

  package let target: PolicyAction
  private let versionID: String

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    versionID = parameters.policyVersionID()
    target = try PolicyAction(&parameters, "iam:DeletePolicyVersion")
  }

  package var requestParameters: JSONValue? {
    .strings(["policyArn": target.arn.text, "versionId": versionID])
  }

  package func perform(
    _ call: AuthorizedCall<DeletePolicyVersion>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let stored = try target.changeable(call.subject, call.authenticated)
    let version = try await target.version(versionID, of: stored, house)
    guard version.record.number != stored.record.defaultVersion else {
      throw .deleteConflict("Cannot delete the default version of a policy.")
    }
    return try house.propose { change in
      // The policy must still be of the revision that was read, so the version has not become the default.
      change.delete(version)
      return (nil, nil)
    }
  }
}
