// SPDX-License-Identifier: Apache-2.0
//
// Values that go up and down, in Prometheus's text form. Names and labels come from the house and its operator, never
// from a caller.

import Synchronization

/// Keeps the newest value of each gauge.
package final class Gauges: Sendable {
  /// Gauges of one name, told apart by one label.
  package struct Family: Hashable, Sendable {
    /// The metric's name.
    package let name: String
    /// What it counts, in one sentence.
    package let help: String
    /// The label's name.
    package let label: String

    /// Gathers the parts.
    package init(name: String, help: String, label: String) {
      self.name = name
      self.help = help
      self.label = label
    }
  }

  private let values = Mutex<[Family: [String: Int64]]>([:])

  /// Starts without any.
  package init() {}

  /// Sets the gauge of `family` whose label is `label`.
  package func set(_ family: Family, label: String, _ value: Int64) {
    values.withLock { $0[family, default: [:]][label] = value }
  }

  /// The lines of the exposition, without the last line feed.
  ///
  /// Source: Prometheus text format 0.0.4.
  package var lines: [String] {
    let values = values.withLock { $0 }
    return values.sorted { $0.key.name < $1.key.name }.flatMap { family, members in
      ["# HELP \(family.name) \(family.help)", "# TYPE \(family.name) gauge"]
        + members.sorted { $0.key < $1.key }.map { label, value in
          "\(family.name){\(family.label)=\"\(escaped(label))\"} \(value)"
        }
    }
  }
}

private func escaped(_ label: String) -> String {
  var text = ""
  for scalar in label.unicodeScalars {
    switch scalar {
    case "\\": text += "\\\\"
    case "\"": text += "\\\""
    case "\n": text += "\\n"
    default: text.unicodeScalars.append(scalar)
    }
  }
  return text
}
