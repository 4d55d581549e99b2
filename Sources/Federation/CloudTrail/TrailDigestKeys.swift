// SPDX-License-Identifier: Apache-2.0
//
// The keys that sign an account's digests: RSA-2048, sealed under the key-encryption key like every other, each good
// for a year and listed for good, so that a digest stays verifiable. Source: AWS CloudTrail API, ListPublicKeys;
// contract §5.3.

package import AuditTrail
package import IdentityModel

/// A key that signs digests.
package struct TrailDigestKey: Codable, Hashable, Sendable, Resealable {
  /// The sealed key and when it was made.
  private var record: SigningKeyRecord
  /// When it begins to sign: `ValidityStartTime`.
  package let validityStart: Instant
  /// When it signs no more: `ValidityEndTime`.
  package let validityEnd: Instant

  fileprivate init(_ key: SealedSigningKey, now: Instant) {
    record = SigningKeyRecord(key, createDate: now)
    validityStart = now
    validityEnd = now.advanced(bySeconds: 365 * 24 * 3600)
  }

  /// The public half as ListPublicKeys hands it out; `nil` when the record is not of an RSA key.
  package var publicKey: RSAPublicKeyFile? {
    guard case .rsa(let modulus, let exponent) = record.key?.publicKey else { return nil }
    return RSAPublicKeyFile(modulus: modulus, exponent: exponent)
  }

  /// Whether `signer` vouches for the key: one that it does not know was put there by somebody else.
  func isVouchedFor(by signer: any TokenSigner) throws(TokenSignerError) -> Bool {
    guard let sealed else { return false }
    return try signer.vouches(for: sealed)
  }

  fileprivate var sealed: SealedSigningKey? { record.key }

  /// The same key with its private half under the current key-encryption key; `nil` when it is so already.
  func resealed(by resealer: any Resealer) throws(TokenSignerError) -> TrailDigestKey? {
    guard let record = try record.resealed(by: resealer) else { return nil }
    var key = self
    key.record = record
    return key
  }
}

/// The keys of an account's digests.
package struct TrailDigestKeys: Codable, Hashable, Sendable {
  /// In the order in which they were made.
  package fileprivate(set) var keys: [TrailDigestKey]

  /// The keys of `account`; none before the first digest was due.
  ///
  /// Throws `corrupted` for something that the server did not write.
  package static func read(
    from progress: any ProgressReader,
    _ account: AccountID
  ) async throws(StoreError) -> TrailDigestKeys {
    let name = progressName(account)
    guard let bytes = try await progress.progress(of: name) else { return TrailDigestKeys(keys: []) }
    guard let keys = HouseJSON.decode(TrailDigestKeys.self, from: bytes) else {
      throw .corrupted("progress `\(name)`")
    }
    return keys
  }

  /// The keys that signed at any time from `start` to `end`, both included.
  package func valid(from start: Instant, to end: Instant) -> [TrailDigestKey] {
    keys.filter { $0.validityStart <= end && $0.validityEnd >= start }
  }

  /// Seals every key again that an older key-encryption key sealed.
  mutating func reseal(with resealer: any Resealer) throws(TokenSignerError) -> ResealingProgress {
    var done = ResealingProgress()
    for index in keys.indices {
      done.examined += 1
      do throws(TokenSignerError) {
        guard let key = try keys[index].resealed(by: resealer) else { continue }
        keys[index] = key
        done.resealed += 1
      } catch .sealBroken {
        done.unopened += 1
      }
    }
    return done
  }

  /// Writes the keys of `account`; durable on return.
  func write(to progress: any ProgressStore, _ account: AccountID) async throws(StoreError) {
    let name = Self.progressName(account)
    guard let bytes = HouseJSON.encode(self) else { throw .corrupted("progress `\(name)` does not encode") }
    try await progress.setProgress(of: name, bytes)
  }

  /// The name in the store's progress.
  static func progressName(_ account: AccountID) -> String { namePrefix + account.description }

  /// The account whose keys stand under `name`; `nil` for the name of anything else.
  static func account(ofProgress name: String) -> AccountID? {
    guard name.utf8.starts(with: namePrefix.utf8) else { return nil }
    return AccountID(String(name.dropFirst(namePrefix.count)))
  }

  private static let namePrefix = "trail-digest-keys/"
}

/// Why a digest could not be signed.
package enum TrailDigestKeyError: Error, Hashable, Sendable {
  /// The store failed.
  case store(StoreError)
  /// The key could not be made or used.
  case signer(TokenSignerError)
}

/// Makes keys and signs digests with them.
struct TrailDigestSigner: Sendable {
  let progress: any ProgressStore
  let signer: any TokenSigner
  /// Whoever changes the keys goes through here.
  let turnstile: Turnstile

  /// The key that signs digests of `account` at `now`.
  ///
  /// With `makesOne` a key is made, and durable, when there is none or its time has passed; for one task at a time: of
  /// two, each would make a key, and one of these would be lost. Without it, the last key signs what is left to sign.
  func currentKey(
    of account: AccountID,
    now: Instant,
    makesOne: Bool
  ) async throws(TrailDigestKeyError) -> TrailDigestKey {
    try await turnstile.pass { () async throws(TrailDigestKeyError) in
      try await foundOrMade(account, now, makesOne)
    }
  }

  private func foundOrMade(
    _ account: AccountID,
    _ now: Instant,
    _ makesOne: Bool
  ) async throws(TrailDigestKeyError) -> TrailDigestKey {
    var found = try await keys(of: account)
    if let last = found.keys.last, now < last.validityEnd || !makesOne { return last }
    guard makesOne else { throw .signer(.failed("there is no key of digests")) }
    let key: TrailDigestKey
    do {
      key = TrailDigestKey(try await signer.makeKey(.rs256, for: account), now: now)
    } catch {
      throw .signer(error)
    }
    found.keys.append(key)
    do throws(StoreError) {
      try await found.write(to: progress, account)
    } catch {
      throw .store(error)
    }
    return key
  }

  /// The signature over `message`: RSASSA-PKCS1-v1_5 with SHA-256, 256 octets, checked with the public key.
  func sign(_ message: [UInt8], with key: TrailDigestKey) async throws(TrailDigestKeyError) -> [UInt8] {
    guard let sealed = key.sealed else { throw .signer(.sealBroken) }
    do {
      return try await signer.sign(message, with: sealed)
    } catch {
      throw .signer(error)
    }
  }

  private func keys(of account: AccountID) async throws(TrailDigestKeyError) -> TrailDigestKeys {
    do {
      return try await TrailDigestKeys.read(from: progress, account)
    } catch {
      throw .store(error)
    }
  }
}
