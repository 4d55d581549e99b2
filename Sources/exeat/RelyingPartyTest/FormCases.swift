// SPDX-License-Identifier: Apache-2.0
//
// Tokens of another form or kind than a service should read, all with a good signature of the issuer's where they have
// one. Source: RFC 7515 §3, §4.1; RFC 7519 §4, §7.2; RFC 8725 §3.

import IdentityModel
import TokenFormats

extension RelyingPartyCase {
  static var headerCases: [RelyingPartyCase] {
    [
      signed(
        "crit-unknown",
        "an extension that must be understood is passed over (`crit`)",
        "RFC 7515 §4.1.11"
      ) {
        $0.header("crit", #"["exp-only"]"#).header("exp-only", "true")
      },
      signed("crit-empty", "an empty `crit` is taken", "RFC 7515 §4.1.11") { $0.header("crit", "[]") },
      signed("crit-absent-name", "`crit` names a member that is not there", "RFC 7515 §4.1.11") {
        $0.header("crit", #"["absent"]"#)
      },
      signed("b64-false", "an unencoded payload is taken for a token (`b64`)", "RFC 7797 §7") {
        $0.header("b64", "false").header("crit", #"["b64"]"#)
      },
      signed("typ-logout", "a logout token is taken for an identity (`typ`)", "RFC 8725 §3.11") {
        $0.header("typ", #""logout+jwt""#)
      },
      signed("typ-event", "a security event is taken for an identity (`typ`)", "RFC 8417 §2.3") {
        $0.header("typ", #""secevent+jwt""#)
      },
      signed("typ-status-list", "a status list is taken for an identity (`typ`)", "RFC 8725 §3.11") {
        $0.header("typ", #""statuslist+jwt""#)
      },
      signed("typ-number", "a `typ` that is no string is taken", "RFC 7515 §4.1.9") { $0.header("typ", "1") },
      signed("cty-nested", "a nested token is taken for claims (`cty`)", "RFC 7519 §5.2") {
        $0.header("cty", #""JWT""#)
      },
      bad("header-duplicate-alg", "a header with two `alg` is taken", "RFC 7515 §4") { workshop, draft in
        let header = #"{"alg":"none","# + draft.headerText.dropFirst()
        return try await workshop.signed(header, draft.claimsText, draft.algorithm)
      },
      bad("header-duplicate-kid", "a header with two `kid` is taken", "RFC 7515 §4") { workshop, draft in
        let header = #"{"kid":"other","# + draft.headerText.dropFirst()
        return try await workshop.signed(header, draft.claimsText, draft.algorithm)
      },
    ]
  }

  static var formCases: [RelyingPartyCase] {
    [
      bad("form-json", "the JSON serialisation is taken for a token", "RFC 7519 §3; RFC 8725 §3.14") {
        workshop,
        draft in
        let token = parts(try await workshop.signed(draft))
        return #"{"protected":"\#(token[0])","payload":"\#(token[1])","signature":"\#(token[2])"}"#
      },
      bad("form-five-parts", "a JWE is taken for a signed token", "RFC 7516 §9") { workshop, draft in
        let token = parts(try await workshop.signed(draft))
        return "\(token[0])..\(token[1]).\(token[2]).AAAA"
      },
      bad("form-four-parts", "what follows a token is not looked at", "RFC 7515 §3.1") { workshop, draft in
        try await workshop.signed(draft) + ".AAAA"
      },
      bad("form-padded", "base64url with padding is taken", "RFC 7515 §2") { workshop, draft in
        try await workshop.signed(draft) + "=="
      },
      bad("form-trailing-bits", "two texts are one signature", "RFC 4648 §3.5") { workshop, draft in
        // 256 octets leave four unused bits in the last character, 96 none: then one more character stands there.
        let draft = workshop.drafts[.rs256] ?? draft
        var token = try await workshop.signed(draft)
        if draft.algorithm == .es384 { return token + "A" }
        let last = token.removeLast()
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let index = alphabet.firstIndex(of: last) ?? 0
        return token + String(alphabet[(index & 0x30) | 0x0F])
      },
      bad("form-garbage", "characters outside base64url are passed over", "RFC 7515 §2") { workshop, draft in
        let token = parts(try await workshop.signed(draft))
        return "\(token[0]).\(token[1]).\(token[2].prefix(8))!~\(token[2].dropFirst(8))"
      },
      bad("form-empty", "an empty token is taken", "RFC 6750 §3.1") { _, _ in "." },
      bad("form-words", "anything is taken for a token", "RFC 6750 §3.1") { _, _ in "let-me-in" },
      signed("oversized", "a token of 60 kB is taken", "RFC 8725 §3.7; RFC 9700 §4") {
        $0.claim("padding", quoted(String(repeating: "x", count: 45_000)))
      },
      payload("payload-array", "claims that are no object are taken", "RFC 7519 §7.2") {
        "[\($0.claimsText)]"
      },
      payload("payload-string", "claims that are no object are taken", "RFC 7519 §7.2") {
        quoted($0.claimsText)
      },
      payload("payload-empty", "no claims at all are enough", "RFC 7519 §7.2") { _ in "{}" },
      payload("json-bom", "a byte order mark is taken", "RFC 8259 §8.1") { "\u{FEFF}" + $0.claimsText },
      payload("json-trailing-comma", "text that is not JSON is taken", "RFC 8259 §4") {
        $0.claimsText.dropLast() + ",}"
      },
      payload("json-trailing-data", "text after the claims is passed over", "RFC 8259 §2") {
        $0.claimsText + "{}"
      },
      payload("json-comment", "text that is not JSON is taken", "RFC 8259 §2") { "/**/" + $0.claimsText },
      payload("json-nan", "text that is not JSON is taken", "RFC 8259 §6") {
        $0.claimsText.dropLast() + #","x":NaN}"#
      },
      payload("json-deep", "a nesting of 5,000 arrays is read", "RFC 8259 §9") { draft in
        let open = String(repeating: "[", count: 5000), close = String(repeating: "]", count: 5000)
        return draft.claimsText.dropLast() + #","x":\#(open)\#(close)}"#
      },
      signed("duplicate-sub", "claims with two `sub` are taken: two readers see two callers", "RFC 7519 §4") {
        $0.adding("sub", #""arn:aws:iam::999999999999:role/Admin""#)
      },
      signed("duplicate-sub-escaped", "claims with two `sub`, one of them escaped, are taken", "RFC 7519 §4")
      {
        $0.adding(#"s\u0075b"#, #""arn:aws:iam::999999999999:role/Admin""#)
      },
      signed("duplicate-aud", "claims with two `aud` are taken", "RFC 7519 §4") { draft in
        var first = draft
        first.claims.insert(("aud", #""https://other.example""#), at: 0)
        return first
      },
      signed("duplicate-exp", "claims with two `exp` are taken", "RFC 7519 §4") { draft in
        var first = draft
        first.claims.insert(("exp", "1"), at: 0)
        return first
      },
      signed("duplicate-iss", "claims with two `iss` are taken", "RFC 7519 §4") { draft in
        var first = draft
        first.claims.insert(("iss", #""https://other.example""#), at: 0)
        return first
      },
    ]
  }

  private static func payload(
    _ id: String,
    _ meaning: String,
    _ reference: String,
    _ text: @escaping (TokenDraft) -> some StringProtocol
  ) -> RelyingPartyCase {
    bad(id, meaning, reference) { workshop, draft in
      try await workshop.signed(draft.headerText, String(text(draft)), draft.algorithm)
    }
  }
}
