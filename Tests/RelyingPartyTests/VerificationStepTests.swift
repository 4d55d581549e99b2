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
