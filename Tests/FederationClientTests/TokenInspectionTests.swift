// SPDX-License-Identifier: Apache-2.0

import Crypto
import FederationClient
import IdentityModel
import RelyingParty
import StrictJSON
import Testing
import TokenFormats

struct TokenInspectionTests {
  static let audience = "https://rp.example"

  /// Verifies `token` as it is told, over http on loopback.
  func verify(
    _ token: String,
    issuer: String? = nil,
    audience: String? = Self.audience,
    log: PromisingLog? = nil,
    now: Instant = testNow
  ) async throws -> VerificationReport {
    try await withClient { http in
      try await TokenInspection(http: http, policy: IssuerPolicy(allowHTTPOnLoopback: true)).verifyToken(
        token,
        expectedIssuer: issuer,
        expectedAudience: audience,
        log: log,
        now: now,
        leewaySeconds: 10
      )
    }
  }

  /// Expects the checks before `check` to have passed, it to have failed, and none after it to have been made.
  func expectFailure(
    _ report: VerificationReport,
    _ check: VerificationReport.Check,
    _ words: String...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let failure = try #require(report.failure, sourceLocation: sourceLocation)
    #expect(failure.check == check, "\(report.text)", sourceLocation: sourceLocation)
    for word in words {
      #expect(failure.reason.contains(word), "\(failure.reason)", sourceLocation: sourceLocation)
    }
    #expect(!report.isAccepted, sourceLocation: sourceLocation)
    #expect(report.entries.map(\.check) == VerificationReport.Check.allCases, sourceLocation: sourceLocation)
    let position = try #require(VerificationReport.Check.allCases.firstIndex(of: check))
    for (index, entry) in report.entries.enumerated() {
      switch entry.outcome {
      case .passed: #expect(index < position, sourceLocation: sourceLocation)
      case .failed: #expect(index == position, sourceLocation: sourceLocation)
      case .notReached:
        // Most tokens here name no list.
        #expect(index > position || entry.check == .status, "\(report.text)", sourceLocation: sourceLocation)
      }
    }
  }

  // MARK: Acceptance

