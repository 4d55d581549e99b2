// SPDX-License-Identifier: Apache-2.0
//
// Looks at every account's signing keys from time to time, page by page, and has done what is due. What is due follows from
// the records and the time alone: a start neither rotates a key nor begins its life anew.
// Source: docs/decisions/0025.

import IdentityModel

/// The background work on signing keys.
package struct KeySweep: Sendable {
  private let house: House
  private let clock: WallClock
  private let pageSize: Int

  /// Sweeps the accounts of `house`, in pages of `pageSize` issuers.
  package init(_ house: House, clock: WallClock, pageSize: Int = 100) {
    self.house = house
    self.clock = clock
    self.pageSize = pageSize
  }

  /// Sweeps until the task is cancelled; `pause` waits so many milliseconds and ends with the task.
  package func run(pause: @Sendable (Int) async throws -> Void) async {
    let interval = house.keyKeeping.schedule.sweepSeconds * 1000
    // A server that was just started has more urgent things to do.
    var wait = min(interval, 60_000)
    while (try? await pause(wait)) != nil {
      do {
        try await sweep { try await pause(20) }
      } catch is CancellationError {
        return
      } catch {
        house.diagnostics.report(Incident(what: "look after signing keys", cause: String(describing: error)))
      }
      wait = interval
    }
  }

  /// Looks at every account once; `pause` comes between two pages.
  ///
  /// What fails for one account is reported and stops no other's; throws when the accounts cannot be read.
  package func sweep(pause: () async throws -> Void = {}) async throws {
    // Nothing can be made, nor vouched for.
    guard house.signer.isUnsealed else { return }
    var after: String?
    while true {
      let page = try await house.directory.records(
        IssuerRecord.self,
        prefix: "",
        after: after,
        limit: pageSize
      )
      for stored in page { await tend(stored.record) }
      guard page.count == pageSize, let last = page.last else { return }
      after = last.key.id
      try await pause()
    }
  }

  private func tend(_ record: IssuerRecord) async {
    let now = clock.now()
    let keeping = house.keyKeeping
    do {
      // Past memory: an account that nobody uses is not brought there by being looked at.
      let ring = try await house.directory.signingKeys(of: record.account)
      guard ring.needsTending(at: now, keeping.schedule) else { return }
      let (destroyed, hasChanged) = try await keeping.tend(record.account, now: now)
      for keyID in destroyed { house.signer.forget(keyID) }
      if hasChanged { await house.issuerChanged(record.account, now: now) }
    } catch {
      house.diagnostics.report(
        Incident(what: "look after the signing keys of `\(record.account)`", cause: String(describing: error))
      )
    }
  }
}

extension SigningKeyRing {
  /// Whether a successor is due, or a private half is spent.
  fileprivate func needsTending(at now: Instant, _ schedule: KeySchedule) -> Bool {
    SigningAlgorithm.allCases.contains { dueSuccessor($0, at: now, schedule) != nil }
      || !spent(at: now, schedule).isEmpty
  }
}
