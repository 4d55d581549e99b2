// SPDX-License-Identifier: Apache-2.0
//
// When records leave the store: segment by segment, once they are old enough, and never ahead of a signed checkpoint or of
// whoever still has to read them. Knows no files. Source: docs/decisions/0017.

import IdentityModel

/// Lets old segments go.
package struct Retention: Sendable {
  private let sealer: any SegmentSealer
  private let log: TransparencyLog
  private let days: Int64
  private let clock: WallClock
  private let diagnostics: Diagnostics
  private let taken: @Sendable () async throws -> UInt64

  /// Gathers the parts.
  ///
  /// - Parameters:
  ///   - sealer: seals segments.
  ///   - log: the log, whose checkpoint must be over what leaves.
  ///   - days: how old a record must be.
  ///   - clock: the time.
  ///   - diagnostics: learns of failures.
  ///   - taken: how many records everybody who follows the log has taken; what is beyond stays.
  package init(
    sealer: any SegmentSealer,
    log: TransparencyLog,
    days: Int,
    clock: WallClock,
    diagnostics: Diagnostics,
    taken: @escaping @Sendable () async throws -> UInt64
  ) {
    self.sealer = sealer
    self.log = log
    self.days = Int64(days)
    self.clock = clock
    self.diagnostics = diagnostics
    self.taken = taken
  }

  /// Looks once a minute until the task is cancelled.
  package func run() async {
    while !Task.isCancelled {
      await sealDueSegments()
      try? await Task.sleep(for: .seconds(60))
    }
  }

  /// Seals every segment that is due.
  package func sealDueSegments() async {
    do {
      while log.fault == nil {
        let due = clock.now().advanced(bySeconds: -days * 86_400)
        let limit = min(log.publishedSize, try await taken())
        guard try await sealer.sealOldestSegment(before: due, among: limit) != nil else { return }
      }
    } catch {
      diagnostics.report(Incident(what: "seal old audit records", cause: String(describing: error)))
    }
  }
}
