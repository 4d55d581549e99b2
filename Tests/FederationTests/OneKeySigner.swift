// SPDX-License-Identifier: Apache-2.0
//
// A signer for tests in which the key does not matter: one RSA key for all, so that none waits for a key to be made.

import Federation
import IdentityModel
import LocalKeys
import Testing
import TokenFormats

/// Signs everything with one key, so that a test waits for none.
struct OneKeySigner: TokenSigner {
  // Each signer has its own: one pool makes few keys at a time for one account.
  private let keys = LocalKeys(keyEncryptionKey: .ephemeral())
  private let key: SealedSigningKey

  init(account: AccountID) async throws {
    key = try await keys.makeKey(.rs256, for: account)
  }

  var isUnsealed: Bool { true }
  var publicKey: PublicKey { key.publicKey }

  func makeKey(
    _ algorithm: SigningAlgorithm,
    for account: AccountID,
    purpose: SigningKeyPurpose
  ) async throws(TokenSignerError) -> SealedSigningKey { key }

  func importKey(_ pem: Secret, for account: AccountID) async throws(TokenSignerError) -> SealedSigningKey {
    throw .unsuitable("this signer takes no keys")
  }

  func vouches(for key: SealedSigningKey) throws(TokenSignerError) -> Bool { try keys.vouches(for: key) }

  func makeReadyKey(
    _ algorithm: SigningAlgorithm,
    for account: AccountID,
    purpose: SigningKeyPurpose
  ) async throws(TokenSignerError) -> SealedSigningKey? {
    try await makeKey(algorithm, for: account, purpose: purpose)
  }

  func forget(_ keyID: KeyID) {}

  func sign(
    _ message: [UInt8],
    with key: SealedSigningKey,
    algorithm: JWSAlgorithm
  ) async throws(TokenSignerError) -> [UInt8] {
    try await keys.sign(message, with: key, algorithm: algorithm)
  }
}

extension PublicKey {
  /// The key of the house's own signer.
  static func rsaOf(_ house: TrailHouse) throws -> PublicKey {
    try #require(house.signer as? OneKeySigner).publicKey
  }
}
