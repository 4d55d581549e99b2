// SPDX-License-Identifier: Apache-2.0
//
// The house and the tokens of identity providers: our own issuers from memory, others by whoever knows them, and what
// policy gets to ask. Tokens are signed with the house's real keys.

import Federation
import IdentityModel
import StrictJSON
import Testing
import TokenFormats

/// A provider whose keys are known, or not to be had.
private struct FixedProviders: IdentityProviderKeys {
  var answer: Result<[UInt8], IdentityProviderError>

  func keys(
    of issuer: String,
    holding keyID: String?,
    now: Instant
  ) async throws(IdentityProviderError) -> ProviderKeySet {
    do {
      return try ProviderKeySet(json: try answer.get())
    } catch let error as IdentityProviderError {
      throw error
    } catch {
      throw .unusable("\(error)")
    }
  }
}

/// The house of `server`, with other identity providers.
private func house(_ server: TestServer, _ providers: FixedProviders) -> House {
  House(
    directory: server.house.directory,
    issuers: server.house.issuers,
    signer: server.house.signer,
    sealer: server.house.sealer,
    entropy: .system,
    diagnostics: Diagnostics { _ in },
    identityProviders: providers
  )
}

/// A provider with a key, its registration, and the house that knows it.
private struct TestProvider {
  static let issuer = "https://oidc.test/cluster"
  let registered = RegisteredProvider(
    arn: "arn:aws:iam::123456789012:oidc-provider/oidc.test/cluster",
    issuer: issuer,
    clientIDs: ["sts.amazonaws.com", "app"]
  )
  let key: SealedSigningKey
  let house: House
  let now: Instant

  init(_ server: TestServer) async throws {
    key = try await server.house.signer.makeKey(.es384, for: try #require(TestServer.account))
    house = FederationTests.house(
      server,
      FixedProviders(answer: .success(JWKSet.render(keys: [key.publicKey])))
    )
    now = server.clock.now
  }

  func token(_ more: String = "", sub: String = #""system:serviceaccount:ns:app""#) async throws -> String {
    let payload = """
      {"iss":"\(Self.issuer)","sub":\(sub),"aud":["sts.amazonaws.com"],"iat":\(now.seconds),
      "exp":\(now.seconds + 3600)\(more)}
      """
    return try await house.tokenIssuer.issue(payload: Array(payload.utf8), with: key)
  }

  func identity(_ token: String) async throws(ServiceError) -> WebIdentity {
    let presented: PresentedToken
    do {
      presented = try PresentedToken(token)
    } catch {
      throw ServiceError(webIdentity: error, now: now)
    }
    return try await house.webIdentity(presented, of: registered, now: now)
  }

  func keys(_ token: String) async throws -> [String: [String]] {
    let entries = try await identity(token).contextEntries
    #expect(Set(entries.map { $0.key.lowercased() }).count == entries.count)
    return Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0.values) })
  }
}

