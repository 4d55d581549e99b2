// SPDX-License-Identifier: Apache-2.0
//
// Trails of one account against those of another: what a tenant does with its own trails, their names, their prefixes
// and buckets that never answer, takes nothing from anybody else's delivery, nor more than its share of a bucket.

import AuditTrail
import Federation
import IdentityModel
import StoreSQLite
import StrictJSON
import Synchronization
import Testing

@Suite struct TrailCrowdTests {
  @Test func `of an account's deleted trails that have something left, the oldest is given up`() async throws
  {
    try await TrailHouse.run { house, bucket in
      let delivery = house.delivery()
      bucket.refuse(.refused(code: "InvalidURI", cause: "never"))
      try await house.append(1)
      for number in 10..<35 {
        house.set("trail\(number)", after: 0)
        await delivery.runOnce()
        house.delete("trail\(number)")
        await delivery.runOnce()
        house.clock.advance(seconds: 1)
      }
      await delivery.runOnce()
      let left = (25..<35).map { "111122223333/trail\($0)" }
      #expect(try await house.trailsWithState() == left)
      let givenUp = house.incidents.withLock { $0.filter { $0.cause == "abandoned(position: 0)" } }
      #expect(
        givenUp.map(\.what) == (10..<25).map { "deliver all of trail `trail\($0)` of 111122223333" }
      )

      // A server that starts again knows which are older.
      house.set("trail35", after: 0)
      let restarted = house.delivery()
      await restarted.runOnce()
      house.delete("trail35")
      await restarted.runOnce()
      #expect(try await house.trailsWithState() == (26..<36).map { "111122223333/trail\($0)" })

      // What is kept is delivered when the bucket takes it.
      bucket.refuse(nil)
      house.clock.advance(seconds: 300)
      for _ in 0..<2 { await restarted.runOnce() }
      #expect(try await house.trailsWithState().isEmpty)
      #expect(Set(bucket.puts.map(\.key)).count == 20)
    }
  }

  @Test func `a store that does not forget one trail still has the others delivered`() async throws {
    try await TrailHouse.run { house, bucket in
      let stuck = TrailDeliveryState.progressName(house.account, "gone")
      let isStuck = Mutex(false)
      house.set("gone", after: 0)
      let delivery = house.delivery(broken: { name in name == stuck && isStuck.withLock { $0 } })
      try await house.append(1)
      await delivery.runOnce()
      house.delete("gone")
      isStuck.withLock { $0 = true }
      await delivery.runOnce()
      let before = bucket.puts.count
      house.set(after: 0)
      await delivery.runOnce()
      #expect(bucket.puts.count == before + 1)
      #expect(try await house.state("gone")?.isFinished == true)
      isStuck.withLock { $0 = false }
      await delivery.runOnce()
      #expect(try await house.trailsWithState() == ["111122223333/main"])
    }
  }

  @Test func `a store that does not list what it knows still has the trails that there are delivered`()
    async throws
  {
    try await TrailHouse.run { house, bucket in
      house.set("gone", after: 0)
      try await house.append(1)
      await house.delivery().runOnce()
      house.delete("gone")
      house.set(after: 0)
      let isStuck = Mutex(true)
      let delivery = house.delivery(broken: { name in name.isEmpty && isStuck.withLock { $0 } })
      await delivery.runOnce()
      #expect(bucket.puts.count == 2)
      #expect(house.incidents.withLock { Set($0.map(\.what)) } == ["look after deleted trails"])
      #expect(try await house.state("gone")?.isFinished == false)
      isStuck.withLock { $0 = false }
      for _ in 0..<2 { await delivery.runOnce() }
      #expect(try await house.trailsWithState() == ["111122223333/main"])
    }
  }

  @Test func `buckets of one account that never answer leave room for another's trail`() async throws {
    let silent = SilentBucket()
    try await TrailHouse.run(others: [.init(name: "silent", accounts: nil, bucket: silent)]) {
      house,
      bucket in
      for number in 0..<40 { house.set("trail\(number)", of: house.otherAccount, after: 0, bucket: "silent") }
      house.set(after: 0)
      try await house.append(1)
      try await house.append(1, of: house.otherAccount)
      let delivery = house.delivery()
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await delivery.run { try await Task.sleep(for: .milliseconds(5)) } }
        let deadline = ContinuousClock.now + .seconds(300)
        while bucket.puts.isEmpty || silent.asked < 2, .now < deadline {
          try? await Task.sleep(for: .milliseconds(5))
        }
        group.cancelAll()
      }
      #expect(bucket.puts.count == 1)
      #expect(silent.asked == 2)
    }
  }

  @Test func `a trail that changes its prefix again and again makes one file in each interval`() async throws
  {
    try await TrailHouse.run { house, bucket in
      let delivery = house.delivery()
      var expected: [String] = []
      var last = ""
      for second in 0...601 {
        last = "p\(second)"
        house.set(after: 0, prefix: last)
        expected += try await house.append(1)
        await delivery.runOnce()
        house.clock.advance(seconds: 1)
      }
      #expect(bucket.puts.map(\.key).map { $0.prefix { $0 != "/" } } == ["p0", "p300", "p600"])
      house.clock.advance(seconds: 300)
      await delivery.runOnce()
      #expect(try await house.state()?.destination.prefix == last)
      #expect(try DeliveredTrail(bucket, signedBy: .rsaOf(house)).eventIDs == expected)
    }
  }

  @Test func `starts and stops while a changed prefix waits lose no record`() async throws {
    try await TrailHouse.run { house, bucket in
      let delivery = house.delivery()
      house.set(after: 0)
      var expected = try await house.append(1)
      await delivery.runOnce()
      house.set(after: nil)
      await delivery.runOnce()
      #expect(try await house.state()?.isFinished == true)
      // Not logging: nobody's to deliver.
      try await house.append(1)
      house.set(after: try await house.store.lastSequence(), prefix: "q")
      expected += try await house.append(1)
      await delivery.runOnce()
      #expect(bucket.puts.allSatisfy { $0.key.hasPrefix("AWSLogs/") })
      house.set(after: nil, prefix: "q")
      await delivery.runOnce()
      house.clock.advance(seconds: 10)
      house.set(after: try await house.store.lastSequence(), prefix: "r")
      expected += try await house.append(1)
      await delivery.runOnce()
      house.clock.advance(seconds: 300)
      await delivery.runOnce()
      let trail = try DeliveredTrail(bucket, signedBy: .rsaOf(house))
      #expect(trail.eventIDs == expected)
      #expect(trail.fileKeys.dropFirst().allSatisfy { $0.hasPrefix("r/AWSLogs/") })
    }
  }

  @Test func `what a caller sent under the name of the account's member puts nothing into another's log`()
    async throws
  {
    try await TrailHouse.run { house, _ in
      for account in [house.account, house.otherAccount] {
        let record = AuditRecord(
          operatorEvent: "Event",
          parameters: [
            "recipientAccountId": .string(TrailHouse.account),
            "text": .string(#"","recipientAccountId":"111122223333"#),
          ],
          account: account,
          now: house.clock.now,
          entropy: .system
        )
        try await house.store.append(record)
      }
      for (account, sequence) in [(house.account, Int64(1)), (house.otherAccount, 2)] {
        let entries = try await house.store.entries(of: account, after: 0, through: 2, limit: 9)
        #expect(entries.map(\.sequence) == [sequence])
      }
    }
  }
}
