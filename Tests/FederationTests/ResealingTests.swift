// SPDX-License-Identifier: Apache-2.0
//
// A change of the key-encryption key in a store that is in use: everything is sealed again, nothing that is changed
// meanwhile is lost, each page is on record, and what nobody opens stays as it is.

import AuditTrail
import Federation
import Foundation
import IdentityModel
import LocalKeys
import StoreSQLite
import StrictJSON
import Synchronization
import Testing
import TokenFormats

@Suite struct ResealingTests {
  private func resealing(_ server: TestServer, pageSize: Int = 2) -> Resealing {
    let clock = server.clock
    return Resealing(
      directory: server.house.directory,
      progress: server.store,
      entropy: .system,
      clock: WallClock { clock.now },
      pageSize: pageSize
    )
  }

  private func events(_ server: TestServer) async throws -> [JSONObject] {
    try await server.records().compactMap { try JSONReader.read($0.utf8).object }
      .filter { $0["eventName"]?.string == "ResealSecrets" }
      .compactMap { $0["requestParameters"]?.object }
  }

  /// A server, its signer, and the ring with a new key before its own.
  private func run(
    _ body: (TestServer, LocalKeys, KeyEncryptionKeyRing, KeyEncryptionKeyRing) async throws -> Void
  ) async throws {
    let key = KeyEncryptionKey.ephemeral()
    let old = KeyEncryptionKeyRing(key)
    let new = try await old.succeeded()
    try await TestServer.run(keyEncryptionKey: key) { server in
      // With a key of each algorithm.
      _ = try await server.keySet()
      try await body(server, try #require(server.house.signer as? LocalKeys), old, new)
    }
  }

  @Test func `everything works under the new key alone when the sweep is done, and each page is on record`()
    async throws
  {
    try await run { server, keys, old, new in
      var users: [Keys] = []
      for name in ["a", "b", "c"] { users.append(try await server.user(name)) }
      keys.use(new)
      let inspection = SealInspection(server.store)
      #expect(try await inspection.isOpened(by: LocalKeys(ring: old)))
      let before = try await inspection.countLost(
        from: LocalKeys(ring: new),
        to: LocalKeys(ring: new.withoutOpeners)
      )
      // The root's key and those of three users; a key of tokens for each algorithm.
      #expect(before == 6)

      var reports: [ResealingProgress] = []
      let done = try await resealing(server).run(with: keys) { reports.append($0) }
      #expect(done == ResealingProgress(examined: 6, resealed: 6))
      #expect(reports.last == done)
      #expect(
        try await inspection.countLost(from: LocalKeys(ring: new), to: LocalKeys(ring: new.withoutOpeners))
          == 0
      )
      #expect(try await inspection.isOpened(by: LocalKeys(ring: new.withoutOpeners)))
      #expect(try await !inspection.isOpened(by: LocalKeys(ring: old)))

      keys.use(new.withoutOpeners)
      for user in users + [.root] { #expect(await server.call("GetCallerIdentity", as: user).status == 200) }
      #expect(await server.token().status == 200)
      let account = try #require(TestServer.account)
      let issuer = try #require(try await server.house.directory.issuer(of: account))
      #expect(issuer.signingKeys.keys.map { $0.sealed?.version } == [2, 2])

      // Pages of two: one of signing keys, two of access keys.
      let pages = try await events(server)
      #expect(pages.map { $0["kind"]?.string } == ["SigningKey", "AccessKey", "AccessKey"])
      #expect(pages.allSatisfy { $0["count"]?.int64 == 2 })

      // Nothing is left to do, and nothing is recorded for it.
      let again = try await resealing(server).run(with: keys)
      #expect(again == ResealingProgress(examined: 6))
      #expect(try await events(server).count == 3)
    }
  }

  @Test func `SAML keys are sealed again too, each for its own purpose`() async throws {
    try await run { server, keys, _, new in
      #expect(await server.makeSAMLConfig().status == 200)
      let account = try #require(TestServer.account)
      let before = try await server.house.directory.samlKeys(of: account)
      #expect(!before.keys.isEmpty)
      keys.use(new)
      let done = try await resealing(server).run(with: keys)
      #expect(done.unopened == 0)
      keys.use(new.withoutOpeners)
      let after = try await server.house.directory.samlKeys(of: account)
      #expect(after.keys.count == before.keys.count)
      for key in after.keys {
        #expect(key.sealed.version == 2)
        #expect(try keys.vouches(for: key.sealed))
      }
    }
  }

  @Test func `a record that is changed at the same time keeps its change, and is sealed again`() async throws
  {
    try await run { server, keys, _, new in
      let user = try await server.user("a")
      keys.use(new)
      server.sink.interfereOnce {
        // Comes in when the first page is decided and not written: the page fails and is read again.
        let answer = await server.call(
          "UpdateAccessKey",
          ["UserName": "a", "AccessKeyId": user.id, "Status": "Inactive"]
        )
        #expect(answer.status == 200)
      }
      let done = try await resealing(server, pageSize: 50).run(with: keys)
      #expect(done.resealed == 4 && done.unopened == 0)
      let stored = try #require(try await server.house.directory.record(AccessKeyRecord.self, at: user.id))
      #expect(stored.record.status == .inactive)
      keys.use(new.withoutOpeners)
      #expect(
        await server.call("UpdateAccessKey", ["UserName": "a", "AccessKeyId": user.id, "Status": "Active"])
          .status == 200
      )
      #expect(await server.call("GetCallerIdentity", as: user).status == 200)
    }
  }

