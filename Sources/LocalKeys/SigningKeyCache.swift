// SPDX-License-Identifier: Apache-2.0
//
// Signing keys that were opened and parsed lately, so that a signature costs a signature. Bounded: a parsed RSA key
// takes about 7 kB. Knows nothing of seals.

import Federation
import IdentityModel
import Synchronization

enum SigningKey: Sendable {
  case rsa(RSASigningKey)
  case p384(P384SigningKey)
  case token(TokenKey)
}

final class SigningKeyCache: Sendable {
  private struct Entry {
    let sealed: SealedSigningKey
    let key: SigningKey
    var lastUse: UInt64
  }

  private struct State {
    var entries: [KeyID: Entry] = [:]
    var uses: UInt64 = 0
    // Keys that are not to be kept: a signature that began before a key was forgotten brings it no more.
    var forgotten: Set<KeyID> = []
  }

  /// The most forgotten keys that are remembered: those of the last minutes, as long as any signature may take.
  private static let forgottenLimit = 4096

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) {
    self.limit = limit
  }

  var count: Int { state.withLock { $0.entries.count } }

  /// The parsed key for exactly this sealed key.
  ///
  /// SECURITY: a hit must be as good as opening the seal. So everything that the seal binds is compared, not only
  /// the key id, and that byte for byte.
  func key(for sealed: SealedSigningKey) -> SigningKey? {
    state.withLock { state in
      guard let entry = state.entries[sealed.keyID], entry.sealed == sealed,
        entry.sealed.keyID.description.utf8.elementsEqual(sealed.keyID.description.utf8)
      else { return nil }
      state.uses += 1
      state.entries[sealed.keyID]?.lastUse = state.uses
      return entry.key
    }
  }

  /// Keeps what it has for `sealed` for `resealed` instead, which is the same key under another seal.
  func replace(_ sealed: SealedSigningKey, by resealed: SealedSigningKey) {
    if let parsed = key(for: sealed) { insert(parsed, for: resealed) }
  }

  /// Forgets every key.
  func removeAll() {
    state.withLock { $0.entries = [:] }
  }

  /// Keeps `key`; when the cache is full, the quarter that was used least recently goes.
  func insert(_ key: SigningKey, for sealed: SealedSigningKey) {
    state.withLock { state in
      guard !state.forgotten.contains(sealed.keyID) else { return }
      if state.entries.count >= limit, state.entries[sealed.keyID] == nil {
        let oldest = state.entries.sorted { $0.value.lastUse < $1.value.lastUse }.prefix(max(1, limit / 4))
        for (keyID, _) in oldest { state.entries[keyID] = nil }
      }
      state.uses += 1
      state.entries[sealed.keyID] = Entry(sealed: sealed, key: key, lastUse: state.uses)
    }
  }

  /// Drops the key `keyID`, and keeps it no more.
  func forget(_ keyID: KeyID) {
    state.withLock { state in
      state.entries[keyID] = nil
      if state.forgotten.count >= Self.forgottenLimit { state.forgotten.removeAll() }
      state.forgotten.insert(keyID)
    }
  }
}
