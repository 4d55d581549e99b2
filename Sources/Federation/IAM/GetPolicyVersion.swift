// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, GetPolicyVersion: the document of a version, byte for byte as it was put, URL-encoded.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:GetPolicyVersion`.
package struct GetPolicyVersion: TargetedAction {
  package static let service = ServiceName.iam
  package static let name = "GetPolicyVersion"
  package static let isReadOnly = true

  package let target: PolicyAction
  private let versionID: String

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    versionID = parameters.policyVersionID()
    target = try PolicyAction(&parameters, "iam:GetPolicyVersion")
  }

  package var requestParameters: JSONValue? {
    .strings(["policyArn": target.arn.text, "versionId": versionID])
  }

  package func perform(
    _ call: AuthorizedCall<GetPolicyVersion>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let summary: PolicyVersionSummary
    switch call.subject {
    case .customer(let stored):
      let version = try await target.version(versionID, of: stored, house)
      summary = PolicyVersionSummary(version.record, of: stored.record)
    case .aws(let known):
      summary = PolicyVersionSummary(onlyOf: known)
      guard versionID.utf8.elementsEqual(summary.versionID.utf8) else {
        throw target.versionNotFound(versionID)
      }
    case .absent:
      throw target.versionNotFound(versionID)
    }
    return Proposal(
      result: ResponseStructure(["PolicyVersion": .structure(summary.response(withDocument: true))])
    )
  }
}

extension ParameterReader {
  /// `VersionId`.
  mutating func policyVersionID() -> String {
    // The model sets no length; no number that fits 64 bits is longer.
    requiredString("VersionId", length: 1...64, pattern: .policyVersionID)
  }
}
