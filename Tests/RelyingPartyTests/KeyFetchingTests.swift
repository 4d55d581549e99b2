// SPDX-License-Identifier: Apache-2.0
//
// When keys are fetched and when not, by the fetches that the issuer counts; and what happens while it is down.

import RelyingParty
import Testing
import TokenFormats

struct KeyFetchingTests {
  private let key = TestKey.es384()
  private let clock = TestClock()

  private func token(after seconds: Int64 = 0, _ key: TestKey? = nil) throws -> String {
    try (key ?? self.key).token(
      claims([("iat", "\(testNow + seconds)"), ("exp", "\(testNow + seconds + 300)")])
    )
  }

  @Test(arguments: [
    (nil, 300), ("max-age=120", 120), ("max-age=5", 60), ("no-store", 60), ("public, max-age=86400", 3600),
  ])
  func `keys are used as long as their answer says, within bounds`(cacheControl: String?, seconds: Int64)
    async throws
  {
    let documents = TestDocuments([key], cacheControl: cacheControl)
    let verifier = try testVerifier(documents, clock: clock.clock)
    for second in [0, 1, seconds - 1] {
      clock.set(after: second)
      #expect(await verifier.failure(of: try token(after: second)) == nil)
      #expect(documents.keyFetches == 1)
    }
    clock.set(after: seconds)
    #expect(await verifier.failure(of: try token(after: seconds)) == nil)
    #expect(documents.keyFetches == 2)
  }

  @Test func `a key that is new is found at once, and invented ones make one fetch in five minutes`()
    async throws
  {
    let documents = TestDocuments([key], cacheControl: "max-age=3600")
    let verifier = try testVerifier(documents, clock: clock.clock)
    #expect(await verifier.failure(of: try token()) == nil)
    let next = TestKey.es384("next")
    let keys = jwks([key, next])
    documents.set { $0.documents[testIssuer + "/.well-known/jwks.json"] = keys }
    #expect(await verifier.failure(of: try token(next)) == nil)
    #expect(documents.keyFetches == 2)
    for number in 0..<1000 {
      clock.set(after: Int64(number % 300))
      let header = #"{"alg":"ES384","kid":"invented-\#(number)"}"#
      let text = Array(header.utf8)
      let invented = Base64URL.encode(text) + ".e30.AAAA"
      #expect(await verifier.failure(of: invented) == .claimMissing("iss"))
      let claimed = Base64URL.encode(text) + "." + Base64URL.encode(Array(claims().utf8)) + ".AAAA"
      #expect(await verifier.failure(of: claimed) == .keyUnknown("invented-\(number)"))
    }
    #expect(documents.keyFetches == 2)
    clock.set(after: 300)
    #expect(await verifier.failure(of: try token(after: 300, .es384("late"))) == .keyUnknown("late"))
    #expect(documents.keyFetches == 3)
  }

  private func token(_ key: TestKey) throws -> String { try token(after: 0, key) }

