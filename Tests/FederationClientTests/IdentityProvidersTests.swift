// SPDX-License-Identifier: Apache-2.0
//
// When keys are fetched again, by the clock that the test brings and by the requests that a real server counts.

import FederationClient
import IdentityModel
import Synchronization
import Testing
import TokenFormats

/// What the issuer of a test answers; the test changes it.
private final class IssuerState: Sendable {
  struct Answers {
    var keys: [PublicKey]
    var cacheControl: String?
    /// Instead of discovery.
    var failure: ServerAnswer?
  }

  let answers: Mutex<Answers>

  init(keys: [PublicKey], cacheControl: String? = nil) {
    answers = Mutex(Answers(keys: keys, cacheControl: cacheControl))
  }

  func set(_ change: @Sendable (inout Answers) -> Void) { answers.withLock { change(&$0) } }

  var answer: @Sendable (ReceivedRequest) -> ServerAnswer {
    { request in
      let answers = self.answers.withLock { $0 }
      return issuerAnswer(
        keys: [],
        discovery: { _ in answers.failure },
        jwks: {
          .answer(
            status: 200,
            headers: answers.cacheControl.map { [HTTPField("Cache-Control", $0)] } ?? [],
            body: JWKSet.render(keys: answers.keys)
          )
        }
      )(request)
    }
  }
}

struct IdentityProvidersTests {
  private let key = TestKey.p384()
  private var keyID: String { key.publicKey.thumbprint.description }

  private func providers() throws -> IdentityProviders {
    IdentityProviders(
      policy: IssuerPolicy(allowedNetworks: [try #require(IPNetwork("127.0.0.0/8"))]),
      trustRoots: .system
    )
  }

  private func after(_ seconds: Int64) -> Instant { testNow.advanced(bySeconds: seconds) }

  /// How often the keys were fetched: once for each discovery document.
  private func fetches(_ server: LoopbackServer) -> Int {
    server.requests.count { $0.target.hasSuffix("/openid-configuration") }
  }

  @Test(arguments: [
    (nil, 300), ("max-age=120", 120), ("max-age=5", 60), ("no-store", 60), ("no-cache", 60),
    ("public, max-age=86400", 3600), ("max-age=99999999999999999999", 3600), ("max-age=x", 300),
    ("private", 300),
    ("Max-Age=600", 600), ("max-age=600, no-store", 60), ("s-maxage=900", 300), ("max-age=-1", 300),
    ("max-age=900, max-age=200", 200),
  ])
  func `keys are used as long as their answer says, within bounds`(cacheControl: String?, seconds: Int64)
    async throws
  {
    let state = IssuerState(keys: [key.publicKey], cacheControl: cacheControl)
    try await withServer(answer: state.answer) { server in
      let providers = try providers(), issuer = server.url(path: "/tenant")
      for second in [0, 1, seconds - 1] {
        _ = try await providers.keys(of: issuer, holding: keyID, now: after(second))
        #expect(fetches(server) == 1)
      }
      _ = try await providers.keys(of: issuer, holding: keyID, now: after(seconds))
      #expect(fetches(server) == 2)
    }
  }

  @Test func `ten thousand invented key ids lead to one fetch, and those who come together share it`()
    async throws
  {
    let state = IssuerState(keys: [key.publicKey])
    try await withServer(answer: state.answer) { server in
      let providers = try providers(), issuer = server.url(path: "/tenant")
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<200 {
          group.addTask { try await providers.keys(of: issuer, holding: nil, now: testNow).keys.count }
        }
        for try await count in group { #expect(count == 1) }
      }
      #expect(fetches(server) == 1)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<10_000 {
          group.addTask {
            _ = try await providers.keys(of: issuer, holding: "invented-\(number)", now: testNow)
          }
        }
        try await group.waitForAll()
      }
      #expect(fetches(server) == 2)
    }
  }

