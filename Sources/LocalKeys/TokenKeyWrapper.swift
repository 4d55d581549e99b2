// SPDX-License-Identifier: Apache-2.0
//
// The key-encryption key wrapped by an AES-256 key that never leaves a PKCS #11 token: what is in the file opens nowhere
// else. AES-GCM by encryption, not a mechanism that wraps: tokens of the stricter kind unwrap no key that they then show.
// Source: PKCS #11 v2.40 §2.12 (CKM_AES_GCM); NIST SP 800-38D.

package import PKCS11

/// Wraps key-encryption keys in a token.
package struct TokenKeyWrapper: KeyEncryptionKeyWrapper {
  private let token: PKCS11Token
  private let label: String

  /// Wraps with the AES key `label` of `token`.
  package init(_ token: PKCS11Token, label: String) {
    self.token = token
    self.label = label
  }

  /// Makes the AES key, unless the token has it; whether it was made.
  package func makeKey() async throws(KeyEncryptionKeyError) -> Bool {
    let label = label
    return try await inToken { session throws(PKCS11Error) in try session.makeWrappingKey(label: label) }
  }

  package func wrap(_ key: [UInt8]) async throws(KeyEncryptionKeyError) -> [UInt8] {
    let label = label
    let nonce = SystemRandom.octets(Self.nonceBytes)
    let sealed = try await inToken { session throws(PKCS11Error) in
      try session.encrypt(key, nonce: nonce, associatedData: Self.associatedData, label: label)
    }
    guard sealed.count == key.count + Self.tagBytes else {
      throw .wrapper("the token gave \(sealed.count) octets for \(key.count)")
    }
    return nonce + sealed
  }

  package func unwrap(_ wrapped: [UInt8]) async throws(KeyEncryptionKeyError) -> [UInt8] {
    let label = label
    guard wrapped.count > Self.nonceBytes + Self.tagBytes else { throw .malformed }
    return try await inToken { session throws(PKCS11Error) in
      try session.decrypt(
        Array(wrapped.dropFirst(Self.nonceBytes)),
        nonce: Array(wrapped.prefix(Self.nonceBytes)),
        associatedData: Self.associatedData,
        label: label
      )
    }
  }

  private func inToken<Value: Sendable>(
    _ body: @escaping @Sendable (PKCS11Session) throws(PKCS11Error) -> Value
  ) async throws(KeyEncryptionKeyError) -> Value {
    do throws(PKCS11Error) {
      return try await token.run(body)
    } catch {
      throw .wrapper("\(error)")
    }
  }

  private static let nonceBytes = 12
  private static let tagBytes = 16
  private static let associatedData = Array("exeat key-encryption key 1".utf8)
}
