// SPDX-License-Identifier: Apache-2.0
//
// The project's own corpus of hostile tokens and key sets (jwt-attacks/cases.json, CC0, labels checked with an
// independent verifier), at its fixed clock: verdict and reason. The reasons are ours: the check that must catch it.

import IdentityModel
import StrictJSON
import Testing
import TokenFormats

@Suite(.enabled(if: Corpora.arePresent, "\(Corpora.absent)"))
struct JWTAttackTests {
  @Test func `every hostile token fails the check that is there for it, and every honest one passes`() throws
  {
    let corpus = try Corpora.json("jwt-attacks/cases.json")
    let keys = try JWKSet(json: corpus["jwks"].bytes)
    let profile = corpus["profile"]
    let expectations = JWTExpectations(
      issuer: try #require(profile["issuer"].string),
      audience: profile["audience"].string,
      now: Instant(seconds: try #require(profile["now"].int64)),
      leewaySeconds: try #require(profile["leeway_s"].int64),
      maximumLifetimeSeconds: profile["max_lifetime_s"].int64
    )
    let cases = try #require(corpus["cases"].array)
    for test in cases {
      let name = try #require(test["name"].string)
      let outcome: String
      do {
        _ = try JWTVerifier().verify(
          try #require(test["token"].string),
          keys: keys,
          expectations: expectations
        )
        outcome = "accept"
      } catch let error as JWTVerificationError {
        outcome = label(error)
      }
      #expect((outcome == "accept") == (test["expect"] == .string("accept")), "\(name): \(outcome)")
      #expect(outcome == expectedOutcome(of: name), "\(name)")
    }
    #expect(cases.count == 137)
  }

  @Test(arguments: [
    ("private-d", "privateMember d"), ("oct", "privateMember k"), ("rsa-e1", "malformedKey n, e"),
    ("rsa-e-even", "malformedKey n, e"), ("rsa-n-32k", "ignored keySize(32768)"),
    ("rsa-e-huge", "malformedKey n, e"), ("n-padded", "malformedKey n"), ("n-hex", "malformedKey n"),
    ("ec-infinity", "malformedKey x, y"), ("ec-short-x", "malformedKey x, y"),
    ("ec-crv-mismatch", "ignored curve(\"P-256\")"), ("ec-curve-unknown", "ignored curve(\"secp256k1\")"),
    ("dup-kid", "2 keys, 0 to be chosen"), ("no-kid", "1 keys, 0 to be chosen"),
    ("keys-missing", "keysMissing"),
    ("keys-empty", "0 keys, 0 to be chosen"), ("key-ops-sign", "ignored keyOperations"),
    ("x5c-mismatch", "1 keys, 1 to be chosen"),
  ])
  func `a hostile key set gives no key that should not be there`(name: String, expected: String) throws {
    let corpus = try Corpora.json("jwt-attacks/cases.json")
    let cases = try #require(corpus["jwks_cases"].array)
    #expect(cases.count == 18)
    let test = try #require(cases.first { $0["name"] == .string(name) })
    let outcome: String
    do {
      let set = try JWKSet(json: test["jwks"].bytes)
      if let ignored = set.ignored.first {
        #expect(set.keys.isEmpty)
        outcome = "ignored " + "\(ignored.reason)".replacing("TokenFormats.JWK.Unsupported.", with: "")
      } else {
        let selectable = ["rsa-1", "ec-1"].filter { set.keys(withID: $0).count == 1 }
        outcome = "\(set.keys.count) keys, \(selectable.count) to be chosen"
      }
    } catch {
      switch error {
      case .privateMember(0, let name): outcome = "privateMember \(name)"
      case .malformedKey(0, let member): outcome = "malformedKey \(member)"
      default: outcome = "\(error)"
      }
    }
    #expect(outcome == expected)
  }

  // The first rule whose name, or beginning of a name (`…*`), or end of one (`*…`) fits.
  private func expectedOutcome(of name: String) -> String? {
    let rules: [(outcome: String, names: String)] = [
      ("accept", "valid-rs256 valid-es384 es384-malleated-s exp-float"),
      ("algorithmMissing", "alg-type-null alg-type-array alg-type-object alg-missing"),
      ("algorithmNotAllowed", "alg-* rs-hs-* es-hs-* rs384-* ps256-* es256-*"),
      ("algorithmOfAnotherKey", "es384-header-rsa-kid"),
      ("keyUnknown", "rs256-retired-kid jwk-* jku-*"),
      ("signatureInvalid", "psychic-* es384-* rs256-* x5c-* swapped-payload"),
      ("keyIDMissing", "kid-number-rs kid-array-rs"),
      (
        "keyUnknown",
        "kid-nul-rs kid-case-rs kid-unicode-rs kid-long-rs kid-url-rs kid-template-rs kid-sqli-rs"
      ),
      ("algorithmNotAllowed", "kid-*"),
      ("extensionNotUnderstood crit", "crit-*"),
      ("extensionNotUnderstood cty", "cty-*"),
      ("typeMismatch", "typ-*"),
      ("notJSON header", "dup-alg-rev dup-alg"),
      ("notJSON payload", "dup-* bom utf16-payload bad-utf8 overlong trailing-* comment nan deep-nesting-*"),
      ("notAnObject payload", "payload-*"),
      ("expired", "exp-past"), ("claimMissing exp", "exp-missing"), ("lifetimeTooLong", "exp-far"),
      ("claimMalformed exp", "exp-null exp-negative exp-2e63"),
      ("notYetValid", "nbf-future"), ("claimMissing iat", "iat-missing"),
      ("claimMissing aud", "aud-missing"), ("audienceMismatch", "aud-slash aud-prefix"),
      ("claimMalformed aud", "aud-*"),
      ("claimMissing iss", "iss-missing"), ("issuerMismatch", "iss-*"),
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

/// The case of an error with the name of the part or claim, without what the token said.
func label(_ error: JWTVerificationError) -> String {
  switch error {
  case .tooLong: "tooLong"
  case .notCompact: "notCompact"
  case .notBase64URL(let part):
    "notBase64URL \(part)".replacing("TokenFormats.JWTVerificationError.Part.", with: "")
  case .notJSON(let part, _): "notJSON \(part)".replacing("TokenFormats.JWTVerificationError.Part.", with: "")
  case .notAnObject(let part):
    "notAnObject \(part)".replacing("TokenFormats.JWTVerificationError.Part.", with: "")
  case .algorithmMissing: "algorithmMissing"
  case .algorithmNotAllowed: "algorithmNotAllowed"
  case .extensionNotUnderstood(let name): "extensionNotUnderstood \(name)"
  case .keyIDMissing: "keyIDMissing"
  case .keyUnknown: "keyUnknown"
  case .keyAmbiguous: "keyAmbiguous"
  case .algorithmOfAnotherKey: "algorithmOfAnotherKey"
  case .keyDoesNotFit: "keyDoesNotFit"
  case .keyNotDetermined: "keyNotDetermined"
  case .typeMismatch: "typeMismatch"
  case .signatureInvalid: "signatureInvalid"
  case .claimMissing(let name): "claimMissing \(name)"
  case .claimMalformed(let name): "claimMalformed \(name)"
  case .issuerMismatch: "issuerMismatch"
  case .audienceMismatch: "audienceMismatch"
  case .authorizedPartyMismatch: "authorizedPartyMismatch"
  case .severalAudiences: "severalAudiences"
  case .tooOld: "tooOld"
  case .expired: "expired"
  case .notYetValid: "notYetValid"
  case .issuedInTheFuture: "issuedInTheFuture"
  case .lifetimeTooLong: "lifetimeTooLong"
  }
}
