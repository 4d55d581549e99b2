// SPDX-License-Identifier: Apache-2.0
//
// The promise of delivery, held against a failure at every put and every write of the state in turn, each followed by a
// restart: what is delivered is what was recorded, each record once, in order, and every digest of the chain holds.

import Federation
import IdentityModel
import StoreSQLite
import Testing

@Suite struct TrailFaultTests {
  /// What a run left behind.
  private struct Outcome {
    let expected: [String]
    let bucket: MemoryBucket
    let operations: Int
    let faultHit: Bool
  }

  /// Two hours of a trail: files that split, hours with and without records, a stop, a new start, a last stop.
  private func scenario(_ faults: FaultPlan, signer: OneKeySigner) async throws -> Outcome {
    var expected: [String] = []
    var delivered = MemoryBucket()
    try await TrailHouse.run(faults: faults, signer: signer) { house, bucket in
      delivered = bucket
      var schedule = TrailSchedule()
      schedule.fileBytes = 2500
      var delivery = house.delivery(faults: faults, schedule: schedule)
      // Looks until everything that is due is done; a failure is followed by a restart.
      func settle() async {
        for _ in 0..<4 {
          let fired = faults.hasFired
          await delivery.runOnce()
          if faults.hasFired != fired { delivery = house.delivery(faults: faults, schedule: schedule) }
          house.clock.advance(seconds: 5)
        }
      }
      try await house.append(2)
      house.set(after: try await house.store.lastSequence())
      await settle()
      for part in 0..<26 {
        if part < 4 || part > 17 {
          expected += try await house.append(part % 4 == 0 ? 7 : 1)
          try await house.append(2, of: house.otherAccount)
        }
        house.clock.advance(seconds: 280)
        await settle()
      }
      expected += try await house.append(3)
      house.set(after: nil)
      await settle()
      try await house.append(3)
      await settle()
      house.set(after: try await house.store.lastSequence())
      expected += try await house.append(4)
      await settle()
      house.set(after: nil)
      await settle()
      #expect(try await house.state()?.isFinished == true)
    }
    return Outcome(
      expected: expected,
      bucket: delivered,
      operations: faults.count,
      faultHit: faults.hasFired
    )
  }

  private func check(_ outcome: Outcome, _ signer: OneKeySigner) throws {
    let trail = try DeliveredTrail(outcome.bucket, signedBy: signer.publicKey)
    #expect(trail.eventIDs == outcome.expected)
    #expect(trail.listedKeys == trail.fileKeys)
    #expect(trail.digests.map(\.isFirst) == [true, false, false, true])
    // Whatever was put twice was the same.
    let puts = Dictionary(grouping: outcome.bucket.puts, by: \.key)
    #expect(puts.values.allSatisfy { Set($0.map(\.body)).count == 1 })
  }

  @Test(arguments: FaultPlan.Kind.allCases)
  func `a failure at any step loses nothing, doubles nothing and keeps the order`(_ kind: FaultPlan.Kind)
    async throws
  {
    let signer = try await OneKeySigner(account: try #require(AccountID(TrailHouse.account)))
    let clean = try await scenario(FaultPlan(), signer: signer)
    try check(clean, signer)
    #expect(clean.operations > 60)
    for number in 1...clean.operations {
      let outcome = try await scenario(FaultPlan(failing: number, kind), signer: signer)
      #expect(outcome.faultHit)
      try check(outcome, signer)
    }
  }
}
