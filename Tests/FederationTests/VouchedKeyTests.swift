// SPDX-License-Identifier: Apache-2.0
//
// A public key that somebody wrote into the store is never published: whoever put it there could sign for the issuer.

import AuditTrail
import Federation
import Foundation
import IdentityModel
import LocalKeys
import StoreSQLite
import Testing
import TokenFormats

@Suite struct VouchedKeyTests {
  private func keySet(_ server: TestServer, _ issuer: Issuer) throws -> [String]? {
    let path =
      issuer.stored.record.issuer.dropFirst("https://sts.example.test".count) + "/.well-known/jwks.json"
    guard let document = server.site.publishedDocument(host: nil, path: Substring(path)) else { return nil }
    return try JWKSet(json: document.body).keys.compactMap(\.keyID)
  }

  @Test func `a key that nobody here sealed is left out, and all others stay`() async throws {
    let kek = KeyEncryptionKey.ephemeral()
    try await TestServer.run(keyEncryptionKey: kek) { server in
      let account = try #require(TestServer.account)
      let issuer = try #require(try await server.house.directory.issuer(of: account))
      // Made with another key-encryption key, as whoever can write the store and nothing else would.
      let foreign = try await LocalKeys(keyEncryptionKey: .ephemeral()).makeKey(.es384, for: account)
      var change = Change()
      let record = SigningKeyRecord(foreign, createDate: server.clock.now)
      change.writes.append(
        .put(
          RecordKey(SigningKeyRecord.kind, "\(account)/\(foreign.keyID)"),
          account: account,
          body: Array(try JSONEncoder().encode(record)),
          .absent
        )
      )
      try await server.store.commit(
        change,
        recording: AuditRecord(
          operatorEvent: "Test",
          account: account,
          now: server.clock.now,
          entropy: .system
        )
      )
      let next = try TestServer(store: server.store, keyEncryptionKey: kek)
      let strangers = try await next.house.issuers.loadAll(
        from: next.house.directory,
        vouchedForBy: next.house.signer
      )
      #expect(strangers == [foreign.keyID])
      let published = try #require(try keySet(next, issuer))
      #expect(Set(published) == Set(issuer.keys.map(\.keyID.description)))

      // With another key-encryption key nothing is vouched for, and nothing is published.
      let other = try TestServer(store: server.store, keyEncryptionKey: .ephemeral())
      try await other.house.issuers.loadAll(from: other.house.directory, vouchedForBy: other.house.signer)
      #expect(try keySet(other, issuer) == nil)
    }
  }
}
