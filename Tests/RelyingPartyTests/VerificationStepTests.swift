// SPDX-License-Identifier: Apache-2.0
//
// The order of the checks, and what those who watch are told: each step once, when it held, and never one that did not.

import RelyingParty
import StrictJSON
import Testing
import TokenFormats

struct VerificationStepTests {
  private static let names = [
    "form", "issuer", "header", "keys", "key", "signature", "claims", "audience", "expiration", "notBefore",
    "requirements", "status", "use",
  ]
  private let key = TestKey.es384()

  /// The steps that held, by name, and what failed.
  private func watch(
    _ verifier: TokenVerifier,
    _ token: String
  ) async -> (held: [String], failure: VerificationFailure?) {
    var held: [String] = []
    do throws(VerificationFailure) {
      _ = try await verifier.verify(token) { held.append(String("\($0)".prefix { $0 != "(" })) }
      return (held, nil)
    } catch {
      return (held, error)
    }
  }

  @Test func `a good token holds every step, each told once and in order`() async throws {
    let (held, failure) = await watch(try testVerifier(TestDocuments([key])), try key.token(claims()))
    #expect(held == Self.names)
    #expect(failure == nil)
  }

  /// What is wrong with a token: claims, header, and the step that refuses it.
  ///
  /// Every token has the faults of all later claims too, so that the order shows.
  static let faults: [(step: String, changes: [(String, String?)], header: String?)] = [
    ("issuer", [("iss", #""https://other.example""#)], #"{"alg":"ES384","kid":"x","typ":"at+jwt"}"#),
    ("header", [("sub", nil)], #"{"alg":"ES384","kid":"x","typ":"at+jwt"}"#),
    ("header", [("sub", nil)], #"{"alg":"ES256","kid":"x"}"#),
    ("key", [("sub", nil)], #"{"alg":"ES384","kid":"x"}"#),
    ("key", [("sub", nil)], #"{"alg":"RS256","kid":"ec"}"#),
    ("claims", [("sub", nil), ("aud", #""x""#)], nil),
    ("claims", [("exp", nil), ("aud", #""x""#)], nil),
    ("claims", [("jti", "1"), ("aud", #""x""#)], nil),
    ("audience", [("aud", #""x""#), ("exp", "1"), ("nbf", "\(testNow + 100)")], nil),
    ("expiration", [("exp", "1"), ("nbf", "\(testNow + 100)")], nil),
    ("notBefore", [("nbf", "\(testNow + 100)")], nil),
    ("notBefore", [("iat", "\(testNow + 100)")], nil),
    ("notBefore", [("exp", "\(testNow + 7200)")], nil),
    ("requirements", [("status", #"{"status_list":{}}"#)], nil),
  ]

  @Test(arguments: faults.indices)
  func `a token with several faults is refused for the first, and no later step is told`(at: Int) async throws
  {
    let (step, changes, header) = Self.faults[at]
    let documents = TestDocuments([key, try .rs256()])
    let verifier = try testVerifier(documents, requiring: [.subject("nobody")])
    let (held, failure) = await watch(verifier, try key.token(claims(changes), header: header))
    #expect(failure != nil)
    #expect(held == Array(Self.names.prefix { $0 != step }), "\(String(describing: failure))")
    // What an issuer is not trusted with makes nobody look for its keys.
    #expect(documents.fetched.isEmpty == ["issuer", "header"].contains(step))
  }

  @Test
  func `keys that cannot be had, a foreign signature, a list that is not there and a second use end it too`()
    async throws
  {
    let unreachable = try testVerifier(TestDocuments([], issuer: "https://other.example"))
    #expect(await watch(unreachable, try key.token(claims())).held.last == "header")
    let foreign = try TestKey.es384().token(claims())
    #expect(await watch(try testVerifier(TestDocuments([key])), foreign).held.last == "key")
    let named = try key.token(claims([("status", #"{"status_list":{"idx":0,"uri":"https://a.example"}}"#)]))
    #expect(await watch(try testVerifier(TestDocuments([key])), named).held.last == "requirements")
    var settings = VerifierSettings()
    settings.replay = .once(capacity: 2)
    let once = try testVerifier(TestDocuments([key]), settings: settings)
    let token = try key.token(claims())
    #expect(await watch(once, token).failure == nil)
    #expect(await watch(once, token).held.last == "status")
    #expect(await watch(once, "x").held.isEmpty)
  }

  @Test func `a key that is malformed is left out, told, and costs the others nothing`() async throws {
    let documents = TestDocuments([key])
    let broken = #"{"kid":"broken","kty":"RSA","n":"!","e":"AQAB"}"#
    let good = key.jwk
    documents.set {
      $0.documents[testIssuer + "/.well-known/jwks.json"] = "{\"keys\":[\(broken),\(good)]}"
    }
    let verifier = try testVerifier(documents)
    var told: [String] = []
    _ = try await verifier.verify(try key.token(claims())) { step in
      if case .keys(let set) = step { told = set.ignored.map { "\($0.index) \($0.reason)" } }
    }
    #expect(told == [#"0 malformed(member: "n")"#])
    let token = try key.token(claims(), header: #"{"alg":"RS256","kid":"broken"}"#)
    #expect(await verifier.failure(of: token) == .keyUnknown("broken"))
  }

  @Test func `an unverified token tells what it says, and why it has not the form of one`() throws {
    let token = try key.token(claims())
    let unverified = UnverifiedToken(token)
    #expect(unverified.header?["kid"]?.string == "ec" && unverified.claims?["jti"]?.string == "3f1b2c4d")
    #expect(unverified.issuer == .success(testIssuer))
    let unsecured = UnverifiedToken(try key.token(claims(), header: #"{"alg":"none"}"#))
    #expect(unsecured.claims?["jti"]?.string == "3f1b2c4d")
    #expect(unsecured.issuer == .failure(.algorithmNotAllowed("none")))
    #expect(UnverifiedToken("x").claims == nil && UnverifiedToken("x").issuer == .failure(.notCompact))
    #expect(UnverifiedToken(token, maximumBytes: 9).header == nil)
  }
}

/// What must hold whatever a token says.
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
}
