// SPDX-License-Identifier: Apache-2.0
//
// Accounts by the operator's hand, beside `Bootstrap`, which makes them: which there are, how much each may call, and
// closing one. On record like everything else.

import AuditTrail
package import IdentityModel
import StrictJSON

/// Why the operator's account command changed nothing.
package enum OperatorAccountError: Error, Hashable, Sendable {
  /// There is no such account.
  case noSuchAccount(AccountID)
  /// It is closed already.
  case alreadyClosed(AccountID)
  /// It manages an organization, which would be nobody's to manage.
  case managesOrganization(AccountID, String)
}

/// What the operator does to accounts besides making them.
package enum OperatorAccounts {
  /// Every account, in the order of their ids.
  ///
  /// Reads the store alone, so that it may do so beside a server that runs.
  package static func list(_ reader: any RecordReader) async throws(StoreError) -> [AccountRecord] {
    var accounts: [AccountRecord] = []
    var after: String?
    while true {
      let page = try await reader.records(of: AccountRecord.kind, prefix: "", after: after, limit: 1000)
      for stored in page { accounts.append(try stored.decoded(as: AccountRecord.self).record) }
      guard page.count == 1000 else { return accounts }
      after = page.last?.key.id
    }
  }

  /// Gives `account` a quota of calls, or with `nil` the server's own again.
  ///
  /// Throws `OperatorAccountError.noSuchAccount`; `StoreError`.
  package static func setQuota(
    _ quota: RequestQuota?,
    of account: AccountID,
    house: House,
    now: Instant
  ) async throws {
    let stored = try await house.directory.record(AccountRecord.self, at: account.description)
    guard let stored else { throw OperatorAccountError.noSuchAccount(account) }
    var changed = stored.record
    changed.quota = quota
    var change = Change()
    try change.replace(stored, with: changed, account: account)
    let given: [JSONObject.Member]? = quota.map { quota in
      [
        .init("requestsPerSecond", quota.requestsPerSecond.map { .integer($0) } ?? .null),
        .init("burst", .integer(quota.burst)),
      ]
    }
    try await house.directory.commit(
      change,
      of: account,
      recording: AuditRecord(
        operatorEvent: "SetAccountQuota",
        parameters: [
          "accountId": .string(account.description),
          "quota": given.map { .object(JSONObject($0)) } ?? .null,
        ],
        account: account,
        now: now,
        entropy: house.entropy
      )
    )
  }

  /// Closes `account`, as `organizations:CloseAccount` does; its organization, when it is in one, says so too,
  /// and the management account has a record of it.
  ///
  /// Throws `OperatorAccountError` when there is nothing to close, or what must not be closed; `StoreError`.
  package static func close(_ account: AccountID, house: House, now: Instant) async throws {
    let directory = house.directory
    guard let stored = try await directory.record(AccountRecord.self, at: account.description) else {
      throw OperatorAccountError.noSuchAccount(account)
    }
    guard stored.record.closeDate == nil else { throw OperatorAccountError.alreadyClosed(account) }
    var change = Change()
    var closed = stored.record
    closed.closeDate = now
    try change.replace(stored, with: closed, account: account)
    var managing: AccountID?
    if let id = stored.record.organizationID {
      let memberID = OrganizationAccountRecord.id(id, account)
      guard let organization = try await directory.record(OrganizationRecord.self, at: id),
        let member = try await directory.record(OrganizationAccountRecord.self, at: memberID)
      else { throw StoreError.corrupted("Account `\(account)` names the organization `\(id)`") }
      let management = organization.record.managementAccount
      guard management != account else { throw OperatorAccountError.managesOrganization(account, id) }
      managing = management
      var suspended = member.record
      suspended.status = .suspended
      try change.replace(member, with: suspended, account: management)
      try change.replace(organization, with: organization.record, account: management)
    }
    try await directory.commit(
      change,
      of: account,
      recording: AuditRecord(
        operatorEvent: "CloseAccount",
        parameters: ["accountId": .string(account.description)],
        account: account,
        concerning: managing,
        now: now,
        entropy: house.entropy
      )
    )
  }
}
