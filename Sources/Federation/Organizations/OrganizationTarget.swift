// SPDX-License-Identifier: Apache-2.0
//
// Who asks, and about what: the caller's place in its organization, and the root, unit or account that an id names
// there. Source: AWS Organizations API; Service Authorization Reference, AWS Organizations.

import AWSProtocols
package import IdentityModel
import StrictJSON

extension AuthenticatedCall {
  /// The organization of the caller's account; throws AWSOrganizationsNotInUseException when it is in none.
  func organization() throws(ServiceError) -> OrganizationMembership {
    guard let membership = caller.standing.membership else { throw .organizationsNotInUse }
    return membership
  }

  /// The organization that the caller's account manages; throws AccessDeniedException when another one does.
  ///
  /// Its record holds for the whole call: every change insists on its revision.
  func managedOrganization() throws(ServiceError) -> Stored<OrganizationRecord> {
    let membership = try organization()
    guard membership.isManagement else { throw .notManagementAccount }
    return membership.place.organization
  }
}

/// A root, a unit, an account or a policy of an organization.
package enum OrganizationEntity: Sendable {
  /// The root.
  case root(Stored<OrganizationRootRecord>)
  /// A unit.
  case unit(Stored<OrganizationalUnitRecord>)
  /// An account.
  case account(Stored<OrganizationAccountRecord>)
  /// A policy that a customer wrote.
  case policy(Stored<OrganizationPolicyRecord>)

  /// The record.
  package var resource: any OrganizationResource {
    switch self {
    case .root(let root): root.record
    case .unit(let unit): unit.record
    case .account(let account): account.record
    case .policy(let policy): policy.record
    }
  }

  /// That it is still what it was.
  package var requirement: Change.Write {
    switch self {
    case .root(let root): root.isUnchanged
    case .unit(let unit): unit.isUnchanged
    case .account(let account): account.isUnchanged
    case .policy(let policy): policy.isUnchanged
    }
  }

  /// The parent of a unit or an account; `nil` for a root and a policy.
  package var parentID: String? {
    switch self {
    case .root, .policy: nil
    case .unit(let unit): unit.record.parentID
    case .account(let account): account.record.parentID
    }
  }
}

/// What an id names in the caller's organization.
package struct OrganizationTarget: ActionSubject {
  /// The id as it was sent.
  package let id: String
  /// What has it; `nil` when nothing of the organization has, or the caller's account may not see it.
  package let entity: OrganizationEntity?
  /// What policy is asked about: an ARN, or `*` for an account in no organization.
  package let resource: String

  package var requirements: [Change.Write] { entity.map { [$0.requirement] } ?? [] }
  /// The account whose log has a record too: the target, when the action does something to an account.
  package var concernedAccount: AccountID?

  /// Whether the caller may do `action` to the target.
  package func question(_ action: String, context: [Question.ContextEntry] = []) -> Question {
    let tags = entity?.resource.tags ?? []
    return Question(
      action: "organizations:\(action)",
      resource: resource,
      context: tags.map { .init("aws:ResourceTag/\($0.key)", $0.value) } + context
    )
  }
}

extension House {
  /// What `id` names in the organization of the caller.
  ///
  /// SECURITY: a member account sees itself and nothing else, not even by the tags that policy is asked about.
  func organizationTarget(
    _ id: String,
    _ call: AuthenticatedCall
  ) async throws(ServiceError) -> OrganizationTarget {
    guard let membership = call.caller.standing.membership else {
      return OrganizationTarget(id: id, entity: nil, resource: "*")
    }
    let organization = membership.place.organization.record
    let isVisible = membership.isManagement || id.utf8.elementsEqual(call.account.description.utf8)
    let entity = isVisible ? try await self.entity(id, in: organization) : nil
    return OrganizationTarget(
      id: id,
      entity: entity,
      resource: (entity?.resource.arn ?? organization.arn(of: id)).description
    )
  }

  /// What has `id` in `organization`; `nil` when nothing has.
  func entity(
    _ id: String,
    in organization: OrganizationRecord
  ) async throws(ServiceError) -> OrganizationEntity? {
    func isOurs(_ resource: some OrganizationResource) -> Bool {
      resource.organizationID.utf8.elementsEqual(organization.organizationID.utf8)
    }
    return try await read { directory in
      switch OrganizationsIDKind(id) {
      case .root:
        let root = try await directory.record(OrganizationRootRecord.self, at: id)
        return root.flatMap { isOurs($0.record) ? .root($0) : nil }
      case .unit:
        let unit = try await directory.record(OrganizationalUnitRecord.self, at: id)
        return unit.flatMap { isOurs($0.record) ? .unit($0) : nil }
      case .account:
        let account = try await directory.record(
          OrganizationAccountRecord.self,
          at: OrganizationAccountRecord.prefix(organization.organizationID) + id
        )
        return account.map { .account($0) }
      case .policy:
        let policy = try await directory.record(
          OrganizationPolicyRecord.self,
          at: OrganizationPolicyRecord.id(organization.organizationID, id)
        )
        return policy.map { .policy($0) }
      case .accountRequest, nil:
        return nil
      }
    }
  }
}

extension OrganizationRecord {
  /// The ARN that what has `id` would have here, if it were there.
  func arn(of id: String) -> ARN {
    let type: String =
      switch OrganizationsIDKind(id) {
      case .root: "root"
      case .unit: "ou"
      case .policy: "policy"
      case .account, .accountRequest, nil: "account"
      }
    return .organizations(managementAccount, "\(type)/\(organizationID)/\(id)")
  }
}

/// An action of AWS Organizations about one thing, named by its id.
protocol OrganizationTargetAction: Action where Subject == OrganizationTarget {
  /// The id.
  var targetID: String { get }
  /// Whether it does something to an account, so that the account's own log has a record of it.
  static var concernsAccount: Bool { get }
}

extension OrganizationTargetAction {
  package static var service: ServiceName { .organizations }
  static var concernsAccount: Bool { false }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> OrganizationTarget {
    var target = try await house.organizationTarget(targetID, call)
    if Self.concernsAccount, case .account(let account) = target.entity {
      target.concernedAccount = account.record.account
    }
    return target
  }

  package func questions(_ subject: OrganizationTarget, _ call: AuthenticatedCall) -> [Question] {
    [subject.question(Self.name)]
  }
}
