// SPDX-License-Identifier: Apache-2.0
//
// Which managed policy an IAM action is about: one of the account, one of AWS, or none. It is read once; policy judges it
// and the action works on the same. Also how IAM answers policies and their versions.

import AWSProtocols
package import IdentityModel
import PolicyEngine

/// The managed policy that an action names.
package enum PolicyTarget: ActionSubject {
  /// One of the caller's account.
  case customer(Stored<ManagedPolicyRecord>)
  /// One that every account has and nobody changes.
  case aws(AWSManagedPolicy)
  /// An ARN that no policy of the caller's account has.
  case absent

  package var requirements: [Change.Write] {
    switch self {
    case .customer(let policy): [policy.isUnchanged]
    // Nothing is written about either.
    case .aws, .absent: []
    }
  }

  /// The tags as condition keys.
  var tagContext: [Question.ContextEntry] {
    if case .customer(let policy) = self { policy.record.tagContext } else { [] }
  }
}

/// The action `action` on the managed policy `arn`.
package struct PolicyAction: ActionTarget {
  let arn: ResourceARN
  let action: String

  /// Reads `PolicyArn`; the reader's other findings come first.
  init(_ parameters: inout ParameterReader, _ action: String) throws(ServiceError) {
    let text = parameters.requiredString("PolicyArn", length: 20...2048)
    try parameters.check()
    self.arn = try ResourceARN(text, type: "policy")
    self.action = action
  }

  /// Reads the policy.
  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> PolicyTarget {
    if let policy = AWSManagedPolicy(arn: arn.text) { return .aws(policy) }
    guard arn.account == call.account else { return .absent }
    let stored = try await house.read { try await $0.managedPolicyRecord(arn.text) }
    return stored.map { .customer($0) } ?? .absent
  }

  /// The one question to policy.
  package func questions(_ subject: PolicyTarget) -> [Question] {
    [arn.question(action, context: subject.tagContext)]
  }

  /// The policy of the account; throws NoSuchEntity when there is none, and AccessDenied for AWS's own.
  func changeable(_ subject: PolicyTarget, _ call: AuthenticatedCall) throws(ServiceError) -> Stored<
    ManagedPolicyRecord
  > {
    switch subject {
    case .customer(let policy): return policy
    case .absent: throw notFound
    case .aws:
      throw .accessDenied(
        principalARN: call.caller.principal.arn.description,
        action: action,
        resource: arn.text,
        decision: .allow(by: [])
      )
    }
  }

  /// That there is no such policy, in AWS's recorded words.
  var notFound: ServiceError { .noSuchEntity("Policy \(arn.text) was not found.") }

  /// That there is no such version, or no such policy.
  func versionNotFound(_ versionID: String) -> ServiceError {
    .noSuchEntity("Policy \(arn.text) version \(versionID) does not exist or is not attachable.")
  }

  /// The version `versionID` of `policy`; throws NoSuchEntity when there is none.
  func version(
    _ versionID: String,
    of policy: Stored<ManagedPolicyRecord>,
    _ house: House
  ) async throws(ServiceError) -> Stored<PolicyVersionRecord> {
    let record = policy.record
    // `v1.x` is well-formed, and nothing has such an id.
    guard let number = Int(versionID.dropFirst()), number <= record.latestVersion else {
      throw versionNotFound(versionID)
    }
    let id = PolicyVersionRecord.id(record.account, record.policyName, number)
    guard let version = try await house.read({ try await $0.record(PolicyVersionRecord.self, at: id) }) else {
      throw versionNotFound(versionID)
    }
    return version
  }
}

extension House {
  /// The versions of `policy`, the oldest first.
  func versions(
    of policy: ManagedPolicyRecord
  ) async throws(ServiceError) -> [Stored<PolicyVersionRecord>] {
    let prefix = PolicyVersionRecord.prefix(policy.account, policy.policyName)
    return try await read { try await $0.allRecords(PolicyVersionRecord.self, prefix: prefix) }
  }

  /// How the policy `arn` is used in `account`.
  func usage(ofPolicy arn: String, in account: AccountID) async throws(ServiceError) -> PolicyUsage {
    try await read { directory in
      PolicyUsage(
        attachments: try await directory.count(
          of: PolicyAttachmentRecord.self,
          prefix: PolicyAttachmentRecord.prefix(account, policy: arn, .policy)
        ),
        boundaries: try await directory.count(
          of: PolicyAttachmentRecord.self,
          prefix: PolicyAttachmentRecord.prefix(account, policy: arn, .boundary)
        )
      )
    }
  }
}

/// How many identities use a managed policy.
struct PolicyUsage: Hashable, Sendable {
  /// As a permissions policy.
  var attachments = 0
  /// As a permissions boundary.
  var boundaries = 0
}

/// A managed policy as IAM answers it, whoever made it.
///
/// Source: IAM API, `Policy` and `ManagedPolicyDetail`.
struct PolicySummary: Sendable {
  let name: String
  let policyID: String
  let arn: String
  let path: String
  let defaultVersionID: String
  let createDate: Instant
  let updateDate: Instant
  let description: String?
  let tags: [Tag]

  init(_ record: ManagedPolicyRecord) {
    name = record.policyName
    policyID = record.policyID
    arn = record.arn.description
    path = record.path
    defaultVersionID = "v\(record.defaultVersion)"
    createDate = record.createDate
    updateDate = record.updateDate
    description = record.description
    tags = record.tags
  }

  init(_ policy: AWSManagedPolicy) {
    name = policy.name
    policyID = policy.policyID
    arn = policy.arn
    path = "/"
    defaultVersionID = "v1"
    createDate = AWSManagedPolicy.createDate
    updateDate = AWSManagedPolicy.createDate
    description = policy.description
    tags = []
  }

  /// The members that every answer has; lists leave description and tags out.
  func response(_ usage: PolicyUsage) -> ResponseStructure {
    ResponseStructure([
      "PolicyName": .string(name), "PolicyId": .string(policyID), "Arn": .string(arn), "Path": .string(path),
      "DefaultVersionId": .string(defaultVersionID), "AttachmentCount": .integer(Int64(usage.attachments)),
      "PermissionsBoundaryUsageCount": .integer(Int64(usage.boundaries)), "IsAttachable": .boolean(true),
      "CreateDate": .timestamp(createDate, milliseconds: false),
      "UpdateDate": .timestamp(updateDate, milliseconds: false),
    ])
  }
}

/// A version of a managed policy as IAM answers it.
///
/// Source: IAM API, `PolicyVersion`.
struct PolicyVersionSummary: Sendable {
  let versionID: String
  let isDefault: Bool
  let createDate: Instant
  let document: String

  init(_ version: PolicyVersionRecord, of policy: ManagedPolicyRecord) {
    versionID = version.versionID
    isDefault = version.number == policy.defaultVersion
    createDate = version.createDate
    document = version.policyDocument
  }

  /// The only version of a policy of AWS.
  init(onlyOf policy: AWSManagedPolicy) {
    versionID = "v1"
    isDefault = true
    createDate = AWSManagedPolicy.createDate
    document = policy.text
  }

  /// The version, with its document or, as in lists, without.
  func response(withDocument: Bool) -> ResponseStructure {
    ResponseStructure([
      "Document": withDocument ? .string(urlEncoded(document)) : nil, "VersionId": .string(versionID),
      "IsDefaultVersion": .boolean(isDefault), "CreateDate": .timestamp(createDate, milliseconds: false),
    ])
  }
}
