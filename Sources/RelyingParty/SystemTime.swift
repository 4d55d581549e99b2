// SPDX-License-Identifier: Apache-2.0
//
// What time it is: the one clock of the library, and the one place where a program can put another.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where a verifier gets the time from.
public struct VerifierClock: Sendable {
  /// The time since 1970-01-01T00:00:00Z.
  public let now: @Sendable () -> Duration

  /// Wraps `now`.
  public init(now: @escaping @Sendable () -> Duration) {
    self.now = now
  }

  /// The system's wall clock.
  public static let system = VerifierClock {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
  }
}

extension Duration {
  /// Whole milliseconds, rounded towards zero; the nearest there is when 64 bits do not hold them.
  var wholeMilliseconds: Int64 {
    // One division of 128 bits, where `components` makes two.
    Int64(clamping: attoseconds / 1_000_000_000_000_000)
  }

  /// Whole seconds, rounded down.
  var wholeSeconds: Int64 { components.seconds }
}
