// SPDX-License-Identifier: Apache-2.0
//
// The verifier at its edges, with tokens signed here by swift-crypto: times to the second, and what the corpora
// leave out.

import Crypto
import IdentityModel
import StrictJSON
import Testing
import TokenFormats

@Suite struct JWTVerifierTests {
  private let signer = TestSigner()
  private let now = Instant(seconds: 1_800_000_000)

  private func outcome(
    _ claims: String,
    header: String? = nil,
    audience: String? = "rp",
    lifetime: Int64? = nil,
    keys: JWKSet? = nil
  ) throws -> String {
    let token = try signer.token(header: header ?? signer.header, payload: claims)
    do {
      _ = try JWTVerifier().verify(
        token,
        keys: try keys ?? signer.keys(),
        expectations: JWTExpectations(
          issuer: "https://issuer.test",
          audience: audience,
          now: now,
          leewaySeconds: 60,
          maximumLifetimeSeconds: lifetime
        )
      )
      return "accept"
    } catch let error as JWTVerificationError {
      return label(error)
    }
  }

  private func claims(
    aud: String = #""rp""#,
    exp: String = "1800000300",
    iat: String = "1800000000",
    more: String = ""
  ) -> String {
    #"{"iss":"https://issuer.test","sub":"s","aud":\#(aud),"exp":\#(exp),"iat":\#(iat)\#(more)}"#
  }

