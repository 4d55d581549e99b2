// SPDX-License-Identifier: Apache-2.0
//
// No record leaves the store ahead of a trail or an export that has still to take it.

import Federation
import IdentityModel
import StoreSQLite
import Synchronization
import Testing

@Suite struct LogFollowersTests {
  private func taken(_ server: TestServer, _ sinks: [String] = []) async throws -> UInt64 {
    try await LogFollowers(directory: server.house.directory, progress: server.store, sinks: sinks).taken()
  }

  @Test func `nobody holds anything back, a new export everything, and one on its way what it has not taken`()
    async throws
  {
    try await TestServer.run { server in
      #expect(try await taken(server) == .max)
      #expect(try await taken(server, ["siem"]) == 0)
      try await server.store.setProgress(of: "export/siem", Array(#"{"accepted":42}"#.utf8))
      #expect(try await taken(server, ["siem"]) == 42)
      #expect(try await taken(server, ["siem", "new"]) == 0)
      #expect(LogFollowers.sink(ofProgress: "export/siem") == "siem")
      #expect(LogFollowers.sink(ofProgress: "trail/123456789012/siem") == nil)
      try await server.store.setProgress(of: "export/siem", Array("{}".utf8))
      await #expect(throws: (any Error).self) { try await taken(server, ["siem"]) }
    }
  }

  @Test func `a trail holds back what came after it began`() async throws {
    try await TestServer.run { server in
      let body = #"{"Name":"main","S3BucketName":"account-logs"}"#
      #expect(await server.call(.cloudtrail, "CreateTrail", json: body).status == 200)
      #expect(try await taken(server) == .max)
      let last = try await server.store.lastSequence()
      #expect(await server.call(.cloudtrail, "StartLogging", json: #"{"Name":"main"}"#).status == 200)
      #expect(try await taken(server) == UInt64(last))
      #expect(await server.call(.cloudtrail, "StopLogging", json: #"{"Name":"main"}"#).status == 200)
      #expect(try await taken(server) == .max)
    }
  }

  @Test
  func `segments go up to the least of age, checkpoint and followers, and none when these cannot be told`()
    async throws
  {
    try await TestServer.run { server in
      await server.log.open(origin: "sts.example.test/log")
      await server.log.settle()
      let sealer = NotingSealer()
      struct Unknown: Error {}
      for limit in [Result<UInt64, Unknown>.success(1), .success(.max), .failure(Unknown())] {
        let retention = Retention(
          sealer: sealer,
          log: server.log,
          days: 1,
          clock: WallClock { Instant(seconds: 1_800_086_400) },
          diagnostics: Diagnostics { _ in },
          taken: { try limit.get() }
        )
        await retention.sealDueSegments()
      }
      #expect(sealer.limits.withLock { $0 } == [1, server.log.publishedSize])
      #expect(
        sealer.times.withLock { $0 } == [Instant(seconds: 1_800_000_000), Instant(seconds: 1_800_000_000)]
      )
    }
  }
}

/// Notes what it is asked to seal, and seals nothing.
private final class NotingSealer: SegmentSealer {
  let limits = Mutex<[UInt64]>([])
  let times = Mutex<[Instant]>([])

  func sealOldestSegment(
    before instant: Instant,
    among published: UInt64
  ) async throws(StoreError) -> Range<UInt64>? {
    limits.withLock { $0.append(published) }
    times.withLock { $0.append(instant) }
    return nil
  }
}
