// SPDX-License-Identifier: Apache-2.0
//
// The keys of an identity provider: every algorithm that AWS takes from one, with caps on what a hostile set may cost.
// A key that cannot be used is left out; which key verifies a token follows from `kid` and `alg`, and no key is ever
// the default. Refuses to know where a set came from. Source: RFC 7517 §4, §5; RFC 8725 §3.1, §3.10.

import StrictJSON

/// A public signature key of an identity provider.
package struct ProviderKey: Sendable {
  /// The `kid`, when the key has one.
  package let keyID: String?
  /// The algorithms that the key may be used with: its `alg`, or all of its key type.
  package let algorithms: [JWSAlgorithm]
  /// The key, parsed.
  package let key: SignatureKey

  /// Reads one element of `keys`.
  init(_ value: JSONValue) throws(JWK.ReadError) {
    let members = try JWKMembers(value)
    keyID = try members.string("kid")
    let keyType = try members.required("kty")
    let stated = try members.string("alg")
    let algorithm = stated.flatMap { JWSAlgorithm(name: $0) }
    if let stated, algorithm == nil { throw .unsupported(.algorithm(stated)) }
    try members.requireVerification()
    if same(keyType, "RSA") {
      let (modulus, exponent) = try members.rsaNumbers()
      guard let key = SignatureKey(modulus: modulus, exponent: exponent) else { throw .malformed("n, e") }
      self.key = key
    } else if same(keyType, "EC") {
      let name = try members.required("crv")
      guard let curve = SignatureKey.Curve.allCases.first(where: { same($0.rawValue, name) }) else {
        throw .unsupported(.curve(name))
      }
      guard let key = SignatureKey(curve, x: try members.octets("x"), y: try members.octets("y")) else {
        throw .malformed("x, y")
      }
      self.key = key
    } else {
      throw .unsupported(.keyType(keyType))
    }
    guard let algorithm else {
      algorithms = key.algorithms
      return
    }
    guard key.algorithms.contains(algorithm) else { throw .unsupported(.algorithm(algorithm.rawValue)) }
    algorithms = [algorithm]
  }
}

/// The public signature keys of an identity provider.
package struct ProviderKeySet: Sendable {
  /// Why an element of `keys` is left out.
  package enum Ignored: Hashable, Sendable {
    /// It is not understood, for another use, or not strong enough.
    case unsupported(JWK.Unsupported)
    /// A member is missing, of the wrong type, not canonical, or not a valid key.
    case malformed(member: String)
  }

  /// The keys that can be used, in order.
  package let keys: [ProviderKey]
  /// The elements of `keys` that are left out, counted from 0, and why.
  package let ignored: [(index: Int, reason: Ignored)]

  /// A set without keys.
  package static let empty = ProviderKeySet(keys: [], ignored: [])

  private init(keys: [ProviderKey], ignored: [(index: Int, reason: Ignored)]) {
    self.keys = keys
    self.ignored = ignored
  }

  /// Reads a set of at most a mebibyte and 100 keys.
  ///
  /// Keys that are not understood, out of range or broken are left out, as RFC 7517 §5 asks. Private material refuses
  /// the set: whoever published it has lost it.
  package init(json: [UInt8]) throws(JWKSetError) {
    let document: JSONValue
    do {
      document = try JSONReader.read(json)
    } catch {
      throw .json(error)
    }
    guard let entries = document.object?["keys"]?.array else { throw .keysMissing }
    guard entries.count <= JWKSet.maximumKeys else { throw .tooManyKeys(limit: JWKSet.maximumKeys) }
    var keys: [ProviderKey] = []
    var ignored: [(index: Int, reason: Ignored)] = []
    for (index, entry) in entries.enumerated() {
      do {
        keys.append(try ProviderKey(entry))
      } catch {
        switch error {
        case .unsupported(let reason): ignored.append((index, .unsupported(reason)))
        case .malformed(let member): ignored.append((index, .malformed(member: member)))
        case .privateMember(let name): throw .privateMember(index: index, name: name)
        }
      }
    }
    self.keys = keys
    self.ignored = ignored
  }

  /// Whether a key has exactly the `kid` `keyID`.
  package func holds(keyID: String) -> Bool {
    keys.contains { key in key.keyID.map { same($0, keyID) } ?? false }
  }

  /// The one key that a token with this header is verified with.
  ///
  /// With a `kid`: the one key of that `kid` that fits `algorithm`. Without: the one key of the set that fits.
  ///
  /// - Throws: `keyUnknown`, `keyDoesNotFit`, `keyAmbiguous`, or, for a token without `kid`, `keyNotDetermined`.
  package func key(withID keyID: String?, for algorithm: JWSAlgorithm) throws(JWTVerificationError)
    -> SignatureKey
  {
    guard let keyID else {
      let fitting = keys.filter { $0.algorithms.contains(algorithm) }
      guard fitting.count == 1 else { throw .keyNotDetermined(algorithm) }
      return fitting[0].key
    }
    var isKnown = false
    var fitting: SignatureKey?
    for key in keys where key.keyID.map({ same($0, keyID) }) ?? false {
      isKnown = true
      guard key.algorithms.contains(algorithm) else { continue }
      guard fitting == nil else { throw .keyAmbiguous(keyID) }
      fitting = key.key
    }
    guard isKnown else { throw .keyUnknown(keyID) }
    guard let fitting else { throw .keyDoesNotFit(algorithm) }
    return fitting
  }
}
