// SPDX-License-Identifier: Apache-2.0
//
// The two signature algorithms of outbound federation, by their JOSE names.

/// A JWS signature algorithm.
///
/// Shape: the case-sensitive JOSE name. Source: RFC 7518 §3.1; AWS STS API, GetWebIdentityToken, `SigningAlgorithm`.
package enum SigningAlgorithm: String, Hashable, Sendable, CaseIterable {
  /// RSASSA-PKCS1-v1_5 with SHA-256 and a 2048-bit modulus: a signature of 256 bytes.
  case rs256 = "RS256"
  /// ECDSA over P-384 with SHA-384: a signature of 96 bytes, R followed by S.
  case es384 = "ES384"
}

/// The name of a signing key in a JWK set: the `kid`.
///
/// Shape: RFC 7638 SHA-256 thumbprint of the public key, base64url without padding, 43 characters.
package struct KeyID: Hashable, Sendable, CustomStringConvertible {
  /// The `kid` as it stands in header and JWK set.
  package let description: String

  /// Wraps a thumbprint.
  package init(_ thumbprint: String) {
    self.description = thumbprint
  }
}
