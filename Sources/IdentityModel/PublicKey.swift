// SPDX-License-Identifier: Apache-2.0
//
// The public half of a signing key, as numbers.

/// The public half of a signing key.
///
/// Shape: big-endian octets; coordinates have the full 48 octets of the field, the modulus and the exponent have no
/// leading zero octet. Source: RFC 7518 §6.2.1, §6.3.1.
package enum PublicKey: Hashable, Sendable {
  /// An RSA key: `n`, `e`.
  case rsa(modulus: [UInt8], exponent: [UInt8])
  /// A point on P-384: `x`, `y`.
  case p384(x: [UInt8], y: [UInt8])

  /// The one algorithm that the key signs with.
  package var algorithm: SigningAlgorithm {
    switch self {
    case .rsa: .rs256
    case .p384: .es384
    }
  }
}
