// SPDX-License-Identifier: Apache-2.0
//
// What a trail's delivery does over time: refusals and their end, changes of a trail, the beginnings and ends of digest
// chains, and the keys that sign them.

import AuditTrail
import Federation
import IdentityModel
import LocalKeys
import StoreSQLite
import StrictJSON
import Synchronization
import Testing
import TokenFormats

@Suite struct TrailDeliveryTests {
  @Test func `a bucket that refuses is told in the state, and gets the same object when it takes again`()
    async throws
  {
    try await TrailHouse.run { house, bucket in
      house.set(after: 0)
      let expected = try await house.append(3)
      bucket.refuse(.refused(code: "AccessDenied", cause: "because"))
      let delivery = house.delivery()
      await delivery.runOnce()
      let refused = try #require(try await house.state())
      #expect(refused.latestDeliveryError == "AccessDenied")
      #expect(refused.latestDeliveryAttemptTime == house.clock.now)
      #expect(refused.latestDeliveryTime == nil)
      let key = try #require(refused.pendingFile?.key)
      #expect(house.incidents.withLock { $0.map(\.what) } == ["deliver all of trail `main` of 111122223333"])

      // Not before its time, and then again.
      await delivery.runOnce()
      #expect(try await house.state()?.latestDeliveryAttemptTime == refused.latestDeliveryAttemptTime)
      house.clock.advance(seconds: 1)
      bucket.refuse(.unreachable(cause: "no route"))
      await delivery.runOnce()
      #expect(try await house.state()?.latestDeliveryError == "Unreachable")
      house.clock.advance(seconds: 2)
      bucket.refuse(nil)
      await delivery.runOnce()
      let taken = try #require(try await house.state())
      #expect(taken.latestDeliveryError == nil)
      #expect(taken.latestDeliveryTime == house.clock.now)
      #expect(bucket.puts.map(\.key) == [key])
      #expect(try DeliveredTrail(bucket, signedBy: .rsaOf(house)).eventIDs == expected)
    }
  }

  @Test func `a try that fails again and again waits longer, and five minutes at most`() async throws {
    try await TrailHouse.run { house, bucket in
      house.set(after: 0)
      try await house.append(1)
      bucket.refuse(.unreachable(cause: "down"))
      let delivery = house.delivery()
      var attempts: [Int64] = []
      for _ in 0..<1500 {
        await delivery.runOnce()
        let attempt = try await house.state()?.latestDeliveryAttemptTime?.seconds
        if let attempt, attempts.last != attempt { attempts.append(attempt) }
        house.clock.advance(seconds: 1)
      }
      let waits = zip(attempts.dropFirst(), attempts).map { $0 - $1 }
      #expect(waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300])
      // The same cause is one line in the log.
      #expect(house.incidents.withLock { $0.count } == 1)
    }
  }

