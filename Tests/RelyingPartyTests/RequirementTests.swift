// SPDX-License-Identifier: Apache-2.0
//
// The matchers: what each accepts, and the nearest thing that it refuses; and mistakes in a configuration.

import RelyingParty
import Testing

struct RequirementTests {
  private let key = TestKey.es384()

  private func isMet(_ requirement: TokenRequirement, _ changes: [(String, String?)] = []) async throws
    -> Bool
  {
    let aws =
      #"{"aws_account":"111122223333","org_id":"o-abc","ou_path":["o-abc/r-1/ou-2/ou-3/"],"#
      + #""principal_tags":{"team":"payments"},"request_tags":{"env":"prod"}}"#
    let verifier = try testVerifier(TestDocuments([key]), requiring: [requirement])
    let all = [
      ("https://sts.amazonaws.com/", Optional(aws)), ("groups", #"["a","b"]"#), ("deep", #"{"x":{"y":"z"}}"#),
    ]
    let failure = await verifier.failure(of: try key.token(claims(all + changes)))
    if let failure { #expect(failure == .requirementNotMet(requirement.description)) }
    return failure == nil
  }

  @Test func `each matcher accepts what it names and refuses what is near`() async throws {
    let subject = "arn:aws:iam::111122223333:role/Worker"
    #expect(try await isMet(.subject("x", subject)))
    #expect(try await !isMet(.subject(subject + "s")))
    #expect(try await isMet(.subject(matching: "arn:aws:iam::111122223333:role/*")))
    #expect(try await isMet(.subject(matching: "*:role/W*er")))
    #expect(try await isMet(.subject(matching: subject)))
    #expect(try await !isMet(.subject(matching: "arn:aws:iam::111122223333:role/")))
    #expect(try await !isMet(.subject(matching: "*role")))
    #expect(try await !isMet(.subject(matching: "arn:*Worker*Worker")))
    #expect(try await !isMet(.subject(matching: "ARN:*")))
    #expect(try await isMet(.account("1", "111122223333")))
    #expect(try await !isMet(.account("111122223334")))
    #expect(try await isMet(.organization("o-abc")))
    #expect(try await !isMet(.organization("o-ab")))
    #expect(try await isMet(.organizationalUnit(under: "o-abc/r-1/ou-2")))
    #expect(try await isMet(.organizationalUnit(under: "o-abc/r-1/ou-2/ou-3/")))
    #expect(try await !isMet(.organizationalUnit(under: "o-abc/r-1/ou")))
    #expect(try await isMet(.principalTag("team", isOneOf: "x", "payments")))
    #expect(try await !isMet(.principalTag("env", isOneOf: "prod")))
    #expect(try await !isMet(.principalTag("Team", isOneOf: "payments")))
    #expect(try await isMet(.requestTag("env", isOneOf: "prod")))
    #expect(try await !isMet(.requestTag("team", isOneOf: "payments")))
    #expect(try await isMet(.claim("groups", isOneOf: ["b"])))
    #expect(try await !isMet(.claim("groups", isOneOf: ["c"])))
    #expect(try await isMet(.claim("deep", "x", "y", isOneOf: ["z"])))
    #expect(try await !isMet(.claim("deep", "x", isOneOf: ["z"])))
    #expect(try await !isMet(.claim("absent", isOneOf: [""])))
    #expect(try await isMet(TokenRequirement("two audiences at most") { $0.audiences.count <= 2 }))
  }

  @Test func `without AWS's claims no requirement on them is met`() async throws {
    let changes: [(String, String?)] = [("https://sts.amazonaws.com/", nil)]
    #expect(try await !isMet(.account("111122223333"), changes))
    #expect(try await !isMet(.organization("o-abc"), changes))
    #expect(try await !isMet(.principalTag("team", isOneOf: "payments"), changes))
  }

  static let mistakes: [([TrustedIssuer], VerifierConfigurationError)] = [
    ([], .noIssuer),
    ([.init("https://a", audiences: [])], .noAudience(issuer: "https://a")),
    ([.init("https://a", audiences: [""])], .noAudience(issuer: "https://a")),
    ([.init("https://a", audiences: ["x"], algorithms: [])], .noAlgorithm(issuer: "https://a")),
    ([.init("a", audiences: ["x"])], .issuerNotURL("a")),
    (
      [.init("https://a", audiences: ["x"]), .init("https://a", audiences: ["y"])], .issuerTwice("https://a")
    ),
    (
      [.init("https://a", audiences: ["x"], keys: .pinned(jwks: Array(#"{"keys":[]}"#.utf8)))],
      .noPinnedKeys(issuer: "https://a")
    ),
  ]

  @Test(arguments: mistakes.indices)
  func `a mistake in the allow-list is found when the verifier is made`(index: Int) {
    let (issuers, expected) = Self.mistakes[index]
    #expect(throws: expected) { try TokenVerifier(trusting: issuers, fetcher: TestDocuments([])) }
  }

  @Test(arguments: ["skew", "maximumLifetime", "maximumTokenBytes", "replay", "keyCache"])
  func `a setting out of range is found when the verifier is made`(name: String) {
    var settings = VerifierSettings()
    switch name {
    case "skew": settings.skew = .seconds(-1)
    case "maximumLifetime": settings.maximumLifetime = .zero
    case "maximumTokenBytes": settings.maximumTokenBytes = 0
    case "replay": settings.replay = .once(capacity: 0)
    default: settings.keyCache.stale = .seconds(-1)
    }
    let changed = settings
    #expect(throws: VerifierConfigurationError.settingOutOfRange(name)) {
      try testVerifier(TestDocuments([]), settings: changed)
    }
  }
}
