// SPDX-License-Identifier: Apache-2.0
//
// Organizations as the directory holds them: the organization, its root, its organizational units, its accounts, and who
// stands below whom. Shapes and ids only; rules live in the actions. Source: botocore, organizations 2016-11-28.

package import IdentityModel

/// An organization.
///
/// Id: `o-…`.
///
/// INVARIANT: its revision changes with everything that changes what any of its accounts may do or what their tokens
/// say: which accounts belong to it, where they stand in the tree, whether they are closed, its policies, where these
/// are attached, and which types of policy are enabled. What is decided for a member insists on this one revision, and
/// memory forgets every member with it. What changes nothing of the kind leaves it alone: a new account, a new, renamed
/// or deleted organizational unit (an empty one has no members), tags.
package struct OrganizationRecord: DirectoryRecord {
  package static let kind = RecordKind("Organization")

  /// What an organization is for.
  package enum FeatureSet: String, Codable, Hashable, Sendable, CaseIterable {
    /// Everything, policies included.
    case all = "ALL"
    /// No policies.
    case consolidatedBilling = "CONSOLIDATED_BILLING"
  }

  /// `o-…`.
  package let organizationID: String
  /// The account that made it.
  package let managementAccount: AccountID
  /// The e-mail address of that account.
  package let managementEmail: String
  /// What it is for.
  package let featureSet: FeatureSet
  /// `r-…`: the one root.
  package let rootID: String
  /// The types of policy that are enabled in the root, in the order of enabling: `SERVICE_CONTROL_POLICY`.
  package var enabledPolicyTypes: [String]
  /// When it was made.
  package let createDate: Instant

  /// `arn:aws:organizations::M:organization/o-…`.
  package var arn: ARN { .organizations(managementAccount, "organization/\(organizationID)") }
}

/// Something that stands in an organization and has tags.
package protocol OrganizationResource: TaggedRecord {
  /// The organization.
  var organizationID: String { get }
  /// The account that manages it; it owns the record.
  var managementAccount: AccountID { get }
}

/// The root of an organization.
///
/// Id: `r-…`, unique in the whole store.
package struct OrganizationRootRecord: OrganizationResource {
  package static let kind = RecordKind("OrganizationRoot")

  /// `r-…`.
  package let rootID: String
  package let organizationID: String
  package let managementAccount: AccountID
  package var tags: [Tag]

  /// `arn:aws:organizations::M:root/o-…/r-…`.
  package var arn: ARN { .organizations(managementAccount, "root/\(organizationID)/\(rootID)") }
}

/// An organizational unit.
///
/// Id: `ou-…`, which holds the root's and is unique in the whole store.
package struct OrganizationalUnitRecord: OrganizationResource {
  package static let kind = RecordKind("OrganizationalUnit")

  /// `ou-…`.
  package let unitID: String
  package let organizationID: String
  package let managementAccount: AccountID
  /// The root or the unit above it; units do not move.
  package let parentID: String
  /// The name; unique below its parent.
  package var name: String
  package var tags: [Tag]
  /// When it was made.
  package let createDate: Instant

  /// `arn:aws:organizations::M:ou/o-…/ou-…`.
  package var arn: ARN { .organizations(managementAccount, "ou/\(organizationID)/\(unitID)") }
}

