// SPDX-License-Identifier: Apache-2.0
//
// The token endpoint through the whole house: who trades a provider's token for one of the account's, who does not and with
// which error, and what is on record.

import Federation
import IdentityModel
import StrictJSON
import Testing
import TokenFormats

@Suite struct TokenExchangeTests {
  private static let jwt = "urn:ietf:params:oauth:token-type:jwt"
  private static let grant = "urn:ietf:params:oauth:grant-type:token-exchange"

  private struct Exchange {
    let status: Int
    let headers: [HTTPField]
    let body: JSONObject

    subscript(_ name: String) -> String? { body[name]?.string }

    var token: JSONObject? { self["access_token"].flatMap { try? payloadOfToken($0) } }
  }

  private func send(
    _ server: TestServer,
    _ pairs: [(String, String)],
    query: String = "",
    method: String = "POST",
    issuerID: String? = nil,
    headers: [HTTPField] = [HTTPField("Content-Type", "application/x-www-form-urlencoded")]
  ) async throws -> Exchange {
    let account = try #require(TestServer.account)
    let issuer = try await server.house.directory.issuer(of: account)
    let response = await server.site.respond(
      to: APIRequest(
        method: method,
        target: "/\(issuerID ?? issuer?.stored.record.issuerID ?? "")/token\(query)",
        headers: headers,
        body: Array(pairs.map { "\(encoded($0.0))=\(encoded($0.1))" }.joined(separator: "&").utf8),
        sourceIPAddress: "192.0.2.8",
        tls: nil
      )
    )
    let body = try? JSONReader.read(response.body)
    return Exchange(status: response.status, headers: response.headers, body: body?.object ?? JSONObject([]))
  }

  private func form(_ role: String, _ token: String, audience: String = "https://api.example") -> [(
    String, String
  )] {
    [
      ("grant_type", Self.grant), ("subject_token_type", Self.jwt), ("subject_token", token),
      ("audience", audience), ("role_arn", role),
    ]
  }

  @Test func `a provider's token becomes the account's own, for the role and by whose word`() async throws {
    try await TestServer.run { server in
      let key = try await server.registerProvider()
      let role = try await server.storeRole("app", trust: providerTrust())
      let subject = try await server.providerToken(key)
      let answer = try await send(server, form(role, subject))
      #expect(answer.status == 200, "\(answer.body)")
      #expect(answer["issued_token_type"] == Self.jwt && answer["token_type"] == "Bearer")
      #expect(answer.body["expires_in"]?.int64 == 3600)
      #expect(answer.headers.contains(HTTPField("Cache-Control", "no-store")))
      let claims = try #require(answer.token)
      #expect(claims["aud"]?.string == "https://api.example")
      #expect(claims["sub"]?.string == role)
      let issuer = try await server.issuerURL()
      #expect(claims["iss"]?.string == issuer)
      let aws = try #require(claims["https://sts.amazonaws.com/"]?.object)
      #expect(aws["federated_provider"]?.string == TestServer.clusterARN)
      let keys = await server.status("/.well-known/jwks.json").body
      let issued = try #require(answer["access_token"])
      let expectations = ProviderTokenExpectations(
        issuer: issuer,
        clientIDs: ["https://api.example"],
        now: server.clock.now
      )
      let verified = try PresentedToken(issued).verify(
        keys: try ProviderKeySet(json: keys),
        expectations: expectations
      )
      #expect(verified.subject == role)
      #expect(try VerifiedJWS(issued, keys).algorithm == .rs256)
      let records = try await server.records()
      let record = try #require(records.first { $0.contains(#""eventName":"ExchangeOutboundToken""#) })
      #expect(
        record.contains(#""type":"WebIdentityUser""#)
          && record.contains(#""eventSource":"sts.amazonaws.com""#)
      )
      #expect(record.contains(#""identityProvider":"\#(TestServer.clusterARN)""#), "\(record)")
      #expect(record.contains(#""recipientAccountId":"123456789012""#))
      #expect(
        record.contains(
          #""arn":"arn:aws:sts::123456789012:assumed-role/app/system-serviceaccount-ns-app""#
        ),
        "\(record)"
      )
      let id = try #require(claims["jti"]?.string)
      #expect(record.contains(#""webIdentityTokenId":"\#(id)""#))
      for token in [subject, issued] {
        let signature = try #require(token.split(separator: ".").last)
        #expect(!records.contains { $0.contains(signature) })
      }
    }
  }

