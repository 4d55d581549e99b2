// SPDX-License-Identifier: Apache-2.0
//
// A new issuer: a random UUID, and one key for each algorithm that is at hand. Made at the first enable, kept for good.
// An RSA key takes a while to make: one that is not at hand is made when somebody needs it, and nobody sees a key set
// without it.

package import IdentityModel

/// Makes issuers, and the keys that they begin with.
package enum IssuerCreation {
  /// A new, enabled issuer for `account`: its record, and the change that stores it and its keys.
  ///
  /// The account's own record, which names its issuer, is the caller's to change.
  package static func make(
    for account: AccountID,
    house: House,
    now: Instant
  ) async throws -> (issuer: IssuerRecord, change: Change) {
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
    for algorithm in SigningAlgorithm.allCases {
      guard let key = try await house.signer.makeReadyKey(algorithm, for: account, purpose: .token) else {
        continue
      }
      try change.create(
        SigningKeyRecord(key, createDate: now, signsFrom: now),
        id: SigningKeyRecord.id(account, key.keyID),
        account: account
      )
    }
    return (record, change)
  }
}