  @Test func `a page that conflicts with another write of its own records is read again`() async throws {
    try await run { server, keys, _, new in
      let user = try await server.user("a")
      keys.use(new)
      // The first page of signing keys goes by; the interference hits the page of access keys.
      let house = server.house
      let clock = server.clock
      server.reader.interfereOnce(after: AccessKeyRecord.kind) {
        let answer = await server.call(
          "UpdateAccessKey",
          ["UserName": "a", "AccessKeyId": user.id, "Status": "Inactive"]
        )
        #expect(answer.status == 200)
      }
      let done = try await Resealing(
        directory: house.directory,
        progress: server.store,
        entropy: .system,
        clock: WallClock { clock.now }
      ).run(with: keys)
      #expect(done == ResealingProgress(examined: 4, resealed: 4))
      let stored = try #require(try await house.directory.record(AccessKeyRecord.self, at: user.id))
      #expect(stored.record.status == .inactive)
      #expect(try await events(server).count == 2)
    }
  }

  @Test func `what none of the keys opens stays as it is and stops nothing`() async throws {
    try await run { server, keys, old, new in
      let account = try #require(TestServer.account)
      let foreign = try await LocalKeys(keyEncryptionKey: .ephemeral()).makeKey(.es384, for: account)
      let record = SigningKeyRecord(foreign, createDate: server.clock.now)
      let id = SigningKeyRecord.id(account, foreign.keyID)
      // One of ours that was copied to another account's place, too.
      let issuer = try #require(try await server.house.directory.issuer(of: account))
      let own = try #require(issuer.signingKeys.keys.first?.sealed)
      let copied = SigningKeyRecord(own, createDate: server.clock.now)
      let other = try #require(AccountID("999999999999"))
      let copiedID = SigningKeyRecord.id(other, own.keyID)
      var change = Change()
      for (id, account, record) in [(id, account, record), (copiedID, other, copied)] {
        let body = Array(try JSONEncoder().encode(record))
        change.writes.append(
          .put(RecordKey(SigningKeyRecord.kind, id), account: account, body: body, .absent)
        )
      }
      let event = AuditRecord(
        operatorEvent: "Test",
        account: account,
        now: server.clock.now,
        entropy: .system
      )
      try await server.store.commit(change, recording: event)
      keys.use(new)
      let done = try await resealing(server).run(with: keys)
      #expect(done == ResealingProgress(examined: 5, resealed: 3, unopened: 2))
      for (id, record) in [(id, record), (copiedID, copied)] {
        let stored = try await server.house.directory.record(SigningKeyRecord.self, at: id)
        #expect(stored?.record == record)
      }
      // Neither holds back the old key: the one opens with none, the other is not where it belongs.
      let inspection = SealInspection(server.store)
      #expect(
        try await inspection.countLost(from: LocalKeys(ring: new), to: LocalKeys(ring: new.withoutOpeners))
          == 0
      )
      #expect(try await inspection.countLost(from: LocalKeys(ring: new), to: LocalKeys(ring: old)) == 3)
    }
  }

  @Test func `a session sealed under the old key works until the key is dropped`() async throws {
    try await run { server, keys, _, new in
      let user = try await server.user("a")
      let session = try #require(await server.call("GetSessionToken", as: user).credentials)
      keys.use(new)
      _ = try await resealing(server).run(with: keys)
      #expect(await server.call("GetCallerIdentity", as: session).status == 200)
      let fresh = try #require(await server.call("GetSessionToken", as: user).credentials)
      // Memory does not keep a session alive whose key is gone.
      #expect(await server.call("GetCallerIdentity", as: session).status == 200)
      keys.use(new.withoutOpeners)
      server.house.directory.forgetEverything()
      #expect(await server.call("GetCallerIdentity", as: session).status == 403)
      #expect(await server.call("GetCallerIdentity", as: user).status == 200)
      // A server that was started without the old key.
      let next = try TestServer(store: server.store, ring: new.withoutOpeners)
      #expect(await next.call("GetCallerIdentity", as: session).status == 403)
      #expect(await next.call("GetCallerIdentity", as: fresh).status == 200)
      #expect(await next.call("GetCallerIdentity", as: user).status == 200)
    }
  }

  @Test func `a store that fails stops the sweep, and the next one ends it`() async throws {
    try await run { server, keys, _, new in
      keys.use(new)
      server.sink.setBroken(true)
      await #expect(throws: StoreError.unavailable("disk full")) {
        try await resealing(server).run(with: keys)
      }
      server.sink.setBroken(false)
      let done = try await resealing(server).run(with: keys)
      #expect(done.resealed == 3)
    }
  }

  @Test func `keys of digests are sealed again, and sign on`() async throws {
    let old = KeyEncryptionKeyRing(.ephemeral())
    let new = try await old.succeeded()
    let keys = LocalKeys(ring: old)
    try await TrailHouse.run(signer: keys) { house, _ in
      house.set(after: 0)
      await house.delivery().runOnce()
      keys.use(new)
      let clock = house.clock
      let done = try await Resealing(
        directory: Directory(reader: house.store, writer: house.store, sealer: keys),
        progress: house.store,
        entropy: .system,
        clock: WallClock { clock.now }
      ).run(with: keys)
      #expect(done == ResealingProgress(examined: 1, resealed: 1))
      keys.use(new.withoutOpeners)
      house.clock.advance(seconds: 3601)
      try await house.append(1)
      await house.delivery().runOnce()
      #expect(house.incidents.withLock { $0 } == [])
      #expect(try await TrailDigestKeys.read(from: house.store, house.account).keys.count == 1)
    }
  }
}

@Suite struct TurnstileTests {
  @Test func `one passes at a time, and a failure lets the next one in`() async throws {
    struct Failure: Error {}
    let turnstile = Turnstile()
    let inside = Counter()
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<50 {
        group.addTask {
          try? await turnstile.pass {
            #expect(await inside.enter() == 1)
            await Task.yield()
            await inside.leave()
            if number.isMultiple(of: 7) { throw Failure() }
          }
        }
      }
    }
    #expect(await inside.passes == 50)
  }

  private actor Counter {
    private var inside = 0
    private(set) var passes = 0

    func enter() -> Int {
      inside += 1
      passes += 1
      return inside
    }

    func leave() { inside -= 1 }
  }
}