  @Test func `what the standard lets a client say otherwise is understood`() async throws {
    try await TestServer.run { server in
      let key = try await server.registerProvider()
      let role = try await server.storeRole("app", trust: providerTrust())
      let token = try await server.providerToken(key)
      let bare = form(role, token).filter { $0.0 != "role_arn" }
      // In the query, as the client's id, and by HTTP Basic authentication, encoded and not.
      let query = try await send(server, bare, query: "?role_arn=\(encoded(role))")
      let named = try await send(server, bare + [("client_id", role), ("scope", "any"), ("unknown", "x")])
      let both = try await send(server, form(role, token) + [("client_id", role)])
      var answers = [query, named, both]
      for credentials in ["\(role):", "\(encoded(role)):secret"] {
        let basic = base64(Array(credentials.utf8))
        answers.append(
          try await send(
            server,
            bare,
            headers: [
              HTTPField("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"),
              HTTPField("Authorization", "Basic \(basic)"),
            ]
          )
        )
      }
      for answer in answers { #expect(answer.status == 200, "\(answer.body)") }
      let rich = try await send(
        server,
        bare + [
          ("resource", "https://b.example"), ("resource", "https://c.example"), ("role_arn", role),
          ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
          ("duration_seconds", "120"), ("signing_algorithm", "ES384"), ("role_session_name", "job-7"),
          ("actor_token", ""),
        ]
      )
      #expect(rich.body["expires_in"]?.int64 == 120, "\(rich.body)")
      #expect(
        rich.token?["aud"]?.array?.compactMap(\.string)
          == ["https://api.example", "https://b.example", "https://c.example"]
      )
      let record = try #require(try await server.records().last)
      #expect(record.contains("assumed-role/app/job-7") && record.contains(#""signingAlgorithm":"ES384""#))
    }
  }

  @Test func `what is missing or not supported has OAuth's names`() async throws {
    try await TestServer.run { server in
      let key = try await server.registerProvider()
      let role = try await server.storeRole("app", trust: providerTrust())
      let good = form(role, try await server.providerToken(key))
      func without(_ name: String) -> [(String, String)] { good.filter { $0.0 != name } }
      let type = "urn:ietf:params:oauth:token-type:"
      let cases: [([(String, String)], String)] = [
        ([], "invalid_request"), (without("grant_type"), "invalid_request"),
        (without("grant_type") + [("grant_type", "client_credentials")], "unsupported_grant_type"),
        (without("subject_token"), "invalid_request"), (without("subject_token_type"), "invalid_request"),
        (without("subject_token_type") + [("subject_token_type", type + "saml1")], "unsupported_token_type"),
        (without("subject_token_type") + [("subject_token_type", type + "saml2")], "invalid_request"),
        (
          without("subject_token_type") + [("subject_token_type", type + "refresh_token")],
          "unsupported_token_type"
        ),
        (good + [("requested_token_type", type + "saml2")], "unsupported_token_type"),
        (good + [("actor_token", "x"), ("actor_token_type", Self.jwt)], "invalid_request"),
        (without("audience"), "invalid_request"), (without("role_arn"), "invalid_request"),
        (without("role_arn") + [("role_arn", "x")], "invalid_request"),
        (good + [("client_id", role + "x")], "invalid_request"),
        (good + [("role_arn", role)], "invalid_request"),
        (good + [("duration_seconds", "59")], "invalid_request"),
        (good + [("duration_seconds", "3601")], "invalid_request"),
        (good + [("duration_seconds", "+60")], "invalid_request"),
        (good + [("signing_algorithm", "HS256")], "invalid_request"),
        (good + [("role_session_name", "a b")], "invalid_request"),
        (good + (0..<10).map { ("resource", "https://\($0).example") }, "invalid_request"),
        (good + (0..<64).map { ("x\($0)", "y") }, "invalid_request"),
        (without("subject_token") + [("subject_token", "no.jwt.here")], "invalid_request"),
      ]
      for (pairs, code) in cases {
        let answer = try await send(server, pairs)
        #expect(answer.status == 400 && answer["error"] == code, "\(pairs.last?.0 ?? ""): \(answer.body)")
        let description = answer["error_description"] ?? ""
        #expect(!description.isEmpty && description.utf8.allSatisfy { (0x20...0x7E).contains($0) })
        #expect(!description.contains("\"") && !description.contains("\\"))
        #expect(answer["access_token"] == nil)
      }
      let json = try await send(server, good, headers: [HTTPField("Content-Type", "application/json")])
      #expect(json["error"] == "invalid_request")
      let bearer = [
        HTTPField("Content-Type", "application/x-www-form-urlencoded"),
        HTTPField("Authorization", "Bearer x"),
      ]
      #expect(try await send(server, good, headers: bearer)["error"] == "invalid_request")
      #expect(try await send(server, [], method: "GET").status == 405)
      #expect(try await send(server, good, issuerID: "00000000-0000-4000-8000-000000000000").status == 404)
    }
  }

