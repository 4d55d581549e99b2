// SPDX-License-Identifier: Apache-2.0
//
// Tokens whose signature proves nothing, and tokens that bring a key of their own. Source: RFC 8725 §2, §3.

import IdentityModel
import TokenFormats

extension RelyingPartyCase {
  static func signatureCases(_ algorithms: [SigningAlgorithm]) -> [RelyingPartyCase] {
    let unsigned = [
      ("none", #""none""#), ("None", #""None""#), ("NONE", #""NONE""#), ("nOnE", #""nOnE""#),
      ("empty", #""""#), ("null", "null"), ("array", #"["none"]"#),
    ].map { name, json in
      bad("alg-\(name)", "a token without signature is taken", "RFC 8725 §2.1, §3.1") { workshop, draft in
        workshop.signingInput(draft.header("alg", json)) + "."
      }
    }
    let changed: [RelyingPartyCase] = [
      bad("alg-none-signed", "`none` switches the check off", "RFC 8725 §3.1") { workshop, draft in
        let token = try await workshop.signed(draft)
        return workshop.signingInput(draft.header("alg", #""none""#)) + "." + parts(token)[2]
      },
      bad("alg-missing", "a token without `alg` is taken", "RFC 7515 §4.1.1") { workshop, draft in
        try await workshop.signed(draft.header("alg", nil))
      },
      signed("alg-lower-case", "`alg` is compared without regard to case", "RFC 7515 §4.1.1") { draft in
        draft.header("alg", quoted(draft.algorithm.rawValue.lowercased()))
      },
      signed("alg-unknown", "an `alg` that does not exist is taken", "RFC 8725 §3.1") { draft in
        draft.header("alg", #""XX999""#)
      },
      bad("signature-empty", "the signature is not looked at", "RFC 7515 §5.2") { workshop, draft in
        workshop.signingInput(draft) + "."
      },
      bad("signature-missing", "a token of two parts is taken", "RFC 7515 §3.1") { workshop, draft in
        workshop.signingInput(draft)
      },
      bad("signature-random", "the signature is not verified", "RFC 7515 §5.2") { workshop, draft in
        let length = draft.algorithm == .es384 ? 96 : 256
        return workshop.signingInput(draft) + "." + Base64URL.encode([UInt8](repeating: 0x5A, count: length))
      },
      bad("signature-zero", "a signature of zeros is taken (CVE-2022-21449)", "FIPS 186-5 §6.4.2") {
        workshop,
        draft in
        let length = draft.algorithm == .es384 ? 96 : 256
        return workshop.signingInput(draft) + "." + Base64URL.encode([UInt8](repeating: 0, count: length))
      },
      bad("signature-flipped", "a signature with one wrong bit is taken", "RFC 7515 §5.2") {
        workshop,
        draft in
        try await changingSignature(workshop, draft) { $0[$0.count / 2] ^= 1 }
      },
      bad("signature-truncated", "a part of a signature is taken", "RFC 7518 §3.4") { workshop, draft in
        try await changingSignature(workshop, draft) { $0.removeLast() }
      },
      bad("signature-longer", "octets after the signature are not looked at", "RFC 7518 §3.4") {
        workshop,
        draft in
        try await changingSignature(workshop, draft) { $0.append(0) }
      },
      bad("payload-changed", "the claims are not what was signed", "RFC 7515 §5.2") { workshop, draft in
        let token = try await workshop.signed(draft)
        let other = workshop.signingInput(draft.claim("sub", #""arn:aws:iam::999999999999:role/Admin""#))
        return other + "." + parts(token)[2]
      },
      bad("header-changed", "the header is not part of what is verified", "RFC 7515 §5.2") {
        workshop,
        draft in
        let token = try await workshop.signed(draft)
        return workshop.signingInput(draft.header("x", "1")) + "." + parts(token)[2]
      },
    ]
    return unsigned + changed + confusionCases(algorithms)
  }

  /// A public key is no secret: whoever takes it for one lets everybody make tokens.
  private static func confusionCases(_ algorithms: [SigningAlgorithm]) -> [RelyingPartyCase] {
    let why = "the public key is taken for an HMAC secret", where_ = "RFC 8725 §2.1, §3.1"
    typealias Secret = (TokenWorkshop, SigningAlgorithm) -> String?
    let secrets: [(name: String, secret: Secret)] = [
      ("pem", { $0.publicKey($1)?.pem }),
      ("pem-newline", { workshop, algorithm in workshop.publicKey(algorithm).map { $0.pem + "\n" } }),
      ("jwk", { $0.publicKey($1)?.jwk }),
      ("jwks", { workshop, _ in workshop.keySet }),
    ]
    var cases: [RelyingPartyCase] = []
    for algorithm in algorithms {
      for (name, secret) in secrets {
        let id = "hs256-\(name)-\(algorithm.rawValue.lowercased())"
        cases.append(
          bad(id, why, where_) { workshop, _ in
            guard let text = secret(workshop, algorithm), let draft = workshop.drafts[algorithm] else {
              throw CommandFailure.failed("the issuer publishes no key for \(algorithm.rawValue)")
            }
            return workshop.authenticated(draft, "HS256", secret: Array(text.utf8))
          }
        )
      }
    }
    for (hmac, name) in [("HS384", "hs384-pem"), ("HS512", "hs512-pem")] {
      cases.append(
        bad(name, why, where_) { workshop, draft in
          let pem = workshop.publicKey(draft.algorithm)?.pem ?? ""
          return workshop.authenticated(draft, hmac, secret: Array(pem.utf8))
        }
      )
    }
    let kid = #"../../../../dev/null"#
    return cases + [
      bad("hs256-empty", "an HMAC under the empty secret is taken", where_) { workshop, draft in
        workshop.authenticated(draft, "HS256", secret: [])
      },
      bad("hs256-guess", "an HMAC under the secret `secret` is taken", "RFC 8725 §2.2") { workshop, draft in
        workshop.authenticated(draft, "HS256", secret: Array("secret".utf8))
      },
      bad("kid-path", "`kid` is taken for the path of a file", "RFC 8725 §3.10") { workshop, draft in
        workshop.authenticated(draft.header("kid", quoted(kid)), "HS256", secret: [])
      },
    ]
  }

  static var keyCases: [RelyingPartyCase] {
    [
      bad("foreign-key", "a signature of somebody else's key is taken", "RFC 7515 §5.2") { workshop, draft in
        try workshop.foreignSigned(draft.header("alg", #""ES384""#))
      },
      bad("foreign-rsa-key", "a signature of somebody else's RSA key is taken", "RFC 7515 §5.2") {
        workshop,
        draft in
        try workshop.foreignRSASigned(draft.header("alg", #""RS256""#))
      },
      bad("foreign-kid", "an unknown `kid` falls back to no check", "RFC 8725 §3.8") { workshop, draft in
        try workshop.foreignSigned(draft.header("alg", #""ES384""#).header("kid", #""foreign""#))
      },
      bad("foreign-no-kid", "without a `kid` nothing is checked", "RFC 8725 §3.8") { workshop, draft in
        try workshop.foreignSigned(draft.header("alg", #""ES384""#).header("kid", nil))
      },
      bad("header-jwk", "the token brings its own key (`jwk`)", "RFC 8725 §3.10; RFC 7515 §4.1.3") {
        workshop,
        draft in
        try workshop.foreignSigned(draft.header("alg", #""ES384""#).header("jwk", workshop.foreignJWK))
      },
      bad("header-jwk-no-kid", "the token brings its own key (`jwk`)", "RFC 8725 §3.10") { workshop, draft in
        try workshop.foreignSigned(
          draft.header("alg", #""ES384""#).header("kid", nil).header("jwk", workshop.foreignJWK)
        )
      },
      bad("header-jku", "the token says where its key is (`jku`)", "RFC 8725 §3.10; RFC 7515 §4.1.2") {
        workshop,
        draft in
        let url = "data:application/json,{\"keys\":[\(workshop.foreignJWK)]}"
        return try workshop.foreignSigned(draft.header("alg", #""ES384""#).header("jku", quoted(url)))
      },
      bad("header-x5u", "the token says where its certificate is (`x5u`)", "RFC 8725 §3.10") {
        workshop,
        draft in
        try workshop.foreignSigned(
          draft.header("alg", #""ES384""#).header("x5u", #""https://attacker.invalid/key.pem""#)
        )
      },
      signed(
        "kid-missing",
        "a token without `kid` is taken though the issuer has several keys",
        "RFC 8725 §3.8"
      ) {
        $0.header("kid", nil)
      },
      signed("kid-unknown", "a `kid` that the issuer does not have is taken", "RFC 7515 §4.1.4") {
        $0.header("kid", #""no-such-key""#)
      },
      signed("kid-number", "a `kid` that is no string is taken", "RFC 7515 §4.1.4") { $0.header("kid", "0") },
      signed("kid-array", "a `kid` that is no string is taken", "RFC 7515 §4.1.4") { $0.header("kid", "[]") },
      signed("kid-sql", "`kid` reaches a database unescaped", "RFC 8725 §3.10") {
        $0.header("kid", #""x' UNION SELECT 'key' --""#)
      },
      signed("alg-other-key", "a key is used with an algorithm that is not its own", "RFC 8725 §3.1") {
        draft in
        draft.header("alg", draft.algorithm == .es384 ? #""RS256""# : #""ES384""#)
      },
      signed("alg-other-hash", "a key is used with an algorithm that is not its own", "RFC 8725 §3.1") {
        draft in
        draft.header("alg", draft.algorithm == .es384 ? #""ES256""# : #""RS512""#)
      },
    ]
  }

  private static func changingSignature(
    _ workshop: TokenWorkshop,
    _ draft: TokenDraft,
    _ change: (inout [UInt8]) -> Void
  ) async throws -> String {
    let token = parts(try await workshop.signed(draft))
    guard var signature = Base64URL.decode(token[2]) else {
      throw CommandFailure.failed("the issuer's signature cannot be read")
    }
    change(&signature)
    return "\(token[0]).\(token[1]).\(Base64URL.encode(signature))"
  }

  /// The three parts of a token that the issuer made.
  static func parts(_ token: String) -> [String] {
    let parts = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    return parts.count == 3 ? parts : ["", "", ""]
  }
}
