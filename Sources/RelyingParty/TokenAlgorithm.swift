// SPDX-License-Identifier: Apache-2.0
//
// The signature algorithms that can be allowed, by their JOSE names. There is no `none` and no HMAC to allow: a token is
// verified with a public key or not at all. Source: RFC 7518 §3.1; RFC 8725 §3.1, §3.2.

import TokenFormats

/// A signature algorithm that an issuer may be trusted with.
///
/// Shape: the case-sensitive JOSE name.
public enum TokenAlgorithm: String, Hashable, Sendable, CaseIterable {
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

  init(_ algorithm: JWSAlgorithm) {
    self =
      switch algorithm {
      case .rs256: .rs256
      case .rs384: .rs384
      case .rs512: .rs512
      case .es256: .es256
      case .es384: .es384
      case .es512: .es512
      }
  }
}

/// The algorithms that are accepted, looked up for every token.
struct AlgorithmSet: Sendable {
  private let bits: UInt8

  init(_ algorithms: Set<TokenAlgorithm>) {
    bits = JWSAlgorithm.allCases.reduce(0) { bits, algorithm in
      algorithms.contains(TokenAlgorithm(algorithm)) ? bits | Self.bit(algorithm) : bits
    }
  }

  func contains(_ algorithm: JWSAlgorithm) -> Bool { bits & Self.bit(algorithm) != 0 }

  private static func bit(_ algorithm: JWSAlgorithm) -> UInt8 {
    switch algorithm {
    case .rs256: 1
    case .rs384: 2
    case .rs512: 4
    case .es256: 8
    case .es384: 16
    case .es512: 32
    }
  }
}
