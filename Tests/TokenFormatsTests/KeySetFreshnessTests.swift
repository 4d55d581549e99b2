// SPDX-License-Identifier: Apache-2.0
//
// When an uploaded copy of a key set is stale, and what a certificate beside a key looks like in one.

import Crypto
import CryptoExtras
import Foundation
import IdentityModel
import StrictJSON
import Testing
import TokenFormats

@Suite struct KeySetFreshnessTests {
  private let now = Instant(seconds: 1_800_000_000)

  private func copy(of keys: [PublicKey]) throws -> JWKSet {
    try JWKSet(json: JWKSet.render(keys: keys))
  }

  @Test func `a copy with every key is good for good`() throws {
    let keys = [TestSigner().publicKey, TestSigner().publicKey]
    let freshness = KeySetFreshness(of: try copy(of: keys), against: keys.map { PublishedKey($0) })
    #expect(freshness.differences.isEmpty)
    #expect(!freshness.isStale(by: .init(milliseconds: .max)))
  }

  @Test func `a copy is stale from the time when a key signs that it lacks`() throws {
    let old = TestSigner().publicKey, new = TestSigner().publicKey
    let successor = PublishedKey(new, signsFrom: now.advanced(bySeconds: 3600))
    let freshness = KeySetFreshness(
      of: try copy(of: [old]),
      against: [PublishedKey(old, signsFrom: now), successor]
    )
    #expect(freshness.differences == [.missing(successor)])
    #expect(!freshness.isStale(by: now) && !freshness.isStale(by: now.advanced(bySeconds: 3599)))
    #expect(freshness.isStale(by: now.advanced(bySeconds: 3600)))
  }

  @Test func `a missing key counts when nobody says from when it signs`() throws {
    let old = TestSigner().publicKey, new = TestSigner().publicKey
    let freshness = KeySetFreshness(of: try copy(of: [old]), against: [PublishedKey(old), PublishedKey(new)])
    #expect(freshness.isStale(by: now))
  }

  @Test func `a copy with a key that the issuer withdrew is stale`() throws {
    let kept = TestSigner().publicKey, revoked = TestSigner().publicKey
    let freshness = KeySetFreshness(
      of: try copy(of: [kept, revoked]),
      against: [PublishedKey(kept, signsFrom: now)]
    )
    #expect(freshness.differences == [.withdrawn(keyID: revoked.thumbprint.description)])
    #expect(freshness.isStale(by: now))
  }

  @Test func `a key under another kid is missing and withdrawn`() throws {
    let key = TestSigner().publicKey
    let text = String(decoding: JWKSet.render(keys: [key]), as: UTF8.self)
    let renamed = try JWKSet(
      json: Array(text.replacingOccurrences(of: "\(key.thumbprint)", with: "mine").utf8)
    )
    let published = PublishedKey(key, signsFrom: now)
    let freshness = KeySetFreshness(of: renamed, against: [published])
    #expect(freshness.differences == [.missing(published), .withdrawn(keyID: "mine")])
  }

  @Test(arguments: [
    #"{"kty":"EC","crv":"P-256","kid":"k","x":"AA","y":"AA"}"#, #"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#,
    #"{"kty":"RSA","alg":"RS512","kid":"k","n":"AA","e":"AQAB"}"#,
  ])
  func `a copy with a key of a kind that is not ours is stale`(foreign: String) throws {
    let key = TestSigner().publicKey
    let text = String(decoding: JWKSet.render(keys: [key]), as: UTF8.self)
    let copy = try JWKSet(json: Array("\(text.dropLast(2)),\(foreign)]}".utf8))
    let freshness = KeySetFreshness(of: copy, against: [PublishedKey(key, signsFrom: now)])
    #expect(freshness.differences == [.foreign(index: 1)])
    #expect(freshness.isStale(by: now))
  }

  @Test func `x5c holds one certificate in base 64, after the members of the key`() throws {
    let signer = try _RSA.Signing.PrivateKey(keySize: .bits2048)
    let numbers = try signer.publicKey.getKeyPrimitives()
    let key = PublicKey.rsa(modulus: Array(numbers.modulus), exponent: Array(numbers.publicExponent))
    let input = try #require(
      SelfSignedCertificate(
        of: key,
        uri: "https://sts.example.org/x",
        shortName: "x",
        serialNumber: [1],
        notBefore: now,
        notAfter: Instant(seconds: 253_402_300_799)
      )
    )
    let signature = try signer.signature(for: input.octets, padding: .insecurePKCS1v1_5).rawRepresentation
    let certificate = try #require(input.signed(Array(signature)))
    let other = TestSigner().publicKey
    let set = JWKSet.render(keys: [key, other], certificates: [key: certificate])
    let entries = try #require(try JSONReader.read(set).object?["keys"]?.array)
    let members = try #require(entries.first?.object)
    #expect(members.members.map(\.name) == ["kty", "use", "alg", "kid", "e", "n", "x5c"])
    #expect(members["x5c"]?.array?.compactMap(\.string) == [Data(certificate.der).base64EncodedString()])
    #expect(entries.last?.object?["x5c"] == nil)
    let digest = Insecure.SHA1.hash(data: certificate.der).map { String(format: "%02X", $0) }.joined()
    #expect(certificate.sha1Fingerprint == digest)
    // A reader of ours takes the key from its own members.
    #expect(try JWKSet(json: set).keys.map(\.publicKey) == [key, other])
  }
}
