// SPDX-License-Identifier: Apache-2.0
//
// One JSON Web Key: how our own are written and named, and how a stranger's is read. Public RSA and P-384 signature
// keys only; never private material. Source: RFC 7517 §4; RFC 7518 §6; RFC 7638.

import Crypto
package import IdentityModel
package import StrictJSON

/// A public signature key out of a JWK set.
package struct JWK: Sendable {
  /// The `kid`, when the key has one.
  package let keyID: String?
  /// The key, which is a valid one.
  package let publicKey: PublicKey
}

// MARK: - Writing

extension PublicKey {
  /// The RFC 7638 SHA-256 thumbprint: our `kid`.
  ///
  /// It is the hash of the required members in lexicographic order: `e`, `kty`, `n`, or `crv`, `kty`, `x`, `y`.
  package var thumbprint: KeyID {
    var writer = JSONWriter(capacity: 512)
    writer.object { writer in
      switch self {
      case .rsa(let modulus, let exponent):
        writer.member("e", Base64URL.encode(exponent))
        writer.member("kty", "RSA")
        writer.member("n", Base64URL.encode(modulus))
      case .p384(let x, let y):
        writer.member("crv", "P-384")
        writer.member("kty", "EC")
        writer.member("x", Base64URL.encode(x))
        writer.member("y", Base64URL.encode(y))
      }
    }
    return KeyID(Base64URL.encode(Array(SHA256.hash(data: writer.bytes))))
  }

  /// Writes the key as a JWK, with its thumbprint as `kid`; `use` and `alg` always stand.
  ///
  /// Members in AWS's order: `kty`, `use`, `alg`, `kid`, `e`, `n`, or `kty`, `use`, `alg`, `crv`, `kid`, `x`, `y`;
  /// then `x5c` when there is a certificate.
  package func writeJWK(to writer: inout JSONWriter, certificate: EncodedCertificate? = nil) {
    writer.object { writer in
      switch self {
      case .rsa(let modulus, let exponent):
        writer.member("kty", "RSA")
        writer.member("use", "sig")
        writer.member("alg", algorithm.rawValue)
        writer.member("kid", thumbprint.description)
        writer.member("e", Base64URL.encode(exponent))
        writer.member("n", Base64URL.encode(modulus))
      case .p384(let x, let y):
        writer.member("kty", "EC")
        writer.member("use", "sig")
        writer.member("alg", algorithm.rawValue)
        writer.member("crv", "P-384")
        writer.member("kid", thumbprint.description)
        writer.member("x", Base64URL.encode(x))
        writer.member("y", Base64URL.encode(y))
      }
      certificate?.writeX5C(to: &writer)
    }
  }
}

// MARK: - Reading

extension JWK {
  /// Why a key is left out of a set.
  ///
  /// Source: RFC 7517 §5, keys that are "not understood" or out of range are ignored.
  package enum Unsupported: Hashable, Sendable {
    /// The `kty` is neither `RSA` nor `EC`.
    case keyType(String)
    /// The `crv` is none that is spoken here.
    case curve(String)
    /// The `alg` is none that is spoken here with such a key.
    case algorithm(String)
    /// The `use` is not `sig`.
    case use(String)
    /// The `key_ops` do not hold `verify`.
    case keyOperations
    /// The modulus has fewer than 2048 or more than 8192 bits. Unit: bits.
    case keySize(Int)
    /// The modulus bears the fingerprint of CVE-2017-15361.
    case factorable
  }

  enum ReadError: Error {
    case unsupported(Unsupported)
    case privateMember(String)
    case malformed(String)
  }

  /// Reads one element of `keys`.
  init(_ value: JSONValue) throws(ReadError) {
    let members = try JWKMembers(value)
    let keyID = try members.string("kid")
    let keyType = try members.required("kty")
    let algorithm: SigningAlgorithm
    if same(keyType, "RSA") {
      algorithm = .rs256
    } else if same(keyType, "EC") {
      algorithm = .es384
      let curve = try members.required("crv")
      guard same(curve, "P-384") else { throw .unsupported(.curve(curve)) }
    } else {
      throw .unsupported(.keyType(keyType))
    }
    // One key, one algorithm (RFC 8725 §3.1). Some of AWS's own sets leave `alg` out; the key type then says it.
    if let stated = try members.string("alg"), !same(stated, algorithm.rawValue) {
      throw .unsupported(.algorithm(stated))
    }
    try members.requireVerification()
    let publicKey: PublicKey
    switch algorithm {
    case .rs256:
      let (modulus, exponent) = try members.rsaNumbers()
      publicKey = .rsa(modulus: modulus, exponent: exponent)
    case .es384:
      publicKey = .p384(x: try members.octets("x"), y: try members.octets("y"))
    }
    guard PublicKeyVerifier(publicKey) != nil else {
      throw .malformed(algorithm == .rs256 ? "n, e" : "x, y")
    }
    self.init(keyID: keyID, publicKey: publicKey)
  }
}

/// Compares two texts by their UTF-8 bytes.
func same(_ left: String, _ right: String) -> Bool {
  guard left.utf8.count == right.utf8.count else { return false }
  // Over the bytes where they lie: a view's iterator takes several times as long.
  let isSame = left.utf8.withContiguousStorageIfAvailable { left in
    right.utf8.withContiguousStorageIfAvailable { right in same(left, right) }
  }
  return (isSame ?? nil) ?? left.utf8.elementsEqual(right.utf8)
}

/// Compares two texts of one length by their bytes, without a way out in the middle, so that many are compared at a time.
private func same(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool {
  guard left.count == right.count else { return false }
  var difference: UInt8 = 0
  for index in 0..<left.count { difference |= left[index] ^ right[index] }
  return difference == 0
}
