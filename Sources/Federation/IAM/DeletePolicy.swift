// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, DeletePolicy: only a policy that nobody uses, with its default version alone.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:DeletePolicy`.
package struct DeletePolicy: TargetedAction {
  package static let service = ServiceName.iam
  package static let name = "DeletePolicy"
  package static let isReadOnly = false

  package let target: PolicyAction

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    target = try PolicyAction(&parameters, "iam:DeletePolicy")
  }

  package var requestParameters: JSONValue? { .strings(["policyArn": target.arn.text]) }

  package func perform(
    _ call: AuthorizedCall<DeletePolicy>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let stored = try target.changeable(call.subject, call.authenticated)
    let usage = try await house.usage(ofPolicy: target.arn.text, in: call.account)
    guard usage == PolicyUsage() else {
      throw .deleteConflict("Cannot delete a policy attached to entities.")
    }
    let versions = try await house.versions(of: stored.record)
    guard versions.count <= 1 else {
      throw .deleteConflict(
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
          + "The default version is deleted with the policy."
      )
    }
    return try house.propose { change in
      // INVARIANT: whoever uses a policy finds it. Attaching requires the revision of the policy's record and writes a
      // `PolicyAttachment`; deleting requires that there is none and removes the record, each within its transaction.
      // So of two at once the first to be written wins: after an attachment this requirement fails, and the call is
      // decided anew as a conflict; after the removal the attachment's requirement fails, and there is no such policy.
      for use in [PolicyAttachmentRecord.Use.policy, .boundary] {
        change.writes.append(
          .requireNone(
            PolicyAttachmentRecord.kind,
            prefix: PolicyAttachmentRecord.prefix(call.account, policy: target.arn.text, use)
          )
        )
      }
      // A version that comes meanwhile is a new revision of the policy.
      for version in versions { change.delete(version) }
      change.delete(stored)
      return (nil, nil)
    }
  }
}
