// SPDX-License-Identifier: Apache-2.0
//
// How often a call is tried and how long to wait between. Which errors are worth it is the caller's to know.
// Source: AWS SDKs and Tools Reference Guide, retry behaviour, standard mode; RFC 9110 §10.2.3.

package import IdentityModel

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

extension RetryPolicy {
  /// The longest time that a server may ask a client to wait, in seconds.
  package static let longestWaitSeconds: Int64 = 60

  /// How long to wait before try `attempt + 1` when the server asked for `seconds`.
  ///
  /// Never shorter than asked; `nil` when that is longer than anybody waits at a prompt.
  package func pause(_ attempt: Int, _ seconds: Int64?) -> Duration? {
    guard let seconds else { return pause(attempt) }
    guard seconds <= Self.longestWaitSeconds else { return nil }
    return max(pause(attempt), .seconds(seconds))
  }
}

extension HTTPAnswer {
  /// `Retry-After` as seconds from `now`: from a number or from a date; `nil` without one that can be read.
  ///
  /// Source: RFC 9110 §10.2.3, §5.6.7 (IMF-fixdate).
  package func retryAfterSeconds(now: Instant) -> Int64? {
    guard let text = headers.first(where: { $0.hasName("retry-after") })?.value else { return nil }
    if text.utf8.count <= 9, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
      return Int64(text)
    }
    guard let instant = fixedDate(text) else { return nil }
    return max(0, instant.seconds - now.seconds)
  }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
private func fixedDate(_ text: String) -> Instant? {
  let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
  let parts = text.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    .map { String(decoding: $0, as: UTF8.self) }
  guard parts.count == 6, parts[5] == "GMT", let month = months.firstIndex(of: parts[2]) else { return nil }
  let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
  return Instant(rfc3339: "\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z")
}