  @Test func `accepts a token of either algorithm`() async throws {
    for key in [TestKey.p384(), try TestKey.rsa()] {
      try await withServer(answer: issuerAnswer(keys: [TestKey.p384().publicKey, key.publicKey])) { server in
        let issuer = server.url(path: "/tenant")
        let report = try await verify(try key.token(issuer: issuer), issuer: issuer)
        #expect(report.isAccepted && report.failure == nil, "\(report.text)")
        #expect(report.claims?["sub"]?.string == "arn:aws:iam::000000000000:user/u")
        #expect(
          server.requests.map(\.target)
            == ["/tenant/.well-known/openid-configuration", "/tenant/.well-known/jwks.json"]
        )
        let json = try JSONReader.read(report.json)
        #expect(json.object?["valid"]?.bool == true && json.object?["failed"] == .null)
        #expect(json.object?["checks"]?.array?.count == 14)
      }
    }
  }

  @Test func `without an expected audience that check is left out, and said to be`() async throws {
    let key = TestKey.p384()
    try await withServer(answer: issuerAnswer(keys: [key.publicKey])) { server in
      let token = try key.token(
        issuer: server.url(path: "/tenant"),
        ["aud": .array([.string("a"), .string("b")])]
      )
      let report = try await verify(token, audience: nil)
      let audience = report.entries.first { $0.check == .audience }
      #expect(report.isAccepted && audience?.outcome == .notReached("no audience was expected"))
      #expect(try await verify(token, audience: "b").isAccepted)
    }
  }

  // MARK: Status

  @Test func `a token that names a status list is looked up, and refused unless it is found valid`()
    async throws
  {
    let key = TestKey.p384(), thief = TestKey.p384()
    // Places 0 to 7: valid, invalid, suspended, another, and again.
    let lists: [String: @Sendable (_ uri: String) throws -> String] = [
      "/tenant/status/1": { try key.statusList($0) },
      "/tenant/status/stolen": { try thief.statusList($0) },
      "/tenant/status/old": { try key.statusList($0, issuedAt: testNow.seconds - 7200) },
      "/tenant/status/moved": { _ in try key.statusList("https://elsewhere.example/1") },
      "/tenant/status/token": { try key.token(issuer: $0) },
    ]
    let documents = issuerAnswer(keys: [key.publicKey])
    try await withServer(answer: { request in
      guard let list = lists[request.target] else { return documents(request) }
      let token = (try? list("http://\(request["host"] ?? "")\(request.target)")) ?? ""
      return .answer(status: 200, headers: [], body: Array(token.utf8))
    }) { server in
      let issuer = server.url(path: "/tenant")
      func report(_ status: JSONValue) async throws -> VerificationReport {
        try await verify(try key.token(issuer: issuer, ["status": status]))
      }
      func place(_ index: Int64, _ list: String = "1") -> JSONValue {
        let members = [
          JSONObject.Member("idx", number(index)), .init("uri", .string("\(issuer)/status/\(list)")),
        ]
        return .object(JSONObject([.init("status_list", .object(JSONObject(members)))]))
      }
      let valid = try await report(place(0))
      #expect(valid.isAccepted && valid.text.contains("ok      status"), "\(valid.text)")
      #expect(server.requests.last?["accept"] == "application/statuslist+jwt")
      let unnamed = try await verify(try key.token(issuer: issuer))
      let entry = unnamed.entries.first { $0.check == .status }
      #expect(entry?.outcome == .notReached("the token names no status list"))
      let cases: [(JSONValue, String)] = [
        (place(1), "revoked"), (place(2), "suspended"), (place(3), "not known"), (place(8), "no place 8"),
        (place(0, "none"), "status 404"), (place(0, "stolen"), "kid"), (place(0, "old"), "expired"),
        (place(0, "moved"), "elsewhere"), (place(0, "token"), "statuslist+jwt"),
        (.string("x"), "`status` has the wrong type"),
      ]
      for (status, word) in cases { try expectFailure(try await report(status), .status, word) }
    }
  }

  // MARK: Transparency

  @Test func `a promise is checked where one is demanded, and is nobody's business elsewhere`() async throws {
    let key = TestKey.p384(), logKey = Curve25519.Signing.PrivateKey(),
      thief = Curve25519.Signing.PrivateKey()
    let log = try #require(
      PromisingLog(verifierKey: "log+00000000+x", publicKey: Array(logKey.publicKey.rawRepresentation))
    )
    func promise(
      by key: Curve25519.Signing.PrivateKey,
      at time: Instant = testNow
    ) -> (PromisedToken) throws -> TransparencyPromise {
      { token in
        let message = TransparencyPromise.signedBytes(token, log: log, time: time)
        return try TransparencyPromise(log: log, time: time, signature: Array(key.signature(for: message)))
      }
    }
    try await withServer(answer: issuerAnswer(keys: [key.publicKey])) { server in
      let issuer = server.url(path: "/tenant")
      let promised = try key.token(issuer: issuer, promise: promise(by: logKey))
      let report = try await verify(promised, log: log)
      #expect(report.isAccepted && report.promised?.algorithm == .es384, "\(report.text)")
      #expect(try await verify(promised).isAccepted)
      let cases: [(String, String)] = [
        (try key.token(issuer: issuer), "no promise"),
        (try key.token(issuer: issuer, promise: promise(by: thief)), "not signed by the log"),
        (
          try key.token(issuer: issuer, promise: promise(by: logKey, at: testNow.advanced(bySeconds: 11))),
          "in the future"
        ),
      ]
      for (token, word) in cases {
        let report = try await verify(token, log: log)
        try expectFailure(report, .transparency, word)
        #expect(report.promised == nil)
        #expect(try await verify(token).isAccepted)
      }
      let other = try #require(PromisingLog(verifierKey: "other+00000000+x", publicKey: log.publicKey))
      try expectFailure(try await verify(promised, log: other), .transparency, "another log's")
      // A token that fails elsewhere is not saved by its promise.
      try expectFailure(try await verify(promised, audience: "x", log: log), .audience)
    }
  }

  @Test func `who has a proof concludes the inclusion, and only of a token that passed`() async throws {
    let key = TestKey.p384()
    try await withServer(answer: issuerAnswer(keys: [key.publicKey])) { server in
      let token = try key.token(issuer: server.url(path: "/tenant"))
      var report = try await verify(token)
      #expect(report.entries.last?.outcome == .notReached("no proof was demanded"))
      report.conclude(inclusion: .passed("record 1"))
      #expect(report.isAccepted && report.entries.last?.outcome == .passed("record 1"))
      report.conclude(inclusion: .failed("no record"))
      #expect(!report.isAccepted && report.failure?.check == .inclusion)
      var refused = try await verify(token, audience: "x")
      let before = refused
      refused.conclude(inclusion: .passed("record 1"))
      #expect(refused == before)
    }
  }

  // MARK: The token

  @Test func `says which claim does not hold`() async throws {
    let key = TestKey.p384(), now = testNow.seconds
    try await withServer(answer: issuerAnswer(keys: [key.publicKey])) { server in
      let issuer = server.url(path: "/tenant")
      let cases: [([String: JSONValue?], VerificationReport.Check, String)] = [
        (["aud": .string("https://other.example")], .audience, "https://other.example"),
        (["aud": .string("https://RP.example")], .audience, "https://rp.example"),
        (["aud": nil], .claims, "`aud`"), (["sub": nil], .claims, "`sub`"), (["exp": nil], .claims, "`exp`"),
        (["iat": nil], .claims, "`iat`"), (["exp": .string("1")], .claims, "`exp`"),
        (["exp": number(now - 10)], .expiration, "2026-04-21T07:37:00Z"),
        (["nbf": number(now + 11)], .notBefore, "not valid before"),
        (["nbf": .string("x")], .claims, "`nbf`"),
        (["iat": number(now + 11)], .notBefore, "issued in the future"),
        // Whom a token is for comes first: a newer one would be for the same.
        (["exp": number(now - 10), "aud": .string("x")], .audience, "`x`"),
        (["jti": number(1)], .claims, "`jti`"),
        (["https://sts.amazonaws.com/": .string("x")], .claims, "amazonaws"),
        (["iss": nil], .parse, "`iss`"), (["iss": number(1)], .parse, "`iss`"),
      ]
      for (changes, check, word) in cases {
        try expectFailure(try await verify(try key.token(issuer: issuer, changes)), check, word)
      }
      #expect(try await verify(try key.token(issuer: issuer, ["exp": number(now - 9)])).isAccepted)
      #expect(try await verify(try key.token(issuer: issuer, ["nbf": number(now + 10)])).isAccepted)
      // However long it lives: a federation config's has up to 12 hours.
      #expect(try await verify(try key.token(issuer: issuer, ["exp": number(now + 43_200)])).isAccepted)
    }
  }

  @Test func `refuses a foreign key, under its own kid and under the issuer's`() async throws {
    let key = TestKey.p384(), foreign = TestKey.p384(), rsa = try TestKey.rsa()
    try await withServer(answer: issuerAnswer(keys: [key.publicKey])) { server in
      let issuer = server.url(path: "/tenant"), keyID = key.publicKey.thumbprint.description
      try expectFailure(
        try await verify(try foreign.token(issuer: issuer)),
        .key,
        foreign.publicKey.thumbprint.description
      )
      try expectFailure(try await verify(try foreign.token(issuer: issuer, keyID: keyID)), .signature)
      try expectFailure(try await verify(try rsa.token(issuer: issuer, keyID: keyID)), .key, "RS256")
      // One refetch would already be one too many: each run fetched each document once.
      #expect(server.requests.count == 6)
    }
  }

  @Test func `a header of another kind of token is refused before anything is fetched`() async throws {
    let key = TestKey.p384()
    try await withServer(answer: issuerAnswer(keys: [key.publicKey])) { server in
      let issuer = server.url(path: "/tenant")
      for (header, word) in [
        (#"{"alg":"ES384","kid":"a","typ":"statuslist+jwt"}"#, "statuslist+jwt"),
        (#"{"alg":"ES384","kid":"a","cty":"JWT"}"#, "`cty`"),
        (#"{"alg":"ES256","kid":"a"}"#, "RS256 and ES384 are accepted"),
      ] {
        let payload = try key.token(issuer: issuer).split(separator: ".")[1]
        let token = "\(Base64URL.encode(Array(header.utf8))).\(payload).AAAA"
        try expectFailure(try await verify(token), .header, word)
      }
      #expect(server.requests.isEmpty)
    }
  }

  @Test func `a key of the set that is malformed is named, and the others are used`() async throws {
    let key = TestKey.p384()
    let keys = String(decoding: JWKSet.render(keys: [key.publicKey]), as: UTF8.self)
    let broken = keys.replacing(
      "\"keys\":[",
      with: #""keys":[{"kid":"b","kty":"EC","crv":"P-384","x":"AA","y":"AA"},"#
    )
    try await withServer(answer: issuerAnswer(keys: [], jwks: { .text(broken) })) { server in
      let issuer = server.url(path: "/tenant")
      let report = try await verify(try key.token(issuer: issuer))
      #expect(report.isAccepted, "\(report.text)")
      #expect(report.text.contains("1 usable, 1 other, key 0 is malformed in `x, y`"), "\(report.text)")
      try expectFailure(try await verify(try key.token(issuer: issuer, keyID: "b")), .key, "`b`")
    }
  }

  @Test func `a token without a kid is verified with the only key of its issuer`() async throws {
    let key = TestKey.p384()
    func token(_ issuer: String) throws -> String {
      try key.token(issuer: issuer, header: #"{"alg":"ES384"}"#)
    }
    try await withServer(answer: issuerAnswer(keys: [key.publicKey])) { server in
      let report = try await verify(try token(server.url(path: "/tenant")))
      #expect(report.isAccepted && report.text.contains("a signed JWT, alg ES384, no kid"), "\(report.text)")
    }
    try await withServer(answer: issuerAnswer(keys: [key.publicKey, TestKey.p384().publicKey])) { server in
      try expectFailure(try await verify(try token(server.url(path: "/tenant"))), .key, "no `kid`")
    }
  }

  @Test func `an expectation that no verifier takes is the caller's mistake`() async throws {
    let token = try TestKey.p384().token(issuer: "https://issuer.example")
    await #expect(throws: VerifierConfigurationError.noAudience(issuer: "https://issuer.example")) {
      try await verify(token, audience: "")
    }
  }

  @Test(
    arguments: [
      "x", "", "a.b.c", "e30.e30.", "e30.e30.e30.e30", "ü.ü.ü", "e30.e30.e30",
      "eyJhbGciOiJub25lIiwia2lkIjoiYSJ9.eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xOjEifQ.",
      "eyJhbGciOiJIUzI1NiIsImtpZCI6ImEifQ.eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xOjEifQ.e30",
    ])
  func `a text that is no signed token fails before anything is fetched`(token: String) async throws {
    try expectFailure(try await verify(token), .parse)
  }

  @Test func `says that a token is unsecured`() async throws {
    let token = "eyJhbGciOiJub25lIiwia2lkIjoiYSJ9.eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xOjEifQ."
    try expectFailure(try await verify(token), .parse, "`alg` is `none`")
  }
}
