// SPDX-License-Identifier: Apache-2.0
//
// The policies of an organization as the directory holds them: documents, and what they are attached to. Shapes and ids
// only; rules live in the actions. All of them belong to the management account.

package import IdentityModel
import TokenFormats

/// A policy that a customer wrote.
///
/// Id: `organization/policy id`.
package struct OrganizationPolicyRecord: OrganizationResource {
  package static let kind = RecordKind("OrganizationPolicy")

  package let organizationID: String
  package let managementAccount: AccountID
  /// `p-…`.
  package let policyID: String
  /// The type; never changes.
  package let type: OrganizationPolicyType
  /// The name, unique among the organization's policies of the type.
  package var name: String
  /// The description; may be empty.
  package var description: String
  /// The document, character for character as it was put.
  package var content: String
  package var tags: [Tag]
  /// When it was made.
  package let createDate: Instant

  /// The prefix of the ids of the policies of `organization`.
  package static func prefix(_ organization: String) -> String { "\(organization)/" }

  /// The id under which the policy `policyID` stands.
  package static func id(_ organization: String, _ policyID: String) -> String {
    prefix(organization) + policyID
  }

  /// `arn:aws:organizations::A:policy/o-…/service_control_policy/p-…`.
  package var arn: ARN {
    .organizations(managementAccount, "policy/\(organizationID)/\(type.resourceType)/\(policyID)")
  }
}

/// That a name is taken by a policy.
///
/// Id: `organization/type/name`, the name's UTF-8 bytes in base64url: it may hold anything. Written and deleted together
/// with the policy.
package struct OrganizationPolicyNameRecord: DirectoryRecord {
  package static let kind = RecordKind("OrganizationPolicyName")

  /// `p-…`.
  package let policyID: String

  /// The prefix of the ids of the names of the policies of `type`.
  package static func prefix(_ organization: String, _ type: OrganizationPolicyType) -> String {
    "\(organization)/\(type.rawValue)/"
  }

  /// The id under which `name` stands.
  package static func id(_ organization: String, _ type: OrganizationPolicyType, _ name: String) -> String {
    prefix(organization, type) + Base64URL.encode(Array(name.utf8))
  }
}

/// Which policies of a type a root, an organizational unit or an account has.
///
/// Id: `organization/type/target`. A target without one has AWS's own policy and no other, so that enabling a type and
/// making a target write nothing.
package struct OrganizationTargetRecord: DirectoryRecord {
  package static let kind = RecordKind("OrganizationTarget")

  /// The ids of the policies, in the order of their attachment; at least one.
  package var policies: [String]

  /// The prefix of the ids of the targets that have other policies of `type` than AWS's own.
  package static func prefix(_ organization: String, _ type: OrganizationPolicyType) -> String {
    "\(organization)/\(type.rawValue)/"
  }

  /// The id under which `target` stands.
  package static func id(
    _ organization: String,
    _ type: OrganizationPolicyType,
    _ target: String
  ) -> String {
    prefix(organization, type) + target
  }
}

/// That a customer's policy is attached to a target: found by the policy.
///
/// Id: `organization/policy id/target`. Written and deleted together with the target's `OrganizationTargetRecord`.
package struct OrganizationAttachmentRecord: DirectoryRecord {
  package static let kind = RecordKind("OrganizationAttachment")

  /// The target: `r-…`, `ou-…` or an account.
  package let target: String

  /// The prefix of the ids of everything that has the policy `policyID`.
  package static func prefix(_ organization: String, policy policyID: String) -> String {
    "\(organization)/\(policyID)/"
  }

  /// The id under which the attachment to `target` stands.
  package static func id(_ organization: String, policy policyID: String, _ target: String) -> String {
    prefix(organization, policy: policyID) + target
  }
}
