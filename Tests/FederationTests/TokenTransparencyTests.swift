// SPDX-License-Identifier: Apache-2.0
//
// Tokens that carry the log's promise: opt-in, recorded before they are promised, and never without.

import Federation
import IdentityModel
import LocalKeys
import StrictJSON
import Testing
import TokenFormats

@Suite struct TokenTransparencyTests {
  static func open(_ server: TestServer) async throws -> PromisingLog {
    await server.log.open(origin: "sts.example.test/log")
    let answer = await server.call("EnableOutboundTokenTransparency")
    #expect(answer.status == 200, "\(answer.text)")
    let key = try #require(answer["LogVerifierKey"])
    return try #require(PromisingLog(verifierKey: key, publicKey: server.logKey.publicKey))
  }

  private static func header(_ token: String) throws -> JSONObject {
    let part = try #require(token.split(separator: ".").first)
    let octets = try #require(Base64URL.decode(part))
    return try #require(JSONReader.read(octets, maximumBytes: 4096, maximumDepth: 4).object)
  }

  private static func keys(_ server: TestServer) async throws -> [UInt8] {
    let info = await server.call("GetOutboundWebIdentityFederationInfo")
    let issuer = try #require(info["IssuerIdentifier"])
    let path = issuer.dropFirst("https://sts.example.test".count) + "/.well-known/jwks.json"
    return try #require(await server.document(path)).body
  }

  @Test(arguments: ["ES384", "RS256"])
  func `a token carries a promise that verifies, and its record holds what was promised`(
    _ algorithm: String
  ) async throws {
    try await TestServer.run { server in
      let log = try await Self.open(server)
      let answer = await server.call(
        "GetWebIdentityToken",
        ["Audience.member.1": "a", "SigningAlgorithm": algorithm]
      )
      let token = try #require(answer["WebIdentityToken"])
      let jws = try VerifiedJWS(token, try await Self.keys(server))
      let promise = try TransparencyPromise(parsing: try #require(jws.header["tlog"]?.string))
      let parts = token.split(separator: ".")
      let promised = PromisedToken(
        algorithm: jws.algorithm,
        keyID: KeyID(jws.keyID),
        payload: try #require(Base64URL.decode(parts[1]))
      )
      try promise.verify(promised, log: log, now: server.clock.now, leewaySeconds: 0)
      let records = try await server.records()
      let record = try #require(records.last { $0.contains(#""eventName":"GetWebIdentityToken""#) })
      #expect(record.contains(#""additionalEventData":{"tokenPayloadSha256":"\#(promised.payloadSha256)"}"#))
      #expect(record.contains(#""webIdentityTokenId""#))
    }
  }

  @Test func `without the account's wish there is no promise, and after it is taken back none any more`()
    async throws
  {
    try await TestServer.run { server in
      let plain = try #require(await server.token()["WebIdentityToken"])
      #expect(try Self.header(plain)["tlog"] == nil)
      _ = try await Self.open(server)
      let info = await server.call("GetOutboundWebIdentityFederationInfo")
      #expect(info["TokenTransparencyEnabled"] == "true")
      #expect(try Self.header(try #require(await server.token()["WebIdentityToken"]))["tlog"] != nil)
      #expect(await server.call("DisableOutboundTokenTransparency").status == 200)
      #expect(try Self.header(try #require(await server.token()["WebIdentityToken"]))["tlog"] == nil)
      let record = try #require(try await server.records().last)
      #expect(!record.contains("tokenPayloadSha256"))
    }
  }

  @Test func `a log that is not continued promises nothing, and there is no token`() async throws {
    try await TestServer.run { server in
      #expect(await server.call("EnableOutboundTokenTransparency").status == 503)
      _ = try await Self.open(server)
      // Another house on the same store, whose log was never opened.
      let other = try TestServer(store: server.store, keyEncryptionKey: .ephemeral())
      #expect(other.house.promiser.promiseKey == nil)
    }
  }

  @Test func `a token whose record cannot be written is never promised`() async throws {
    try await TestServer.run { server in
      _ = try await Self.open(server)
      let count = try await server.records().count
      server.sink.setBroken(true)
      let answer = await server.token()
      #expect(answer.status == 503)
      #expect(answer["WebIdentityToken"] == nil)
      #expect(try await server.records().count == count)
    }
  }

  @Test func `a promised token does not leave after the account has disabled its issuer`() async throws {
    try await TestServer.run { server in
      _ = try await Self.open(server)
      server.sink.interfereOnceAfter {
        #expect(await server.call("DisableOutboundWebIdentityFederation").status == 200)
      }
      let answer = await server.token()
      #expect(answer.status == 503 && answer["WebIdentityToken"] == nil, "\(answer.text)")
    }
  }

  @Test func `whoever may not switch it does not, and a disabled issuer has nothing to switch`() async throws
  {
    try await TestServer.run(enablesFederation: false) { server in
      await server.log.open(origin: "sts.example.test/log")
      for action in ["EnableOutboundTokenTransparency", "DisableOutboundTokenTransparency"] {
        #expect(await server.call(action).code == "FeatureDisabled")
        let keys = try await server.user("user-\(action.prefix(1))")
        #expect(await server.call(action, as: keys).code == "AccessDenied")
      }
    }
  }
}
