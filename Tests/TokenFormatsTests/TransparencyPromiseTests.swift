// SPDX-License-Identifier: Apache-2.0
//
// The promise that a token is in a log. The expected texts were made by a few lines of Python with hashlib and
// cryptography's Ed25519 from docs/decisions/0018-token-transparency.md, with the private key 00 01 02 … 1f.

import Crypto
import IdentityModel
import StrictJSON
import Testing
import TokenFormats

struct TransparencyPromiseTests {
  private static let verifierKey =
    "audit.example.com/log+e3a410b2+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
  private static let payload = Array(
    #"{"iss":"https://issuer.test","sub":"s","aud":"rp","exp":1800000300,"iat":1800000000,"jti":"1"}"#.utf8
  )
  private static let keyID = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"
  private static let message = """
    exeat-token-promise/v1
    0f3038c240a54835daf291f0d960e836
    1800000000123
    ES384
    abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ
    8769bf833e85f414cf50ee00e8d952dcd0f281163278d63a0c76bc21ef08e242

    """
  private static let text =
    "DzA4wkClSDXa8pHw2WDoNgAAAaMYXFB71Kf-mbVNUmUen6cKQWpRPV3QvGL4SDS-Q_zXnYzg3k0-b7pqk45buxwH467ZZOiZf4jeK2hgmBYrU4uk"
    + "gFpfDQ"

  private let key: Curve25519.Signing.PrivateKey
  private let log: PromisingLog
  private let time = Instant(milliseconds: 1_800_000_000_123)
  private let now = Instant(seconds: 1_800_000_100)
  private let token = PromisedToken(algorithm: .es384, keyID: KeyID(Self.keyID), payload: Self.payload)

