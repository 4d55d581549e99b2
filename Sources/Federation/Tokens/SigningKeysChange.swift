// SPDX-License-Identifier: Apache-2.0
//
// A change of an account's signing keys in the making: what is added, brought forward, revoked or destroyed, and the ring
// as it will be. Every such change meets at the issuer's record, so that of two at once one looks again, and so that a
// token goes on record only while the keys are those that it was signed under.

import IdentityModel

/// An account's issuer with its signing keys as they are stored.
struct StoredSigningKeys: Sendable {
  let issuer: Issuer
  let stored: [Stored<SigningKeyRecord>]

  /// The keys of `account` as the store has them now; `nil` when it has no issuer.
  static func read(_ account: AccountID, _ directory: Directory) async throws(StoreError) -> Self? {
    // The issuer first: whatever changes its keys after that gives it another revision.
    guard let issuer = try await directory.issuer(of: account) else { return nil }
    let stored = try await directory.storedSigningKeys(of: account).own
    let ring = SigningKeyRing(stored.compactMap(\.record.signingKey))
    return StoredSigningKeys(
      issuer: Issuer(stored: issuer.stored, signingKeys: ring, samlKeys: issuer.samlKeys),
      stored: stored
    )
  }
}

/// A change of signing keys.
struct SigningKeysChange {
  /// How many keys an account keeps that are published no more.
  ///
  /// The oldest go when there are more, those that were revoked last of all.
  static let maximumKept = 256

  let issuer: Issuer
  private let stored: [Stored<SigningKeyRecord>]
  private var replaced: [String: SigningKeyRecord] = [:]
  private var added: [SigningKeyRecord] = []

  init(_ keys: StoredSigningKeys) {
    issuer = keys.issuer
    stored = keys.stored
  }

  var account: AccountID { issuer.stored.record.account }

  /// The keys as they will be.
  var ring: SigningKeyRing {
    let records = stored.map { replaced[$0.key.id] ?? $0.record } + added
    return SigningKeyRing(records.compactMap(\.signingKey))
  }

  /// Adds a new key, which signs from `signsFrom` on.
  mutating func add(_ key: SealedSigningKey, createDate: Instant, signsFrom: Instant) {
    added.append(SigningKeyRecord(key, createDate: createDate, signsFrom: signsFrom))
  }

  /// Makes the key sign from `date` on.
  mutating func bringForward(_ key: OutboundSigningKey, to date: Instant) throws(StoreError) {
    try replace(key) { $0.signing(from: date) }
  }

  /// Revokes the key at `date`; its private half is gone with that.
  mutating func revoke(_ key: OutboundSigningKey, at date: Instant) throws(StoreError) {
    try replace(key) { $0.revoked(at: date) }
  }

  /// Destroys the private half of the key; `voucher` vouches for the public one from now on.
  mutating func destroy(_ key: OutboundSigningKey, voucher: [UInt8]) throws(StoreError) {
    try replace(key) { $0.destroyed(voucher: voucher) }
  }

  private mutating func replace(
    _ key: OutboundSigningKey,
    _ body: (SigningKeyRecord) -> SigningKeyRecord
  ) throws(StoreError) {
    guard let stored = stored.first(where: { key.stands(at: $0.key.id) }) else {
      throw .corrupted("no record of the signing key `\(key.keyID)`")
    }
    replaced[stored.key.id] = body(replaced[stored.key.id] ?? stored.record)
  }

  /// The writes.
  func change(at now: Instant, _ schedule: KeySchedule) throws(StoreError) -> Change {
    var change = Change()
    let dropped = dropped(at: now, schedule)
    for stored in stored {
      if dropped.contains(stored.key.id) {
        change.delete(stored)
      } else if let record = replaced[stored.key.id] {
        try change.replace(stored, with: record, account: account)
      }
    }
    for record in added {
      let id = SigningKeyRecord.id(account, KeyID(record.keyID))
      try change.create(record, id: id, account: account)
    }
    try change.replace(issuer.stored, with: issuer.stored.record, account: account)
    return change
  }

  private func dropped(at now: Instant, _ schedule: KeySchedule) -> Set<String> {
    let gone = ring.standings(at: now, schedule).filter { !$0.isPublished }
    let excess = gone.count - Self.maximumKept
    guard excess > 0 else { return [] }
    let byWorth = gone.filter { $0.state == .retired } + gone.filter { $0.state == .revoked }
    return Set(byWorth.prefix(excess).map { SigningKeyRecord.id(account, $0.key.keyID) })
  }
}