struct WebIdentityTests {
  @Test func `a provider's token stands for its subject, by the provider's ARN and the audience`()
    async throws
  {
    try await TestServer.run { server in
      let provider = try await TestProvider(server)
      let identity = try await provider.identity(try await provider.token())
      #expect(
        identity.principalID
          == "\(provider.registered.arn):sts.amazonaws.com:system:serviceaccount:ns:app"
      )
    }
  }

  @Test func `policy may ask for aud, sub and every other plain claim of the token`() async throws {
    try await TestServer.run { server in
      let provider = try await TestProvider(server)
      let token = try await provider.token(
        #"""
        ,"azp":"app","amr":["pwd","mfa"],"repository_id":"42","run_attempt":1,"private":true,"ratio":1.5,
        "kubernetes.io":{"namespace":"ns"},"nothing":null,"mixed":["a",1],"a/b":"c","a:b":"c","":"c"
        """#
      )
      let name = "oidc.test/cluster"
      #expect(
        try await provider.keys(token) == [
          "\(name):aud": ["app"], "\(name):sub": ["system:serviceaccount:ns:app"],
          "\(name):oaud": ["sts.amazonaws.com"], "\(name):azp": ["app"], "\(name):amr": ["pwd", "mfa"],
          "\(name):repository_id": ["42"], "\(name):run_attempt": ["1"], "\(name):private": ["true"],
          "\(name):iss": [TestProvider.issuer], "\(name):iat": ["\(provider.now.seconds)"],
          "\(name):exp": ["\(provider.now.seconds + 3600)"],
        ]
      )
    }
  }

  @Test func `a claim takes nobody's place`() async throws {
    try await TestServer.run { server in
      let provider = try await TestProvider(server)
      let keys = try await provider.keys(try await provider.token(#","OAUD":"y","\#u{212A}ey":"c""#))
      #expect(keys["oidc.test/cluster:sub"] == ["system:serviceaccount:ns:app"])
      #expect(keys["oidc.test/cluster:aud"] == ["sts.amazonaws.com"])
      #expect(keys.keys.allSatisfy { !$0.hasSuffix("ey") && $0 != "oidc.test/cluster:OAUD" })
    }
  }

  @Test(arguments: [#","SUB":"admin""#, #","Aud":"x""#, #","actor":"a","Actor":"b""#])
  func `claims that differ in case alone are refused`(claims: String) async throws {
    try await TestServer.run { server in
      let provider = try await TestProvider(server)
      let token = try await provider.token(claims)
      await #expect(throws: ServiceError.self) { _ = try await provider.identity(token) }
    }
  }

  @Test func `a token that fails a check is refused in AWS's words`() async throws {
    try await TestServer.run { server in
      let provider = try await TestProvider(server)
      func refusal(_ token: String) async -> String {
        do {
          _ = try await provider.identity(token)
          return "accepted"
        } catch {
          return "\(error.httpStatus) \(error.code): \(error.message ?? "")"
        }
      }
      #expect(
        await refusal("x.y.z") == "400 InvalidIdentityToken: The ID Token provided is not a valid JWT."
      )
      let later = ",\"nbf\":\(provider.now.seconds + 61)"
      #expect(
        await refusal(try await provider.token(later)) == "400 InvalidIdentityToken: Token is not yet valid"
      )
      #expect(
        await refusal(try await provider.token(#","azp":"z""#))
          == "400 InvalidIdentityToken: Incorrect token audience"
      )
      #expect(
        await refusal(try await provider.token(sub: "1")) == "400 InvalidIdentityToken: Malformed claim: sub"
      )
      var changed = Array(try await provider.token().utf8)
      changed[changed.count - 2] ^= 1
      #expect(await refusal(String(decoding: changed, as: UTF8.self)).hasPrefix("400 InvalidIdentityToken: "))
      let old = """
        {"iss":"\(TestProvider.issuer)","sub":"s","aud":"app","iat":1,"exp":\(provider.now.seconds - 60)}
        """
      #expect(
        await refusal(
          try await provider.house.tokenIssuer.issue(payload: Array(old.utf8), with: provider.key)
        )
          == "400 ExpiredTokenException: Token expired: current date/time \(provider.now.seconds) must be before the "
          + "expiration date/time \(provider.now.seconds - 60)"
      )
    }
  }

  @Test func `a provider that does not answer is worth another try, and one that answers nonsense is not`()
    async throws
  {
    try await TestServer.run { server in
      let provider = try await TestProvider(server)
      let presented = try PresentedToken(try await provider.token())
      for (answer, code) in [
        (Result<[UInt8], IdentityProviderError>.failure(.unreachable("x")), "IDPCommunicationError"),
        (.failure(.unusable("x")), "InvalidIdentityToken"), (.success([]), "InvalidIdentityToken"),
        (.success(Array(#"{"keys":[]}"#.utf8)), "InvalidIdentityToken"),
      ] {
        let house = house(server, FixedProviders(answer: answer))
        let error = await #expect(throws: ServiceError.self) {
          try await house.webIdentity(presented, of: provider.registered, now: provider.now)
        }
        #expect(error?.code == code && error?.httpStatus == 400)
      }
    }
  }

  @Test func `a token of our own issuer is verified from memory, and must have a single audience`()
    async throws
  {
    try await TestServer.run { server in
      let issuer = try #require(
        await server.call("GetOutboundWebIdentityFederationInfo")["IssuerIdentifier"]
      )
      // The house has no other providers: whoever is asked but memory refuses.
      func identity(
        _ audiences: KeyValuePairs<String, String>,
        of issuer: String
      ) async throws -> WebIdentity {
        let answer = await server.call("GetWebIdentityToken", audiences)
        let token = try #require(answer["WebIdentityToken"])
        return try await server.house.webIdentity(
          try PresentedToken(token),
          of: RegisteredProvider(arn: "arn", issuer: issuer, clientIDs: ["a"]),
          now: server.clock.now
        )
      }
      let one: KeyValuePairs = ["Audience.member.1": "a", "SigningAlgorithm": "ES384"]
      let token = try await identity(one, of: issuer).token
      #expect(token.subject == "arn:aws:iam::123456789012:root" && token.issuer == issuer)
      let rsa: KeyValuePairs = ["Audience.member.1": "a", "SigningAlgorithm": "RS256"]
      #expect(try await identity(rsa, of: issuer).token.clientID == "a")

      let two: KeyValuePairs = [
        "Audience.member.1": "a", "Audience.member.2": "b", "SigningAlgorithm": "ES384",
      ]
      let several = await #expect(throws: ServiceError.self) { try await identity(two, of: issuer) }
      #expect(several?.message == "A token of this server must have a single audience")

      // Registered under a name of ours that no issuer has: nobody else is asked.
      let absent = "https://sts.example.test/00000000-0000-4000-8000-000000000000"
      let error = await #expect(throws: ServiceError.self) { try await identity(one, of: absent) }
      #expect(error?.code == "InvalidIdentityToken")
    }
  }
}
