// SPDX-License-Identifier: Apache-2.0
//
// What the server does to keys by itself: successors when they are due, private halves destroyed when they are of no use,
// each on record, and nothing because it was started.

import Federation
import IdentityModel
import LocalKeys
import StoreSQLite
import Testing

private let hour: Int64 = 3600
private let day: Int64 = 24 * 3600

@Suite struct KeySweepTests {
  private func sweep(_ server: TestServer) async throws {
    try await KeySweep(server.house, clock: WallClock { server.clock.now }).sweep()
  }

  private func events(_ server: TestServer, _ name: String) async throws -> [String] {
    try await server.records().filter { $0.contains(#""eventName":"\#(name)""#) }
  }

  @Test func `a key is rotated by the calendar, a week ahead, and each algorithm by its own`() async throws {
    try await TestServer.run { server in
      let p384 = try #require(await server.token()["WebIdentityToken"]?.kid)
      server.clock.advance(seconds: 10 * day)
      let rsa = try await server.signer("RS256")
      try await sweep(server)
      #expect(try await events(server, "RotateOutboundSigningKey").isEmpty)
      server.clock.advance(seconds: 73 * day - 1)
      try await sweep(server)
      #expect(try await server.keySet().count == 2)
      server.clock.advance(seconds: 1)
      try await sweep(server)
      // Of P-384 alone: the RSA key is ten days younger. And once, however often anybody looks.
      try await sweep(server)
      #expect(try await server.keySet().count == 3)
      let record = try #require(try await events(server, "RotateOutboundSigningKey").first)
      #expect(record.contains(#""type":"Operator""#) && record.contains(#""accountId":"123456789012""#))
      #expect(record.contains(#""signsFrom":"Apr 15, 2027, 8:00:00 AM""#), "\(record)")
      #expect(try await events(server, "RotateOutboundSigningKey").count == 1)
      server.clock.advance(seconds: 7 * day - 1)
      #expect(try await server.signer() == p384)
      server.clock.advance(seconds: 1)
      let successor = try await server.signer()
      #expect(successor != p384)
      #expect(try await server.signer("RS256") == rsa)
      server.clock.advance(seconds: 3 * day)
      try await sweep(server)
      #expect(try await events(server, "RotateOutboundSigningKey").count == 2)
      server.clock.advance(seconds: 7 * day)
      #expect(try await server.signer("RS256") != rsa)
      #expect(try await server.signer() == successor)
    }
  }

  @Test func `a start rotates nothing and begins no life anew`() async throws {
    let kek = KeyEncryptionKey.ephemeral()
    try await TestServer.run(keyEncryptionKey: kek) { server in
      let first = try await server.signer()
      for days in stride(from: Int64(20), through: 80, by: 20) {
        let next = try TestServer(store: server.store, keyEncryptionKey: kek)
        next.clock.advance(seconds: days * day)
        try await sweep(next)
        #expect(try await next.signer() == first)
        #expect(try await events(next, "RotateOutboundSigningKey").isEmpty)
      }
      // 83 days after it was made, however often servers came and went.
      let last = try TestServer(store: server.store, keyEncryptionKey: kek)
      last.clock.advance(seconds: 83 * day)
      try await sweep(last)
      #expect(try await events(last, "RotateOutboundSigningKey").count == 2)
    }
  }

  @Test func `two who sweep the same accounts make one successor`() async throws {
    let kek = KeyEncryptionKey.ephemeral()
    try await TestServer.run(keyEncryptionKey: kek) { server in
      _ = try await server.keySet()
      let other = try TestServer(store: server.store, keyEncryptionKey: kek)
      for house in [server, other] { house.clock.advance(seconds: 83 * day) }
      // Between the decision of the one and its write comes the other.
      server.sink.interfereOnce { try? await sweep(other) }
      try await sweep(server)
      #expect(try await other.keySet().count == 4)
      #expect(try await events(server, "RotateOutboundSigningKey").count == 2)
      await withTaskGroup { group in
        for house in [server, other, server, other] {
          house.clock.advance(seconds: 45 * day)
          group.addTask { try? await sweep(house) }
        }
      }
      let listed = await other.done("ListOutboundSigningKeys")
      #expect(listed.all("Status").count { $0 == "Successor" } == 2)
    }
  }

  @Test
  func
    `a private half is destroyed an hour after its last signature, the public one stays and is vouched for`()
    async throws
  {
    let kek = KeyEncryptionKey.ephemeral()
    try await TestServer.run(keyEncryptionKey: kek) { server in
      let account = try #require(TestServer.account)
      let old = try await server.signer()
      await server.done("RotateOutboundSigningKey", ["SigningAlgorithm": "ES384"])
      server.clock.advance(seconds: 24 * hour)
      func isSealed() async throws -> Bool {
        let id = "\(account)/\(old)"
        let stored = try await server.house.directory.record(SigningKeyRecord.self, at: id)
        return try #require(stored).record.sealed != nil
      }
      server.clock.advance(seconds: hour - 1)
      try await sweep(server)
      #expect(try await isSealed())
      server.clock.advance(seconds: 1)
      try await sweep(server)
      #expect(try await !isSealed())
      let records = try await events(server, "DestroyOutboundSigningKey")
      #expect(records.count == 1 && records[0].contains(old))
      #expect(try await server.keySet().contains(old))
      // After a restart too: it is still known as one of the house's, by the same key-encryption key alone.
      for (key, isKnown) in [(kek, true), (.ephemeral(), false)] {
        let next = try TestServer(store: server.store, keyEncryptionKey: key)
        next.clock.advance(seconds: 25 * hour)
        let path = try await server.issuerPath() + "/.well-known/jwks.json"
        let document = await next.document(path)
        #expect((document != nil) == isKnown)
        if isKnown { #expect(try await next.keySet().contains(old)) }
      }
      server.clock.advance(seconds: 36 * hour)
      await server.house.publication.renewDue(now: server.clock.now)
      #expect(try await !server.keySet().contains(old))
      let listed = await server.done("ListOutboundSigningKeys")
      #expect(listed.all("KeyId").contains(old) && listed.all("Status").contains("Retired"))
    }
  }

  @Test func `a public key that somebody put there without a private half is not published`() async throws {
    try await TestServer.run { server in
      let own = try await server.keySet()
      let account = try #require(TestServer.account)
      let signer = LocalKeys(keyEncryptionKey: .ephemeral())
      let foreign = try await signer.makeKey(.es384, for: account)
      let vouchers: [[UInt8]?] = [
        nil, [1, 2, 3],
        try signer.seal(Secret(""), context: "signing-key-voucher/\(account)/\(foreign.keyID)"),
        // A voucher of the house, of another thing.
        try server.house.sealer.seal(Secret(""), context: "secret-access-key/\(account)/\(foreign.keyID)"),
      ]
      for voucher in vouchers {
        try await server.plant(foreign, withoutPrivateHalf: voucher, of: account)
        await server.house.publication.changed(account, now: server.clock.now)
        #expect(try await Set(server.keySet()) == Set(own))
      }
      #expect(server.incidents.strangers == [foreign.keyID.description])
      // Nor does the server's own destruction make it one of the house.
      try await server.plant(foreign, withoutPrivateHalf: nil, of: account, isWhole: true)
      server.clock.advance(seconds: 400 * day)
      try await sweep(server)
      #expect(try await !server.keySet().contains(foreign.keyID.description))
    }
  }

  @Test func `one account that fails stops no other's rotation`() async throws {
    try await TestServer.run { server in
      let other = try #require(AccountID("444455556666"))
      let otherRoot = Keys(id: "AKIANEIGHBOURROOT000", secret: "neighbour-secret")
      try await server.addAccount(other, otherRoot, enablesFederation: true)
      // Of an algorithm that nobody knows: the ring of this account cannot be read.
      let account = try #require(TestServer.account)
      try await server.plantNonsense(of: account)
      server.clock.advance(seconds: 83 * day)
      try await sweep(server)
      let events = try await events(server, "RotateOutboundSigningKey")
      #expect(events.count == 1 && events[0].contains("444455556666"))
      #expect(server.incidents.all.contains { $0.what.contains("123456789012") })
    }
  }

  @Test func `a server with another key-encryption key makes no keys that the right one would not open`()
    async throws
  {
    try await TestServer.run { server in
      _ = try await server.signer()
      let other = try TestServer(store: server.store, keyEncryptionKey: .ephemeral())
      other.clock.advance(seconds: 400 * day)
      let before = try await server.records().count
      try await sweep(other)
      #expect(await other.document(try await server.issuerPath() + "/.well-known/jwks.json") == nil)
      #expect(try await server.records().count == before)
      #expect(other.incidents.all.contains { $0.cause.contains("sealBroken") })
    }
  }

  @Test func `a sealed server looks after no keys`() async throws {
    try await TestServer.run { server in
      _ = try await server.signer()
      let sealed = try TestServer(store: server.store, keyEncryptionKey: nil)
      sealed.clock.advance(seconds: 400 * day)
      try await sweep(sealed)
      #expect(try await events(sealed, "RotateOutboundSigningKey").isEmpty)
      #expect(sealed.incidents.all.isEmpty)
    }
  }
}
