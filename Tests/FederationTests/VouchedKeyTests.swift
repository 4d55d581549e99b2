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
  private func keySet(_ server: TestServer, _ issuer: Issuer) async throws -> [String]? {
    let path =
      issuer.stored.record.issuer.dropFirst("https://sts.example.test".count) + "/.well-known/jwks.json"
    guard let document = await server.document(path) else { return nil }
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
      let published = try #require(try await keySet(next, issuer))
      #expect(next.incidents.strangers == [foreign.keyID.description])
      let now = try #require(try await next.house.directory.issuer(of: account))
      let own = now.signingKeys.keys.map(\.keyID.description).filter { $0 != foreign.keyID.description }
      #expect(own.count == 2 && Set(published) == Set(own))

      // With another key-encryption key nothing is vouched for, and nothing is published.
      let other = try TestServer(store: server.store, keyEncryptionKey: .ephemeral())
      #expect(try await keySet(other, issuer) == nil)
    }
  }
}
