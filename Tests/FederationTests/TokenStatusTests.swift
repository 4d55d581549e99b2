// SPDX-License-Identifier: Apache-2.0
//
// Tokens that can be revoked, through the whole house: who gets a place, that no place is given twice, what is served to
// whom, and the three ways to revoke.

import Federation
import IdentityModel
import LocalKeys
import StoreSQLite
import StrictJSON
import Testing
import TokenFormats
import TrailStorage

@Suite struct TokenStatusTests {
  @Test func `tokens have a place while the account wants it, and discovery says where`() async throws {
    try await TestServer.run { server in
      let plain = try #require(await server.token()["WebIdentityToken"])
      #expect(try payloadOfToken(plain)["status"] == nil)
      #expect(await server.status("/status").status == 404)
      let enabled = await server.call("EnableOutboundTokenStatus")
      let issuer = try await server.issuerURL()
      #expect(enabled["StatusListAggregationEndpoint"] == issuer + "/status", "\(enabled.text)")
      #expect(await server.call("GetOutboundWebIdentityFederationInfo")["TokenStatusEnabled"] == "true")
      #expect(try await server.discovery()["status_list_aggregation_endpoint"]?.string == issuer + "/status")
      let token = try #require(await server.token()["WebIdentityToken"])
      let claims = try payloadOfToken(token)
      #expect(claims.members.last?.name == "status")
      #expect(try StatusListReference(claims) == StatusListReference(index: 0, uri: issuer + "/status/1"))
      let record = try #require(try await server.records().last)
      #expect(record.contains(#""statusListIndex":0,"statusListUri":"\#(issuer)/status/1""#), "\(record)")
      #expect(await server.call("DisableOutboundTokenStatus").status == 200)
      let later = try #require(await server.token()["WebIdentityToken"])
      #expect(try payloadOfToken(later)["status"] == nil)
      #expect(try await server.discovery()["status_list_aggregation_endpoint"] == nil)
      #expect(await server.call("GetOutboundWebIdentityFederationInfo")["TokenStatusEnabled"] == nil)
      // What was issued names the list for as long as it lives.
      #expect(try await server.statusOf(token) == StatusList.valid)
    }
  }

