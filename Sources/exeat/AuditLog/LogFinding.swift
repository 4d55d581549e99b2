// SPDX-License-Identifier: Apache-2.0
//
// The first thing that is wrong with a log: where it is, and what.

import AuditTrail
import StrictJSON

/// What a check of a log found.
struct LogFinding: Hashable, Sendable {
  /// Where.
  enum Place: Hashable, Sendable {
    /// One record, by its number: the first is 1.
    case record(UInt64)
    /// One or more among these records; which, nothing tells any more.
    case records(ClosedRange<UInt64>)
    /// A file of hashes; no record was found to be wrong.
    case tile(String)
    /// The log as a whole.
    case log
  }

  let place: Place
  let reason: String

  init(_ place: Place, _ reason: String) {
    self.place = place
    self.reason = reason
  }

  /// One sentence without a full stop.
  var text: String {
    switch place {
    case .record(let number): "record \(number) \(reason)"
    case .records(let numbers):
      "among the records \(numbers.lowerBound) to \(numbers.upperBound) at least one \(reason)"
    case .tile(let path): "\(path) \(reason)"
    case .log: "the log \(reason)"
    }
  }

  /// `{"kind":"record"|"records"|"tile"|"log","first":1,"last":1,"file":null,"reason":"…"}`.
  func write(to writer: inout JSONWriter) {
    let (kind, numbers, file): (String, ClosedRange<UInt64>?, String?) =
      switch place {
      case .record(let number): ("record", number...number, nil)
      case .records(let numbers): ("records", numbers, nil)
      case .tile(let path): ("tile", nil, path)
      case .log: ("log", nil, nil)
      }
    writer.object { writer in
      writer.member("kind", kind)
      for (name, number) in [("first", numbers?.lowerBound), ("last", numbers?.upperBound)] {
        writer.name(name)
        if let number { writer.integer(Int64(clamping: number)) } else { writer.null() }
      }
      writer.name("file")
      if let file { writer.string(file) } else { writer.null() }
      writer.member("reason", text)
    }
  }
}
