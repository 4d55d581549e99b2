// SPDX-License-Identifier: Apache-2.0
//
// One case of `exeat rp-test`: a token, whether a service should let it in, what it means when it does otherwise, and
// where that is written.

import IdentityModel

/// A token to send at a service.
struct RelyingPartyCase {
  /// Short and stable: scripts name it.
  let id: String
  /// Whether a service should let the token in.
  let isGood: Bool
  /// For a bad token: what a service that lets it in does wrong.
  let meaning: String
  /// Where that is written.
  let reference: String
  /// The token; `nil` for a case of a key set that changes, which `KeyChangeTrial` makes step by step.
  let make: ((TokenWorkshop, TokenDraft) async throws -> String)?

  static func good(
    _ id: String,
    _ meaning: String,
    _ make: @escaping (TokenWorkshop, TokenDraft) async throws -> String
  ) -> RelyingPartyCase {
    RelyingPartyCase(id: id, isGood: true, meaning: meaning, reference: "RFC 7519 §7.2", make: make)
  }

  static func bad(
    _ id: String,
    _ meaning: String,
    _ reference: String,
    _ make: @escaping (TokenWorkshop, TokenDraft) async throws -> String
  ) -> RelyingPartyCase {
    RelyingPartyCase(id: id, isGood: false, meaning: meaning, reference: reference, make: make)
  }

  /// A bad token with a good signature of the issuer's over what `change` makes of a good token.
  static func signed(
    _ id: String,
    _ meaning: String,
    _ reference: String,
    _ change: @escaping (TokenDraft) -> TokenDraft
  ) -> RelyingPartyCase {
    bad(id, meaning, reference) { workshop, draft in try await workshop.signed(change(draft)) }
  }

  /// All cases, good ones first; `algorithms` are those that the service is to accept.
  static func all(_ algorithms: [SigningAlgorithm], now: Instant) -> [RelyingPartyCase] {
    good(algorithms, now) + signatureCases(algorithms) + keyCases + headerCases + formCases + issuerCases
      + audienceCases + timeCases(now)
  }

  private static func good(_ algorithms: [SigningAlgorithm], _ now: Instant) -> [RelyingPartyCase] {
    let vended = algorithms.map { algorithm in
      good("good-\(algorithm.rawValue.lowercased())", "a token as it is vended") { workshop, _ in
        try await workshop.vended(algorithm)
      }
    }
    return vended + [
      good("good-two-audiences", "the audience is one of two") { workshop, draft in
        try await workshop.vended(draft.algorithm, audiences: ["https://other.example", workshop.audience])
      },
      good("good-one-minute", "the shortest life") { workshop, draft in
        try await workshop.vended(draft.algorithm, seconds: 60)
      },
      good("good-one-hour", "the longest life") { workshop, draft in
        try await workshop.vended(draft.algorithm, seconds: 3600)
      },
      good("good-tags", "tags, one of them not ASCII") { workshop, draft in
        try await workshop.vended(
          draft.algorithm,
          tags: [Tag(key: "team", value: "payments"), Tag(key: "Straße", value: "Zürich")]
        )
      },
      good("good-nbf", "a `nbf` that has passed") { workshop, draft in
        try await workshop.signed(draft.claim("nbf", "\(now.seconds - 30)"))
      },
      good("good-unknown-claim", "a claim that nobody knows") { workshop, draft in
        try await workshop.signed(draft.claim("https://example.com/new", #"{"a":[1,null]}"#))
      },
      good("good-unknown-header", "a header member that nobody knows") { workshop, draft in
        try await workshop.signed(draft.header("tlog", #""x""#))
      },
    ]
  }
}