  @Test func `a verified token gives back its header, its claims, its key and its algorithm`() throws {
    let token = try signer.token(header: signer.header, payload: claims(more: #","x":[1,"é"]"#))
    let verified = try JWTVerifier().verify(
      token,
      keys: try signer.keys(),
      expectations: JWTExpectations(issuer: "https://issuer.test", audience: "rp", now: now)
    )
    #expect(verified.claims["x"] == .array([.number(JSONNumber.one), .string("é")]))
    #expect(verified.header["typ"] == .string("JWT"))
    #expect(verified.keyID == signer.publicKey.thumbprint.description)
    #expect(verified.algorithm == .es384)
  }

  @Test(arguments: [
    ("1799999940", "expired"), ("1799999941", "accept"), ("1799999940.999", "accept"),
    ("1.8000003e9", "accept"),
    ("253402300800", "claimMalformed exp"), ("1e400", "claimMalformed exp"),
    (#""1800000300""#, "claimMalformed exp"),
    ("true", "claimMalformed exp"), ("0", "expired"),
  ])
  func `exp counts to the second, leeway of 60 s included`(exp: String, expected: String) throws {
    #expect(try outcome(claims(exp: exp)) == expected)
  }

  @Test(arguments: [
    ("1800000060", "accept"), ("1800000061", "issuedInTheFuture"), ("1800000060.5", "issuedInTheFuture"),
  ])
  func `iat may be ahead by the leeway and no more`(iat: String, expected: String) throws {
    #expect(try outcome(claims(iat: iat)) == expected)
  }

  @Test(arguments: [("1800000060", "accept"), ("1800000061", "notYetValid"), ("null", "claimMalformed nbf")])
  func `nbf may be ahead by the leeway and no more`(nbf: String, expected: String) throws {
    #expect(try outcome(claims(more: #","nbf":\#(nbf)"#)) == expected)
  }

  @Test(arguments: [(300 as Int64, "accept"), (299, "lifetimeTooLong")])
  func `the lifetime may be as long as the limit`(limit: Int64, expected: String) throws {
    #expect(try outcome(claims(), lifetime: limit) == expected)
  }

  @Test func `an audience among several is enough, and none is asked for when none is expected`() throws {
    #expect(try outcome(claims(aud: #"["x","rp"]"#)) == "accept")
    #expect(try outcome(claims(aud: #"["x","RP"]"#)) == "audienceMismatch")
    #expect(try outcome(claims(aud: #""other""#), audience: nil) == "accept")
    #expect(try outcome(claims(aud: "[]"), audience: nil) == "claimMalformed aud")
  }

  @Test func `texts are compared by their bytes, not as Unicode sees them`() throws {
    #expect(try outcome(claims(aud: "\"e\u{301}\""), audience: "\u{E9}") == "audienceMismatch")
    #expect(try outcome(claims(aud: "\"\u{212A}\""), audience: "K") == "audienceMismatch")
  }

  @Test(arguments: [
    (#""typ":"JWT","#, "accept"), (#""typ":"jwt","#, "accept"), (#""typ":"application/JWT","#, "accept"),
    ("", "accept"),
    (#""typ":"dpop+jwt","#, "typeMismatch"), (#""typ":7,"#, "typeMismatch"), (#""typ":"","#, "typeMismatch"),
    (#""cty":"JWT","#, "extensionNotUnderstood cty"), (#""b64":true,"#, "extensionNotUnderstood b64"),
    (#""jku":"https://evil.test","#, "accept"),
  ])
  func `a header member is understood, refused or without effect`(member: String, expected: String) throws {
    let header = #"{\#(member)"alg":"ES384","kid":"\#(signer.publicKey.thumbprint)"}"#
    #expect(try outcome(claims(), header: header) == expected)
  }

  @Test func `jti must be a string when it stands`() throws {
    #expect(try outcome(claims(more: #","jti":"a""#)) == "accept")
    #expect(try outcome(claims(more: #","jti":1"#)) == "claimMalformed jti")
  }

  @Test func `two keys of one kid select none, and a key without kid is never selected`() throws {
    func set(_ kids: [String?]) throws -> JWKSet {
      var writer = JSONWriter()
      signer.publicKey.writeJWK(to: &writer)
      let members = try #require(try JSONReader.read(writer.bytes).object).members
      let keys = kids.map { kid in
        JSONValue.object(
          JSONObject(members.filter { $0.name != "kid" } + (kid.map { [.init("kid", .string($0))] } ?? []))
        )
      }
      return try JWKSet(json: JSONValue.object(JSONObject([.init("keys", .array(keys))])).bytes)
    }
    let header = #"{"alg":"ES384","kid":"a"}"#
    #expect(try outcome(claims(), header: header, keys: set(["a"])) == "accept")
    #expect(try outcome(claims(), header: header, keys: set(["a", "a"])) == "keyAmbiguous")
    #expect(try outcome(claims(), header: header, keys: set([nil])) == "keyUnknown")
    #expect(try outcome(claims(), header: header, keys: set([])) == "keyUnknown")
    #expect(try outcome(claims(), header: #"{"alg":"ES384"}"#, keys: set([nil])) == "keyIDMissing")
  }

  @Test func `a token longer than 32 KiB is not read`() throws {
    let padding = String(repeating: "x", count: 24_000)
    #expect(try outcome(claims(more: #","p":"\#(padding)""#)) == "accept")
    #expect(try outcome(claims(more: #","p":"\#(padding)\#(padding)""#)) == "tooLong")
  }

  @Test func `every single flipped bit of a token is noticed`() throws {
    let token = try signer.token(header: signer.header, payload: claims())
    let expectations = JWTExpectations(issuer: "https://issuer.test", audience: "rp", now: now)
    let keys = try signer.keys()
    _ = try JWTVerifier().verify(token, keys: keys, expectations: expectations)
    for index in token.utf8.indices.map({ token.utf8.distance(from: token.startIndex, to: $0) }) {
      for bit in 0..<7 {
        var bytes = Array(token.utf8)
        bytes[index] ^= 1 << UInt8(bit)
        #expect(throws: JWTVerificationError.self) {
          try JWTVerifier().verify(
            String(decoding: bytes, as: UTF8.self),
            keys: keys,
            expectations: expectations
          )
        }
      }
    }
  }
}

extension JSONNumber {
  fileprivate static var one: JSONNumber {
    guard case .number(let number)? = try? JSONReader.read("1".utf8) else { fatalError("1 is a number") }
    return number
  }
}

/// Signs tokens with a P-384 key of swift-crypto.
struct TestSigner {
  private let key = P384.Signing.PrivateKey()

  var publicKey: PublicKey {
    let raw = Array(key.publicKey.rawRepresentation)
    return .p384(x: Array(raw[..<48]), y: Array(raw[48...]))
  }

  var header: String { #"{"kid":"\#(publicKey.thumbprint)","typ":"JWT","alg":"ES384"}"# }

  func keys() throws -> JWKSet { try #require(JWKSet(publicKeys: [publicKey])) }

  func token(header: String, payload: String) throws -> String {
    let input = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(payload.utf8))
    return input + "." + Base64URL.encode(try signature(of: Array(input.utf8)))
  }

  func signature(of input: [UInt8]) throws -> [UInt8] {
    Array(try key.signature(for: SHA384.hash(data: input)).rawRepresentation)
  }
}
