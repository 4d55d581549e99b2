// SPDX-License-Identifier: Apache-2.0
//
// A public key that was parsed and checked once, and the verification of signatures with it. Knows nothing of tokens,
// names or key sets. Source: RFC 7518 §3.3, §3.4, §6.2.1, §6.3.1; FIPS 186-5 §6.4.2.

import Crypto
import CryptoExtras

/// A public RSA or elliptic-curve key that verifies signatures.
package struct SignatureKey: Sendable {
  /// An elliptic curve of FIPS 186-5.
  package enum Curve: String, Hashable, Sendable, CaseIterable {
    /// With ES256.
    case p256 = "P-256"
    /// With ES384.
    case p384 = "P-384"
    /// With ES512.
    case p521 = "P-521"

    /// The octets of a coordinate.
    package var coordinateOctets: Int {
      switch self {
      case .p256: 32
      case .p384: 48
      case .p521: 66
      }
    }
  }

  private enum Parsed: Sendable {
    case rsa(_RSA.Signing.PublicKey)
    case p256(P256.Signing.PublicKey)
    case p384(P384.Signing.PublicKey)
    case p521(P521.Signing.PublicKey)
  }

  private let parsed: Parsed

  /// Parses an RSA key, given big-endian.
  ///
  /// Returns `nil` for a modulus below 2048 or above 8192 bits or even, an exponent that is even, below 3 or above 32
  /// bits, and leading zero octets in either.
  package init?(modulus: [UInt8], exponent: [UInt8]) {
    guard let top = modulus.first, top != 0, (256...1024).contains(modulus.count),
      modulus.count > 256 || top >= 0x80, exponent.first != 0, (1...4).contains(exponent.count),
      exponent != [1], exponent.last.map({ $0 & 1 == 1 }) == true,
      let key = try? _RSA.Signing.PublicKey(n: modulus, e: exponent)
    else { return nil }
    parsed = .rsa(key)
  }

  /// Parses a point; `nil` when a coordinate has not the octets of the field, or the point is not on the curve.
  package init?(_ curve: Curve, x: [UInt8], y: [UInt8]) {
    guard x.count == curve.coordinateOctets, y.count == curve.coordinateOctets else { return nil }
    let point = [0x04] + x + y
    switch curve {
    case .p256:
      guard let key = try? P256.Signing.PublicKey(x963Representation: point) else { return nil }
      parsed = .p256(key)
    case .p384:
      guard let key = try? P384.Signing.PublicKey(x963Representation: point) else { return nil }
      parsed = .p384(key)
    case .p521:
      guard let key = try? P521.Signing.PublicKey(x963Representation: point) else { return nil }
      parsed = .p521(key)
    }
  }

  /// The algorithms that signatures of such a key can have.
  package var algorithms: [JWSAlgorithm] {
    switch parsed {
    case .rsa: [.rs256, .rs384, .rs512]
    case .p256: [.es256]
    case .p384: [.es384]
    case .p521: [.es512]
    }
  }

  /// Whether `signature` is the key's signature over `message` with `algorithm`.
  ///
  /// Shape of `signature`: RSA as many octets as the modulus; ECDSA R followed by S, each as long as a coordinate. Any
  /// other length is not a signature, and an algorithm of another kind of key verifies nothing.
  ///
  /// SECURITY: with (R, S) the pair (R, n − S) is a valid ECDSA signature too: never identify a token by its
  /// signature.
  package func isValid(signature: [UInt8], for message: [UInt8], algorithm: JWSAlgorithm) -> Bool {
    message.withUnsafeBytes { isValid(signature: signature, for: $0, algorithm: algorithm) }
  }

  /// The same for a message that lies elsewhere and is not copied.
  package func isValid(
    signature: [UInt8],
    for message: UnsafeRawBufferPointer,
    algorithm: JWSAlgorithm
  ) -> Bool {
    switch (parsed, algorithm) {
    case (.rsa(let key), .rs256): return Self.isValid(signature, Self.sha256(message), key)
    case (.rsa(let key), .rs384): return Self.isValid(signature, Self.sha384(message), key)
    case (.rsa(let key), .rs512): return Self.isValid(signature, Self.sha512(message), key)
    case (.p256(let key), .es256):
      guard signature.count == 2 * Curve.p256.coordinateOctets,
        let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature)
      else { return false }
      return key.isValidSignature(signature, for: Self.sha256(message))
    case (.p384(let key), .es384):
      guard signature.count == 2 * Curve.p384.coordinateOctets,
        let signature = try? P384.Signing.ECDSASignature(rawRepresentation: signature)
      else { return false }
      return key.isValidSignature(signature, for: Self.sha384(message))
    case (.p521(let key), .es512):
      guard signature.count == 2 * Curve.p521.coordinateOctets,
        let signature = try? P521.Signing.ECDSASignature(rawRepresentation: signature)
      else { return false }
      return key.isValidSignature(signature, for: Self.sha512(message))
    case (.rsa, _), (.p256, _), (.p384, _), (.p521, _):
      return false
    }
  }

  private static func sha256(_ message: UnsafeRawBufferPointer) -> SHA256.Digest {
    var hash = SHA256()
    hash.update(bufferPointer: message)
    return hash.finalize()
  }

  private static func sha384(_ message: UnsafeRawBufferPointer) -> SHA384.Digest {
    var hash = SHA384()
    hash.update(bufferPointer: message)
    return hash.finalize()
  }

  private static func sha512(_ message: UnsafeRawBufferPointer) -> SHA512.Digest {
    var hash = SHA512()
    hash.update(bufferPointer: message)
    return hash.finalize()
  }

  private static func isValid(
    _ signature: [UInt8],
    _ digest: some Digest,
    _ key: _RSA.Signing.PublicKey
  ) -> Bool {
    key.isValidSignature(
      _RSA.Signing.RSASignature(rawRepresentation: signature),
      for: digest,
      padding: .insecurePKCS1v1_5
    )
  }
}
