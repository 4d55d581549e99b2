// SPDX-License-Identifier: Apache-2.0
//
// Instance profiles as the directory holds them. Shapes and ids only; rules live in the actions. Source: AWS IAM API,
// InstanceProfile.

package import IdentityModel

/// An instance profile: a role under another name, for machines.
///
/// No machine here takes one.
///
/// Id: `account/name`, the name in lower case.
package struct InstanceProfileRecord: TaggedRecord {
  package static let kind = RecordKind("InstanceProfile")

  /// The account.
  package let account: AccountID
  /// `/` or `/…/`.
  package let path: String
  /// The name as it was spelled at creation.
  package let name: String
  /// `AIPA…`: never reused.
  package let uniqueID: String
  /// When it was made.
  package let createDate: Instant
  /// The name of its role; there is one at most.
  ///
  /// INVARIANT: the role exists, and `RoleInstanceProfileRecord` leads from it to here.
  package var roleName: String?
  package var tags: [Tag]

  /// The id under which the profile `name` stands.
  package static func id(_ account: AccountID, _ name: String) -> String {
    "\(account)/\(asciiLowercased(name))"
  }

  /// `arn:aws:iam::A:instance-profile/path/name`.
  package var arn: ARN { ARN(service: "iam", account: account, resource: "instance-profile\(path)\(name)") }
}

/// That a role is in an instance profile, found by the role.
///
/// Id: `account/role/profile`, names in lower case. Written and deleted together with a new revision of the profile, and
/// written with a new revision of the role.
package struct RoleInstanceProfileRecord: DirectoryRecord {
  package static let kind = RecordKind("RoleInstanceProfile")

  /// The profile's name.
  package let instanceProfileName: String

  /// The prefix of the ids of the profiles of the role `name`.
  package static func prefix(_ account: AccountID, role name: String) -> String {
    RoleRecord.id(account, name) + "/"
  }

  /// The id under which the profile stands among those of the role.
  package static func id(_ account: AccountID, role: String, profile: String) -> String {
    prefix(account, role: role) + asciiLowercased(profile)
  }
}
