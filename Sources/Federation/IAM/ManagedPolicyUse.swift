// SPDX-License-Identifier: Apache-2.0
//
// The use of a managed policy by an identity, attached or as its boundary: which ARNs may be named, and the record by
// which the use is found from the policy. Knows no action.

import IdentityModel

/// A managed policy that identities of an account may use.
struct UsablePolicy: Sendable {
  /// The ARN.
  let arn: String
  /// The record; `nil` for a policy of AWS, which nobody can delete.
  fileprivate let stored: Stored<ManagedPolicyRecord>?
}

/// That an identity uses a managed policy.
struct PolicyUse: Sendable {
  /// The policy.
  let arn: String
  /// How.
  let use: PolicyAttachmentRecord.Use
  /// The record that says so.
  let stored: Stored<PolicyAttachmentRecord>
}

/// The ARN of a managed policy in its parts.
struct ManagedPolicyName: Sendable {
  /// The ARN.
  let arn: String
  /// The account, or `aws`.
  let owner: String
  /// `/` or `/…/`.
  let path: String
  /// The name.
  let name: String

  /// Takes `arn` apart; `nil` when it is not of the form `arn:aws:iam::A:policy/path/name`.
  init?(_ arn: String) {
    guard let parts = ARN(arn)?.parts, parts[1].utf8.elementsEqual("aws".utf8),
      parts[2].utf8.elementsEqual("iam".utf8), parts[3].isEmpty,
      parts[5].utf8.starts(with: "policy/".utf8),
      let slash = parts[5].utf8.lastIndex(of: UInt8(ascii: "/"))
    else { return nil }
    self.arn = arn
    self.owner = String(parts[4])
    self.path = String(parts[5][...slash].dropFirst("policy".utf8.count))
    self.name = String(parts[5][slash...].dropFirst())
    guard !name.isEmpty else { return nil }
  }
}

/// Passes when `arn` is an ARN of this partition, whatever it names.
///
/// Throws ValidationError. Source: responses recorded from IAM; IAM's notice of 2024 on the validation of ARNs.
func requirePolicyARN(_ arn: String) throws(ServiceError) {
  guard let parts = ARN(arn)?.parts else { throw .invalidARN }
  guard parts[1].utf8.elementsEqual("aws".utf8) else { throw .validationError("Invalid ARN partition") }
}

extension ServiceError {
  /// A parameter that is to be an ARN and is none.
  ///
  /// Source: responses recorded from IAM.
  static var invalidARN: ServiceError { .validationError("Invalid ARN:  Could not be parsed!") }
}

extension House {
  /// The managed policy `arn`, for an identity of `account`; `nil` when there is none.
  ///
  /// Throws InvalidInput for what cannot be a policy of AWS or of `account`: what others own is none of its business.
  func usablePolicy(_ arn: String, in account: AccountID) async throws(ServiceError) -> UsablePolicy? {
    guard let owner = ManagedPolicyName(arn)?.owner.utf8,
      owner.elementsEqual("aws".utf8) || owner.elementsEqual(account.description.utf8)
    else {
      throw ServiceError(code: "InvalidInput", httpStatus: 400, message: "ARN \(arn) is not valid.")
    }
    if let known = AWSManagedPolicy(arn: arn) { return UsablePolicy(arn: known.arn, stored: nil) }
    guard let stored = try await read({ try await $0.managedPolicyRecord(arn) }) else { return nil }
    return UsablePolicy(arn: arn, stored: stored)
  }

  /// The managed policy `arn` as a permissions boundary; throws NoSuchEntity when there is none.
  func usableBoundary(_ arn: String, in account: AccountID) async throws(ServiceError) -> UsablePolicy {
    guard let policy = try await usablePolicy(arn, in: account) else {
      throw .noSuchEntity("Scope ARN: \(arn) does not exist or is not attachable.")
    }
    return policy
  }

  /// The record that says that `entity` uses the policy `arn`; `nil` when there is none.
  ///
  /// Where the identity says that it uses the policy there is one, unless the identity has changed since: then the
  /// change, which insists on the identity's revision, is not made.
  func policyUse<Entity: IAMEntity>(
    _ use: PolicyAttachmentRecord.Use,
    of arn: String,
    by entity: Entity
  ) async throws(ServiceError) -> PolicyUse? {
    let id = PolicyAttachmentRecord.id(of: entity, policy: arn, use)
    let stored = try await read { try await $0.record(PolicyAttachmentRecord.self, at: id) }
    return stored.map { PolicyUse(arn: arn, use: use, stored: $0) }
  }

  /// The use of a policy as the boundary of `entity`; `nil` without a boundary.
  func policyUse<Entity: IAMEntity>(
    asBoundaryOf entity: Entity
  ) async throws(ServiceError) -> PolicyUse? {
    guard let arn = entity.boundaryARN else { return nil }
    return try await policyUse(.boundary, of: arn, by: entity)
  }

  /// Every use of a managed policy by `entity`: what is attached, and its boundary.
  func policyUses<Entity: IAMEntity>(by entity: Entity) async throws(ServiceError) -> [PolicyUse] {
    var uses: [PolicyUse] = []
    for arn in entity.attachedPolicies {
      if let use = try await policyUse(.policy, of: arn, by: entity) { uses.append(use) }
    }
    if let boundary = try await policyUse(asBoundaryOf: entity) { uses.append(boundary) }
    return uses
  }
}

extension Change {
  /// Adds that `entity`, whose own write stands beside this one, uses `policy`.
  ///
  /// INVARIANT: no policy is deleted while it is used, in whatever order a use and a deletion come. This write requires
  /// the policy's record; a deletion (`DeletePolicy`) requires that no record of a use is there. Whichever comes second
  /// fails on the first one and is decided anew.
  mutating func add<Entity: IAMEntity>(
    _ policy: UsablePolicy,
    to entity: Entity,
    _ use: PolicyAttachmentRecord.Use
  ) throws(StoreError) {
    if let stored = policy.stored { writes.append(stored.isUnchanged) }
    try create(
      PolicyAttachmentRecord(entity),
      id: PolicyAttachmentRecord.id(of: entity, policy: policy.arn, use),
      account: entity.account
    )
  }
}

extension IAMEntity {
  /// The ARN of the boundary; `nil` without one, and for a group.
  var boundaryARN: String? { (self as? any BoundedEntity)?.permissionsBoundary }
}

extension EntityTarget {
  /// The boundary of the target as a condition key, `iam:PermissionsBoundary`; none without a boundary.
  var boundaryContext: [Question.ContextEntry] {
    guard case .existing(let entity) = self, let arn = entity.record.boundaryARN else { return [] }
    return [.init("iam:PermissionsBoundary", arn)]
  }
}
