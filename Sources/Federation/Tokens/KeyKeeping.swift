// SPDX-License-Identifier: Apache-2.0
//
// What the server does to signing keys by itself: it makes those that an issuer still lacks, successors when they are due,
// and destroys private halves that are of no use any more. Each time on record as the operator's, and each time so that
// of two who do it at once one finds it done. Source: docs/decisions/0025.

import AuditTrail
package import IdentityModel
import StrictJSON

/// Keeps the signing keys of accounts in order.
package struct KeyKeeping: Sendable {
  let directory: Directory
  let signer: any TokenSigner
  let entropy: Entropy
  /// The times of the life of a key.
  package let schedule: KeySchedule

  /// Makes the keys that the issuer of `account` lacks; nothing when it has one for each algorithm, or had.
  package func completeKeys(of account: AccountID, now: Instant) async throws {
    try await change(account, now) { change in
      for algorithm in try ownRing(change).missing {
        let key = try await signer.makeKey(algorithm, for: account)
        change.add(key, createDate: now, signsFrom: now)
        return (event("CreateOutboundSigningKey", key.keyID, account, now, signsFrom: now), nil)
      }
      return nil
    }
  }

  /// Publishes the successors of keys of `account` that are due at `now`, and destroys private halves that are spent.
  ///
  /// Returns the ids of the keys whose private halves are gone, and whether anything changed at all.
  package func tend(
    _ account: AccountID,
    now: Instant
  ) async throws -> (destroyed: [KeyID], hasChanged: Bool) {
    let (destroyed, hasChanged) = try await change(account, now) { change in
      let own = try ownRing(change)
      for algorithm in SigningAlgorithm.allCases {
        guard let signsFrom = own.dueSuccessor(algorithm, at: now, schedule),
          own.published(at: now, schedule).count < KeySchedule.maximumPublished
        else { continue }
        let key = try await signer.makeKey(algorithm, for: account)
        change.add(key, createDate: now, signsFrom: signsFrom)
        return (event("RotateOutboundSigningKey", key.keyID, account, now, signsFrom: signsFrom), nil)
      }
      for key in change.ring.spent(at: now, schedule) {
        // SECURITY: a key that the house does not vouch for is not made one of its own by being destroyed.
        guard let voucher = try key.voucher(by: signer, directory.sealer) else { continue }
        try change.destroy(key, voucher: voucher)
        return (event("DestroyOutboundSigningKey", key.keyID, account, now), key.keyID)
      }
      return nil
    }
    return (destroyed, hasChanged)
  }

  /// The keys that the house vouches for.
  ///
  /// SECURITY: what somebody else put into the store is no reason to have none of our own. And where none of the keys is
  /// one of ours the key-encryption key is another: then nothing is made, which the right one would not open.
  private func ownRing(_ change: SigningKeysChange) throws -> SigningKeyRing {
    let ring = change.ring
    let own = try ring.vouched(by: signer, directory.sealer).ring
    guard ring.keys.isEmpty || own.keys.contains(where: \.canSign) else { throw TokenSignerError.sealBroken }
    return own
  }

  /// Carries out what `body` puts into a change and tells of, one change after another, until it has nothing to do.
  ///
  /// Returns the keys that `body` said it destroyed, of the changes that took place, and whether there was any.
  @discardableResult
  private func change(
    _ account: AccountID,
    _ now: Instant,
    _ body: (inout SigningKeysChange) async throws -> (record: AuditRecord, destroyed: KeyID?)?
  ) async throws -> (destroyed: [KeyID], hasChanged: Bool) {
    var destroyed: [KeyID] = []
    var hasChanged = false
    var failures = 0
    // A key of each algorithm to make, and a few to destroy; a bound for what never ends.
    for _ in 0..<64 {
      guard let keys = try await StoredSigningKeys.read(account, directory),
        let step = try await step(keys, now, body)
      else { break }
      // Whom somebody else was before looks anew at what is left to do.
      guard try await commit(step.change, of: account, recording: step.record, isLast: failures == 8) else {
        failures += 1
        continue
      }
      hasChanged = true
      if let keyID = step.destroyed { destroyed.append(keyID) }
    }
    return (destroyed, hasChanged)
  }

  /// What `body` puts into a change of `keys`, and tells of; `nil` when that is nothing.
  private func step(
    _ keys: StoredSigningKeys,
    _ now: Instant,
    _ body: (inout SigningKeysChange) async throws -> (record: AuditRecord, destroyed: KeyID?)?
  ) async throws -> (change: Change, record: AuditRecord, destroyed: KeyID?)? {
    var change = SigningKeysChange(keys)
    guard let told = try await body(&change) else { return nil }
    return (try change.change(at: now, schedule), told.record, told.destroyed)
  }

  /// Whether `change` took place; when it met another one it did not, and throws if it is the last to be tried.
  private func commit(
    _ change: Change,
    of account: AccountID,
    recording record: AuditRecord,
    isLast: Bool
  ) async throws -> Bool {
    do {
      try await directory.commit(change, of: account, recording: record)
      return true
    } catch StoreError.preconditionFailed where !isLast {
      directory.forget(account)
      return false
    }
  }

  private func event(
    _ name: String,
    _ keyID: KeyID,
    _ account: AccountID,
    _ now: Instant,
    signsFrom: Instant? = nil
  ) -> AuditRecord {
    let words: (JSONValue, JSONValue) = (.string(account.description), .string(keyID.description))
    guard let signsFrom else {
      return AuditRecord(
        operatorEvent: name,
        parameters: ["accountId": words.0, "keyId": words.1],
        account: account,
        now: now,
        entropy: entropy
      )
    }
    return AuditRecord(
      operatorEvent: name,
      parameters: [
        "accountId": words.0, "keyId": words.1, "signsFrom": .string(signsFrom.cloudTrailElementForm),
      ],
      account: account,
      now: now,
      entropy: entropy
    )
  }
}
