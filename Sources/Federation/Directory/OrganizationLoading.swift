// SPDX-License-Identifier: Apache-2.0
//
// From an account to its place in an organization, and whether it may be used at all. Loaded once and kept in memory:
// accounts with the same parent share one place and its policies. Knows no rules of any action.

package import IdentityModel

/// How an account stands: whether it may be used, and where it is in which organization.
package struct AccountStanding: Sendable {
  /// Whether it was closed: then it gets no tokens and its keys sign nothing.
  package let isClosed: Bool
  /// Its organization; `nil` when it is in none.
  package let membership: OrganizationMembership?
  /// How many calls it may make; `nil` for as many as the server allows any account.
  package let quota: RequestQuota?
  /// That all this is still so: the revision of the organization, or of the account that is in none.
  package let requirement: Change.Write
}

/// An account in an organization.
package struct OrganizationMembership: Sendable {
  /// Where it stands.
  package let place: OrganizationPlace
  /// Whether it is the management account: no policy of the organization binds it.
  package let isManagement: Bool
  /// The policies that bind it, and whoever acts on its resources.
  package let policies: OrganizationPolicies
}

/// A parent of accounts, with everything that is the same for all of them.
package final class OrganizationPlace: Sendable {
  /// The organization as it was when the place was read; what came later is found out by its revision.
  package let organization: Stored<OrganizationRecord>
  /// The organizational units from below the root to the parent of the accounts; empty for the root.
  package let unitIDs: [String]

  /// `o-…/r-…/ou-…/`: the units from the root down, without the account.
  ///
  /// Source: contract §2.3, `ou_path`.
  package let path: String
  /// The policies of the levels from the root to the parent.
  let inheritedPolicies: OrganizationPolicies
  /// The same, and those that an account has on its own when nobody attached or detached any.
  let ordinaryPolicies: OrganizationPolicies

  init(organization: Stored<OrganizationRecord>, unitIDs: [String], policies: OrganizationPolicies) {
    self.organization = organization
    self.unitIDs = unitIDs
    self.inheritedPolicies = policies
    self.ordinaryPolicies = policies.followed(by: organization.record.ordinaryPolicies)
    let record = organization.record
    self.path = ([record.organizationID, record.rootID] + unitIDs).map { "\($0)/" }.joined()
  }

  /// `o-…`.
  package var organizationID: String { organization.record.organizationID }
  /// `r-…`.
  package var rootID: String { organization.record.rootID }
  /// The root or unit that is the parent of the accounts.
  package var parentID: String { unitIDs.last ?? rootID }
}

extension Directory {
  /// How `account` stands; `nil` when there is no such account.
  ///
  /// Answers from memory when it can.
  package func organization(of account: AccountID) async throws(StoreError) -> AccountStanding? {
    let (known, generation) = remembered { ($0.standings[account], $0.generation) }
    if let known { return known }
    guard let loaded = try await loadStanding(of: account) else { return nil }
    remembered { $0.remember(loaded, of: account, generation: generation) }
    return loaded
  }

  /// SECURITY: what depends on the organization is read after the organization's revision: whatever changes in between
  /// has given it another one, and nothing that was decided by a mixture is ever written.
  private func loadStanding(of account: AccountID) async throws(StoreError) -> AccountStanding? {
    for _ in 0..<16 {
      guard let stored = try await record(AccountRecord.self, at: account.description) else { return nil }
      let isClosed = stored.record.closeDate != nil
      guard let id = stored.record.organizationID else {
        return AccountStanding(
          isClosed: isClosed,
          membership: nil,
          quota: stored.record.quota,
          requirement: stored.isUnchanged
        )
      }
      let organization = try await currentOrganization(id)
      let member = try await record(
        OrganizationAccountRecord.self,
        at: OrganizationAccountRecord.id(id, account)
      )
      guard let organization, let member else {
        let now = try await record(AccountRecord.self, at: account.description)
        // It left the organization while it was looked for there.
        guard now?.revision == stored.revision else { continue }
        throw .corrupted("Account `\(account)` names the organization `\(id)`")
      }
      let place = try await place(member.record.parentID, in: organization)
      return AccountStanding(
        isClosed: isClosed || member.record.status != .active,
        membership: OrganizationMembership(
          place: place,
          isManagement: organization.record.managementAccount == account,
          policies: try await policies(of: account, at: place)
        ),
        quota: stored.record.quota,
        requirement: organization.isUnchanged
      )
    }
    throw .preconditionFailed(RecordKey(AccountRecord.kind, account.description))
  }

  private func currentOrganization(_ id: String) async throws(StoreError) -> Stored<OrganizationRecord>? {
    let (known, generation) = remembered { ($0.organizations[Array(id.utf8)], $0.generation) }
    if let known { return known }
    guard let loaded = try await record(OrganizationRecord.self, at: id) else { return nil }
    remembered { $0.remember(loaded, generation: generation) }
    return loaded
  }

  /// The place below `parentID`, from memory when it was read with the same revision of the organization.
  func place(
    _ parentID: String,
    in organization: Stored<OrganizationRecord>
  ) async throws(StoreError) -> OrganizationPlace {
    let (known, generation) = remembered { ($0.places[Array(parentID.utf8)], $0.generation) }
    if let known, known.organization.revision == organization.revision { return known }
    let unitIDs = try await unitIDs(downTo: parentID, in: organization.record)
    let place = OrganizationPlace(
      organization: organization,
      unitIDs: unitIDs,
      policies: try await organizationPolicies(
        of: [organization.record.rootID] + unitIDs,
        in: organization.record
      )
    )
    remembered { $0.remember(place, generation: generation) }
    return place
  }

  /// The organizational units from below the root to `parentID`, itself included; throws `corrupted` when they do not
  /// lead there.
  package func unitIDs(
    downTo parentID: String,
    in organization: OrganizationRecord
  ) async throws(StoreError) -> [String] {
    var unitIDs: [String] = []
    var next = parentID
    while !next.utf8.elementsEqual(organization.rootID.utf8) {
      guard unitIDs.count < OrganizationalUnitRecord.maximumDepth,
        let unit = try await record(OrganizationalUnitRecord.self, at: next)?.record,
        unit.organizationID.utf8.elementsEqual(organization.organizationID.utf8)
      else { throw .corrupted("OrganizationalUnit `\(next)` of `\(organization.organizationID)`") }
      unitIDs.insert(next, at: 0)
      next = unit.parentID
    }
    return unitIDs
  }
}

extension OrganizationalUnitRecord {
  /// How deep units nest below the root.
  ///
  /// Source: AWS Organizations quotas.
  package static let maximumDepth = 5
}
