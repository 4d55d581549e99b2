// SPDX-License-Identifier: Apache-2.0
//
// Signing keys that are made in a PKCS #11 token and never leave it. What is sealed in the store in place of a private
// half is a reference: the seal binds it to its account, purpose and public key as it would bind the key. Every signature
// is checked here before it is released. Source: PKCS #11 v2.40 §2.1.6 (PKCS #1 v1.5), §2.3.6 (ECDSA).

import Crypto
import Federation
import IdentityModel
import PKCS11
import TokenFormats

/// A private half in a token, by its CKA_ID.
struct TokenKeyReference: Hashable, Sendable {
  let id: [UInt8]

  /// A new one: 16 random octets.
  init() {
    id = SystemRandom.octets(Self.idBytes)
  }

  /// Reads what `sealedForm` wrote; `nil` for anything else, above all for a private key: PKCS#8 begins with 0x30, and a
  /// scalar has 48 octets.
  init?(_ octets: [UInt8]) {
    guard octets.count == Self.header.count + Self.idBytes, octets.starts(with: Self.header) else {
      return nil
    }
    id = Array(octets.dropFirst(Self.header.count))
  }

  /// What is sealed.
  var sealedForm: [UInt8] { Self.header + id }

  private static let header = Array("exeat-pkcs11-v1:".utf8)
  private static let idBytes = 16
}

/// A key in a token, ready to sign.
struct TokenKey: Sendable {
  let reference: TokenKeyReference
  let publicKey: PublicKey
  let verifier: PublicKeyVerifier
}

/// Makes keys in a token and signs with them there.
struct TokenSigningKeys: Sendable {
  let token: PKCS11Token

  /// Makes a key pair for `account` in the token.
  func make(
    _ algorithm: SigningAlgorithm,
    for account: AccountID
  ) async throws(TokenSignerError) -> (reference: TokenKeyReference, publicKey: PublicKey) {
    let reference = TokenKeyReference()
    let label = "exeat \(account)"
    let publicKey = try await inToken { session throws(PKCS11Error) in
      // A second try after a loss must not leave two keys of one id.
      try session.destroyKey(id: reference.id)
      return switch algorithm {
      case .rs256: try session.makeRSAKey(id: reference.id, label: label)
      case .es384: try session.makeP384Key(id: reference.id, label: label)
      }
    }
    return (reference, publicKey)
  }

  /// Destroys a key that nothing refers to.
  func destroy(_ reference: TokenKeyReference) async {
    _ = try? await token.run { session throws(PKCS11Error) in try session.destroyKey(id: reference.id) }
  }

  /// The signature over `message`, in JWS form, checked with the public key.
  func sign(
    _ message: [UInt8],
    with key: TokenKey,
    algorithm: JWSAlgorithm
  ) async throws(TokenSignerError) -> [UInt8] {
    let (mechanism, input): (PKCS11SignatureMechanism, [UInt8])
    switch (key.publicKey, algorithm) {
    case (.rsa, .rs256): (mechanism, input) = (.sha256RSA, message)
    case (.rsa, .rs384): (mechanism, input) = (.sha384RSA, message)
    case (.p384, .es384): (mechanism, input) = (.ecdsa, Array(SHA384.hash(data: message)))
    default: throw .failed("the key does not sign with \(algorithm.rawValue)")
    }
    let signature = try await inToken { session throws(PKCS11Error) in
      try session.sign(input, mechanism, id: key.reference.id)
    }
    // SECURITY: a token may hold another key under this id, or err.
    guard key.verifier.isValid(signature: signature, for: message, algorithm: algorithm) else {
      throw .signatureCheckFailed
    }
    return signature
  }

  private func inToken<Value: Sendable>(
    _ body: @escaping @Sendable (PKCS11Session) throws(PKCS11Error) -> Value
  ) async throws(TokenSignerError) -> Value {
    do throws(PKCS11Error) {
      return try await token.run(body)
    } catch {
      throw .tokenUnavailable("\(error)")
    }
  }
}
