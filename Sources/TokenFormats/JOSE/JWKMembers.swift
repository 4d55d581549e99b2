// SPDX-License-Identifier: Apache-2.0
//
// The members of one JSON Web Key, read with the care that every key needs whatever it is for: no private material,
// no respelled numbers, no key that is too weak, too costly or for another use. Source: RFC 7517 §4; RFC 7518 §6.

import StrictJSON

/// The members of one element of `keys`.
struct JWKMembers {
  private let object: JSONObject

  /// Members that hold private or symmetric key material.
  ///
  /// Source: IANA JOSE registry, JSON Web Key Parameters.
  private static let privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"]

  /// Takes an object without private material.
  init(_ value: JSONValue) throws(JWK.ReadError) {
    guard case .object(let object) = value else { throw .malformed("keys") }
    for name in Self.privateMembers where object[name] != nil { throw .privateMember(name) }
    self.object = object
  }

  /// A member that may be absent and is a string when it stands.
  func string(_ name: String) throws(JWK.ReadError) -> String? {
    guard let value = object[name] else { return nil }
    guard let string = value.string else { throw .malformed(name) }
    return string
  }

  /// A string that must stand.
  func required(_ name: String) throws(JWK.ReadError) -> String {
    guard let string = try string(name) else { throw .malformed(name) }
    return string
  }

  /// Octets that must stand, as canonical base64url.
  func octets(_ name: String) throws(JWK.ReadError) -> [UInt8] {
    guard let octets = Base64URL.decode(try required(name)) else { throw .malformed(name) }
    return octets
  }

  /// RFC 7517 §4.2, §4.3: `use` and `key_ops`, when they stand, must let the key verify signatures.
  func requireVerification() throws(JWK.ReadError) {
    if let use = try string("use"), !same(use, "sig") { throw .unsupported(.use(use)) }
    guard let operations = object["key_ops"] else { return }
    guard let operations = operations.array else { throw .malformed("key_ops") }
    let allowsVerify = operations.contains { operation in
      operation.string.map { same($0, "verify") } ?? false
    }
    guard allowsVerify else { throw .unsupported(.keyOperations) }
  }

  /// `n` and `e` of a key of 2048 to 8192 bits that was not made by the library of CVE-2017-15361.
  func rsaNumbers() throws(JWK.ReadError) -> (modulus: [UInt8], exponent: [UInt8]) {
    let modulus = try octets("n")
    let exponent = try octets("e")
    guard let top = modulus.first, top != 0 else { throw .malformed("n") }
    guard let first = exponent.first, first != 0 else { throw .malformed("e") }
    let bits = modulus.count * 8 - top.leadingZeroBitCount
    guard (2048...8192).contains(bits) else { throw .unsupported(.keySize(bits)) }
    guard !ROCAFingerprint.matches(modulus) else { throw .unsupported(.factorable) }
    return (modulus, exponent)
  }
}