  init() throws {
    key = try Curve25519.Signing.PrivateKey(rawRepresentation: Array(UInt8(0)..<32))
    log = try #require(
      PromisingLog(verifierKey: Self.verifierKey, publicKey: Array(key.publicKey.rawRepresentation))
    )
  }

  private func promise(_ token: PromisedToken, at time: Instant) throws -> TransparencyPromise {
    let signature = try key.signature(for: TransparencyPromise.signedBytes(token, log: log, time: time))
    return try TransparencyPromise(log: log, time: time, signature: Array(signature))
  }

  private func verify(
    _ promise: TransparencyPromise,
    _ token: PromisedToken,
    log: PromisingLog? = nil
  ) throws(TransparencyPromiseError) {
    try promise.verify(token, log: log ?? self.log, now: now, leewaySeconds: 10)
  }

  @Test func `what is signed and what is carried is what another implementation makes`() throws {
    #expect(TransparencyPromise.signedBytes(token, log: log, time: time) == Array(Self.message.utf8))
    #expect(try promise(token, at: time).text == Self.text)
    let read = try TransparencyPromise(parsing: Self.text)
    #expect(read == (try promise(token, at: time)))
    #expect(read.time == time && read.logID == log.id)
    try verify(read, token)
  }

  @Test func `a token carries its promise in the header, and is described alike before and after`() throws {
    let signer = TestSigner()
    let described = PromisedToken(
      algorithm: .es384,
      keyID: signer.publicKey.thumbprint,
      payload: Self.payload
    )
    let promise = try promise(described, at: time)
    let input = JWS.signingInput(
      keyID: signer.publicKey.thumbprint,
      algorithm: .es384,
      payload: Self.payload,
      promise: promise
    )
    let token = JWS.compact(signingInput: input, signature: try signer.signature(of: input))
    let header = try CompactJWS(token, maximumBytes: JWS.maximumBytes).header
    #expect(header.members.map(\.name) == ["kid", "typ", "alg", "tlog"])
    #expect(header[TransparencyPromise.headerMember]?.string == promise.text)
    let keyID = signer.publicKey.thumbprint.description
    #expect(PromisedToken(token, algorithm: .es384, keyID: keyID) == described)
    // Without one the header is as it always was.
    let without = JWS.signingInput(
      keyID: signer.publicKey.thumbprint,
      algorithm: .es384,
      payload: Self.payload
    )
    #expect(without.starts(with: Base64URL.encode(Array(signer.header.utf8)).utf8))
  }

  @Test func `a promise for another token is none for this one`() throws {
    let promise = try promise(token, at: time)
    var payload = Self.payload
    payload[payload.count - 2] ^= 1
    for other in [
      PromisedToken(algorithm: .rs256, keyID: KeyID(Self.keyID), payload: Self.payload),
      PromisedToken(algorithm: .es384, keyID: KeyID(Self.keyID + "A"), payload: Self.payload),
      PromisedToken(algorithm: .es384, keyID: KeyID(Self.keyID), payload: payload),
    ] {
      #expect(throws: TransparencyPromiseError.signatureInvalid) { try verify(promise, other) }
    }
  }

  @Test func `each bit of a promise counts`() throws {
    let octets = try #require(Base64URL.decode(Self.text))
    for position in octets.indices {
      for bit in 0..<8 {
        var changed = octets
        changed[position] ^= 1 << bit
        #expect(throws: TransparencyPromiseError.self, "octet \(position), bit \(bit)") {
          try verify(TransparencyPromise(parsing: Base64URL.encode(changed)), token)
        }
      }
    }
  }

  @Test func `another log's promise is refused, and so is this log's name over another key`() throws {
    let promise = try promise(token, at: time)
    let other = Array(Curve25519.Signing.PrivateKey().publicKey.rawRepresentation)
    let renamed = try #require(PromisingLog(verifierKey: Self.verifierKey + "x", publicKey: log.publicKey))
    #expect(throws: TransparencyPromiseError.otherLog) { try verify(promise, token, log: renamed) }
    let swapped = try #require(PromisingLog(verifierKey: Self.verifierKey, publicKey: other))
    #expect(throws: TransparencyPromiseError.signatureInvalid) { try verify(promise, token, log: swapped) }
    #expect(PromisingLog(verifierKey: Self.verifierKey, publicKey: Array(other.dropLast())) == nil)
  }

  @Test func `a promise from the future is refused, one from the past is not`() throws {
    let edge = now.advanced(bySeconds: 10)
    try verify(promise(token, at: edge), token)
    let late = Instant(milliseconds: edge.milliseconds + 1)
    #expect(throws: TransparencyPromiseError.madeInTheFuture(late)) {
      try verify(promise(token, at: late), token)
    }
    try verify(promise(token, at: Instant(milliseconds: 0)), token)
  }

  @Test func `only the one spelling of a promise is read`() throws {
    let octets = try #require(Base64URL.decode(Self.text))
    let late = octets[..<16] + [0xFF] + octets[17...]
    let beyond = octets[..<16] + [0, 0, 0xE6, 0x77, 0xD2, 0x1F, 0xDC, 0x00] + octets[24...]
    for text in [
      "", "A", Self.text + "=", Self.text + "A", Self.text + "AA", String(Self.text.dropLast()),
      " " + Self.text,
      Base64URL.encode(octets + [0]), Base64URL.encode(octets.dropLast()), Base64URL.encode(Array(late)),
      Base64URL.encode(Array(beyond)),
    ] {
      #expect(throws: TransparencyPromiseError.malformed, "\(text)") {
        try TransparencyPromise(parsing: text)
      }
    }
    for (signature, time) in [(63, 0), (65, 0), (64, -1), (64, 253_402_300_800_000)] {
      #expect(throws: TransparencyPromiseError.malformed) {
        try TransparencyPromise(
          log: log,
          time: Instant(milliseconds: Int64(time)),
          signature: [UInt8](repeating: 0, count: signature)
        )
      }
    }
  }

  @Test func `a kid that would break its line, or what is no token, is not described`() {
    for (keyID, isDescribed) in [("a b", true), ("a\nb", false), ("\0", false)] {
      #expect((PromisedToken("a.b.c", algorithm: .es384, keyID: keyID) != nil) == isDescribed, "\(keyID)")
    }
    #expect(PromisedToken("a.b", algorithm: .es384, keyID: "a") == nil)
    #expect(PromisedToken("a.b.c.d", algorithm: .es384, keyID: "a") == nil)
  }
}
