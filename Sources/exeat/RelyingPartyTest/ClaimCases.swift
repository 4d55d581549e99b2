// SPDX-License-Identifier: Apache-2.0
//
// Tokens with a good signature whose claims should not let anybody in: of another issuer, for another service, of another
// time. Source: RFC 7519 §4.1; RFC 8725 §3.8, §3.9.

import IdentityModel
import TokenFormats

extension RelyingPartyCase {
  static var issuerCases: [RelyingPartyCase] {
    [
      issuer("iss-other", "the issuer is not checked") { _ in quoted("https://tokens.example") },
      issuer("iss-suffix", "an issuer that begins like the right one is taken") {
        quoted($0 + ".attacker.example")
      },
      issuer("iss-path", "an issuer below the right one is taken") { quoted($0 + "/x") },
      issuer("iss-slash", "an issuer with one more slash is taken") { quoted($0 + "/") },
      issuer("iss-prefix", "a part of the issuer is taken") { quoted(String($0.dropLast())) },
      issuer("iss-upper-case", "the issuer is compared without regard to case") { quoted($0.uppercased()) },
      issuer("iss-user", "an issuer behind user information is taken") {
        quoted($0.split(separator: "://", maxSplits: 1).joined(separator: "://issuer@"))
      },
      issuer("iss-query", "an issuer with a query is taken") { quoted($0 + "?x=1") },
      issuer("iss-space", "white space around the issuer is cut off") { quoted(" " + $0) },
      issuer("iss-array", "an issuer that is a list is taken") { "[\(quoted($0))]" },
      issuer("iss-missing", "a token without issuer is taken") { _ in nil },
      issuer("iss-null", "a token without issuer is taken") { _ in "null" },
    ] + [
      signed("sub-missing", "a token of nobody is taken", "RFC 7519 §4.1.2") { $0.claim("sub", nil) },
      signed("sub-empty", "a token of nobody is taken", "RFC 7519 §4.1.2") { $0.claim("sub", #""""#) },
      signed("sub-null", "a token of nobody is taken", "RFC 7519 §4.1.2") { $0.claim("sub", "null") },
      signed("sub-array", "a subject that is a list is taken", "RFC 7519 §4.1.2") { draft in
        draft.claim("sub", "[\(quoted(draft.string("sub") ?? ""))]")
      },
    ]
  }

  static var audienceCases: [RelyingPartyCase] {
    [
      audience("aud-other", "the audience is not checked") { _ in quoted("https://other.example") },
      audience("aud-missing", "a token for nobody is taken") { _ in nil },
      audience("aud-null", "a token for nobody is taken") { _ in "null" },
      audience("aud-empty", "a token for nobody is taken") { _ in #""""# },
      audience("aud-empty-array", "a token for nobody is taken") { _ in "[]" },
      audience("aud-others", "a list of audiences is not checked") { _ in
        #"["https://a.example","https://b.example"]"#
      },
      audience("aud-prefix", "a part of the audience is taken") { quoted(String($0.dropLast())) },
      audience("aud-longer", "an audience that begins like the right one is taken") {
        quoted($0 + ".example")
      },
      audience("aud-within", "an audience that holds the right one is taken") { quoted("x \($0) y") },
      audience("aud-slash", "an audience with one more slash is taken") { quoted($0 + "/") },
      audience("aud-space", "white space around the audience is cut off") { quoted($0 + " ") },
      audience("aud-upper-case", "the audience is compared without regard to case") { audience in
        let upper = audience.uppercased()
        return quoted(upper.utf8.elementsEqual(audience.utf8) ? audience.lowercased() + "x" : upper)
      },
      audience("aud-object", "an audience that is an object is taken") { "{\(quoted($0)):true}" },
      audience("aud-nested", "an audience in a list in a list is taken") { "[[\(quoted($0))]]" },
      audience("aud-mixed", "a list with something else than audiences is taken") { "[\(quoted($0)),1]" },
      audience("aud-wildcard", "a wildcard is taken for an audience") { _ in quoted("*") },
    ]
  }

  static func timeCases(_ now: Instant) -> [RelyingPartyCase] {
    let second = now.seconds
    func time(
      _ id: String,
      _ meaning: String,
      _ reference: String,
      _ claim: String,
      _ json: String?
    ) -> RelyingPartyCase {
      signed(id, meaning, reference) { $0.claim(claim, json) }
    }
    let exp = "RFC 7519 §4.1.4", nbf = "RFC 7519 §4.1.5", iat = "RFC 7519 §4.1.6"
    return [
      signed("exp-hour", "a token that expired an hour ago is taken", exp) {
        $0.claim("exp", "\(second - 3600)").claim("iat", "\(second - 4000)")
      },
      signed("exp-day", "a token that expired yesterday is taken", exp) {
        $0.claim("exp", "\(second - 86_400)").claim("iat", "\(second - 90_000)")
      },
      time("exp-zero", "a token that expired in 1970 is taken", exp, "exp", "0"),
      time("exp-negative", "a negative time is taken", exp, "exp", "-1"),
      time("exp-missing", "a token that never expires is taken", exp, "exp", nil),
      time("exp-null", "a token that never expires is taken", exp, "exp", "null"),
      time("exp-string", "a time that is no number is taken", "RFC 7519 §2", "exp", "\"\(second + 300)\""),
      time("exp-words", "a time that is no number is taken", "RFC 7519 §2", "exp", #""never""#),
      time("exp-true", "a time that is no number is taken", "RFC 7519 §2", "exp", "true"),
      time("exp-array", "a time that is no number is taken", "RFC 7519 §2", "exp", "[\(second + 300)]"),
      time("exp-huge", "a time beyond every calendar is taken", "RFC 7519 §2", "exp", "1e400"),
      time("nbf-hour", "a token that is not valid yet is taken", nbf, "nbf", "\(second + 3600)"),
      time("nbf-string", "a time that is no number is taken", "RFC 7519 §2", "nbf", "\"\(second + 3600)\""),
      time("nbf-null", "a time that is no number is taken", "RFC 7519 §2", "nbf", "null"),
      signed("iat-future", "a token from tomorrow is taken", iat) {
        $0.claim("iat", "\(second + 86_400)").claim("exp", "\(second + 86_700)")
      },
      time("iat-string", "a time that is no number is taken", "RFC 7519 §2", "iat", #""now""#),
    ]
  }

  private static func issuer(
    _ id: String,
    _ meaning: String,
    _ json: @escaping (String) -> String?
  ) -> RelyingPartyCase {
    bad(id, meaning, "RFC 7519 §4.1.1; RFC 8725 §3.8") { workshop, draft in
      try await workshop.signed(draft.claim("iss", json(workshop.issuer)))
    }
  }

  private static func audience(
    _ id: String,
    _ meaning: String,
    _ json: @escaping (String) -> String?
  ) -> RelyingPartyCase {
    bad(id, meaning, "RFC 7519 §4.1.3; RFC 8725 §3.9") { workshop, draft in
      try await workshop.signed(draft.claim("aud", json(workshop.audience)))
    }
  }
}
