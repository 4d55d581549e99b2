// SPDX-License-Identifier: Apache-2.0
//
// The signature algorithms that an identity provider may sign with: those that AWS takes, and no others. Our own
// tokens know two of them (`SigningAlgorithm`). Source: RFC 7518 §3.1; AWS STS API, AssumeRoleWithWebIdentity.

/// A JWS signature algorithm of an identity provider.
///
/// Shape: the case-sensitive JOSE name.
package enum JWSAlgorithm: String, Hashable, Sendable, CaseIterable {
  /// RSASSA-PKCS1-v1_5 with SHA-256.
  case rs256 = "RS256"
  /// RSASSA-PKCS1-v1_5 with SHA-384.
  case rs384 = "RS384"
  /// RSASSA-PKCS1-v1_5 with SHA-512.
  case rs512 = "RS512"
  /// ECDSA over P-256 with SHA-256.
  case es256 = "ES256"
  /// ECDSA over P-384 with SHA-384.
  case es384 = "ES384"
  /// ECDSA over P-521 with SHA-512.
  case es512 = "ES512"

  /// The algorithm whose name has exactly the bytes of `name`.
  package init?(name: String) {
    guard let algorithm = Self.allCases.first(where: { same($0.rawValue, name) }) else { return nil }
    self = algorithm
  }
}
