// SPDX-License-Identifier: Apache-2.0
//
// The first account of a new store: made by the operator on the machine, not by an API call, and on record all the
// same.

import AuditTrail
package import IdentityModel
import StrictJSON

/// Makes the first account.
package enum Bootstrap {
  /// Makes `account` with one root access key, and its issuer when `enablesFederation`.
  ///
  /// Throws when the account or the key exists already, or when the server is sealed.
  package static func createAccount(
    _ account: AccountID,
    accessKeyID: String,
    secretAccessKey: Secret,
    enablesFederation: Bool,
    house: House,
    now: Instant
  ) async throws {
    var change = Change()
    var accountRecord = AccountRecord(account: account, createDate: now, issuerID: nil)
    if enablesFederation {
      let creation = try await IssuerCreation.make(for: account, house: house, now: now)
      accountRecord.issuerID = creation.issuer.issuerID
      change.writes += creation.change.writes
    }
    try change.create(accountRecord, id: account.description, account: account)
    try NewAccessKey(
      accessKeyID: accessKeyID,
      secretAccessKey: secretAccessKey,
      account: account,
      user: nil,
      now: now
    ).add(to: &change, sealer: house.sealer)
    try await house.directory.commit(
      change,
      of: account,
      recording: AuditRecord(
        operatorEvent: "CreateAccount",
        parameters: [
          "accountId": .string(account.description), "accessKeyId": .string(accessKeyID),
          "outboundWebIdentityFederation": .bool(enablesFederation),
        ],
        account: account,
        now: now,
        entropy: house.entropy
      )
    )
    if enablesFederation { await house.publication.changed(account, now: now) }
  }
}

/// An access key that is about to be stored.
package struct NewAccessKey: Sendable {
  package let accessKeyID: String
  package let secretAccessKey: Secret
  package let account: AccountID
  /// The user; `nil` for the account's root.
  package let user: UserRecord?
  package let now: Instant

  /// Adds the key's records to `change`, its secret sealed.
  package func add(to change: inout Change, sealer: any SecretSealer) throws {
    let sealed = try sealer.seal(
      secretAccessKey,
      context: AccessKeyRecord.sealContext(account, accessKeyID)
    )
    try change.create(
      AccessKeyRecord(
        accessKeyID: accessKeyID,
        account: account,
        userName: user?.name,
        userID: user?.uniqueID,
        status: .active,
        createDate: now,
        sealedSecret: Octets(sealed)
      ),
      id: accessKeyID,
      account: account
    )
    try change.create(
      UserAccessKeyRecord(accessKeyID: accessKeyID),
      id: UserAccessKeyRecord.prefix(account, user?.name) + accessKeyID,
      account: account
    )
  }
}