  @Test func `a bucket that was taken away, or that is another account's, does not exist`() async throws {
    let foreign = MemoryBucket()
    let theirs = TrailBuckets.Given(
      name: "theirs",
      accounts: [try #require(AccountID(TrailHouse.other))],
      bucket: foreign
    )
    try await TrailHouse.run(others: [theirs]) { house, _ in
      house.set("one", after: 0, bucket: "gone")
      house.set("two", after: 0, bucket: "theirs")
      try await house.append(1)
      await house.delivery().runOnce()
      #expect(try await house.state("one")?.latestDeliveryError == "NoSuchBucket")
      #expect(try await house.state("two")?.latestDeliveryError == "NoSuchBucket")
      #expect(foreign.puts.isEmpty)
    }
  }

  @Test func `a bucket that never answers does not delay another trail`() async throws {
    let silent = SilentBucket()
    try await TrailHouse.run(others: [.init(name: "silent", accounts: nil, bucket: silent)]) {
      house,
      bucket in
      house.set("a", after: 0, bucket: "silent")
      house.set("b", after: 0)
      try await house.append(1)
      let delivery = house.delivery()
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await delivery.run { try await Task.sleep(for: .milliseconds(5)) } }
        let deadline = ContinuousClock.now + .seconds(300)
        while bucket.puts.isEmpty || !silent.wasAsked, .now < deadline {
          try? await Task.sleep(for: .milliseconds(5))
        }
        group.cancelAll()
      }
      #expect(silent.wasAsked)
      #expect(bucket.puts.count == 1)
      // The visit that was cut off is no failure of the bucket.
      #expect(try await house.state("a")?.latestDeliveryError == nil)
    }
  }

  @Test func `an hour without records has its digest`() async throws {
    try await TrailHouse.run { house, bucket in
      house.set(after: 0)
      let delivery = house.delivery()
      for _ in 0..<3 {
        await delivery.runOnce()
        house.clock.advance(seconds: 3600)
      }
      let trail = try DeliveredTrail(bucket, signedBy: .rsaOf(house))
      #expect(trail.digests.map(\.isFirst) == [true, false])
      #expect(trail.digests.allSatisfy { $0.files.isEmpty })
      #expect(trail.digests.allSatisfy { $0.json["newestEventTime"] == .null })
    }
  }

  @Test func `a digest that has many files to list does not wait for the hour`() async throws {
    try await TrailHouse.run { house, bucket in
      var schedule = TrailSchedule()
      schedule.fileBytes = 1
      schedule.filesPerDigest = 4
      house.set(after: 0)
      try await house.append(9)
      await house.delivery(schedule: schedule).runOnce()
      let trail = try DeliveredTrail(bucket, signedBy: .rsaOf(house))
      #expect(trail.fileKeys.count == 9)
      #expect(trail.digests.map(\.files.count) == [9])
    }
  }

  @Test func `files without digests stop before their list has no room, and go on when it has`() async throws
  {
    let signer = SwitchedSigner()
    try await TrailHouse.run(signer: signer) { house, bucket in
      var schedule = TrailSchedule()
      schedule.fileBytes = 1
      schedule.filesPerDigest = 2
      house.set(after: 0)
      let expected = try await house.append(20)
      let delivery = house.delivery(schedule: schedule)
      await delivery.runOnce()
      #expect(try await house.state()?.undigested.count == 12)
      #expect(try await house.state()?.latestDigestDeliveryError == "SigningKeyUnavailable")
      #expect(try await house.state()?.latestDeliveryError == nil)
      try await signer.unseal(house.account)
      for _ in 0..<3 {
        house.clock.advance(seconds: 300)
        await delivery.runOnce()
      }
      #expect(try await house.state()?.latestDigestDeliveryError == nil)
      let trail = try DeliveredTrail(bucket, signedBy: try #require(signer.publicKey))
      #expect(trail.eventIDs == expected)
    }
  }

  @Test func `validation that is turned off ends the chain, and turned on begins another`() async throws {
    try await TrailHouse.run { house, bucket in
      let delivery = house.delivery()
      for validates in [true, false, true] {
        house.set(after: 0, validates: validates)
        await delivery.runOnce()
        try await house.append(1)
        house.clock.advance(seconds: 600)
        await delivery.runOnce()
      }
      house.set(after: nil)
      await delivery.runOnce()
      let trail = try DeliveredTrail(bucket, signedBy: .rsaOf(house))
      #expect(trail.digests.map(\.isFirst) == [true, true])
      #expect(trail.fileKeys.count == 3)
      #expect(trail.listedKeys == [trail.fileKeys[0], trail.fileKeys[2]])
    }
  }

  @Test func `a trail that gets another bucket sends there what the old one did not take`() async throws {
    let second = MemoryBucket()
    try await TrailHouse.run(others: [.init(name: "second", accounts: nil, bucket: second)]) {
      house,
      bucket in
      house.set(after: 0)
      let first = try await house.append(1)
      let delivery = house.delivery()
      await delivery.runOnce()
      house.clock.advance(seconds: 300)
      bucket.refuse(.refused(code: "NoSuchBucket", cause: "gone"))
      let rest = try await house.append(2)
      await delivery.runOnce()
      house.set(after: 0, bucket: "second", prefix: "p/q")
      await delivery.runOnce()
      house.clock.advance(seconds: 3600)
      await delivery.runOnce()
      #expect(try DeliveredTrail(bucket, signedBy: .rsaOf(house)).eventIDs == first)
      let puts = second.objects
      #expect(puts.allSatisfy { $0.key.hasPrefix("p/q/AWSLogs/111122223333/") })
      #expect(puts.count == 2)
      #expect(
        rest.allSatisfy { id in puts.contains { String(decoding: $0.body, as: UTF8.self).contains(id) } }
      )
      // The digest names both buckets: the one file where it was, and the other here.
      let digest = try #require(puts.last.map { String(decoding: $0.body, as: UTF8.self) })
      #expect(digest.contains(#""s3Bucket":"audit""#) && digest.contains(#""s3Bucket":"second""#))
    }
  }

  @Test func `a deleted trail's rest is delivered, and then nothing is left of it`() async throws {
    try await TrailHouse.run { house, bucket in
      house.set(after: 0)
      let delivery = house.delivery()
      await delivery.runOnce()
      let expected = try await house.append(2)
      house.delete()
      // Also when the server ended meanwhile.
      let restarted = house.delivery()
      await restarted.runOnce()
      let trail = try DeliveredTrail(bucket, signedBy: .rsaOf(house))
      #expect(trail.eventIDs == expected)
      #expect(trail.listedKeys == trail.fileKeys)
      await restarted.runOnce()
      #expect(try await house.state() == nil)
      #expect(try await house.trailsWithState().isEmpty)
    }
  }

  @Test func `a deleted trail whose bucket takes nothing is given up after a day, on record in the log`()
    async throws
  {
    try await TrailHouse.run { house, bucket in
      house.set(after: 0)
      let delivery = house.delivery()
      await delivery.runOnce()
      try await house.append(2)
      bucket.refuse(.refused(code: "NoSuchBucket", cause: "gone"))
      house.delete()
      await delivery.runOnce()
      house.clock.advance(seconds: 24 * 3600 - 1)
      await delivery.runOnce()
      #expect(try await house.state()?.isFinished == false)
      house.clock.advance(seconds: 301)
      await delivery.runOnce()
      await delivery.runOnce()
      #expect(try await house.state() == nil)
      #expect(house.incidents.withLock { $0.last?.cause } == "abandoned(position: 0)")
    }
  }

  @Test func `a new trail of a deleted one's name takes up nothing of it`() async throws {
    try await TrailHouse.run { house, bucket in
      house.set(after: 0)
      let delivery = house.delivery()
      var expected = try await house.append(1)
      await delivery.runOnce()
      house.delete()
      await delivery.runOnce()
      await delivery.runOnce()
      try await house.append(2)
      house.set(after: try await house.store.lastSequence())
      expected += try await house.append(1)
      house.clock.advance(seconds: 1)
      await delivery.runOnce()
      house.set(after: nil)
      await delivery.runOnce()
      let trail = try DeliveredTrail(bucket, signedBy: .rsaOf(house))
      #expect(trail.eventIDs == expected)
      #expect(trail.digests.map(\.isFirst) == [true, true])
    }
  }

  @Test func `a stop and a start between two looks skip no record`() async throws {
    try await TrailHouse.run { house, bucket in
      house.set(after: 0)
      let delivery = house.delivery()
      var expected = try await house.append(1)
      await delivery.runOnce()
      expected += try await house.append(2)
      house.set(after: try await house.store.lastSequence())
      expected += try await house.append(1)
      await delivery.runOnce()
      // The old chain's last digest ends a second later than it was made: both have names of their own.
      house.clock.advance(seconds: 3601)
      await delivery.runOnce()
      let trail = try DeliveredTrail(bucket, signedBy: .rsaOf(house))
      #expect(trail.eventIDs == expected)
      #expect(trail.digests.map(\.isFirst) == [true, true])
    }
  }

  @Test func `records that are not what was promised are not delivered`() async throws {
    try await TrailHouse.run { house, bucket in
      house.set(after: 0)
      try await house.append(1)
      bucket.refuse(.unreachable(cause: "down"))
      await house.delivery().runOnce()
      bucket.refuse(nil)
      let forger = house.delivery(forgery: { entry in
        AccountLogEntry(sequence: entry.sequence, eventTime: entry.eventTime, json: Array("{}".utf8))
      })
      await forger.runOnce()
      #expect(bucket.puts.isEmpty)
      #expect(try await house.state()?.latestDeliveryError == "InternalError")
    }
  }

  @Test func `a key signs for a year, and the old one stays listed`() async throws {
    let keys = LocalKeys(keyEncryptionKey: .ephemeral())
    try await TrailHouse.run(signer: keys) { house, _ in
      house.set(after: 0)
      let start = house.clock.now
      let delivery = house.delivery()
      await delivery.runOnce()
      house.clock.advance(seconds: 365 * 24 * 3600 - 1)
      await delivery.runOnce()
      #expect(try await TrailDigestKeys.read(from: house.store, house.account).keys.count == 1)
      house.clock.advance(seconds: 3601)
      await delivery.runOnce()
      let found = try await TrailDigestKeys.read(from: house.store, house.account)
      #expect(Set(found.keys.compactMap(\.publicKey?.fingerprint)).count == 2)
      let middle = start.advanced(bySeconds: 1000)
      #expect(found.valid(from: middle, to: middle) == [found.keys[0]])
      #expect(found.valid(from: middle, to: house.clock.now) == found.keys)
      #expect(found.valid(from: house.clock.now, to: house.clock.now) == [found.keys[1]])
      #expect(try await TrailDigestKeys.read(from: house.store, house.otherAccount).keys.isEmpty)
    }
  }

  @Test func `a state that is not the delivery's own is an error, not a beginning`() async throws {
    try await TrailHouse.run { house, bucket in
      house.set(after: 0)
      try await house.append(1)
      try await house.store.setProgress(
        of: TrailDeliveryState.progressName(house.account, "main"),
        Array("{}".utf8)
      )
      await house.delivery().runOnce()
      #expect(bucket.puts.isEmpty)
      #expect(house.incidents.withLock { $0.count } == 1)
    }
  }
}

