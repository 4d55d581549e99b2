// SPDX-License-Identifier: Apache-2.0
//
// RS256 and ES384 verification with one of our own kinds of key: one key, one algorithm. Knows nothing of tokens.
// Source: RFC 7518 §3.3, §3.4; RFC 8725 §3.1.

package import IdentityModel

/// Verifies signatures of one public key, with the key's own algorithm.
package struct PublicKeyVerifier: Sendable {
  private let key: SignatureKey
  private let algorithm: JWSAlgorithm

  /// Parses `key`.
  ///
  /// Returns `nil` for an RSA modulus below 2048 or above 8192 bits or even, an RSA exponent that is even, below 3
  /// or above 32 bits, leading zero octets in either, coordinates that have not 48 octets, and a point that is not
  /// on P-384.
  package init?(_ key: PublicKey) {
    let parsed: SignatureKey?
    switch key {
    case .rsa(let modulus, let exponent):
      parsed = SignatureKey(modulus: modulus, exponent: exponent)
      algorithm = .rs256
    case .p384(let x, let y):
      parsed = SignatureKey(.p384, x: x, y: y)
      algorithm = .es384
    }
    guard let parsed else { return nil }
    self.key = parsed
  }

  /// Whether `signature` is the key's signature over `message`.
  ///
  /// Shape of `signature`: RS256 as many octets as the modulus; ES384 96 octets, R followed by S. Any other length
  /// is not a signature.
  ///
  /// SECURITY: with (R, S) the pair (R, n − S) is a valid ES384 signature too: never identify a token by its
  /// signature.
  package func isValid(signature: [UInt8], for message: [UInt8]) -> Bool {
    key.isValid(signature: signature, for: message, algorithm: algorithm)
  }

  /// The same with another algorithm that such a key can have; XML signatures have several.
  package func isValid(signature: [UInt8], for message: [UInt8], algorithm: JWSAlgorithm) -> Bool {
    key.isValid(signature: signature, for: message, algorithm: algorithm)
  }
}