  @Test func `who is not trusted learns no more than that, whatever there is`() async throws {
    try await TestServer.run { server in
      let key = try await server.registerProvider()
      let trusting = try await server.storeRole(
        "other",
        trust: providerTrust(#""StringEquals":{"oidc.test/cluster:sub":"somebody else"}"#)
      )
      let token = try await server.providerToken(key)
      let refused = try await send(server, form(trusting, token))
      let missing = try await send(server, form(trusting + "x", token))
      #expect(refused.status == 400 && refused["error"] == "invalid_request", "\(refused.body)")
      #expect(refused.body == missing.body)
      let records = try await server.records().suffix(2)
      for record in records {
        #expect(record.contains(#""errorCode":"AccessDenied""#) && !record.contains(token))
        // The account reads more.
        #expect(record.contains(#""decision":"implicitDeny""#), "\(record)")
      }
      #expect(records.first?.contains(#""policyValues":["somebody else"]"#) == true)
      // Another account's role is not of this issuer, and says the same of roles that are and are not there.
      let elsewhere = try await send(server, form("arn:aws:iam::210987654321:role/app", token))
      #expect(elsewhere.status == 400 && elsewhere["error"] == "invalid_request")
    }
  }

  @Test func `the role's own policies decide for whom its tokens are`() async throws {
    try await TestServer.run { server in
      let key = try await server.registerProvider()
      let role = try await server.storeRole("app", trust: providerTrust())
      let policy = #"""
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:GetWebIdentityToken","Resource":"*"},
        {"Effect":"Deny","Action":"sts:GetWebIdentityToken","Resource":"*",
        "Condition":{"ForAnyValue:StringNotEquals":{"sts:IdentityTokenAudience":"https://api.example"}}}]}
        """#
      let put = await server.call(
        "PutRolePolicy",
        ["RoleName": "app", "PolicyName": "audience", "PolicyDocument": policy]
      )
      #expect(put.status == 200, "\(put.text)")
      let token = try await server.providerToken(key)
      #expect(try await send(server, form(role, token)).status == 200)
      let refused = try await send(server, form(role, token, audience: "https://evil.example"))
      #expect(refused.status == 400 && refused["error"] == "invalid_target", "\(refused.body)")
      let record = try #require(try await server.records().last)
      #expect(
        record.contains(#""errorCode":"AccessDenied""#) && record.contains("policyDecision"),
        "\(record)"
      )
      // No token after the account has had enough of them.
      #expect(await server.call("DisableOutboundWebIdentityFederation").status == 200)
      let disabled = try await send(server, form(role, token))
      #expect(disabled["error"] == "invalid_target", "\(disabled.body)")
    }
  }

  @Test func `of exchanges beyond the account's quota one record a second says how many there were`()
    async throws
  {
    try await TestServer.run { server in
      let key = try await server.registerProvider()
      let role = try await server.storeRole("app", trust: providerTrust())
      let token = try await server.providerToken(key)
      let quota = try #require(RequestQuota(requestsPerSecond: 1, burst: 1))
      let account = try #require(TestServer.account)
      try await OperatorAccounts.setQuota(quota, of: account, house: server.house, now: server.clock.now)
      #expect(try await send(server, form(role, token)).status == 200)
      let before = try await server.records().count
      for _ in 0..<20 {
        let refused = try await send(server, form(role, token))
        #expect(refused.status == 429 && refused["error"] == "temporarily_unavailable", "\(refused.body)")
      }
      var records = try await server.records().dropFirst(before)
      #expect(records.count == 1)
      server.clock.advance(seconds: 1)
      #expect(try await send(server, form(role, token)).status == 200)
      #expect(try await send(server, form(role, token)).status == 429)
      records = try await server.records().dropFirst(before)
      #expect(records.count == 3)
      #expect(records.last?.contains(#""additionalEventData":{"throttledCalls":20}"#) == true)
    }
  }

  @Test func `an expired token, a foreign key and a broken audit log give nothing`() async throws {
    try await TestServer.run { server in
      let key = try await server.registerProvider()
      let role = try await server.storeRole("app", trust: providerTrust())
      let token = try await server.providerToken(key)
      server.sink.setBroken(true)
      let unrecorded = try await send(server, form(role, token))
      #expect(unrecorded.status == 503 && unrecorded["access_token"] == nil)
      #expect(unrecorded["error"] == "temporarily_unavailable")
      server.sink.setBroken(false)
      let account = try #require(TestServer.account)
      let foreign = try await server.house.signer.makeKey(.es384, for: account)
      let forged = try await send(server, form(role, try await server.providerToken(foreign)))
      #expect(forged["error"] == "invalid_request")
      server.clock.advance(seconds: 3700)
      let late = try await send(server, form(role, token))
      #expect(late["error"] == "invalid_request")
      #expect(late["error_description"]?.contains("expired") == true, "\(late.body)")
    }
  }

  @Test func `a promise and a status stand in exchanged tokens as in others`() async throws {
    try await TestServer.run { server in
      await server.log.open(origin: "sts.example.test/log")
      #expect(await server.call("EnableOutboundTokenTransparency").status == 200)
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      let key = try await server.registerProvider()
      let role = try await server.storeRole("app", trust: providerTrust())
      var tokens: [String] = []
      for _ in 0..<2 {
        let answer = try await send(server, form(role, try await server.providerToken(key)))
        tokens.append(try #require(answer["access_token"]))
      }
      let head = try #require(tokens[0].split(separator: ".").first)
      let octets = try #require(Base64URL.decode(head))
      let header = try JSONReader.read(octets)
      #expect(header.object?["tlog"] != nil)
      #expect(try await server.statusOf(tokens[0]) == StatusList.valid)
      let id = try #require(try payloadOfToken(tokens[0])["jti"]?.string)
      #expect(await server.call("RevokeOutboundTokens", ["TokenId": id])["RevokedTokenCount"] == "1")
      #expect(try await server.statusOf(tokens[0]) == StatusList.invalid)
      #expect(await server.call("RevokeOutboundTokens", ["PrincipalArn": role])["RevokedTokenCount"] == "1")
      #expect(try await server.statusOf(tokens[1]) == StatusList.invalid)
    }
  }

  @Test func `discovery names the endpoint while there is a provider`() async throws {
    try await TestServer.run { server in
      #expect(try await server.discovery()["token_endpoint"] == nil)
      let made = await server.call(
        "CreateOpenIDConnectProvider",
        ["Url": "https://oidc.example/x", "ClientIDList.member.1": "a"]
      )
      let issuer = try await server.issuerURL()
      let document = try await server.discovery()
      #expect(document["token_endpoint"]?.string == issuer + "/token")
      #expect(document["grant_types_supported"]?.array?.compactMap(\.string) == [Self.grant])
      let arn = try #require(made["OpenIDConnectProviderArn"])
      let gone = await server.call("DeleteOpenIDConnectProvider", ["OpenIDConnectProviderArn": arn])
      #expect(gone.status == 200)
      #expect(try await server.discovery()["token_endpoint"] == nil)
    }
  }
}

private func base64(_ octets: [UInt8]) -> String {
  let text = Base64URL.encode(octets).replacing("-", with: "+").replacing("_", with: "/")
  return text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
}
