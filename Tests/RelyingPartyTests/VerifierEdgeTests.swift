// SPDX-License-Identifier: Apache-2.0
//
// The verifier at its edges: spellings, bytes, and the same verdict however a token is read and among however many issuers.

import RelyingParty
import Testing

struct VerifierEdgeTests {
  private let key = TestKey.es384()

  @Test(
    arguments: [
      ("1.8000003e9", nil), ("\(testNow - 60).999", nil), ("253402300800", .claimMalformed("exp")),
      ("1e400", .claimMalformed("exp")), ("true", .claimMalformed("exp")), ("0", .expired(0)),
    ] as [(String, VerificationFailure?)]
  )
  func `a date may be spelled in any way that JSON has, within the calendar`(
    exp: String,
    expected: VerificationFailure?
  ) async throws {
    let verifier = try testVerifier(TestDocuments([key]))
    let token = try key.token(claims([("exp", exp), ("iat", "\(testNow - 100)")]))
    #expect(await verifier.failure(of: token) == expected)
  }

  @Test func `texts are compared by their bytes, not as Unicode sees them`() async throws {
    for (expected, said) in [("\u{E9}", "e\u{301}"), ("K", "\u{212A}")] {
      let verifier = try TokenVerifier(
        trusting: [TrustedIssuer(testIssuer, audiences: [expected])],
        fetcher: TestDocuments([key]),
        clock: VerifierClock { .seconds(testNow) }
      )
      let other = try key.token(claims([("aud", "\"\(said)\"")]))
      #expect(await verifier.failure(of: other)?.name == "audienceMismatch")
      #expect(await verifier.failure(of: try key.token(claims([("aud", "\"\(expected)\"")]))) == nil)
    }
  }

  @Test func `every single flipped bit of a token is noticed`() async throws {
    let token = Array(try key.token(claims()).utf8)
    let verifier = try testVerifier(TestDocuments([key]))
    #expect(await verifier.failure(of: String(decoding: token, as: UTF8.self)) == nil)
    for index in token.indices {
      for bit in 0..<7 {
        var changed = token
        changed[index] ^= 1 << UInt8(bit)
        #expect(
          await verifier.failure(of: String(decoding: changed, as: UTF8.self)) != nil,
          "\(index) \(bit)"
        )
      }
    }
  }

  @Test
  func `without an expected audience any well-formed one will do, and only this package can ask for that`()
    async throws
  {
    var trust = TrustedIssuer(testIssuer, audiences: [])
    #expect(throws: VerifierConfigurationError.noAudience(issuer: testIssuer)) {
      try TokenVerifier(trusting: [trust], fetcher: TestDocuments([]))
    }
    trust.acceptsAnyAudience = true
    let verifier = try TokenVerifier(
      trusting: [trust],
      fetcher: TestDocuments([key]),
      clock: VerifierClock { .seconds(testNow) }
    )
    let token = try key.token(claims([("aud", #"["a","b"]"#)]))
    #expect(try await verifier.verify(token).audience == "a")
    #expect(await verifier.failure(of: try key.token(claims([("aud", "[]")]))) == .claimMalformed("aud"))
  }

  @Test func `however a token is spelled and how many issuers are trusted, it says the same`() async throws {
    for issuers in [1, 8, 9] {
      let others = (1..<max(issuers, 2)).map {
        TrustedIssuer("https://\($0).example", audiences: ["other"], keys: .keySet(url: "https://x.example"))
      }
      let verifier = try TokenVerifier(
        trusting: [TrustedIssuer(testIssuer, audiences: ["x", testAudience])]
          + others.prefix(issuers - 1),
        fetcher: TestDocuments([key]),
        clock: VerifierClock { .seconds(testNow) }
      )
      for more in [#""plain""#, #""\u0061""#] {
        for audience in ["\"\(testAudience)\"", "[\"y\",\"\(testAudience)\",\"x\"]"] {
          let changes = [("more", Optional(more)), ("aud", audience), ("nbf", "\(testNow)")]
          let token = try await verifier.verify(try key.token(claims(changes)))
          #expect(token.issuer == testIssuer && token.audience == testAudience)
          #expect(token.audiences == (audience.first == "[" ? ["y", testAudience, "x"] : [testAudience]))
          #expect(token.subject == "arn:aws:iam::111122223333:role/Worker" && token.tokenID == "3f1b2c4d")
          #expect(token.expiration == testNow + 290 && token.issuedAt == testNow - 10)
        }
        let stranger = try key.token(claims([("more", more), ("iss", #""https://issuer.example/tenanT""#)]))
        #expect(await verifier.failure(of: stranger)?.name == "issuerNotTrusted")
      }
    }
  }

  @Test func `a header that was read before is found again among others`() async throws {
    let verifier = try testVerifier(TestDocuments([key, try .rs256()]))
    for _ in 0..<3 {
      for typ in ["JWT", "jwt", "application/jwt"] {
        let token = try key.token(claims(), header: #"{"alg":"ES384","kid":"ec","typ":"\#(typ)"}"#)
        #expect(await verifier.failure(of: token) == nil)
      }
      let other = try key.token(claims(), header: #"{"alg":"ES384","kid":"ec","typ":"x+jwt"}"#)
      #expect(await verifier.failure(of: other) == .typeNotAllowed("x+jwt"))
    }
  }

  @Test func `what has more than two dots is no compact token, wherever they stand`() async throws {
    let verifier = try testVerifier(TestDocuments([key]))
    let parts = try key.token(claims()).split(separator: ".").map(String.init)
    for token in [
      ".\(parts[0]).\(parts[1]).\(parts[2])", "\(parts[0])..\(parts[1]).\(parts[2])",
      "\(parts[0]).\(parts[1])..\(parts[2])", "\(parts[0]).\(parts[1]).\(parts[2]).", "...", "..", ".",
      "\(parts[0]).\(parts[1])", String(repeating: ".", count: 40),
    ] {
      let expected: [VerificationFailure] =
        token == ".." ? [.notJSON(.header, "it ends too early")] : [.notCompact]
      #expect(expected.contains(await verifier.failure(of: token) ?? .replayed), "\(token.prefix(20))")
    }
  }
}