  @Test func `a new key is found when a token names it, once in five minutes`() async throws {
    let state = IssuerState(keys: [key.publicKey], cacheControl: "max-age=3600")
    let second = TestKey.p384(), third = TestKey.p384()
    try await withServer(answer: state.answer) { server in
      let providers = try providers(), issuer = server.url(path: "/tenant")
      func holds(_ key: TestKey, at seconds: Int64) async throws -> Bool {
        let keyID = key.publicKey.thumbprint.description
        return try await providers.keys(of: issuer, holding: keyID, now: after(seconds)).holds(keyID: keyID)
      }
      #expect(try await holds(key, at: 0))
      state.set { $0.keys = [key.publicKey, second.publicKey] }
      #expect(try await holds(second, at: 10))
      state.set { $0.keys = [third.publicKey] }
      #expect(try await !holds(third, at: 309))
      #expect(fetches(server) == 2)
      #expect(try await holds(third, at: 310))
      // What the issuer removed is gone with it.
      #expect(try await !holds(key, at: 311))
      #expect(fetches(server) == 3)
    }
  }

  @Test
  func `keys outlive an issuer that does not answer by an hour, and it is left alone for half a minute`()
    async throws
  {
    let state = IssuerState(keys: [key.publicKey], cacheControl: "max-age=60")
    try await withServer(answer: state.answer) { server in
      let providers = try providers(), issuer = server.url(path: "/tenant")
      func keys(at seconds: Int64) async throws -> Int {
        try await providers.keys(of: issuer, holding: keyID, now: after(seconds)).keys.count
      }
      #expect(try await keys(at: 0) == 1)
      state.set { $0.failure = .closed }
      #expect(try await keys(at: 60) == 1)
      #expect(try await keys(at: 89) == 1)
      #expect(fetches(server) == 2)
      #expect(try await keys(at: 90) == 1)
      #expect(fetches(server) == 3)
      #expect(try await keys(at: 3659) == 1)
      await #expect(throws: IdentityProviderFetchError.notFetched(.discovery, .http(.connectionLost))) {
        try await keys(at: 3660)
      }
      state.set { $0.failure = nil }
      #expect(try await keys(at: 3690) == 1)
    }
  }

  @Test func `keys do not outlive an issuer that answers that it is none`() async throws {
    let state = IssuerState(keys: [key.publicKey], cacheControl: "max-age=60")
    try await withServer(answer: state.answer) { server in
      let providers = try providers(), issuer = server.url(path: "/tenant")
      _ = try await providers.keys(of: issuer, holding: keyID, now: testNow)
      state.set { $0.failure = .text("gone", status: 404) }
      await #expect(throws: IdentityProviderFetchError.notFetched(.discovery, .status(404))) {
        try await providers.keys(of: issuer, holding: keyID, now: after(60))
      }
    }
  }

  @Test func `an issuer that could not be asked is not asked again at once, by anyone`() async throws {
    try await withServer(answer: { _ in .closed }) { server in
      let providers = try providers(), issuer = server.url(path: "/tenant")
      for second: Int64 in [0, 1, 29] {
        await #expect(throws: IdentityProviderFetchError.self) {
          try await providers.keys(of: issuer, holding: "k\(second)", now: after(second))
        }
      }
      #expect(fetches(server) == 1)
      await #expect(throws: IdentityProviderFetchError.self) {
        try await providers.keys(of: issuer, holding: nil, now: after(30))
      }
      #expect(fetches(server) == 2)
    }
  }

  @Test func `a thousand issuers are remembered, and the one not asked for longest makes room`() async throws
  {
    try await withServer(answer: { request in
      // Every path is an issuer of its own.
      let path = String(request.target.prefix { $0 != "." }.dropLast())
      return issuerAnswer(path: path, keys: [self.key.publicKey])(request)
    }) { server in
      let providers = try providers()
      func ask(_ number: Int, at second: Int64) async throws {
        _ = try await providers.keys(of: server.url(path: "/t\(number)"), holding: nil, now: after(second))
      }
      for number in 0..<IdentityProviders.maximumIssuers { try await ask(number, at: 0) }
      #expect(fetches(server) == IdentityProviders.maximumIssuers)
      try await ask(0, at: 1)
      try await ask(IdentityProviders.maximumIssuers, at: 2)
      #expect(fetches(server) == IdentityProviders.maximumIssuers + 1)
      try await ask(0, at: 3)
      #expect(fetches(server) == IdentityProviders.maximumIssuers + 1)
    }
  }
}
