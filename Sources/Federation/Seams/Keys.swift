// SPDX-License-Identifier: Apache-2.0
//
// Private keys as the house needs them: it hands sealed keys around and asks for signatures; what is inside never
// crosses this seam.

package import IdentityModel
package import TokenFormats

/// What a signing key signs: each purpose has seals of its own, and no key serves two.
package enum SigningKeyPurpose: Hashable, Sendable {
  /// Web identity tokens and digests of trails.
  case token
  /// SAML assertions, responses and metadata.
  case saml
}

/// A signing key at rest: its public half, and its private half sealed under the key-encryption key.
package struct SealedSigningKey: Hashable, Sendable {
  /// What it signs.
  ///
  /// Part of the seal: a key of one purpose does not open as one of another.
  package let purpose: SigningKeyPurpose
  /// The account whose tokens it signs.
  ///
  /// Part of the seal.
  package let account: AccountID
  /// RFC 7638 thumbprint of `publicKey`.
  ///
  /// Part of the seal.
  package let keyID: KeyID
  /// The public half; fixes the algorithm of tokens, and the family of those of SAML.
  package let publicKey: PublicKey
  /// Counts re-seals, from 1.
  ///
  /// Part of the seal.
  package let version: Int
  /// The private half, sealed: AES-256-GCM, opaque to everyone but the signer that made it.
  package let sealed: [UInt8]

  /// Gathers the parts.
  package init(
    purpose: SigningKeyPurpose = .token,
    account: AccountID,
    keyID: KeyID,
    publicKey: PublicKey,
    version: Int,
    sealed: [UInt8]
  ) {
    self.purpose = purpose
    self.account = account
    self.keyID = keyID
    self.publicKey = publicKey
    self.version = version
    self.sealed = sealed
  }
}

/// Why a key could not be made or used.
package enum TokenSignerError: Error, Hashable, Sendable {
  /// There is no key-encryption key: the server is sealed.
  case keyEncryptionKeyMissing
  /// The seal does not open: another key-encryption key, or another account, key id, version or content.
  case sealBroken
  /// The private key does not belong to the public one, or its own signature does not verify: a hardware fault or
  /// tampering. No signature is released.
  case signatureCheckFailed
  /// The key that somebody brought is none that we sign with; the text is the reason, for who brought it.
  case unsuitable(String)
  /// The token that holds the key does not answer; the text is for the log.
  case tokenUnavailable(String)
  /// The cryptographic library refused; the text is for the log.
  case failed(String)
  /// Too many signatures or new keys are waited for already, by all accounts or by this one; nothing was signed or made.
  case overloaded(retryAfterSeconds: Int)
}

/// Makes keys and signs with them.
package protocol TokenSigner: Sendable {
  /// Whether a key-encryption key is there. When not, every other call throws `keyEncryptionKeyMissing`.
  var isUnsealed: Bool { get }

  /// Makes a new key for `account` and `purpose`, sealed with version 1.
  func makeKey(
    _ algorithm: SigningAlgorithm,
    for account: AccountID,
    purpose: SigningKeyPurpose
  ) async throws(TokenSignerError) -> SealedSigningKey

  /// The same when one is at hand; `nil` when it would have to be waited for.
  func makeReadyKey(
    _ algorithm: SigningAlgorithm,
    for account: AccountID,
    purpose: SigningKeyPurpose
  ) async throws(TokenSignerError) -> SealedSigningKey?

  /// Forgets what it holds of the key in the clear, and keeps it no more: the key is revoked, or destroyed.
  func forget(_ keyID: KeyID)

  /// Seals the private key `pem` for the tokens of `account`, with version 1.
  ///
  /// Shape of `pem`: one private key in PKCS#8, unencrypted; RSA of 2048 to 4096 bits with the exponent 65537, or P-384.
  /// Throws `unsuitable` with the reason for anything else.
  func importKey(_ pem: Secret, for account: AccountID) async throws(TokenSignerError) -> SealedSigningKey

  /// Whether the private half of `key` is sealed beside this public half, for its account and purpose, by the
  /// key-encryption key.
  ///
  /// SECURITY: a public key that anybody else put into the store is one that nobody here signs with, and whoever put it
  /// there does.
  func vouches(for key: SealedSigningKey) throws(TokenSignerError) -> Bool

  /// The signature over `message`, in JWS form: RSA as many octets as the modulus, ES384 96 octets R followed by S.
  ///
  /// A key for tokens signs with its own algorithm only, one for SAML also with RS384 if it is of RSA; anything else is
  /// `failed`. An RSA signature was verified with the public key before it is returned; of an ES384 key the pair was
  /// checked when it was loaded (docs/decisions/0006-signing-libraries.md).
  func sign(
    _ message: [UInt8],
    with key: SealedSigningKey,
    algorithm: JWSAlgorithm
  ) async throws(TokenSignerError) -> [UInt8]
}

extension TokenSigner {
  /// Makes a new key for the tokens of `account`.
  package func makeKey(
    _ algorithm: SigningAlgorithm,
    for account: AccountID
  ) async throws(TokenSignerError) -> SealedSigningKey {
    try await makeKey(algorithm, for: account, purpose: .token)
  }

  /// The signature over `message` with the key's own algorithm.
  package func sign(
    _ message: [UInt8],
    with key: SealedSigningKey
  ) async throws(TokenSignerError) -> [UInt8] {
    try await sign(message, with: key, algorithm: key.publicKey.algorithm.jws)
  }
}

extension SigningAlgorithm {
  /// The same algorithm among those that others sign with.
  package var jws: JWSAlgorithm {
    switch self {
    case .rs256: .rs256
    case .es384: .es384
    }
  }
}

/// Seals secrets that rest in the store, secret access keys, and those that travel, session tokens.
package protocol SecretSealer: Sendable {
  /// Whether a key-encryption key is there.
  var isUnsealed: Bool { get }

  /// Seals `secret` under the key-encryption key, bound to `context` (AES-256-GCM associated data).
  func seal(_ secret: Secret, context: String) throws(TokenSignerError) -> [UInt8]

  /// Opens what `seal` made with the same `context`; throws `sealBroken` otherwise.
  func open(_ sealed: [UInt8], context: String) throws(TokenSignerError) -> Secret

  /// Seals the content of a session token, bound to `accessKeyID`.
  ///
  /// Sessions are many: each is sealed under a key of its own, derived for it, so that their number has no bound.
  func sealSession(_ content: Secret, accessKeyID: String) throws(TokenSignerError) -> [UInt8]

  /// Opens what `sealSession` made for the same `accessKeyID`; throws `sealBroken` otherwise.
  func openSession(_ sealed: [UInt8], accessKeyID: String) throws(TokenSignerError) -> Secret
}
