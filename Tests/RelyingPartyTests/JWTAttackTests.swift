// SPDX-License-Identifier: Apache-2.0
//
// The project's own corpus of hostile tokens and key sets (jwt-attacks/cases.json, CC0, labels checked with an
// independent verifier) through the public library, at its fixed clock: verdict and reason, and nothing fetched that the
// allow-list does not name.

import RelyingParty
import StrictJSON
import Testing

@Suite(.enabled(if: Corpora.arePresent, "\(Corpora.absent)"))
struct JWTAttackTests {
  private func verifier(_ corpus: JSONValue, _ jwks: JSONValue) throws -> (TokenVerifier, TestDocuments) {
    let profile = corpus["profile"]
    let issuer = try #require(profile["issuer"].string)
    let now = try #require(profile["now"].int64)
    let documents = TestDocuments([], issuer: issuer)
    let text = String(decoding: jwks.bytes, as: UTF8.self)
    documents.set { $0.documents[issuer + "/.well-known/jwks.json"] = text }
    var settings = VerifierSettings()
    settings.skew = .seconds(try #require(profile["leeway_s"].int64))
    settings.maximumLifetime = .seconds(try #require(profile["max_lifetime_s"].int64))
    let audience = try #require(profile["audience"].string)
    return (
      try TokenVerifier(
        trusting: [TrustedIssuer(issuer, audiences: [audience])],
        fetcher: documents,
        settings: settings,
        clock: VerifierClock { .seconds(now) }
      ), documents
    )
  }

  @Test func `every hostile token fails the check that is there for it, and every honest one passes`()
    async throws
  {
    let corpus = try Corpora.json("jwt-attacks/cases.json")
    let (verifier, documents) = try verifier(corpus, corpus["jwks"])
    let cases = try #require(corpus["cases"].array)
    for test in cases {
      let name = try #require(test["name"].string)
      let token = try #require(test["token"].string)
      let failure = await verifier.failure(of: token)
      let outcome = failure.map(label) ?? "accept"
      #expect((outcome == "accept") == (test["expect"] == .string("accept")), "\(name): \(outcome)")
      #expect(outcome == expectedOutcome(of: name), "\(name): \(outcome)")
    }
    #expect(cases.count == 137)
    #expect(documents.fetched.allSatisfy { $0.utf8.starts(with: "https://issuer.test/a/111122223333/".utf8) })
    #expect(documents.keyFetches == 2, "once, and once for the first unknown kid")
  }

  @Test(arguments: [
    ("private-d", "keysUnavailable"), ("oct", "keysUnavailable"), ("rsa-e1", "keyUnknown"),
    ("rsa-e-even", "keyUnknown"), ("rsa-n-32k", "keyUnknown"), ("rsa-e-huge", "keyUnknown"),
    ("n-padded", "keyUnknown"), ("n-hex", "keyUnknown"), ("ec-infinity", "keyUnknown"),
    ("ec-short-x", "keyUnknown"), ("ec-crv-mismatch", "keyUnknown"), ("ec-curve-unknown", "keyUnknown"),
    ("dup-kid", "keyAmbiguous"), ("no-kid", "keyUnknown"), ("keys-missing", "keysUnavailable"),
    ("keys-empty", "keyUnknown"), ("key-ops-sign", "keyUnknown"), ("x5c-mismatch", "accept"),
  ])
  func `a hostile key set verifies nothing with a key that should not be there`(
    name: String,
    expected: String
  ) async throws {
    let corpus = try Corpora.json("jwt-attacks/cases.json")
    let cases = try #require(corpus["jwks_cases"].array)
    #expect(cases.count == 18)
    let test = try #require(cases.first { $0["name"] == .string(name) })
    let (verifier, _) = try verifier(corpus, test["jwks"])
    let isEC = name.hasPrefix("ec-")
    let control = try #require(
      corpus["cases"].array?.first { $0["name"] == .string(isEC ? "valid-es384" : "valid-rs256") }
    )
    let token = try #require(control["token"].string)
    let failure = await verifier.failure(of: token)
    #expect((failure.map(label) ?? "accept") == expected)
  }

  // The first rule whose name, or beginning of a name (`…*`), or end of one (`*…`) fits.
  private func expectedOutcome(of name: String) -> String? {
    let rules: [(outcome: String, names: String)] = [
      ("accept", "valid-rs256 valid-es384 es384-malleated-s exp-float"),
      ("algorithmMissing", "alg-type-null alg-type-array alg-type-object alg-missing"),
      // The algorithm of the family that the issuer is not trusted with: refused before a key is looked for.
      ("algorithmNotAllowed", "alg-* rs-hs-* es-hs-* rs384-* ps256-* es256-*"),
      ("keyDoesNotFit", "es384-header-rsa-kid"),
      ("keyUnknown", "rs256-retired-kid jwk-* jku-*"),
      ("signatureInvalid", "psychic-* es384-* rs256-* x5c-* swapped-payload"),
      ("keyIDMissing", "kid-number-rs kid-array-rs"),
      (
        "keyUnknown",
        "kid-nul-rs kid-case-rs kid-unicode-rs kid-long-rs kid-url-rs kid-template-rs kid-sqli-rs"
      ),
      ("algorithmNotAllowed", "kid-*"),
      ("extensionNotUnderstood crit", "crit-*"),
      // Its payload is a token, and claims are read before the issuer is known.
      ("notJSON payload", "cty-*"),
      ("typeNotAllowed", "typ-*"),
      ("notJSON header", "dup-alg-rev dup-alg"),
      ("notJSON payload", "dup-* bom utf16-payload bad-utf8 overlong trailing-* comment nan deep-nesting-*"),
      ("notAnObject payload", "payload-*"),
      ("expired", "exp-past"), ("claimMissing exp", "exp-missing"), ("lifetimeTooLong", "exp-far"),
      ("claimMalformed exp", "exp-null exp-negative exp-2e63"),
      ("notYetValid", "nbf-future"), ("claimMissing iat", "iat-missing"),
      ("claimMissing aud", "aud-missing"), ("audienceMismatch", "aud-slash aud-prefix"),
      ("claimMalformed aud", "aud-*"),
      ("claimMissing iss", "iss-missing"), ("issuerNotTrusted", "iss-*"),
      ("claimMalformed sub", "sub-*"),
      ("notBase64URL header", "enc-space enc-bearer"),
      ("notBase64URL payload", "b64-false"),
      ("notBase64URL signature", "pad-sig std-b64-sig enc-newline enc-nul"),
      ("notCompact", "enc-two-parts enc-five-parts enc-leading-dot enc-empty enc-pct json-* jwe-*"),
      ("notJSON header", "enc-dots"),
    ]
    for rule in rules {
      for pattern in rule.names.split(separator: " ") {
        if pattern == name || (pattern.last == "*" && name.hasPrefix(pattern.dropLast())) {
          return rule.outcome
        }
      }
    }
    return nil
  }
}

/// The case of a failure with the name of the part or claim, without what the token said.
func label(_ failure: VerificationFailure) -> String {
  switch failure {
  case .notBase64URL(let part), .notJSON(let part, _), .notAnObject(let part):
    "\(failure.name) \(part.rawValue)"
  case .extensionNotUnderstood(let word), .claimMissing(let word), .claimMalformed(let word):
    "\(failure.name) \(word)"
  default: failure.name
  }
}
