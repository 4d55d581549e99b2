// SPDX-License-Identifier: Apache-2.0
//
// A JWS against a key set that is at hand: the step of `TokenVerifier` between reading a token and looking at its claims,
// for signed content that is no token. Source: RFC 7515 §5.2; RFC 8725 §3.1, §3.2.

import StrictJSON
import TokenFormats

/// Verifies signatures with the keys of one JWK set.
public struct KeySetVerifier: Sendable {
  private let keys: ProviderKeySet
  private let algorithms: Set<TokenAlgorithm>

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
    self.algorithms = algorithms
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
    return read.jws.payload
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
    guard algorithms.contains(algorithm), let algorithm = JWSAlgorithm(name: algorithm.rawValue),
      let key = try? keys.key(named: keyID, for: algorithm)
    else { return false }
    return key.isValid(signature: signature, for: message, algorithm: algorithm)
  }
}

/// A JWS that was read and is not verified.
struct ReadJWS: Sendable {
  let jws: CompactJWS
  let algorithm: JWSAlgorithm
  let keyID: String?

  init(
    _ text: String,
    maximumBytes: Int,
    headers: HeaderMemory? = nil
  ) throws(VerificationFailure) {
    do throws(JWTVerificationError) {
      jws = try CompactJWS(text, maximumBytes: maximumBytes) { headers?.header($0) }
      guard let algorithm = JWSAlgorithm(name: jws.algorithm) else {
        throw .algorithmNotAllowed(jws.algorithm)
      }
      self.algorithm = algorithm
      try jws.refuseExtensions()
      if let member = jws.header["kid"] {
        guard let name = member.string else { throw .keyIDMissing }
        keyID = name
      } else {
        keyID = nil
      }
    } catch {
      throw VerificationFailure(error)
    }
  }

  /// Checks the algorithm and the signature.
  func verify(_ keys: ProviderKeySet, _ algorithms: Set<TokenAlgorithm>) throws(VerificationFailure) {
    guard algorithms.contains(TokenAlgorithm(algorithm)) else {
      throw .algorithmNotAllowed(algorithm.rawValue)
    }
    let key = try keys.key(named: keyID, for: algorithm)
    guard key.isValid(signature: jws.signature, for: jws.signed, algorithm: algorithm) else {
      throw .signatureInvalid
    }
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
    guard keyID != nil || keys.count == 1 else { throw .keyIDMissing }
    do {
      return try key(withID: keyID, for: algorithm)
    } catch {
      throw VerificationFailure(error)
    }
  }
}
