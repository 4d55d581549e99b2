// SPDX-License-Identifier: Apache-2.0
//
// RS256 and ES384 verification with a key that was parsed and checked once. Knows nothing of tokens.
// Source: RFC 7518 §3.3, §3.4; FIPS 186-5 §6.4.2.

import Crypto
import CryptoExtras
package import IdentityModel

/// Verifies signatures of one public key, with the key's own algorithm.
package struct PublicKeyVerifier: Sendable {
  private enum Parsed: Sendable {
    case rsa(_RSA.Signing.PublicKey)
    case p384(P384.Signing.PublicKey)
  }

  private let parsed: Parsed

  /// Parses `key`.
  ///
  /// Returns `nil` for an RSA modulus below 2048 or above 8192 bits or even, an RSA exponent that is even, below 3
  /// or above 32 bits, leading zero octets in either, coordinates that have not 48 octets, and a point that is not
  /// on P-384.
  package init?(_ key: PublicKey) {
    switch key {
    case .rsa(let modulus, let exponent):
      guard let top = modulus.first, top != 0, (256...1024).contains(modulus.count),
        modulus.count > 256 || top >= 0x80, exponent.first != 0, (1...4).contains(exponent.count),
        exponent != [1], exponent.last.map({ $0 & 1 == 1 }) == true,
        let parsed = try? _RSA.Signing.PublicKey(n: modulus, e: exponent)
      else { return nil }
      self.parsed = .rsa(parsed)
    case .p384(let x, let y):
      guard x.count == 48, y.count == 48,
        let parsed = try? P384.Signing.PublicKey(x963Representation: [0x04] + x + y)
      else { return nil }
      self.parsed = .p384(parsed)
    }
  }

  /// Whether `signature` is the key's signature over `message`.
  ///
  /// Shape of `signature`: RS256 as many octets as the modulus; ES384 96 octets, R followed by S. Any other length
  /// is not a signature.
  ///
  /// SECURITY: with (R, S) the pair (R, n − S) is a valid ES384 signature too: never identify a token by its
  /// signature.
  package func isValid(signature: [UInt8], for message: [UInt8]) -> Bool {
    switch parsed {
    case .rsa(let key):
      return key.isValidSignature(
        _RSA.Signing.RSASignature(rawRepresentation: signature),
        for: SHA256.hash(data: message),
        padding: .insecurePKCS1v1_5
      )
    case .p384(let key):
      guard signature.count == 96,
        let signature = try? P384.Signing.ECDSASignature(rawRepresentation: signature)
      else { return false }
      return key.isValidSignature(signature, for: SHA384.hash(data: message))
    }
  }
}
