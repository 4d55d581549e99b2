// SPDX-License-Identifier: Apache-2.0
//
// Documents that are brought into memory when somebody asks for them: what is there stays there without a store, what is
// not there costs no second look, and no request is answered otherwise for it.

import Federation
import IdentityModel
import LocalKeys
import StoreSQLite
import Testing

@Suite struct IssuerPublicationTests {
  private let unknown = "/00000000-0000-4000-8000-000000000000"

  @Test func `a start reads one issuer, and a document is in memory when it was asked for`() async throws {
    let kek = KeyEncryptionKey.ephemeral()
    try await TestServer.run(keyEncryptionKey: kek) { server in
      let path = try await server.issuerPath() + "/.well-known/jwks.json"
      _ = await server.document(path)
      let next = try TestServer(store: server.store, keyEncryptionKey: kek)
      try await next.house.publication.checkFirstIssuer()
      #expect(next.house.issuers.tokenDocuments.count == 0)
      #expect(next.site.publishedDocument(host: nil, path: Substring(path)) == nil)
      let first = await next.get(path)
      #expect(first.status == 200)
      let document = try #require(next.site.publishedDocument(host: nil, path: Substring(path)))
      #expect(document.body == first.body)
      let discovery = try await server.issuerPath() + "/.well-known/openid-configuration"
      #expect(next.site.publishedDocument(host: nil, path: Substring(discovery)) != nil)
    }
  }

  @Test func `the first answer is the same as every other: methods, validators, origin`() async throws {
    try await TestServer.run { server in
      let path = try await server.issuerPath() + "/.well-known/jwks.json"
      for method in ["GET", "HEAD", "OPTIONS", "DELETE"] {
        server.house.issuers.tokenDocuments.removeAll()
        let lazy = await server.get(path, method: method)
        let document = try #require(server.site.publishedDocument(host: nil, path: Substring(path)))
        let fast = document.answer(method: method, ifNoneMatch: [])
        #expect(lazy.status == fast.status && lazy.headers == fast.headers && lazy.body == fast.body)
        server.house.issuers.tokenDocuments.removeAll()
        let tag = HTTPField("If-None-Match", document.entityTag)
        #expect(
          await server.get(path, method: method, headers: [tag]).status
            == (method == "GET" || method == "HEAD" ? 304 : fast.status)
        )
      }
    }
  }

  @Test func `documents in memory are served without a store, and others are 503 and not 404`() async throws {
    let kek = KeyEncryptionKey.ephemeral()
    try await TestServer.run(keyEncryptionKey: kek) { server in
      let path = try await server.issuerPath()
      #expect(await server.get(path + "/.well-known/jwks.json").status == 200)
      server.reader.setBroken(true)
      #expect(await server.get(path + "/.well-known/jwks.json").status == 200)
      #expect(await server.get(path + "/.well-known/openid-configuration").status == 200)
      #expect(await server.get(path + "/saml/metadata").status == 503)
      #expect(await server.get(unknown + "/.well-known/jwks.json").status == 503)
      // What time changes meanwhile stays as it is.
      server.clock.advance(seconds: 400 * 24 * 3600)
      await server.house.publication.renewDue(now: server.clock.now)
      #expect(await server.get(path + "/.well-known/jwks.json").status == 200)
      server.reader.setBroken(false)
      #expect(await server.get(unknown + "/.well-known/jwks.json").status == 404)
    }
  }

  @Test func `an issuer that does not exist is looked up once, and what cannot be one never`() async throws {
    try await TestServer.run { server in
      let before = server.reader.reads(of: IssuerRecord.kind)
      for _ in 0..<5 { #expect(await server.get(unknown + "/.well-known/jwks.json").status == 404) }
      #expect(server.reader.reads(of: IssuerRecord.kind) == before + 1)
      for path in [
        "/" + String(repeating: "z", count: 36), "/00000000-0000-4000-8000-00000000000A",
        "/00000000-0000-4000-8000-00000000000", "/00000000_0000-4000-8000-000000000000", "",
      ] {
        #expect(await server.get(path + "/.well-known/jwks.json").status == 404)
      }
      #expect(await server.get(unknown + "/.well-known/other").status == 404)
      #expect(server.reader.reads(of: IssuerRecord.kind) == before + 1)
    }
  }

  @Test func `an issuer that was asked for before it was made is found when it is made`() async throws {
    try await TestServer.run(enablesFederation: false) { server in
      let enabled = await server.done("EnableOutboundWebIdentityFederation")
      let issuer = try #require(enabled["IssuerIdentifier"])
      let path = issuer.dropFirst("https://sts.example.test".count) + "/.well-known/jwks.json"
      #expect(await server.get(String(path)).status == 200)
      // The same for one that has no SAML yet.
      let metadata = try await server.issuerPath() + "/saml/metadata"
      #expect(await server.get(metadata).status == 404)
      #expect(await server.makeSAMLConfig().status == 200)
      #expect(await server.get(metadata).status == 200)
    }
  }

  @Test func `an issuer record that no account names is nobody's`() async throws {
    try await TestServer.run { server in
      let account = try #require(TestServer.account)
      let issuer = try #require(try await server.house.directory.issuer(of: account)).stored.record
      try await server.plant(
        issuer,
        issuerID: String(unknown.dropFirst()),
        issuer: "https://sts.example.test" + unknown
      )
      #expect(await server.get(unknown + "/.well-known/jwks.json").status == 404)
    }
  }

  @Test func `an issuer under another URL than the configuration's stops a start, and is not served later`()
    async throws
  {
    let kek = KeyEncryptionKey.ephemeral()
    try await TestServer.run(keyEncryptionKey: kek) { server in
      let account = try #require(TestServer.account)
      let issuer = try #require(try await server.house.directory.issuer(of: account)).stored.record
      let id = issuer.issuerID
      try await server.plant(issuer, issuerID: id, issuer: "https://elsewhere.example/\(id)")
      let next = try TestServer(store: server.store, keyEncryptionKey: kek)
      await #expect(throws: IssuerMismatch.self) { try await next.house.publication.checkFirstIssuer() }
      let path = "/\(id)/.well-known/jwks.json"
      #expect(await next.get(path).status == 503)
      #expect(next.incidents.all.contains { $0.cause.contains("elsewhere.example") })
    }
  }

  @Test func `memory holds as many issuers as it may, and every one can be had`() async throws {
    try await TestServer.run(issuersInMemory: 4) { server in
      var paths: [String] = []
      for index in 0..<12 {
        let account = try #require(AccountID("7777000000\(index + 10)"))
        let keys = Keys(id: "AKIAMANYMANYMANYMA\(index + 10)", secret: "s\(index)")
        try await server.addAccount(account, keys, enablesFederation: true)
        let answer = await server.done("GetOutboundWebIdentityFederationInfo", as: keys)
        let issuer = try #require(answer["IssuerIdentifier"])
        paths.append(
          String(issuer.dropFirst("https://sts.example.test".count)) + "/.well-known/openid-configuration"
        )
      }
      for path in paths + paths.reversed() {
        #expect(await server.get(path).status == 200)
        #expect(server.house.issuers.tokenDocuments.count <= 4)
      }
      #expect(server.house.issuers.tokenDocuments.count > 0)
    }
  }
}