/// A signer without a key-encryption key, until it gets one.
private final class SwitchedSigner: TokenSigner {
  private let signer = Mutex<OneKeySigner?>(nil)

  var isUnsealed: Bool { signer.withLock { $0 != nil } }
  var publicKey: PublicKey? { signer.withLock { $0?.publicKey } }

  func unseal(_ account: AccountID) async throws {
    let made = try await OneKeySigner(account: account)
    signer.withLock { $0 = made }
  }

  func makeKey(
    _ algorithm: SigningAlgorithm,
    for account: AccountID,
    purpose: SigningKeyPurpose
  ) async throws(TokenSignerError) -> SealedSigningKey {
    guard let signer = signer.withLock({ $0 }) else { throw .keyEncryptionKeyMissing }
    return try await signer.makeKey(algorithm, for: account, purpose: purpose)
  }

  func importKey(_ pem: Secret, for account: AccountID) async throws(TokenSignerError) -> SealedSigningKey {
    throw .unsuitable("this signer takes no keys")
  }

  func vouches(for key: SealedSigningKey) throws(TokenSignerError) -> Bool {
    guard let signer = signer.withLock({ $0 }) else { throw .keyEncryptionKeyMissing }
    return try signer.vouches(for: key)
  }

  func makeReadyKey(
    _ algorithm: SigningAlgorithm,
    for account: AccountID,
    purpose: SigningKeyPurpose
  ) async throws(TokenSignerError) -> SealedSigningKey? {
    try await makeKey(algorithm, for: account, purpose: purpose)
  }

  func forget(_ keyID: KeyID) {}

  func sign(
    _ message: [UInt8],
    with key: SealedSigningKey,
    algorithm: JWSAlgorithm
  ) async throws(TokenSignerError) -> [UInt8] {
    guard let signer = signer.withLock({ $0 }) else { throw .keyEncryptionKeyMissing }
    return try await signer.sign(message, with: key, algorithm: algorithm)
  }
}