  @Test func `many who ask at once make one fetch`() async throws {
    let documents = TestDocuments([key])
    let verifier = try testVerifier(documents, clock: clock.clock)
    documents.set { $0.isHeld = true }
    let token = try token()
    let refused = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<50 { group.addTask { await verifier.failure(of: token) != nil } }
      group.addTask {
        while documents.fetched.isEmpty { await Task.yield() }
        documents.set { $0.isHeld = false }
        return false
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(refused == 0)
    #expect(documents.keyFetches == 1)
    #expect(documents.fetched.count == 2)
  }

  @Test func `one who asks and goes away does not make the issuer look unreachable`() async throws {
    let documents = TestDocuments([key])
    let verifier = try testVerifier(documents, clock: clock.clock)
    documents.set { $0.isHeld = true }
    let token = try token()
    let impatient = Task { await verifier.failure(of: token) }
    while documents.fetched.isEmpty { await Task.yield() }
    impatient.cancel()
    documents.set { $0.isHeld = false }
    #expect(await impatient.value == nil)
    #expect(await verifier.failure(of: token) == nil)
    #expect(documents.keyFetches == 1)
  }

  @Test func `the last keys bridge an outage for an hour, and no longer`() async throws {
    let documents = TestDocuments([key])
    let verifier = try testVerifier(documents, clock: clock.clock)
    #expect(await verifier.failure(of: try token()) == nil)
    let down = DocumentFetchError.unavailable("no connection")
    documents.set { $0.failure = down }
    for second in [Int64(300), 329, 3899] {
      clock.set(after: second)
      #expect(await verifier.failure(of: try token(after: second)) == nil)
    }
    clock.set(after: 3960)
    let failure = await verifier.failure(of: try token(after: 3960))
    let url = testIssuer + "/.well-known/openid-configuration"
    #expect(failure == .keysUnavailable(.notFetched(url: url, down)))
    #expect(failure?.isTransient == true)
  }

  @Test func `an issuer that is down is asked once in thirty seconds`() async throws {
    let documents = TestDocuments([key])
    documents.set { $0.failure = .unavailable("no connection") }
    let verifier = try testVerifier(documents, clock: clock.clock)
    for second in [Int64(0), 1, 29] {
      clock.set(after: second)
      #expect(await verifier.failure(of: try token(after: second)) != nil)
      #expect(documents.fetched.count == 1)
    }
    documents.set { $0.failure = nil }
    clock.set(after: 30)
    #expect(await verifier.failure(of: try token(after: 30)) == nil)
  }

  @Test func `an issuer that answers something else has changed its mind`() async throws {
    let documents = TestDocuments([key])
    let verifier = try testVerifier(documents, clock: clock.clock)
    #expect(await verifier.failure(of: try token()) == nil)
    documents.set { $0.failure = .refused("answered with status 404") }
    clock.set(after: 300)
    #expect(await verifier.failure(of: try token(after: 300)) != nil)
  }

  @Test(arguments: [Int64(10), 300])
  func `an outage does not bring keys back that an issuer took away`(second: Int64) async throws {
    let documents = TestDocuments([key])
    let verifier = try testVerifier(documents, clock: clock.clock)
    #expect(await verifier.failure(of: try token()) == nil)
    documents.set { $0.failure = .refused("answered with status 404") }
    clock.set(after: second)
    // While the keys are fresh only one of which nobody knows makes a fetch.
    #expect(await verifier.failure(of: try token(after: second, .es384("new"))) != nil)
    #expect(documents.fetched.count == 3)
    documents.set { $0.failure = .unavailable("answered with status 503") }
    clock.set(after: 330)
    #expect(await verifier.failure(of: try token(after: 330))?.name == "keysUnavailable")
    #expect(documents.fetched.count == 4)
  }

  @Test func `a revoked key is gone with the next fetch`() async throws {
    let documents = TestDocuments([key], cacheControl: "max-age=60")
    let verifier = try testVerifier(documents, clock: clock.clock)
    #expect(await verifier.failure(of: try token()) == nil)
    let keys = jwks([.es384("other")])
    documents.set { $0.documents[testIssuer + "/.well-known/jwks.json"] = keys }
    clock.set(after: 60)
    #expect(await verifier.failure(of: try token(after: 60)) == .keyUnknown("ec"))
  }

  static let documents: [(String, String?, KeysUnavailable)] = [
    (
      "/.well-known/openid-configuration", nil,
      .notFetched(url: testIssuer + "/.well-known/openid-configuration", .refused("answered with status 404"))
    ),
    (
      "/.well-known/openid-configuration", "[]",
      .notDiscovery(url: testIssuer + "/.well-known/openid-configuration", "it is not a JSON object")
    ),
    (
      "/.well-known/openid-configuration",
      #"{"issuer":"https://evil.example","jwks_uri":"https://evil.example/k"}"#,
      .otherIssuer("https://evil.example")
    ),
    (
      "/.well-known/openid-configuration",
      #"{"issuer":"\#(testIssuer)","jwks_uri":"http://issuer.example/k"}"#,
      .insecureKeySet(url: "http://issuer.example/k")
    ),
    (
      "/.well-known/jwks.json", "{}",
      .notKeySet(url: testIssuer + "/.well-known/jwks.json", "there is no array `keys`")
    ),
    (
      "/.well-known/jwks.json", #"{"keys":[{"kty":"oct","k":"AA"}]}"#,
      .notKeySet(url: testIssuer + "/.well-known/jwks.json", "key 0 holds the private member `k`")
    ),
    (
      "/.well-known/jwks.json", #"{"keys":[\#(Array(repeating: "{}", count: 101).joined(separator: ","))]}"#,
      .notKeySet(url: testIssuer + "/.well-known/jwks.json", "more than 100 keys")
    ),
  ]

  @Test(arguments: documents.indices)
  func `documents that are not what they should be give no keys`(index: Int) async throws {
    let (path, text, expected) = Self.documents[index]
    let documents = TestDocuments([key])
    documents.set { $0.documents[testIssuer + path] = text }
    let verifier = try testVerifier(documents)
    #expect(await verifier.failure(of: try token()) == .keysUnavailable(expected))
  }

  @Test func `nothing is fetched for an issuer or an algorithm that is not trusted`() async throws {
    let documents = TestDocuments([key])
    let verifier = try testVerifier(documents, algorithms: [.es384])
    _ = await verifier.failure(of: try key.token(claims([("iss", #""https://evil.example""#)])))
    _ = await verifier.failure(of: try key.token(claims(), header: #"{"alg":"RS256","kid":"ec"}"#))
    #expect(documents.fetched.isEmpty)
  }

  @Test func `a key set can be named, and then nothing is discovered`() async throws {
    let documents = TestDocuments([key])
    let verifier = try TokenVerifier(
      trusting: [
        TrustedIssuer(
          testIssuer,
          audiences: [testAudience],
          keys: .keySet(url: testIssuer + "/.well-known/jwks.json")
        )
      ],
      fetcher: documents,
      clock: clock.clock
    )
    #expect(await verifier.failure(of: try token()) == nil)
    #expect(documents.fetched == [testIssuer + "/.well-known/jwks.json"])
  }
}
