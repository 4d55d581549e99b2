// SPDX-License-Identifier: Apache-2.0
//
// Counts of calls by action and outcome, in Prometheus's text form. Names come from a fixed set, so that a stranger
// cannot make new series.

import Synchronization

/// Counts calls.
package final class Metrics: Sendable {
  /// Values beside the counts.
  package let gauges = Gauges()
  private struct Series: Hashable {
    let action: String
    let code: String
  }

  private let known: Set<String>
  private let counts = Mutex<[Series: UInt64]>([:])

  /// Counts the actions of `actions` by name and everything else as `Unknown`.
  package init(actions: ActionTable) {
    self.known = Set(actions.names.values.joined()).union([ExchangeOutboundToken.name])
  }

  /// Adds one call of `action` that ended with `code` (`OK` or the error code).
  package func count(_ action: String, code: String) {
    let series = Series(action: known.contains(action) ? action : "Unknown", code: code)
    counts.withLock { $0[series, default: 0] += 1 }
  }

  /// The exposition.
  ///
  /// Source: Prometheus text format 0.0.4.
  package func exposition() -> String {
    let counts = counts.withLock { $0 }
    var lines = [
      "# HELP exeat_calls_total API calls by action and outcome.", "# TYPE exeat_calls_total counter",
    ]
    for (series, count) in counts.sorted(by: { ($0.key.action, $0.key.code) < ($1.key.action, $1.key.code) })
    {
      lines.append("exeat_calls_total{action=\"\(series.action)\",code=\"\(series.code)\"} \(count)")
    }
    return (lines + gauges.lines).joined(separator: "\n") + "\n"
  }
}
