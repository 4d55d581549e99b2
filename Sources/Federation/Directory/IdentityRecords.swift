// SPDX-License-Identifier: Apache-2.0
//
// IAM's identities as the directory holds them: users, groups, roles, and who is in which group. Shapes and ids only;
// rules live in the actions.

package import IdentityModel

/// The kinds of identity that policies are attached to.
package enum IAMEntityKind: String, Hashable, Sendable, CaseIterable {
  /// A user; unique ids begin with `AIDA`.
  case user = "User"
  /// A group; `AGPA`.
  case group = "Group"
  /// A role; `AROA`.
  case role = "Role"

  /// The word in an ARN and in the ids of records: `user`.
  package var word: String { asciiLowercased(rawValue) }

  /// The prefix of unique ids.
  ///
  /// Source: IAM identifiers.
  package var uniqueIDPrefix: String {
    switch self {
    case .user: "AIDA"
    case .group: "AGPA"
    case .role: "AROA"
    }
  }
}

/// An identity that policies are attached to: a user, a group or a role.
///
/// INVARIANT: the revision of the record changes with everything that changes what the identity may do: its attached
/// and inline policies, its boundary, its groups. What is decided for a caller insists on these revisions.
package protocol IAMEntity: DirectoryRecord {
  /// Which kind it is.
  static var entityKind: IAMEntityKind { get }

  /// The account.
  var account: AccountID { get }
  /// `/` or `/…/`.
  var path: String { get }
  /// The name as it was spelled.
  var name: String { get }
  /// `AIDA…`, `AGPA…`, `AROA…`: never reused.
  var uniqueID: String { get }
  /// When it was made.
  var createDate: Instant { get }
  /// The ARNs of the managed policies that are attached, in the order of attaching.
  var attachedPolicies: [String] { get set }
}

extension IAMEntity {
  /// The id under which the identity `name` stands: `account/name`, ASCII letters in lower case, so that names differ
  /// by more than case.
  package static func id(_ account: AccountID, _ name: String) -> String {
    "\(account)/\(asciiLowercased(name))"
  }

  /// Where the record stands.
  package static func key(_ account: AccountID, _ name: String) -> RecordKey {
    RecordKey(kind, id(account, name))
  }

  /// `arn:aws:iam::A:user/path/name`.
  package var arn: ARN {
    ARN(service: "iam", account: account, resource: "\(Self.entityKind.word)\(path)\(name)")
  }
}

/// An identity that a permissions boundary may limit: a user or a role.
package protocol BoundedEntity: IAMEntity, TaggedRecord {
  /// The ARN of the managed policy that is the boundary.
  var permissionsBoundary: String? { get set }
}

/// A record with tags.
package protocol TaggedRecord: DirectoryRecord {
  /// The ARN of the resource.
  var arn: ARN { get }
  /// The tags; no two keys differ in nothing but ASCII case.
  var tags: [Tag] { get set }
}

/// An IAM user.
package struct UserRecord: BoundedEntity {
  package static let kind = RecordKind("User")
  package static let entityKind = IAMEntityKind.user

  package let account: AccountID
  package var path: String
  package var name: String
  package let uniqueID: String
  package let createDate: Instant
  package var tags: [Tag]
  package var attachedPolicies: [String] = []
  package var permissionsBoundary: String?

  /// The user as authentication and policy know it.
  package var identity: UserIdentity {
    UserIdentity(account: account, path: path, userName: name, userID: uniqueID, tags: tags)
  }
}

/// An IAM group.
package struct GroupRecord: IAMEntity {
  package static let kind = RecordKind("Group")
  package static let entityKind = IAMEntityKind.group

  package let account: AccountID
  package var path: String
  package var name: String
  package let uniqueID: String
  package let createDate: Instant
  package var attachedPolicies: [String] = []
}

/// An IAM role.
package struct RoleRecord: BoundedEntity {
  package static let kind = RecordKind("Role")
  package static let entityKind = IAMEntityKind.role

  package let account: AccountID
  package let path: String
  package let name: String
  package let uniqueID: String
  package let createDate: Instant
  /// The description; up to 1000 characters.
  package var description: String?
  /// The longest session in seconds, 3600–43200.
  package var maxSessionDuration: Int
  /// The trust policy, byte for byte as it was put.
  package var assumeRolePolicyDocument: String
  /// The unique ids of the users and roles that the trust policy names, by the ARN that it names them with.
  ///
  /// SECURITY: the policy trusts these ids and not whoever has the name now: a recycled name gains nothing.
  package var trustedPrincipalIDs: [String: String]
  package var tags: [Tag]
  package var attachedPolicies: [String] = []
  package var permissionsBoundary: String?

  /// The role as authentication and policy know it.
  package var identity: RoleIdentity {
    RoleIdentity(account: account, path: path, roleName: name, roleID: uniqueID)
  }
}

/// That a user is in a group, found by the group.
///
/// Id: `account/group/user`, names in lower case. Written and deleted together with `UserGroupRecord`, and with a new
/// revision of the user.
package struct GroupMemberRecord: DirectoryRecord {
  package static let kind = RecordKind("GroupMember")

  /// The user's name.
  package let userName: String

  /// The prefix of the ids of the members of the group `name`.
  package static func prefix(_ account: AccountID, _ name: String) -> String {
    GroupRecord.id(account, name) + "/"
  }

  /// The id under which the user stands as a member of the group.
  package static func id(_ account: AccountID, group: String, user: String) -> String {
    prefix(account, group) + asciiLowercased(user)
  }
}

/// That a user is in a group, found by the user.
///
/// Id: `account/user/group`, names in lower case.
package struct UserGroupRecord: DirectoryRecord {
  package static let kind = RecordKind("UserGroup")

  /// The group's name.
  package let groupName: String

  /// The prefix of the ids of the groups of the user `name`.
  package static func prefix(_ account: AccountID, _ name: String) -> String {
    UserRecord.id(account, name) + "/"
  }

  /// The id under which the group stands among those of the user.
  package static func id(_ account: AccountID, user: String, group: String) -> String {
    prefix(account, user) + asciiLowercased(group)
  }
}
