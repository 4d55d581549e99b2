// SPDX-License-Identifier: Apache-2.0
//
// The value of the `Date` field, formatted once a second and shared by every connection. Source: RFC 9110
// §5.6.7, IMF-fixdate. Reads the clock itself: the time of sending is the adapter's own matter, no decision
// rests on it.

import Glibc
import IdentityModel
import Synchronization

/// Formats `Date`.
final class DateField: Sendable {
  private let cached = Mutex<(second: Int, text: String)>((.min, ""))

  /// The time now, for example `Tue, 21 Apr 2026 07:37:10 GMT`.
  var now: String {
    let second = time(nil)
    return cached.withLock { cached in
      if cached.second != second { cached = (second, DateField.text(Instant(seconds: Int64(second)))) }
      return cached.text
    }
  }

  /// `instant` as an IMF-fixdate.
  static func text(_ instant: Instant) -> String {
    let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    // RFC 3339 in UTC: 2026-04-21T07:37:10Z
    let parts = instant.rfc3339.dropLast().split { $0 == "-" || $0 == "T" }
    guard parts.count == 4, let month = Int(parts[1]), months.indices.contains(month - 1) else { return "" }
    let day = Int(instant.seconds / 86_400 % 7)
    return "\(days[(day + 7) % 7]), \(parts[2]) \(months[month - 1]) \(parts[0]) \(parts[3]) GMT"
  }
}
