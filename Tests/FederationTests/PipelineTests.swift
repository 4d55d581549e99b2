// SPDX-License-Identifier: Apache-2.0
//
// The promises of the pipeline: nothing leaves unrecorded, an answered write is seen by the next request, absent
// policy, audit or key means no.

import AuditTrail
import Federation
import IdentityModel
import LocalKeys
import StoreSQLite
import StrictJSON
import Testing

private let allowTokens = #"""
  {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:GetWebIdentityToken","Resource":"*"}]}
  """#

@Suite struct PipelineTests {
  @Test func `a token that left is on record with its jti, and the token itself is not`() async throws {
    try await TestServer.run { server in
      let answer = await server.token()
      let token = try #require(answer["WebIdentityToken"])
      let records = try await server.records()
      let record = try #require(records.last)
      #expect(record.contains(#""eventName":"GetWebIdentityToken""#))
      #expect(record.contains(#""webIdentityTokenId":""#))
      for record in records { #expect(!record.contains(token.suffix(40))) }
    }
  }

  @Test func `without an audit log there is no token and no change, and both come back with it`() async throws
  {
    try await TestServer.run { server in
      server.sink.setBroken(true)
      let refused = await server.token()
      #expect(refused.status == 503)
      #expect(refused.code == "ServiceUnavailable")
      #expect(refused["WebIdentityToken"] == nil)
      #expect(await server.call("CreateUser", ["UserName": "alice"]).status == 503)
      server.sink.setBroken(false)
      #expect(await server.token().status == 200)
      #expect(await server.call("GetUser", ["UserName": "alice"]).code == "NoSuchEntity")
    }
  }

  @Test func `every call leaves exactly one record, whatever becomes of it`() async throws {
    try await TestServer.run { server in
      let before = try await server.records().count
      _ = await server.token()
      _ = await server.call("NoSuchThing")
      _ = await server.call("GetUser", ["UserName": "nobody"])
      _ = await server.token(as: Keys(id: "AKIAUNKNOWNUNKNOWN00", secret: "x"))
      _ = await server.token(as: Keys(id: Keys.root.id, secret: "wrong"))
      _ = await server.send(Array("Action=%zz".utf8), to: .sts)
      let records = try await server.records().dropFirst(before)
      #expect(records.count == 6)
      #expect(records.filter { $0.contains(#""errorCode""#) }.count == 5)
    }
  }

  @Test func `a policy counts from the request after the answer that wrote it`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice")
      for _ in 0..<5 {
        #expect(await server.token(as: alice).code == "AccessDenied")
        try await server.put(allowTokens, on: "alice")
        #expect(await server.token(as: alice).status == 200)
        #expect(
          await server.call("DeleteUserPolicy", ["UserName": "alice", "PolicyName": "p"]).status == 200
        )
      }
    }
  }

  @Test func `an inactive or deleted key stops at once`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice", policy: allowTokens)
      #expect(await server.token(as: alice).status == 200)
      let parameters: KeyValuePairs = ["UserName": "alice", "AccessKeyId": alice.id, "Status": "Inactive"]
      #expect(await server.call("UpdateAccessKey", parameters).status == 200)
      #expect(await server.token(as: alice).code == "InvalidClientTokenId")
      let again: KeyValuePairs = ["UserName": "alice", "AccessKeyId": alice.id, "Status": "Active"]
      #expect(await server.call("UpdateAccessKey", again).status == 200)
      #expect(await server.token(as: alice).status == 200)
      #expect(
        await server.call("DeleteAccessKey", ["UserName": "alice", "AccessKeyId": alice.id]).status == 200
      )
      #expect(await server.token(as: alice).code == "InvalidClientTokenId")
    }
  }

  @Test func `disable stops tokens at once and keeps the documents`() async throws {
    try await TestServer.run { server in
      let info = await server.call("GetOutboundWebIdentityFederationInfo")
      let issuer = try #require(info["IssuerIdentifier"])
      let path = issuer.dropFirst("https://sts.example.test".count) + "/.well-known/jwks.json"
      let document = try #require(await server.document(path))
      #expect(await server.call("DisableOutboundWebIdentityFederation").status == 200)
      #expect(await server.token().code == "OutboundWebIdentityFederationDisabledException")
      #expect(server.site.publishedDocument(host: nil, path: path) == document)
      #expect(await server.call("EnableOutboundWebIdentityFederation")["IssuerIdentifier"] == issuer)
      #expect(server.site.publishedDocument(host: nil, path: path) == document)
      #expect(await server.token().status == 200)
    }
  }

  @Test func `a sealed server refuses with 503 and says why`() async throws {
    let store = try SQLiteStore.inMemory()
    let open = try TestServer(store: store, keyEncryptionKey: .ephemeral())
    let sealed = try TestServer(store: store, keyEncryptionKey: nil)
    try await store.running {
      try await open.addAccount(try #require(TestServer.account), .root, enablesFederation: true)
      let answer = await sealed.token()
      #expect(answer.status == 503)
      #expect(answer["Message"]?.contains("sealed") == true)
    }
  }

  @Test func `keys of another key-encryption key give 503 and no token`() async throws {
    let store = try SQLiteStore.inMemory()
    let open = try TestServer(store: store, keyEncryptionKey: .ephemeral())
    let other = try TestServer(store: store, keyEncryptionKey: .ephemeral())
    try await store.running {
      try await open.addAccount(try #require(TestServer.account), .root, enablesFederation: true)
      #expect(await other.token().status == 503)
      #expect(await open.token().status == 200)
    }
  }

  @Test func `a request for another host is refused although its signature is right`() async throws {
    let hosts = AcceptedHosts(["sts.example.test", "[::1]"])
    #expect(hosts.accepts("STS.example.test:8443"))
    #expect(hosts.accepts("[::1]:443"))
    #expect(!hosts.accepts("sts.example.test.evil.test"))
    #expect(!hosts.accepts("evil.test:sts.example.test"))
    #expect(!hosts.accepts(""))
    #expect(!hosts.accepts(nil))
  }

  @Test func `a clock fifteen minutes off is the last that is served`() async throws {
    try await TestServer.run { server in
      let body = Array("Action=GetCallerIdentity&Version=2011-06-15".utf8)
      #expect(await server.send(body, to: .sts).status == 200)
      #expect(await server.call("GetCallerIdentity", headers: [HTTPField("X-Amz-Extra", "1")]).status == 403)
    }
  }

  @Test func `one account's key reaches nothing of another's`() async throws {
    try await TestServer.run { server in
      let other = Keys(id: "AKIAOTHEROTHEROTHER0", secret: "other-secret")
      try await server.addAccount(
        try #require(AccountID("999999999999")),
        other,
        enablesFederation: true
      )
      let alice = try await server.user("alice", policy: allowTokens)
      for (action, parameters) in [
        ("GetUser", ["UserName": "alice"]), ("DeleteUser", ["UserName": "alice"]),
        ("ListAccessKeys", ["UserName": "alice"]), ("CreateAccessKey", ["UserName": "alice"]),
        ("DeleteAccessKey", ["UserName": "alice", "AccessKeyId": alice.id]),
        ("UpdateAccessKey", ["UserName": "alice", "AccessKeyId": alice.id, "Status": "Inactive"]),
        ("DeleteAccessKey", ["AccessKeyId": Keys.root.id]),
        ("PutUserPolicy", ["UserName": "alice", "PolicyName": "q", "PolicyDocument": allowTokens]),
        ("DeleteUserPolicy", ["UserName": "alice", "PolicyName": "p"]),
      ] as [(String, KeyValuePairs<String, String>)] {
        #expect(await server.call(action, parameters, as: other).code == "NoSuchEntity", "\(action)")
      }
      #expect(await server.token(as: alice).status == 200)
      let mine = await server.call("GetOutboundWebIdentityFederationInfo")["IssuerIdentifier"]
      let theirs = await server.call("GetOutboundWebIdentityFederationInfo", as: other)["IssuerIdentifier"]
      #expect(mine != theirs)
    }
  }

  @Test func `strangers cannot fill the log, and do not keep others out`() async throws {
    try await TestServer.run { server in
      let stranger = Keys(id: "AKIAUNKNOWNUNKNOWN00", secret: "x")
      let before = try await server.records().count
      var throttled = 0
      for _ in 0..<2500 where await server.token(as: stranger).code == "Throttling" { throttled += 1 }
      #expect(throttled == 500)
      #expect(try await server.records().count == before + 2000)
      #expect(await server.token().status == 200)
      server.clock.advance(seconds: 2)
      #expect(await server.token(as: stranger).code == "InvalidClientTokenId")
    }
  }

  @Test func `readiness fails with the audit log and comes back with it`() async throws {
    try await TestServer.run { server in
      let recorder = Recorder(sink: server.sink, directory: server.house.directory)
      func isHealthy() async -> Bool {
        await recorder.isHealthy(
          probe: AuditRecord(
            operatorEvent: "CheckReadiness",
            account: nil,
            now: server.clock.now,
            entropy: .system
          )
        )
      }
      let trail = Trail(
        APIRequest(method: "POST", target: "/", headers: [], body: [], sourceIPAddress: "", tls: nil),
        now: server.clock.now,
        requestID: "r",
        eventID: "e",
        homeRegion: try #require(Region("us-east-1"))
      )
      #expect(await isHealthy())
      server.sink.setBroken(true)
      await #expect(throws: StoreError.self) { try await recorder.refuse(.missingAction, trail) }
      #expect(!(await isHealthy()))
      server.sink.setBroken(false)
      #expect(await isHealthy())
    }
  }

  @Test(arguments: [
    "", ".", "a:1.2", "[::1].", "[", "[.", ":.", "..", "a.tokens.example.org.evil",
    "\u{10FFFF}.tokens.example.org",
  ])
  func `no Host header harms a server in subdomain style`(_ host: String) throws {
    let issuers = Issuers(publicURL: try PublicURL("https://example.org"), style: .subdomain)
    #expect(issuers.document(host: host, path: "/.well-known/jwks.json") == nil)
    #expect(issuers.document(host: nil, path: "/") == nil)
  }
}
