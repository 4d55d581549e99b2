// SPDX-License-Identifier: Apache-2.0
//
// How often a call is tried and how long to wait between. Which errors are worth it is the caller's to know.
// Source: AWS SDKs and Tools Reference Guide, retry behaviour, standard mode.

/// How often a call is tried.
package struct RetryPolicy: Sendable {
  /// The number of tries together, at least 1.
  package let attempts: Int
  /// How long to wait before try `attempt + 1`; `attempt` counts from 1.
  package let pause: @Sendable (_ attempt: Int) -> Duration

  /// Gathers the parts.
  package init(attempts: Int, pause: @escaping @Sendable (_ attempt: Int) -> Duration) {
    self.attempts = attempts
    self.pause = pause
  }

  /// Three tries; a random part of 1 s, then of 2 s, between them.
  package static let standard = RetryPolicy(attempts: 3) { attempt in
    .milliseconds(Int64.random(in: 0...(1000 << Int64(min(attempt, 5) - 1))))
  }
}
