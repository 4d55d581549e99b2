// SPDX-License-Identifier: Apache-2.0
//
// A JWS against a key set that is at hand: the step of `TokenVerifier` between reading a token and looking at its claims,
// for signed content that is no token. Source: RFC 7515 §5.2; RFC 8725 §3.1, §3.2.

import StrictJSON
import TokenFormats

/// Verifies signatures with the keys of one JWK set.
public struct KeySetVerifier: Sendable {
  private let keys: ProviderKeySet
  private let algorithms: AlgorithmSet

  /// Takes the keys of `jwks` that can be used.
  ///
  /// - Parameters:
  ///   - jwks: a JWK set of at most a mebibyte and 100 keys.
  ///   - algorithms: the algorithms that are accepted.
  /// - Throws: `KeysUnavailable.notKeySet` for what is no set, and for one with private or symmetric key material.
  public init(jwks: [UInt8], algorithms: Set<TokenAlgorithm>) throws(KeysUnavailable) {
    do {
      keys = try ProviderKeySet(json: jwks)
    } catch {
      throw .notKeySet(url: "", reason(error))
    }
    self.algorithms = AlgorithmSet(algorithms)
  }

  /// How many keys can be used.
  public var count: Int { keys.keys.count }

  /// The payload of `jws`, a JWS in compact form, when its signature is good.
  ///
  /// - Throws: `VerificationFailure`, the check that failed.
  public func content(
    of jws: String,
    maximumBytes: Int = 32_768
  ) throws(VerificationFailure) -> [UInt8] {
    let read = try ReadJWS(jws, maximumBytes: maximumBytes)
    try read.verify(keys, algorithms)
    return read.payload
  }

  /// Whether `signature` is the signature over `message` of the key `keyID`, or, without a `kid`, of the one key there
  /// is.
  ///
  /// Shape of `signature`: RSA as many octets as the modulus; ECDSA R followed by S, each as long as a coordinate.
  public func isValid(
    signature: [UInt8],
    over message: [UInt8],
    keyID: String? = nil,
    algorithm: TokenAlgorithm
  ) -> Bool {
    guard let algorithm = JWSAlgorithm(name: algorithm.rawValue), algorithms.contains(algorithm),
      let key = try? keys.key(named: keyID, for: algorithm)
    else { return false }
    return key.isValid(signature: signature, for: message, algorithm: algorithm)
  }
}

extension ProviderKeySet {
  /// The one key of `keyID`; without a `kid` the one key that there is.
  ///
  /// No key is ever the default.
  func key(
    named keyID: String?,
    for algorithm: JWSAlgorithm
  ) throws(VerificationFailure) -> SignatureKey {
    guard keyID != nil || (keys.count == 1 && ignored.isEmpty) else { throw .keyIDMissing }
    do {
      return try key(withID: keyID, for: algorithm)
    } catch {
      throw VerificationFailure(error)
    }
  }
}
