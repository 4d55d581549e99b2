// SPDX-License-Identifier: Apache-2.0
//
// How often one cause is told in the operator's log. What a stranger can bring about at will is told once in a while:
// the log is for reading.

import IdentityModel
import Synchronization

/// Lets a cause through once in half a minute.
final class NoticeLimit: Sendable {
  private static let seconds: Int64 = 30
  private static let capacity = 1024

  private let told = Mutex<[[UInt8]: Instant]>([:])

  /// Whether `cause` may be told at `now`; counts as told when it may.
  func admits(_ cause: String, at now: Instant) -> Bool {
    let key = Array(cause.utf8)
    return told.withLock { told in
      if let last = told[key], now < last.advanced(bySeconds: Self.seconds), now >= last { return false }
      if told.count >= Self.capacity {
        told = told.filter { now < $0.value.advanced(bySeconds: Self.seconds) }
      }
      // So many causes at once tell nothing more.
      guard told.count < Self.capacity else { return false }
      told[key] = now
      return true
    }
  }
}
