// SPDX-License-Identifier: Apache-2.0
//
// An issuer's documents made from the store: what the server publishes, byte for byte, and nothing that nobody vouches for.

import AuditTrail
import Federation
import Foundation
import IdentityModel
import LocalKeys
import StoreSQLite
import Testing
import TokenFormats

@Suite struct IssuerDocumentsTests {
  private func documents(
    _ server: TestServer,
    _ account: AccountID,
    _ kek: KeyEncryptionKey,
    hasCertificates: Bool = false
  ) async throws(IssuerDocumentsError) -> IssuerDocuments {
    let keys = LocalKeys(keyEncryptionKey: kek)
    return try await IssuerDocuments(
      of: account,
      reader: server.store,
      signer: keys,
      sealer: keys,
      hasCertificates: hasCertificates,
      now: server.clock.now
    )
  }

  @Test func `the documents are those that the server publishes`() async throws {
    let kek = KeyEncryptionKey.ephemeral()
    try await TestServer.run(keyEncryptionKey: kek) { server in
      // With a key of each algorithm.
      _ = try await server.keySet()
      let account = try #require(TestServer.account)
      let made = try await documents(server, account, kek)
      #expect(made.issuer == "https://sts.example.test" + (try await server.issuerPath()))
      #expect(made.files.map(\.path) == [".well-known/jwks.json", ".well-known/openid-configuration"])
      #expect(made.metadataValidUntil == nil && made.strangers.isEmpty && made.certificates.isEmpty)
      for file in made.files {
        let path = try await server.issuerPath() + "/" + file.path
        #expect(server.site.publishedDocument(host: nil, path: Substring(path)) == file.document)
      }
      #expect(await server.makeSAMLConfig("sp", ["SigningAlgorithm": "RSA-SHA256"]).status == 200)
      let more = try await documents(server, account, kek)
      #expect(more.files.map(\.path).last == "saml/metadata")
      #expect(more.files.last?.document.contentType == "application/samlmetadata+xml")
      #expect(more.metadataValidUntil == server.clock.now.advanced(bySeconds: 7 * 86_400))
    }
  }

  @Test func `a key that nobody here sealed is left out and named`() async throws {
    let kek = KeyEncryptionKey.ephemeral()
    try await TestServer.run(keyEncryptionKey: kek) { server in
      // With a key of each algorithm.
      _ = try await server.keySet()
      let account = try #require(TestServer.account)
      let foreign = try await LocalKeys(keyEncryptionKey: .ephemeral()).makeKey(.es384, for: account)
      let record = SigningKeyRecord(foreign, createDate: server.clock.now)
      let change = Change([
        .put(
          RecordKey(SigningKeyRecord.kind, SigningKeyRecord.id(account, foreign.keyID)),
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
      let made = try await documents(server, account, kek)
      #expect(made.strangers == [foreign.keyID])
      let set = try JWKSet(json: try #require(made.files.first).document.body)
      #expect(set.keys.count == 2 && !set.keys.contains { $0.publicKey == foreign.publicKey })
    }
  }

  @Test func `a certificate is of its key, by its key, and the same each time`() async throws {
    let kek = KeyEncryptionKey.ephemeral()
    try await TestServer.run(keyEncryptionKey: kek) { server in
      // With a key of each algorithm.
      _ = try await server.keySet()
      let account = try #require(TestServer.account)
      let first = try await documents(server, account, kek, hasCertificates: true)
      server.clock.advance(seconds: 3600)
      let second = try await documents(server, account, kek, hasCertificates: true)
      let (key, certificate) = try #require(first.certificates.first)
      #expect(first.certificates.count == 1 && key.algorithm == .rs256)
      #expect(certificate.isOf(key) && certificate.isSignedByItsKey)
      #expect(second.certificates[key]?.der == certificate.der)
    }
  }

  @Test func `without issuer, account or the right key there are no documents`() async throws {
    let kek = KeyEncryptionKey.ephemeral()
    try await TestServer.run(enablesFederation: false, keyEncryptionKey: kek) { server in
      let account = try #require(TestServer.account)
      let nobody = try #require(AccountID("999999999999"))
      await #expect(throws: IssuerDocumentsError.noIssuer) { try await documents(server, account, kek) }
      await #expect(throws: IssuerDocumentsError.noSuchAccount) { try await documents(server, nobody, kek) }
    }
    try await TestServer.run(keyEncryptionKey: kek) { server in
      // With a key of each algorithm.
      _ = try await server.keySet()
      let account = try #require(TestServer.account)
      await #expect(throws: IssuerDocumentsError.noVouchedKey) {
        try await documents(server, account, .ephemeral())
      }
    }
  }
}
