// SPDX-License-Identifier: Apache-2.0
//
// JWK and JWK set: the RFC's thumbprints, exact spelling of ours, caps of the reader.

import Crypto
import CryptoExtras
import IdentityModel
import StrictJSON
import Testing
import TokenFormats

@Suite struct JWKTests {
  @Test(.enabled(if: Corpora.arePresent, "\(Corpora.absent)"))
  func `the thumbprint of RFC 7638 section 3.1 comes out`() throws {
    let example = try #require(try Corpora.json("rfc-examples/examples.json")["jwk_thumbprints"].array?.first)
    #expect(example["rfc"] == .string("7638 s3.1"))
    let set = try JWKSet(json: Array(#"{"keys":["#.utf8) + example["jwk"].bytes + Array("]}".utf8))
    let key = try #require(set.keys.first)
    #expect(key.keyID == "2011-04-29")
    #expect(key.publicKey.thumbprint.description == example["sha256"].string)
    #expect(key.publicKey.thumbprint.description == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
  }

  @Test func `a P-384 thumbprint is the hash of crv, kty, x, y`() throws {
    let key = TestSigner().publicKey
    guard case .p384(let x, let y) = key else { return }
    let members = #"{"crv":"P-384","kty":"EC","x":"\#(Base64URL.encode(x))","y":"\#(Base64URL.encode(y))"}"#
    #expect(key.thumbprint.description == Base64URL.encode(Array(SHA256.hash(data: Array(members.utf8)))))
  }

  @Test func `a key set is written in AWS's order, with use and alg, and nothing private`() throws {
    let p384 = TestSigner().publicKey
    guard case .p384(let x, let y) = p384 else { return }
    let numbers = try _RSA.Signing.PrivateKey(keySize: .bits2048).publicKey.getKeyPrimitives()
    let rsa = PublicKey.rsa(modulus: Array(numbers.modulus), exponent: Array(numbers.publicExponent))
    let text = String(decoding: JWKSet.render(keys: [rsa, p384]), as: UTF8.self)
    let modulus = Base64URL.encode(Array(numbers.modulus))
    let expected: String = #"""
      {"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"\#(rsa.thumbprint)","e":"AQAB","n":"\#(modulus)"},\#
      {"kty":"EC","use":"sig","alg":"ES384","crv":"P-384","kid":"\#(p384.thumbprint)",\#
      "x":"\#(Base64URL.encode(x))","y":"\#(Base64URL.encode(y))"}]}
      """#
    #expect(text == expected)
    let set = try JWKSet(json: Array(text.utf8))
    #expect(set.keys.map(\.publicKey) == [rsa, p384])
    #expect(set.keys.map(\.keyID) == [rsa.thumbprint.description, p384.thumbprint.description])
    #expect(set.ignored.isEmpty)
    #expect(String(decoding: JWKSet.render(keys: []), as: UTF8.self) == #"{"keys":[]}"#)
  }

  @Test func `a set of 100 keys is read and one of 101 is not`() throws {
    let key = String(decoding: JWKSet.render(keys: [TestSigner().publicKey]), as: UTF8.self).dropFirst(9)
      .dropLast(2)
    func set(_ count: Int) -> [UInt8] {
      Array((#"{"keys":["# + Array(repeating: key, count: count).joined(separator: ",") + "]}").utf8)
    }
    #expect(try JWKSet(json: set(100)).keys.count == 100)
    #expect(throws: JWKSetError.tooManyKeys(limit: 100)) { try JWKSet(json: set(101)) }
  }

  @Test(arguments: ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"])
  func `private material in any key refuses the set, even in a key that is not understood`(name: String) {
    #expect(throws: JWKSetError.privateMember(index: 1, name: name)) {
      try JWKSet(json: Array(#"{"keys":[{"kty":"x"},{"kty":"x","\#(name)":null}]}"#.utf8))
    }
  }

  @Test func `keys that are not understood are left out with the reason`() throws {
    let json = """
      {"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"},{"kty":"EC","crv":"P-256"},{"kty":"RSA","alg":"PS256"},
      {"kty":"RSA","use":"enc"},{"kty":"EC","crv":"P-384","key_ops":["deriveKey"]},{"kty":"RSA","n":"gQ","e":"Aw"}]}
      """
    let set = try JWKSet(json: Array(json.utf8))
    #expect(set.keys.isEmpty)
    #expect(
      set.ignored.map(\.reason) == [
        .keyType("OKP"), .curve("P-256"), .algorithm("PS256"), .use("enc"), .keyOperations, .keySize(8),
      ]
    )
    #expect(set.ignored.map(\.index) == [0, 1, 2, 3, 4, 5])
  }

  @Test(arguments: [
    (#"[]"#, JWKSetError.keysMissing), (#"{"keys":{}}"#, .keysMissing),
    (#"{"keys":[1]}"#, .malformedKey(index: 0, member: "keys")),
    (#"{"keys":[{}]}"#, .malformedKey(index: 0, member: "kty")),
    (#"{"keys":[{"kty":"RSA","kid":1}]}"#, .malformedKey(index: 0, member: "kid")),
    (#"{"keys":[{"kty":"RSA"}]}"#, .malformedKey(index: 0, member: "n")),
    (#"{"keys":[{"kty":"EC","crv":"P-384","x":"AA"}]}"#, .malformedKey(index: 0, member: "y")),
    (#"{"keys":[{"kty":"RSA","n":"AIE","e":"Aw"}]}"#, .malformedKey(index: 0, member: "n")),
    (#"{"keys":[],"keys":[]}"#, .json(.duplicateName("keys", offset: 17))),
  ])
  func `a broken set is refused with its place`(json: String, error: JWKSetError) {
    #expect(throws: error) { try JWKSet(json: Array(json.utf8)) }
  }

  @Test func `a point off the curve and a coordinate of the wrong length are no keys`() {
    guard case .p384(let x, var y) = TestSigner().publicKey else { return }
    #expect(PublicKeyVerifier(.p384(x: x, y: y)) != nil)
    #expect(PublicKeyVerifier(.p384(x: Array(x.dropFirst()), y: y)) == nil)
    #expect(PublicKeyVerifier(.p384(x: [0] + x, y: y)) == nil)
    y[47] ^= 1
    #expect(PublicKeyVerifier(.p384(x: x, y: y)) == nil)
  }

  @Test func `an RSA key has 2048 to 8192 bits and an odd exponent of at least 3`() {
    func odd(_ octets: Int) -> [UInt8] { [UInt8](repeating: 0xFF, count: octets) }
    #expect(PublicKeyVerifier(.rsa(modulus: odd(256), exponent: [3])) != nil)
    #expect(PublicKeyVerifier(.rsa(modulus: odd(1024), exponent: [1, 0, 1])) != nil)
    #expect(PublicKeyVerifier(.rsa(modulus: odd(1025), exponent: [1, 0, 1])) == nil)
    #expect(PublicKeyVerifier(.rsa(modulus: [0x7F] + odd(255), exponent: [1, 0, 1])) == nil)
    #expect(PublicKeyVerifier(.rsa(modulus: [0] + odd(256), exponent: [1, 0, 1])) == nil)
    #expect(PublicKeyVerifier(.rsa(modulus: odd(255) + [0xFE], exponent: [1, 0, 1])) == nil)
    for exponent: [UInt8] in [[], [1], [2], [0, 3], [1, 0, 0], [1, 0, 0, 0, 1]] {
      #expect(PublicKeyVerifier(.rsa(modulus: odd(256), exponent: exponent)) == nil)
    }
  }
}
