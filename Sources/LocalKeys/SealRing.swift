// SPDX-License-Identifier: Apache-2.0
//
// The seals of every key-encryption key there is: the first seals, all of them open. Knows nothing of what is sealed.

import Federation

/// The seals of one key-encryption key.
struct Seals: Sendable {
  let signingKeys: Seal
  let samlSigningKeys: Seal
  let secrets: Seal
  let sessions: SessionSeal

  init(_ key: KeyEncryptionKey) {
    signingKeys = Seal(key, purpose: .signingKey)
    samlSigningKeys = Seal(key, purpose: .samlSigningKey)
    secrets = Seal(key, purpose: .secret)
    sessions = SessionSeal(key)
  }

  /// What seals the private half of a key for `purpose`.
  func of(_ purpose: SigningKeyPurpose) -> Seal {
    switch purpose {
    case .token: signingKeys
    case .saml: samlSigningKeys
    }
  }
}

/// The seals of a ring of key-encryption keys.
struct SealRing: Sendable {
  /// What seals.
  let current: Seals
  /// The names of the keys.
  let identifiers: Set<String>
  private let older: [Seals]

  init(_ ring: KeyEncryptionKeyRing) {
    identifiers = Set(ring.identifiers)
    current = Seals(ring.current)
    older = ring.openers.map(Seals.init)
  }

  /// What `open` makes of the first seals that open, and whether these are the current ones.
  ///
  /// Throws `sealBroken` when none opens, and every other error of `open` at once.
  func opening<Value>(
    _ open: (Seals) throws(TokenSignerError) -> Value
  ) throws(TokenSignerError) -> (value: Value, isCurrent: Bool) {
    do throws(TokenSignerError) {
      return (try open(current), true)
    } catch {
      guard error == .sealBroken else { throw error }
    }
    for seals in older {
      do throws(TokenSignerError) {
        return (try open(seals), false)
      } catch {
        guard error == .sealBroken else { throw error }
      }
    }
    throw .sealBroken
  }
}
