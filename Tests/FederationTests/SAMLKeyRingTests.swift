// SPDX-License-Identifier: Apache-2.0
//
// What becomes of SAML keys with time: a successor is published before it signs, and a key as long as anything that it
// signed can be valid.

import Federation
import IdentityModel
import LocalKeys
import Testing
import TokenFormats

@Suite struct SAMLKeyRingTests {
  private static let keys = LocalKeys(keyEncryptionKey: .ephemeral())
  private static let start = Instant(seconds: 1_776_757_030)
  private static let hour: Int64 = 3600

  private static func at(_ hours: Double) -> Instant {
    start.advanced(bySeconds: Int64(hours * Double(hour)))
  }

  private static func key(_ family: SigningAlgorithm = .es384, signsFrom hours: Double) async throws
    -> SAMLKey
  {
    let account = try #require(TestServer.account)
    let sealed = try await keys.makeKey(family, for: account, purpose: .saml)
    let input = try #require(
      SelfSignedCertificate(
        of: sealed.publicKey,
        uri: "urn:idp",
        shortName: "idp",
        serialNumber: [1],
        notBefore: start,
        notAfter: at(1000)
      )
    )
    let signature = try await keys.sign(input.octets, with: sealed, algorithm: input.algorithm)
    return SAMLKey(
      sealed: sealed,
      certificate: try #require(input.signed(signature)),
      createDate: start,
      signsFrom: at(hours)
    )
  }

  @Test func `a rotation goes from successor to signing to retiring to retired, by the hour`() async throws {
    let old = try await Self.key(signsFrom: 0)
    let new = try await Self.key(signsFrom: 24)
    let ring = SAMLKeyRing([new, old])
    let expected: [(Double, SAMLKeyRing.State, SAMLKeyRing.State)] = [
      (0, .signing, .successor), (23.99, .signing, .successor), (24, .retiring, .signing),
      (24 + 35.99, .retiring, .signing), (24 + 36, .retired, .signing), (10_000, .retired, .signing),
    ]
    for (hours, first, second) in expected {
      #expect(ring.states(at: Self.at(hours)).map(\.state) == [first, second], "\(hours)")
      let signing = first == .signing ? old : new
      #expect(ring.signingKey(.es384, at: Self.at(hours))?.sealed == signing.sealed, "\(hours)")
      let published = ring.published(at: Self.at(hours)).map(\.sealed.keyID)
      let all = [signing, first == .signing ? new : old].map(\.sealed.keyID)
      #expect(published == (first == .retired ? [new.sealed.keyID] : all), "\(hours)")
    }
    #expect(ring.states(at: Self.start).map(\.publishedUntil) == [Self.at(24 + 36), nil])
  }

  @Test func `the longest assertion of the last moment ends before its key is published no more`() {
    #expect(SAMLKeyRing.publishedAfterSeconds >= 43_200 + 24 * 3600)
  }

  @Test func `each kind of key has its own succession`() async throws {
    let rsa = try await Self.key(.rs256, signsFrom: 0)
    let p384 = try await Self.key(.es384, signsFrom: 1)
    let successor = try await Self.key(.rs256, signsFrom: 24)
    let ring = SAMLKeyRing([successor, p384, rsa])
    #expect(ring.states(at: Self.at(24)).map(\.state) == [.retiring, .signing, .signing])
    #expect(ring.signingKey(.rs256, at: Self.at(2))?.sealed == rsa.sealed)
    #expect(ring.signingKey(.es384, at: Self.at(2))?.sealed == p384.sealed)
    #expect(ring.published(at: Self.at(100)).map(\.sealed) == [p384.sealed, successor.sealed])
  }

  @Test func `a clock that was set back makes the oldest key sign again`() async throws {
    let ring = SAMLKeyRing([try await Self.key(signsFrom: 0), try await Self.key(signsFrom: 1)])
    #expect(ring.signingKey(.es384, at: Self.at(-5))?.sealed == ring.keys[0].sealed)
    #expect(ring.states(at: Self.at(-5)).map(\.state) == [.signing, .successor])
    #expect(SAMLKeyRing().signingKey(.es384, at: Self.start) == nil)
  }
}