  @Test func `concurrent tokens have distinct places`() async throws {
    try await TestServer.run { server in
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      let places = try await withThrowingTaskGroup(of: StatusListReference?.self) { group in
        for _ in 0..<64 {
          group.addTask {
            guard let token = await server.token()["WebIdentityToken"] else { return nil }
            return try StatusListReference(try payloadOfToken(token))
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      let found = places.compactMap { $0 }
      #expect(found.count == 64 && Set(found).count == 64)
    }
  }

  @Test func `no place comes back after a restart, and the lists follow one another`() async throws {
    let kek = KeyEncryptionKey.ephemeral()
    try await TestServer.run(keyEncryptionKey: kek) { server in
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      var seen: Set<StatusListReference> = []
      for round in 0..<4 {
        // Another house on the same store, as after a crash: nothing was handed over.
        let next = try TestServer(store: server.store, keyEncryptionKey: kek)
        for _ in 0..<3 {
          let token = try #require(await next.token()["WebIdentityToken"])
          let place = try #require(StatusListReference(try payloadOfToken(token)))
          #expect(seen.insert(place).inserted)
          #expect(place.index / StatusLists.block == round + 1)
        }
      }
      // At the end of a list the next one begins, and the old one is served until its tokens have expired.
      let account = try #require(TestServer.account)
      let issuer = try #require(try await server.house.directory.issuer(of: account))
      let name = "token-status/\(issuer.stored.record.issuerID)"
      let full = #"{"closed":{},"reserved":\#(StatusLists.size)}"#
      try await server.store.setProgress(of: name, Array(full.utf8))
      let next = try TestServer(store: server.store, keyEncryptionKey: kek)
      let token = try #require(await next.token()["WebIdentityToken"])
      let url = issuer.stored.record.issuer
      #expect(
        try StatusListReference(try payloadOfToken(token))
          == StatusListReference(index: 0, uri: url + "/status/2")
      )
      #expect(try await next.lists() == ["\(url)/status/1", "\(url)/status/2"])
      #expect(await next.status("/status/1").status == 200)
      next.clock.advance(seconds: StatusLists.retentionSeconds - 1)
      #expect(await next.status("/status/1").status == 200)
      next.clock.advance(seconds: 1)
      #expect(await next.status("/status/1").status == 404)
      #expect(try await next.lists() == ["\(url)/status/2"])
    }
  }

  @Test func `without a place there is no token`() async throws {
    let kek = KeyEncryptionKey.ephemeral()
    try await TestServer.run(keyEncryptionKey: kek) { server in
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      let account = try #require(TestServer.account)
      let issuer = try #require(try await server.house.directory.issuer(of: account))
      let name = "token-status/\(issuer.stored.record.issuerID)"
      try await server.store.setProgress(of: name, Array("nonsense".utf8))
      // A house that must reserve finds nothing that it could go on from.
      let next = try TestServer(store: server.store, keyEncryptionKey: kek)
      let answer = await next.token()
      #expect(answer.status == 500 && answer["WebIdentityToken"] == nil)
    }
  }

  // MARK: Revocation

  @Test func `one token is revoked by its id, and the others stay`() async throws {
    try await TestServer.run { server in
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      let first = try #require(await server.token()["WebIdentityToken"])
      let second = try #require(await server.token()["WebIdentityToken"])
      #expect(try await server.statusOf(first) == StatusList.valid)
      let id = try #require(try payloadOfToken(first)["jti"]?.string)
      let answer = await server.call("RevokeOutboundTokens", ["TokenId": id])
      #expect(
        answer["RevokedTokenCount"] == "1" && answer["TokensWithoutStatusCount"] == "0",
        "\(answer.text)"
      )
      #expect(try await server.statusOf(first) == StatusList.invalid)
      #expect(try await server.statusOf(second) == StatusList.valid)
      #expect(await server.call("RevokeOutboundTokens", ["TokenId": id])["RevokedTokenCount"] == "0")
      let record = try #require(try await server.records().last)
      #expect(record.contains(#""requestParameters":{"tokenId":"\#(id)"}"#))
    }
  }

  @Test func `a role takes all of its sessions' tokens along, a session and a user their own`() async throws {
    try await TestServer.run { server in
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      let key = try await server.registerProvider()
      let role = try await server.storeRole("app", trust: providerTrust())
      var tokens: [String] = []
      for _ in 0..<2 {
        let presented = try await server.providerToken(key)
        let session = try #require(await server.assumeWithToken(role, presented).credentials)
        tokens.append(try #require(await server.token(as: session)["WebIdentityToken"]))
      }
      let policy = #"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#
      let user = try await server.user("u", policy: policy)
      tokens.append(try #require(await server.token(as: user)["WebIdentityToken"]))
      tokens.append(try #require(await server.token()["WebIdentityToken"]))
      func statuses() async throws -> [UInt8] {
        var found: [UInt8] = []
        for token in tokens { found.append(try await server.statusOf(token)) }
        return found
      }
      let other = await server.call("RevokeOutboundTokens", ["PrincipalArn": role + "x"])
      #expect(other["RevokedTokenCount"] == "0")
      #expect(await server.call("RevokeOutboundTokens", ["PrincipalArn": role])["RevokedTokenCount"] == "2")
      #expect(try await statuses() == [1, 1, 0, 0])
      let arn = "arn:aws:iam::123456789012:user/u"
      #expect(await server.call("RevokeOutboundTokens", ["PrincipalArn": arn])["RevokedTokenCount"] == "1")
      #expect(try await statuses() == [1, 1, 1, 0])
    }
  }

  @Test func `a session's own tokens are revoked by its ARN`() async throws {
    try await TestServer.run { server in
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      let key = try await server.registerProvider()
      let role = try await server.storeRole("app", trust: providerTrust())
      let presented = try await server.providerToken(key)
      let session = try #require(await server.assumeWithToken(role, presented).credentials)
      let token = try #require(await server.token(as: session)["WebIdentityToken"])
      let arn = try #require(await server.call("GetCallerIdentity", as: session)["Arn"])
      #expect(await server.call("RevokeOutboundTokens", ["PrincipalArn": arn])["RevokedTokenCount"] == "1")
      #expect(try await server.statusOf(token) == StatusList.invalid)
    }
  }

  @Test func `everything before a time is revoked, and what is issued then stays`() async throws {
    try await TestServer.run { server in
      let plain = try #require(await server.token()["WebIdentityToken"])
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      let old = try #require(await server.token()["WebIdentityToken"])
      server.clock.advance(seconds: 10)
      let new = try #require(await server.token()["WebIdentityToken"])
      let answer = await server.call("RevokeOutboundTokens", ["IssuedBefore": server.clock.now.rfc3339])
      #expect(
        answer["RevokedTokenCount"] == "1" && answer["TokensWithoutStatusCount"] == "1",
        "\(answer.text)"
      )
      #expect(try await server.statusOf(old) == StatusList.invalid)
      #expect(try await server.statusOf(new) == StatusList.valid)
      let id = try #require(try payloadOfToken(plain)["jti"]?.string)
      let refused = await server.call("RevokeOutboundTokens", ["TokenId": id])
      #expect(
        refused.code == "InvalidInput" && refused.message?.contains("while token status was off") == true
      )
    }
  }

  @Test func `a revocation survives a restart`() async throws {
    let kek = KeyEncryptionKey.ephemeral()
    try await TestServer.run(keyEncryptionKey: kek) { server in
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      let token = try #require(await server.token()["WebIdentityToken"])
      let id = try #require(try payloadOfToken(token)["jti"]?.string)
      #expect(await server.call("RevokeOutboundTokens", ["TokenId": id])["RevokedTokenCount"] == "1")
      let next = try TestServer(store: server.store, keyEncryptionKey: kek)
      #expect(try await next.statusOf(token) == StatusList.invalid)
    }
  }

  @Test func `a revoked token assumes no role here`() async throws {
    try await TestServer.run { server in
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      let issuer = try await server.issuerURL()
      let arn = await server.call(
        "CreateOpenIDConnectProvider",
        ["Url": issuer, "ClientIDList.member.1": "a"]
      )
      #expect(arn.status == 200, "\(arn.text)")
      let name = issuer.dropFirst("https://".count)
      let trust = #"""
        {"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity",
        "Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/\#(name)"}}}
        """#
      let role = try await server.storeRole("next", trust: trust)
      let token = try #require(await server.token()["WebIdentityToken"])
      #expect(await server.assumeWithToken(role, token).status == 200)
      let id = try #require(try payloadOfToken(token)["jti"]?.string)
      #expect(await server.call("RevokeOutboundTokens", ["TokenId": id]).status == 200)
      let refused = await server.assumeWithToken(role, token)
      #expect(refused.code == "InvalidIdentityToken" && refused.message == "The token was revoked")
    }
  }

  @Test func `what cannot be revoked is refused by name, and nothing changes`() async throws {
    try await TestServer.run { server in
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      let later = server.clock.now.advanced(bySeconds: 1).rfc3339
      let role = "arn:aws:iam::123456789012:role/app"
      let cases: [(KeyValuePairs<String, String>, String)] = [
        ([:], "ValidationError"), (["TokenId": "x", "PrincipalArn": role], "ValidationError"),
        (["TokenId": "x", "IssuedBefore": later], "ValidationError"),
        (["PrincipalArn": "not an ARN at all, no"], "ValidationError"),
        (["PrincipalArn": "arn:aws:s3:::bucket-of-mine"], "ValidationError"),
        (["IssuedBefore": later], "ValidationError"), (["TokenId": "unknown"], "NoSuchEntity"),
      ]
      for (parameters, code) in cases {
        let answer = await server.call("RevokeOutboundTokens", parameters)
        #expect(answer.code == code, "\(parameters): \(answer.text)")
      }
      let nobody = try await server.user("nobody")
      for action in ["EnableOutboundTokenStatus", "DisableOutboundTokenStatus"] {
        #expect(await server.call(action, as: nobody).code == "AccessDenied")
      }
      #expect(await server.call("RevokeOutboundTokens", ["TokenId": "x"], as: nobody).code == "AccessDenied")
    }
    try await TestServer.run(enablesFederation: false) { server in
      for action in ["EnableOutboundTokenStatus", "DisableOutboundTokenStatus"] {
        #expect(await server.call(action).code == "FeatureDisabled")
      }
      #expect(await server.call("RevokeOutboundTokens", ["TokenId": "x"]).code == "FeatureDisabled")
    }
  }

  @Test func `a token's id is taken in upper case too`() async throws {
    try await TestServer.run { server in
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      let token = try #require(await server.token()["WebIdentityToken"])
      let id = try #require(try payloadOfToken(token)["jti"]?.string).uppercased()
      #expect(await server.call("RevokeOutboundTokens", ["TokenId": id])["RevokedTokenCount"] == "1")
      #expect(try await server.statusOf(token) == StatusList.invalid)
      let again = await server.call("RevokeOutboundTokens", ["TokenId": id])
      #expect(again["RevokedTokenCount"] == "0" && again["AlreadyRevokedDate"] != nil, "\(again.text)")
    }
  }

  @Test func `a token of a node whose clock is ahead is found, though its id leads nowhere`() async throws {
    let kek = KeyEncryptionKey.ephemeral()
    try await TestServer.run(keyEncryptionKey: kek) { server in
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      let ahead = try TestServer(store: server.store, keyEncryptionKey: kek)
      ahead.clock.advance(seconds: 200)
      let token = try #require(await ahead.token()["WebIdentityToken"])
      let id = try #require(try payloadOfToken(token)["jti"]?.string)
      // The id's time is not yet, so it is read as one of 49 days ago.
      let time = try #require(IssuedTokenID.time(of: id, before: server.clock.now))
      #expect(time < server.clock.now.advanced(bySeconds: -StatusLists.longestTokenSeconds))
      #expect(await server.call("RevokeOutboundTokens", ["TokenId": id])["RevokedTokenCount"] == "1")
      #expect(try await server.statusOf(token) == StatusList.invalid)
    }
  }

  @Test func `a token that ran out of the log's twelve hours is not looked for`() async throws {
    try await TestServer.run { server in
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      let token = try #require(await server.token()["WebIdentityToken"])
      let id = try #require(try payloadOfToken(token)["jti"]?.string)
      server.clock.advance(seconds: StatusLists.longestTokenSeconds + 1)
      #expect(await server.call("RevokeOutboundTokens", ["TokenId": id]).code == "NoSuchEntity")
    }
  }

  // MARK: What strangers get

  @Test func `a list is signed once in an interval whoever asks, and at once when it changes`() async throws {
    try await TestServer.run { server in
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      let token = try #require(await server.token()["WebIdentityToken"])
      let first = await server.status("/status/1")
      #expect(first.status == 200)
      // ES384 signatures differ each time: the same octets were signed once.
      for _ in 0..<20 { #expect(await server.status("/status/1").body == first.body) }
      server.clock.advance(seconds: 149)
      #expect(await server.status("/status/1").body == first.body)
      server.clock.advance(seconds: 1)
      let second = await server.status("/status/1")
      #expect(second.body != first.body)
      let id = try #require(try payloadOfToken(token)["jti"]?.string)
      #expect(await server.call("RevokeOutboundTokens", ["TokenId": id]).status == 200)
      #expect(await server.status("/status/1").body != second.body)
      let bodies = await withTaskGroup(of: [UInt8].self) { group in
        server.clock.advance(seconds: 150)
        for _ in 0..<32 { group.addTask { await server.status("/status/1").body } }
        return await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
      }
      #expect(bodies.count == 1)
    }
  }

  @Test func `a list that was read before a revocation is not served after it`() async throws {
    try await TestServer.run { server in
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      let token = try #require(await server.token()["WebIdentityToken"])
      let id = try #require(try payloadOfToken(token)["jti"]?.string)
      // Its issuer's documents are in memory from here on: what is read next of pages is read for the list.
      #expect(await server.status("/status").status == 200)
      server.reader.interfereOnce(after: StatusListPageRecord.kind) {
        let answer = await server.call("RevokeOutboundTokens", ["TokenId": id])
        #expect(answer["RevokedTokenCount"] == "1", "\(answer.text)")
      }
      #expect(try await server.statusOf(token) == StatusList.invalid)
      #expect(try await server.statusOf(token) == StatusList.invalid)
    }
  }

  @Test func `a list that cannot be made again after a revocation is not served as it was`() async throws {
    try await TestServer.run { server in
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      let token = try #require(await server.token()["WebIdentityToken"])
      let id = try #require(try payloadOfToken(token)["jti"]?.string)
      #expect(try await server.statusOf(token) == StatusList.valid)
      server.clock.advance(seconds: 150)
      server.reader.interfereOnce(after: StatusListPageRecord.kind) {
        #expect(await server.call("RevokeOutboundTokens", ["TokenId": id]).status == 200)
        server.reader.setBroken(true)
      }
      #expect(await server.status("/status/1").status == 503)
      server.reader.setBroken(false)
      server.clock.advance(seconds: 5)
      #expect(try await server.statusOf(token) == StatusList.invalid)
    }
  }

  @Test func `a change of keys that nobody can read leaves no list as it was`() async throws {
    try await TestServer.run { server in
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      _ = try #require(await server.token()["WebIdentityToken"])
      let first = await server.status("/status/1")
      #expect(first.status == 200)
      server.sink.interfereOnceAfter { server.reader.setBroken(true) }
      _ = await server.call("RotateOutboundSigningKey", ["SigningAlgorithm": "ES384"])
      server.reader.setBroken(false)
      let second = await server.status("/status/1")
      #expect(second.status == 200 && second.body != first.body)
    }
  }

  @Test func `what is not there is 404, and a sealed server says that it cannot sign`() async throws {
    try await TestServer.run { server in
      #expect(await server.call("EnableOutboundTokenStatus").status == 200)
      for path in [
        "/status/2", "/status/0", "/status/01", "/status/x", "/status/", "/status/1/", "/status/-1",
      ] {
        #expect(await server.status(path).status == 404, "\(path)")
      }
      #expect(
        await server.status("/status/1", issuerID: "00000000-0000-4000-8000-000000000000").status == 404
      )
      let sealed = try TestServer(store: server.store, keyEncryptionKey: nil)
      #expect(await sealed.status("/status/1").status == 503)
      #expect(await sealed.status("/status/2").status == 404)
      #expect(await sealed.status("/status").status == 200)
    }
  }
}
