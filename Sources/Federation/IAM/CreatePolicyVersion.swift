// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, CreatePolicyVersion: a new document for a managed policy, in force at once or not.

package import AWSProtocols
package import IdentityModel
import PolicyEngine
package import StrictJSON

/// The most versions of a managed policy.
///
/// Source: IAM quotas, VersionsPerPolicyQuota.
let versionsPerPolicy = 5

/// `iam:CreatePolicyVersion`.
package struct CreatePolicyVersion: TargetedAction {
  package static let service = ServiceName.iam
  package static let name = "CreatePolicyVersion"
  package static let isReadOnly = false

  package let target: PolicyAction
  private let policyDocument: String
  private let setAsDefault: Bool

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    policyDocument = parameters.policyDocument()
    setAsDefault = parameters.optionalBoolean("SetAsDefault") ?? false
    target = try PolicyAction(&parameters, "iam:CreatePolicyVersion")
  }

  package var requestParameters: JSONValue? {
    .object(
      JSONObject([
        .init("policyArn", .string(target.arn.text)), .init("policyDocument", .string(policyDocument)),
        .init("setAsDefault", .bool(setAsDefault)),
      ])
    )
  }

  package func perform(
    _ call: AuthorizedCall<CreatePolicyVersion>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    try house.checkManagedPolicy(policyDocument, for: "policy `\(target.arn.text)`")
    let stored = try target.changeable(call.subject, call.authenticated)
    guard try await house.versions(of: stored.record).count < versionsPerPolicy else {
      throw .limitExceeded(
        "A managed policy can have up to \(versionsPerPolicy) versions. Before you create a new version, "
          + "you must delete an existing version."
      )
    }
    var record = stored.record
    record.latestVersion += 1
    record.updateDate = call.now
    if setAsDefault { record.defaultVersion = record.latestVersion }
    let version = PolicyVersionRecord(
      number: record.latestVersion,
      policyDocument: policyDocument,
      createDate: call.now
    )
    return try house.propose { change in
      // The number of versions is decided against the policy's revision, and so is everything that it allows.
      try change.replace(stored, with: record, account: call.account)
      try change.create(
        version,
        id: PolicyVersionRecord.id(call.account, record.policyName, version.number),
        account: call.account
      )
      return (
        ResponseStructure([
          "PolicyVersion": .structure(
            PolicyVersionSummary(version, of: record).response(withDocument: false)
          )
        ]),
        .object(
          JSONObject([
            .init(
              "policyVersion",
              .object(
                JSONObject([
                  .init("versionId", .string(version.versionID)),
                  .init("isDefaultVersion", .bool(setAsDefault)),
                  .init("createDate", .string(call.now.cloudTrailElementForm)),
                ])
              )
            )
          ])
        )
      )
    }
  }
}
