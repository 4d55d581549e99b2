// SPDX-License-Identifier: Apache-2.0
//
// The boundary of a user or role that is being made: a managed policy that exists, and stays while it is used.

import IdentityModel

/// A managed policy that a user or role may have as its boundary.
struct BoundaryPolicy: Sendable {
  /// The ARN.
  let arn: String
  /// The record; `nil` for a policy that every account has without making it.
  fileprivate let stored: Stored<ManagedPolicyRecord>?
}

extension House {
  /// The policy `arn`, which must be one that `account` may use.
  ///
  /// Throws ValidationError when it is no ARN, NoSuchEntity when there is no such policy.
  func boundaryPolicy(_ arn: String, for account: AccountID) async throws(ServiceError) -> BoundaryPolicy {
    guard ARN(arn) != nil else { throw .invalidARN }
    if AWSManagedPolicy(arn: arn) != nil { return BoundaryPolicy(arn: arn, stored: nil) }
    guard let stored = try await read({ try await $0.managedPolicyRecord(arn) }),
      stored.record.account == account
    else { throw .noSuchEntity("Scope ARN: \(arn) does not exist or is not attachable.") }
    return BoundaryPolicy(arn: arn, stored: stored)
  }

  /// The way from the boundary of `entity` to it, which goes when the entity or the boundary goes; `nil` without one.
  func boundaryUse<Entity: BoundedEntity>(
    of entity: Entity
  ) async throws(ServiceError) -> Stored<PolicyAttachmentRecord>? {
    guard let arn = entity.permissionsBoundary else { return nil }
    let id = PolicyAttachmentRecord.id(of: entity, policy: arn, .boundary)
    return try await read { try await $0.record(PolicyAttachmentRecord.self, at: id) }
  }
}

extension Change {
  /// Adds what must be there besides `entity` when `policy` is its boundary: the way from the policy to it, and a new
  /// revision of the policy, so that nobody deletes it meanwhile.
  mutating func use<Entity: BoundedEntity>(
    _ policy: BoundaryPolicy,
    asBoundaryOf entity: Entity
  ) throws(StoreError) {
    let id = PolicyAttachmentRecord.id(of: entity, policy: policy.arn, .boundary)
    try create(PolicyAttachmentRecord(entity), id: id, account: entity.account)
    guard let stored = policy.stored else { return }
    try replace(stored, with: stored.record, account: stored.record.account)
  }
}

extension ServiceError {
  /// A parameter that is to be an ARN and is none.
  ///
  /// Source: responses recorded from IAM.
  static var invalidARN: ServiceError { .validationError("Invalid ARN:  Could not be parsed!") }
}
