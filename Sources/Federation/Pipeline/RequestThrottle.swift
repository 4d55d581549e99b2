// SPDX-License-Identifier: Apache-2.0
//
// How many calls each account may make: a token bucket for each, in memory. Looked at once it is known who calls, so that
// nobody spends another's quota. Refuses to know what a call does.

import IdentityModel
import StrictJSON
import Synchronization

/// Token buckets of accounts.
package final class RequestThrottle: Sendable {
  private struct Bucket {
    var tokens: Double
    var filledAt: Instant
    /// Refused since the last record that told the number.
    var refused = 0
    var toldAt: Instant?
  }

  private static let capacity = 65_536

  private let standard: RequestQuota?
  private let buckets = Mutex<[AccountID: Bucket]>([:])

  /// `standard` is for accounts that have no quota of their own; `nil` for none.
  package init(standard: RequestQuota? = nil) {
    self.standard = standard
  }

  /// Takes a call of `account` off its quota, or off the standard one.
  ///
  /// Throws Throttling when there is nothing left: as AWS spells it, with the seconds after which there is. Of an account's
  /// refused calls one a second is to go on record, with their number in `trail.refusal`: a flood must not fill the disk.
  func admit(_ account: AccountID, _ own: RequestQuota?, _ trail: inout Trail) throws(ServiceError) {
    guard let quota = own ?? standard, let perSecond = quota.requestsPerSecond else { return }
    let now = trail.now
    let refused: Int? = buckets.withLock { buckets in
      if buckets.count >= Self.capacity, buckets[account] == nil { Self.makeRoom(&buckets) }
      var bucket = buckets[account] ?? Bucket(tokens: Double(quota.burst), filledAt: now)
      defer { buckets[account] = bucket }
      let elapsed = Double(max(0, now.milliseconds - bucket.filledAt.milliseconds)) / 1000
      bucket.tokens = min(Double(quota.burst), bucket.tokens + elapsed * Double(perSecond))
      bucket.filledAt = max(now, bucket.filledAt)
      if bucket.tokens >= 1, perSecond > 0 {
        bucket.tokens -= 1
        return nil
      }
      bucket.refused += 1
      if let toldAt = bucket.toldAt, (0..<1000).contains(now.milliseconds - toldAt.milliseconds) { return 0 }
      defer { bucket.refused = 0 }
      bucket.toldAt = now
      return bucket.refused
    }
    guard let refused else { return }
    trail.isCountedElsewhere = refused == 0
    trail.refusal = { .object(JSONObject([.init("throttledCalls", .integer(refused))])) }
    throw perSecond > 0 ? .rateExceeded : .noCallsAllowed
  }

  /// Forgets accounts that have rested; all of them, when none has.
  private static func makeRoom(_ buckets: inout [AccountID: Bucket]) {
    let newest = buckets.values.map(\.filledAt).max() ?? Instant(seconds: 0)
    buckets = buckets.filter { newest.milliseconds - $0.value.filledAt.milliseconds < 10_000 }
    if buckets.count >= capacity { buckets.removeAll(keepingCapacity: true) }
  }
}

extension ServiceError {
  // There is a whole call again after a second at the latest.
  fileprivate static let rateExceeded = ServiceError(
    code: "Throttling",
    httpStatus: 400,
    message: "Rate exceeded",
    retryAfterSeconds: 1
  )

  // Without `Retry-After`: no time is known at which there will be one.
  fileprivate static let noCallsAllowed = ServiceError(
    code: "Throttling",
    httpStatus: 400,
    message: "Rate exceeded: the operator of this server allows the account no calls."
  )
}
