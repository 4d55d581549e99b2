// SPDX-License-Identifier: Apache-2.0
//
// Policies as the directory holds them: inline, managed with their versions, and where managed ones are attached.
// Shapes and ids only; rules live in the actions.

package import IdentityModel

/// An inline policy of a user, a group or a role.
///
/// Id: `account/user/name/policy`, the name in lower case, the policy's as it is spelled. The revision of the identity
/// changes with each of its inline policies.
package struct InlinePolicyRecord: DirectoryRecord {
  package static let kind = RecordKind("InlinePolicy")

  /// The policy's name.
  package let policyName: String
  /// The document, byte for byte as it was put.
  package let policyDocument: String

  /// The prefix of the ids of the inline policies of the identity `name`.
  package static func prefix(_ owner: IAMEntityKind, _ account: AccountID, _ name: String) -> String {
    "\(account)/\(owner.word)/\(asciiLowercased(name))/"
  }
}

/// A customer-managed policy.
///
/// Id: `account/name`, the name in lower case: names are unique in the account whatever their paths. Its revision
/// changes with its default version.
package struct ManagedPolicyRecord: TaggedRecord {
  package static let kind = RecordKind("ManagedPolicy")

  /// The account.
  package let account: AccountID
  /// `/` or `/…/`.
  package let path: String
  /// The name as it was spelled at creation.
  package let policyName: String
  /// `ANPA…`.
  package let policyID: String
  /// The description.
  package let description: String?
  /// When it was made.
  package let createDate: Instant
  /// When it last got a version.
  package var updateDate: Instant
  /// The number of the version in force: 1 for `v1`.
  package var defaultVersion: Int
  /// The number of the newest version that was ever made; numbers are not reused.
  package var latestVersion: Int
  package var tags: [Tag]

  /// The id under which the policy `name` stands.
  package static func id(_ account: AccountID, _ name: String) -> String {
    "\(account)/\(asciiLowercased(name))"
  }

  /// `arn:aws:iam::A:policy/path/name`.
  package var arn: ARN { ARN(service: "iam", account: account, resource: "policy\(path)\(policyName)") }
}

/// A version of a managed policy.
///
/// Id: `account/name/number`, the number in ten digits so that ids stand in the order of versions.
package struct PolicyVersionRecord: DirectoryRecord {
  package static let kind = RecordKind("PolicyVersion")

  /// The number: 1 for `v1`.
  package let number: Int
  /// The document, byte for byte as it was put.
  package let policyDocument: String
  /// When it was made.
  package let createDate: Instant

  /// `v1`.
  package var versionID: String { "v\(number)" }

  /// The prefix of the ids of the versions of the policy `name`.
  package static func prefix(_ account: AccountID, _ name: String) -> String {
    ManagedPolicyRecord.id(account, name) + "/"
  }

  /// The id under which the version `number` stands.
  package static func id(_ account: AccountID, _ name: String, _ number: Int) -> String {
    let digits = String(number)
    return prefix(account, name) + String(repeating: "0", count: max(0, 10 - digits.utf8.count)) + digits
  }
}

/// That a managed policy is attached to an identity of an account, or is its boundary: found by the policy.
///
/// Id: `account/ARN use kind/name`, the name in lower case, the use `policy` or `boundary`; an ARN holds no space, so no
/// ARN begins like another one's ids. The account is that of the identity. Written and deleted together with a new revision of the identity.
package struct PolicyAttachmentRecord: DirectoryRecord {
  package static let kind = RecordKind("PolicyAttachment")

  /// How a policy is used.
  package enum Use: String, Codable, Hashable, Sendable {
    /// As a permissions policy.
    case policy
    /// As a permissions boundary.
    case boundary
  }

  /// The kind of identity: `User`, `Group`, `Role`.
  package let entityKind: String
  /// The identity's name.
  package let name: String
  /// The identity's unique id.
  package let uniqueID: String

  /// The prefix of the ids of everything in `account` that uses the policy `arn`; of one kind when it is given.
  package static func prefix(
    _ account: AccountID,
    policy arn: String,
    _ use: Use,
    _ kind: IAMEntityKind? = nil
  ) -> String {
    "\(account)/\(arn) \(use.rawValue) " + (kind.map { "\($0.word)/" } ?? "")
  }

  /// The id under which the use of the policy `arn` by `entity` stands.
  package static func id<Entity: IAMEntity>(of entity: Entity, policy arn: String, _ use: Use) -> String {
    prefix(entity.account, policy: arn, use, Entity.entityKind) + asciiLowercased(entity.name)
  }

  /// That `entity` uses a policy.
  package init<Entity: IAMEntity>(_ entity: Entity) {
    self.entityKind = Entity.entityKind.rawValue
    self.name = entity.name
    self.uniqueID = entity.uniqueID
  }
}
