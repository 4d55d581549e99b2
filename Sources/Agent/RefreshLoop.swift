// SPDX-License-Identifier: Apache-2.0
//
// Renews one thing for as long as its task lives: again before it ends, soon after what passes, seldom after what
// lasts. Refuses to know what is renewed.

import Logging

/// Renews one thing.
struct RefreshLoop: Sendable {
  /// What people call it.
  let name: String
  /// Its place in `status`.
  let index: Int
  let status: AgentStatus
  let world: AgentWorld

  /// Calls `renew` until the task is cancelled.
  ///
  /// - Parameter renew: renews; returns how long to wait until the next time, in milliseconds.
  func run(_ renew: @Sendable () async throws -> Int64) async {
    var failures = 0
    while !Task.isCancelled {
      let pause: Int64
      do {
        pause = try await renew()
        failures = 0
      } catch {
        guard !Task.isCancelled else { return }
        failures += 1
        pause = note(error, failures)
      }
      try? await Task.sleep(for: .milliseconds(pause))
    }
  }

  /// Tells of the `failure`th failure in a row; returns how long to wait.
  private func note(_ error: any Error, _ failure: Int) -> Int64 {
    let words = world.words(error)
    let isLasting = LastingFailure.isLasting(error)
    let isExpected = isLasting && world.expectsPermission && status.isMissing(index)
    let refusals = status.failed(index, words, isLasting: isLasting)
    let pause =
      isLasting && !isExpected
      ? RefreshTimes.afterRefusal(
        refusals,
        life: status.life(index, at: world.now()),
        chance: world.chance()
      )
      : RefreshTimes.afterFailure(failure, asked: askedToWait(error), chance: world.chance())
    world.logger.log(
      level: isLasting ? .error : .warning,
      isLasting ? "not renewed, and nothing but a change will help" : "not renewed",
      metadata: ["name": "\(name)", "cause": "\(words)", "again in ms": "\(pause)"]
    )
    return pause
  }
}
