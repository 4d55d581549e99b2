// SPDX-License-Identifier: Apache-2.0
//
// How many identities of a kind an account may have.

import IdentityModel

extension House {
  /// Passes while `account` has fewer identities of `type` than `quota`; throws LimitExceeded.
  ///
  /// The identities are counted where they stand, undecoded, and nothing holds the count still: calls that are decided
  /// at the same moment may each add one beyond the quota. It guards against a program that runs wild, not against a
  /// decision; a counter would hold it exactly, and make every creation in an account wait for every other.
  func requireRoom<Entity: IAMEntity>(
    for type: Entity.Type,
    in account: AccountID,
    quota: Int
  ) async throws(ServiceError) {
    let count = try await read { try await $0.count(type, prefix: "\(account)/", limit: quota) }
    guard count < quota else {
      throw .limitExceeded("Cannot exceed quota for \(Entity.entityKind.rawValue)sPerAccount: \(quota)")
    }
  }
}
