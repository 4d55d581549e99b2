// SPDX-License-Identifier: Apache-2.0
//
// How many of a kind an account may have. Source: IAM quotas; the sentence is AWS's.

import IdentityModel

extension House {
  /// Passes when `account` may have one more record of `type`; throws LimitExceeded when it has `maximum`.
  ///
  /// The count is decided against the account's own record, which is given back to be replaced by itself in the change
  /// that adds one: two calls at once cannot both add the last. `nil` while there is so much room left that no number of
  /// calls at once fills it: those that made things at the same time would only wait for each other.
  func room<Record: DirectoryRecord>(
    for type: Record.Type,
    quota: String,
    _ maximum: Int,
    in account: AccountID
  ) async throws(ServiceError) -> Stored<AccountRecord>? {
    let owner = try await existingAccount(account)
    let count = try await read { try await $0.count(type, prefix: "\(account)/", limit: maximum) }
    guard count < maximum else { throw .limitExceeded("Cannot exceed quota for \(quota): \(maximum)") }
    return count < maximum / 2 ? nil : owner
  }
}

extension Change {
  /// Adds a write that changes nothing of `account` but its revision, so that changes of what it counts meet there.
  mutating func touch(_ account: Stored<AccountRecord>?) throws(StoreError) {
    guard let account else { return }
    try replace(account, with: account.record, account: account.record.account)
  }
}
