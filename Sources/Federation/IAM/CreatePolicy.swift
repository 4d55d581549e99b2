// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, CreatePolicy: a managed policy with its first version, and what every version is held to.

package import AWSProtocols
package import IdentityModel
import PolicyEngine
package import StrictJSON

/// `iam:CreatePolicy`.
package struct CreatePolicy: Action {
  package static let service = ServiceName.iam
  package static let name = "CreatePolicy"
  package static let isReadOnly = false

  private let description: String?
  private let path: String
  private let policyDocument: String
  private let policyName: String
  private let tags: [Tag]

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    description = parameters.optionalString("Description", length: 0...1000)
    path = parameters.optionalString("Path", length: 1...512, pattern: .policyPath) ?? "/"
    policyDocument = parameters.policyDocument()
    policyName = parameters.requiredString("PolicyName", length: 1...128, pattern: .name)
    tags = parameters.tagList()
    try parameters.check()
    try tags.requireDistinctKeys()
  }

  package var requestParameters: JSONValue? {
    var members = [
      JSONObject.Member("path", .string(path)), JSONObject.Member("policyName", .string(policyName)),
      JSONObject.Member("policyDocument", .string(policyDocument)),
    ]
    members += JSONObject.Member.ifPresent("description", description)
    if !tags.isEmpty { members.append(.init("tags", .tags(tags))) }
    return .object(JSONObject(members))
  }

  package func questions(_ subject: NoSubject, _ call: AuthenticatedCall) -> [Question] {
    let resource = ARN(service: "iam", account: call.account, resource: "policy\(path)\(policyName)")
    let context = tags.requestContext
    let actions = tags.isEmpty ? ["iam:CreatePolicy"] : ["iam:CreatePolicy", "iam:TagPolicy"]
    return actions.map { Question(action: $0, resource: resource.description, context: context) }
  }

  package func perform(
    _ call: AuthorizedCall<CreatePolicy>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    try house.checkManagedPolicy(policyDocument, for: "policy `\(policyName)`")
    let id = ManagedPolicyRecord.id(call.account, policyName)
    guard try await house.read({ try await $0.record(ManagedPolicyRecord.self, at: id) }) == nil else {
      throw .entityAlreadyExists(
        "A policy called \(policyName) already exists. Duplicate names are not allowed."
      )
    }
    let room = try await house.room(for: ManagedPolicyRecord.self, .policies, in: call.account)
    let policy = ManagedPolicyRecord(
      account: call.account,
      path: path,
      policyName: policyName,
      policyID: house.entropy.uniqueID(prefix: "ANPA"),
      description: description,
      createDate: call.now,
      updateDate: call.now,
      defaultVersion: 1,
      latestVersion: 1,
      tags: tags
    )
    return try house.propose { change in
      try room.take(in: &change)
      try change.create(policy, id: id, account: call.account)
      try change.create(
        PolicyVersionRecord(number: 1, policyDocument: policyDocument, createDate: call.now),
        id: PolicyVersionRecord.id(call.account, policyName, 1),
        account: call.account
      )
      let summary = PolicySummary(policy)
      var response = summary.response(PolicyUsage())
      if !tags.isEmpty { response.append("Tags", tags.response) }
      return (
        ResponseStructure(["Policy": .structure(response)]),
        .object(
          JSONObject([
            .init(
              "policy",
              .strings([
                "policyName": policyName, "policyId": policy.policyID, "arn": summary.arn, "path": path,
                "defaultVersionId": "v1", "createDate": call.now.cloudTrailElementForm,
              ]) ?? .null
            )
          ])
        )
      )
    }
  }
}

extension ParameterReader {
  /// `PolicyDocument`: what the model allows; the quotas are the actions' own.
  mutating func policyDocument() -> String {
    requiredString("PolicyDocument", length: 1...131_072, pattern: .policyDocument)
  }
}

/// The most characters of a managed policy, white space not counted.
///
/// Source: IAM quotas.
let managedPolicySize = 6144

/// The same with white space: what is stored, matched and recorded stays small, however it is laid out.
private let managedPolicyBytes = 30_720

extension House {
  /// Throws MalformedPolicyDocument when `text` is no managed policy, and LimitExceeded when it is too long.
  ///
  /// `place` says in the log what it was to be.
  func checkManagedPolicy(_ text: String, for place: String) throws(ServiceError) {
    // A managed policy may be attached, and it may be a boundary: it is held to what both must be.
    _ = try policyDocument(text, .boundary, for: place)
    guard countedCharacters(text) <= managedPolicySize, text.utf8.count <= managedPolicyBytes else {
      throw .limitExceeded("Cannot exceed quota for PolicySize: \(managedPolicySize)")
    }
  }
}
