// SPDX-License-Identifier: Apache-2.0
//
// Lets one caller at a time work on something, while the others wait and then look again whether it was done for them.

import Synchronization

/// One worker at a time for each name.
final class StatusTurnstile: Sendable {
  private let waiting = Mutex<[String: [CheckedContinuation<Void, Never>]]>([:])

  /// Runs `body` when nobody works on `name`; else waits until whoever does has ended, and runs nothing.
  ///
  /// - Returns: what `body` returned; `nil` after a wait: look again.
  func pass<Value, Failure: Error>(
    _ name: String,
    _ body: () async throws(Failure) -> Value
  ) async throws(Failure) -> Value? {
    let isFirst = waiting.withLock { waiting in
      guard waiting[name] == nil else { return false }
      waiting[name] = []
      return true
    }
    guard isFirst else {
      await wait(for: name)
      return nil
    }
    defer { waiting.withLock { $0.removeValue(forKey: name) }?.forEach { $0.resume() } }
    return try await body()
  }

  private func wait(for name: String) async {
    await withCheckedContinuation { continuation in
      let mustWait = waiting.withLock { waiting in
        guard waiting[name] != nil else { return false }
        waiting[name]?.append(continuation)
        return true
      }
      if !mustWait { continuation.resume() }
    }
  }
}
