// SPDX-License-Identifier: Apache-2.0
//
// An identity under another name: its record and everything that stands below its name move in one change. The unique
// id stays, and with it everything that is bound to the identity and not to its name.

import IdentityModel

extension House {
  /// The change that puts `renamed` in the place of `entity`, and moves its inline policies and its uses of managed
  /// policies; throws EntityAlreadyExists when another identity has the name.
  ///
  /// INVARIANT: whatever is added below a name writes the record of its owner. So nothing can be added here after it was
  /// read and before the change is made: the change insists on the revision of `entity`.
  func move<Entity: IAMEntity>(
    _ entity: Stored<Entity>,
    to renamed: Entity
  ) async throws(ServiceError) -> Change {
    let (former, account, kind) = (entity.record, entity.record.account, Entity.entityKind)
    let id = Entity.id(account, renamed.name)
    if id != entity.key.id, try await read({ try await $0.record(Entity.self, at: id) }) != nil {
      throw .entityAlreadyExists("\(kind.rawValue) with name \(renamed.name) already exists.")
    }
    let prefix = InlinePolicyRecord.prefix(kind, account, former.name)
    let policies = try await read { try await $0.allRecords(InlinePolicyRecord.self, prefix: prefix) }
    let uses = try await policyUses(by: former)
    var change = Change()
    do {
      try change.move(entity, to: id, as: renamed, account: account)
      guard !former.name.utf8.elementsEqual(renamed.name.utf8) else { return change }
      let newPrefix = InlinePolicyRecord.prefix(kind, account, renamed.name)
      for policy in policies {
        let name = policy.record.policyName
        try change.move(policy, to: newPrefix + name, as: policy.record, account: account)
      }
      for use in uses {
        let useID = PolicyAttachmentRecord.id(of: renamed, policy: use.arn, use.use)
        try change.move(use.stored, to: useID, as: PolicyAttachmentRecord(renamed), account: account)
      }
    } catch {
      throw diagnostics.serviceError("encode a change", error)
    }
    return change
  }
}

extension Change {
  /// Adds the replacement of `stored` by `record` at `id`, where no other record may stand.
  mutating func move<Record: DirectoryRecord>(
    _ stored: Stored<Record>,
    to id: String,
    as record: Record,
    account: AccountID
  ) throws(StoreError) {
    guard id != stored.key.id else { return try replace(stored, with: record, account: account) }
    delete(stored)
    try create(record, id: id, account: account)
  }
}
