// SPDX-License-Identifier: Apache-2.0
//
// How many things of a kind an account may have. Source: IAM and STS quotas, IAM object quotas.

import IdentityModel

/// The most records of a kind in one account.
struct AccountQuota {
  /// AWS's name in the refusal.
  let name: String
  /// The most.
  let maximum: Int

  /// Users.
  static let users = AccountQuota(name: "UsersPerAccount", maximum: 5000)
  /// Groups.
  static let groups = AccountQuota(name: "GroupsPerAccount", maximum: 300)
  /// Roles.
  static let roles = AccountQuota(name: "RolesPerAccount", maximum: 1000)
  /// Instance profiles.
  static let instanceProfiles = AccountQuota(name: "InstanceProfilesPerAccount", maximum: 1000)
  /// Customer-managed policies.
  static let policies = AccountQuota(name: "PoliciesPerAccount", maximum: 1500)
  /// OpenID Connect providers.
  static let oidcProviders = AccountQuota(name: "OpenIdConnectProvidersPerAccount", maximum: 100)
  /// SAML providers.
  static let samlProviders = AccountQuota(name: "SAMLProvidersPerAccount", maximum: 100)
  /// Federation configs.
  static let federationConfigs = AccountQuota(name: "OutboundFederationConfigsPerAccount", maximum: 1000)
  /// Trails.
  static let trails = AccountQuota(name: "TrailsPerRegion", maximum: TrailRecord.maximumPerAccount)
}

/// That there is room for one more.
struct Room {
  // Where creations meet; `nil` while there is more room than creations can be under way.
  fileprivate let meeting: Stored<AccountRecord>?

  /// Adds the write at which two creations that both saw the last place meet.
  func take(in change: inout Change) throws(StoreError) {
    guard let meeting else { return }
    try change.replace(meeting, with: meeting.record, account: meeting.record.account)
  }
}

extension House {
  /// Room for one more record of `type` in `account`; throws LimitExceeded when there is none.
  ///
  /// Creations in one account would all wait for one another if each wrote to the account's record. They do so only where
  /// the quota is near: further away it could be passed only by as many calls as there are places left, all of them
  /// between their count and their write at the same moment, and each of them by an administrator of the account.
  func room<Record: DirectoryRecord>(
    for type: Record.Type,
    _ quota: AccountQuota,
    in account: AccountID
  ) async throws(ServiceError) -> Room {
    let count = try await read { try await $0.count(of: type, prefix: "\(account)/") }
    guard count < quota.maximum else {
      throw .limitExceeded("Cannot exceed quota for \(quota.name): \(quota.maximum)")
    }
    guard quota.maximum - count <= 64 else { return Room(meeting: nil) }
    return Room(meeting: try await existingAccount(account))
  }
}
