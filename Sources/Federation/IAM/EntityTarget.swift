// SPDX-License-Identifier: Apache-2.0
//
// Which user, group or role an IAM action is about. It is read once; policy judges it and the action works on the
// same. Shared by every action that names one.

package import IdentityModel

/// The identity that an action names.
package enum EntityTarget<Entity: IAMEntity>: ActionSubject {
  /// One of the caller's account.
  case existing(Stored<Entity>)
  /// A name that none of this kind in the caller's account has.
  case absent(String, of: AccountID)

  package var requirements: [Change.Write] {
    switch self {
    case .existing(let entity): [entity.isUnchanged]
    case .absent(let name, let account): [.require(Entity.key(account, name), .absent)]
    }
  }

  /// The name.
  var name: String {
    switch self {
    case .existing(let entity): entity.record.name
    case .absent(let name, _): name
    }
  }

  /// The question to policy: whether the caller may do `action` to the target.
  ///
  /// The resource is the target's own ARN, or the one that it would have at the root path when there is none. Its tags
  /// are condition keys, and so is `context`.
  func question(_ action: String, context: [Question.ContextEntry] = []) -> Question {
    switch self {
    case .existing(let entity):
      return Question(
        action: action,
        resource: entity.record.arn.description,
        context: entity.record.tagContext + context
      )
    case .absent(let name, let account):
      let arn = ARN(service: "iam", account: account, resource: "\(Entity.entityKind.word)/\(name)")
      return Question(action: action, resource: arn.description, context: context)
    }
  }

  /// The identity; throws NoSuchEntity when there is none.
  @discardableResult
  func existing() throws(ServiceError) -> Stored<Entity> {
    switch self {
    case .existing(let entity): entity
    case .absent(let name, _):
      throw .noSuchEntity("The \(Entity.entityKind.word) with name \(name) cannot be found.")
    }
  }

  /// Adds a write that changes nothing of the target but its revision, so that changes below it meet there.
  func touch(in change: inout Change) throws(StoreError) {
    guard case .existing(let entity) = self else { return }
    try change.replace(entity, with: entity.record, account: entity.record.account)
  }
}

extension House {
  /// The identity `name` of the caller's account.
  func target<Entity: IAMEntity>(
    _ type: Entity.Type,
    _ name: String,
    _ call: AuthenticatedCall
  ) async throws(ServiceError) -> EntityTarget<Entity> {
    let found = try await read { try await $0.entity(type, name, of: call.account) }
    return found.map { .existing($0) } ?? .absent(name, of: call.account)
  }
}

extension DirectoryRecord {
  /// The tags of the record as condition keys: `aws:ResourceTag/k` and `iam:ResourceTag/k`.
  var tagContext: [Question.ContextEntry] {
    guard let tagged = self as? any TaggedRecord else { return [] }
    return tagged.tags.flatMap { tag in
      ["aws:ResourceTag/\(tag.key)", "iam:ResourceTag/\(tag.key)"].map { .init($0, tag.value) }
    }
  }
}

extension [Tag] {
  /// The tags of a request as condition keys: `aws:RequestTag/k` and `aws:TagKeys`; none for no tags.
  var requestContext: [Question.ContextEntry] {
    guard !isEmpty else { return [] }
    return map { .init("aws:RequestTag/\($0.key)", $0.value) } + [.init("aws:TagKeys", values: map(\.key))]
  }
}
