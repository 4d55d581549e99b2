// SPDX-License-Identifier: Apache-2.0
//
// Which SAML keys in the store are believed: those that the signer vouches for, of their own account, for this purpose. What
// somebody who can write the store puts beside them is neither published nor signed with.

import AuditTrail
import Federation
import Foundation
import IdentityModel
import LocalKeys
import StoreSQLite
import Testing
import TokenFormats

@Suite struct VouchedSAMLKeyTests {
  private func put(_ record: some DirectoryRecord, _ id: String, _ account: AccountID, _ server: TestServer)
    async throws
  {
    let change = Change([
      .put(
        RecordKey(type(of: record).kind, id),
        account: account,
        body: Array(try JSONEncoder().encode(record)),
        .absent
      )
    ])
    try await server.store.commit(
      change,
      recording: AuditRecord(
        operatorEvent: "Test",
        account: account,
        now: server.clock.now,
        entropy: .system
      )
    )
  }

  private func certificate(
    of key: SealedSigningKey,
    by signer: LocalKeys,
    _ now: Instant
  ) async throws -> EncodedCertificate {
    let input = try #require(
      SelfSignedCertificate(
        of: key.publicKey,
        uri: "urn:x",
        shortName: "x",
        serialNumber: [1],
        notBefore: now,
        notAfter: now.advanced(bySeconds: 60)
      )
    )
    let signature = try await signer.sign(input.octets, with: key)
    return try #require(input.signed(signature))
  }

  @Test func `a certificate that no seal vouches for is not published, and what is there stays`() async throws
  {
    let kek = KeyEncryptionKey.ephemeral()
    try await TestServer.run(keyEncryptionKey: kek) { server in
      #expect(await server.makeSAMLConfig().status == 200)
      let own = try await server.publishedCertificates()
      let account = try #require(TestServer.account)
      let issuer = try #require(try await server.house.directory.issuer(of: account))
      let now = server.clock.now
      // Of somebody who can write the store: a key of their own, and a key of tokens as one for SAML.
      let strangers = LocalKeys(keyEncryptionKey: .ephemeral())
      let foreign = try await strangers.makeKey(.es384, for: account, purpose: .saml)
      let moved = try #require(issuer.signingKey(.es384, at: server.clock.now))
      let house = LocalKeys(keyEncryptionKey: kek)
      for (key, signer) in [(foreign, strangers), (moved, house)] {
        let record = SAMLSigningKeyRecord(
          key,
          certificate: try await certificate(of: key, by: signer, now),
          createDate: now,
          signsFrom: now
        )
        try await put(record, SAMLSigningKeyRecord.id(account, key.keyID), account, server)
      }
      let next = try TestServer(store: server.store, keyEncryptionKey: kek)
      #expect(try await next.publishedCertificates() == own)
      #expect(next.incidents.strangers == [foreign.keyID.description, moved.keyID.description])
    }
  }

  @Test func `a key for SAML in the place of a key of tokens is not published, nor signs it`() async throws {
    let kek = KeyEncryptionKey.ephemeral()
    try await TestServer.run(keyEncryptionKey: kek) { server in
      let account = try #require(TestServer.account)
      let key = try await LocalKeys(keyEncryptionKey: kek).makeKey(.rs256, for: account, purpose: .saml)
      let record = SigningKeyRecord(key, createDate: server.clock.now)
      try await put(record, SigningKeyRecord.id(account, key.keyID), account, server)
      let next = try TestServer(store: server.store, keyEncryptionKey: kek)
      let path = try await server.issuerPath() + "/.well-known/jwks.json"
      let document = try #require(await next.document(path))
      #expect(try !JWKSet(json: document.body).keys.contains { $0.keyID == key.keyID.description })
      #expect(next.incidents.strangers == [key.keyID.description])
    }
  }

  @Test func `a key that was copied from another account is none of the account's, and stops nothing`()
    async throws
  {
    let kek = KeyEncryptionKey.ephemeral()
    try await TestServer.run(keyEncryptionKey: kek) { server in
      #expect(await server.makeSAMLConfig("sp", ["SigningAlgorithm": "ECDSA-SHA384"]).status == 200)
      let own = try await server.publishedCertificates()
      let account = try #require(TestServer.account)
      let other = try #require(AccountID("444455556666"))
      let otherRoot = Keys(id: "AKIANEIGHBOURROOT000", secret: "neighbour-secret")
      try await server.addAccount(other, otherRoot, enablesFederation: true)
      #expect(
        await server.makeSAMLConfig("sp", ["SigningAlgorithm": "ECDSA-SHA384"], as: otherRoot).status == 200
      )
      // The newest of each kind signs: here it would be the neighbour's.
      server.clock.advance(seconds: 1)
      let signer = LocalKeys(keyEncryptionKey: kek)
      let saml = try await signer.makeKey(.es384, for: other, purpose: .saml)
      let record = SAMLSigningKeyRecord(
        saml,
        certificate: try await certificate(of: saml, by: signer, server.clock.now),
        createDate: server.clock.now,
        signsFrom: server.clock.now
      )
      let token = try await signer.makeKey(.rs256, for: other)
      try await put(record, SAMLSigningKeyRecord.id(account, saml.keyID), account, server)
      try await put(
        SigningKeyRecord(token, createDate: server.clock.now),
        SigningKeyRecord.id(account, token.keyID),
        account,
        server
      )
      let next = try TestServer(store: server.store, keyEncryptionKey: kek)
      next.clock.advance(seconds: 60)
      _ = try #require(await next.document(try await server.issuerPath() + "/.well-known/jwks.json"))
      #expect(next.incidents.strangers == [token.keyID.description])
      #expect(try await next.publishedCertificates() == own)
      #expect(next.incidents.strangers == [token.keyID.description, saml.keyID.description])
      #expect(try await next.assertion().signer?.der == own.first)
      let keys = try await next.house.directory.signingKeys(of: account).keys
      #expect(keys.count == 2 && keys.allSatisfy { $0.account == account })
      for (caller, count) in [(Keys.root, 1), (otherRoot, 1)] {
        #expect(await next.call("ListOutboundSamlKeys", as: caller).all("KeyId").count == count)
        let audience: KeyValuePairs = ["Audience.member.1": "a", "SigningAlgorithm": "RS256"]
        #expect(await next.call("GetWebIdentityToken", audience, as: caller).status == 200)
        #expect(await next.samlToken(of: "sp", as: caller).status == 200)
      }
    }
  }

  @Test func `a sealed server answers that it cannot sign, and publishes when it is unsealed`() async throws {
    let kek = KeyEncryptionKey.ephemeral()
    try await TestServer.run(keyEncryptionKey: kek) { server in
      #expect(await server.makeSAMLConfig().status == 200)
      let path = try await server.issuerPath() + "/saml/metadata"
      let sealed = try TestServer(store: server.store, keyEncryptionKey: nil)
      #expect(await sealed.document(path) == nil)
      #expect(await sealed.get(path).status == 503)
      #expect(await sealed.get("/00000000-0000-4000-8000-000000000000/saml/metadata").status == 404)
      let unsealed = try TestServer(store: server.store, keyEncryptionKey: kek)
      let published = try await server.publishedCertificates()
      #expect(try await unsealed.publishedCertificates() == published)
      #expect(unsealed.incidents.strangers.isEmpty)
    }
  }
}