/// An account as a part of an organization.
///
/// Id: `o-…/account`. Written and deleted together with the `organizationID` of the account's own record.
package struct OrganizationAccountRecord: OrganizationResource {
  package static let kind = RecordKind("OrganizationAccount")

  /// How an account came into an organization.
  package enum JoinedMethod: String, Codable, Hashable, Sendable {
    /// It was there before: the management account.
    case invited = "INVITED"
    /// It was made in it.
    case created = "CREATED"
  }

  /// Whether an account may be used.
  package enum Status: String, Codable, Hashable, Sendable {
    /// It may.
    case active = "ACTIVE"
    /// It was closed.
    case suspended = "SUSPENDED"
  }

  /// The account.
  package let account: AccountID
  package let organizationID: String
  package let managementAccount: AccountID
  /// The root or the unit that it stands in.
  package var parentID: String
  /// The name.
  package let name: String
  /// The e-mail address.
  package let email: String
  /// How it came.
  package let joinedMethod: JoinedMethod
  /// When it came.
  package let joinedDate: Instant
  /// Whether it may be used; the same as the `closeDate` of the account's own record says.
  package var status: Status
  package var tags: [Tag]

  /// `arn:aws:organizations::M:account/o-…/A`.
  package var arn: ARN { .organizations(managementAccount, "account/\(organizationID)/\(account)") }

  /// The prefix of the ids of the accounts of an organization.
  package static func prefix(_ organizationID: String) -> String { "\(organizationID)/" }

  /// The id under which `account` stands in an organization.
  package static func id(_ organizationID: String, _ account: AccountID) -> String {
    "\(organizationID)/\(account)"
  }
}

/// That an account or a unit stands directly below a root or a unit.
///
/// Id: `parent/ACCOUNT/A` or `parent/ORGANIZATIONAL_UNIT/ou-…`. Written and deleted together with the record that names
/// the parent.
package struct OrganizationChildRecord: DirectoryRecord {
  package static let kind = RecordKind("OrganizationChild")

  /// What can stand below a parent.
  package enum ChildType: String, Codable, Hashable, Sendable, CaseIterable {
    /// An account.
    case account = "ACCOUNT"
    /// An organizational unit.
    case unit = "ORGANIZATIONAL_UNIT"
  }

  /// The account's or the unit's id.
  package let childID: String

  /// The prefix of the ids of everything below `parentID`; of one type when it is given.
  package static func prefix(_ parentID: String, _ type: ChildType? = nil) -> String {
    "\(parentID)/" + (type.map { "\($0.rawValue)/" } ?? "")
  }

  /// The id under which a child stands.
  package static func id(_ parentID: String, _ type: ChildType, _ childID: String) -> String {
    prefix(parentID, type) + childID
  }
}

/// That a name is taken by a unit below a parent.
///
/// Id: `parent/name`, the name's UTF-8 bytes in base64url: it may hold anything. Written and deleted together with the
/// unit.
package struct OrganizationalUnitNameRecord: DirectoryRecord {
  package static let kind = RecordKind("OrganizationalUnitName")

  /// The unit that has the name.
  package let unitID: String
}

/// That an e-mail address is an account's.
///
/// Id: `management account/address`, ASCII letters in lower case; kept by an account that is closed or leaves.
///
/// SECURITY: each management account has addresses of its own: none learns which the others gave.
package struct AccountEmailRecord: DirectoryRecord {
  package static let kind = RecordKind("AccountEmail")

  /// The account.
  package let account: AccountID

  /// The id under which `email` stands among the accounts that `management` makes.
  package static func id(_ management: AccountID, _ email: String) -> String {
    "\(management)/\(asciiLowercased(email))"
  }
}

/// What became of a request for an account.
///
/// Id: `o-…/car-…`.
package struct CreateAccountStatusRecord: DirectoryRecord {
  package static let kind = RecordKind("CreateAccountStatus")

  /// What became of it.
  package enum State: String, Codable, Hashable, Sendable {
    /// The account is there.
    case succeeded = "SUCCEEDED"
    /// There is none.
    case failed = "FAILED"
  }

  /// `car-…`.
  package let requestID: String
  /// The name that was asked for.
  package let accountName: String
  /// What became of it.
  package let state: State
  /// The account; `nil` when there is none.
  package let account: AccountID?
  /// Why there is none: `EMAIL_ALREADY_EXISTS`.
  package let failureReason: String?
  /// When it was asked for, and done.
  package let requestDate: Instant

  /// The prefix of the ids of the requests of an organization.
  package static func prefix(_ organizationID: String) -> String { "\(organizationID)/" }
}

extension ARN {
  /// An ARN of `organizations`; it names the management account.
  package static func organizations(_ management: AccountID, _ resource: String) -> ARN {
    ARN(service: "organizations", account: management, resource: resource)
  }
}
