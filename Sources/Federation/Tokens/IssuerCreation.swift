// SPDX-License-Identifier: Apache-2.0
//
// A new issuer: a random UUID, and one key for each algorithm. Made at the first enable, kept for good.

package import IdentityModel

/// Makes issuers.
package enum IssuerCreation {
  /// A new, enabled issuer for `account`, with the change that stores it and its keys.
  ///
  /// The account's own record, which names its issuer, is the caller's to change.
  package static func make(
    for account: AccountID,
    house: House,
    now: Instant
  ) async throws -> (issuer: Issuer, change: Change) {
    let issuerID = house.entropy.uuid()
    let record = IssuerRecord(
      issuerID: issuerID,
      account: account,
      issuer: house.issuers.issuerURL(issuerID),
      isEnabled: true,
      createDate: now
    )
    var change = Change()
    try change.create(record, id: issuerID, account: account)
    var keys: [SealedSigningKey] = []
    for algorithm in SigningAlgorithm.allCases {
      let key = try await house.signer.makeKey(algorithm, for: account)
      try change.create(
        SigningKeyRecord(key, createDate: now),
        id: SigningKeyRecord.id(account, key.keyID),
        account: account
      )
      keys.append(key)
    }
    let stored = Stored(record: record, key: RecordKey(IssuerRecord.kind, issuerID), revision: 1)
    return (Issuer(stored: stored, keys: keys), change)
  }
}
