// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, SetDefaultPolicyVersion: which version of a managed policy is in force, for everybody who has it.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:SetDefaultPolicyVersion`.
package struct SetDefaultPolicyVersion: TargetedAction {
  package static let service = ServiceName.iam
  package static let name = "SetDefaultPolicyVersion"
  package static let isReadOnly = false

  package let target: PolicyAction
  private let versionID: String

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    versionID = parameters.policyVersionID()
    target = try PolicyAction(&parameters, "iam:SetDefaultPolicyVersion")
  }

  package var requestParameters: JSONValue? {
    .strings(["policyArn": target.arn.text, "versionId": versionID])
  }

  package func perform(
    _ call: AuthorizedCall<SetDefaultPolicyVersion>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let stored = try target.changeable(call.subject, call.authenticated)
    let version = try await target.version(versionID, of: stored, house)
    var record = stored.record
    record.defaultVersion = version.record.number
    return try house.propose { change in
      // INVARIANT: a policy's default version exists: the version is required, and removing it requires the policy.
      change.writes.append(version.isUnchanged)
      try change.replace(stored, with: record, account: call.account)
      return (nil, nil)
    }
  }
}
