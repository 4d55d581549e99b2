// SPDX-License-Identifier: Apache-2.0
//
// How many refusals of callers that nobody knows go on record. Whoever has no key must not be able to fill the disk:
// beyond the limit such calls are answered with Throttling and counted, not recorded.

package import IdentityModel
import Synchronization

/// A token bucket for the records of unauthenticated calls.
package final class StrangerLimit: Sendable {
  private struct Bucket {
    var tokens: Double
    var filledAt: Instant?
  }

  private let burst: Double
  private let perSecond: Double
  private let bucket: Mutex<Bucket>

  /// Admits `burst` records at once and `perSecond` of them every second from then on.
  package init(burst: Int = 2000, perSecond: Int = 50) {
    self.burst = Double(burst)
    self.perSecond = Double(perSecond)
    self.bucket = Mutex(Bucket(tokens: Double(burst), filledAt: nil))
  }

  /// Whether one more may be recorded at `now`.
  package func admits(at now: Instant) -> Bool {
    bucket.withLock { bucket in
      let elapsed = bucket.filledAt.map { max(0, now.milliseconds - $0.milliseconds) } ?? 0
      bucket.tokens = min(burst, bucket.tokens + Double(elapsed) / 1000 * perSecond)
      bucket.filledAt = now
      guard bucket.tokens >= 1 else { return false }
      bucket.tokens -= 1
      return true
    }
  }
}
