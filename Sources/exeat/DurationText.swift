// SPDX-License-Identifier: Apache-2.0
//
// Times on the command line: a number with a unit, `10s`, `15m`, `36h`, `7d`.

import ArgumentParser

/// The seconds of a number with a unit; `nil` when it is none, or of more than a hundred years.
func durationSeconds(_ text: String) -> Int? {
  let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 24 * 3600]
  guard let last = text.last, let unit = units[last], (2...11).contains(text.utf8.count),
    text.utf8.dropLast().allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
    let number = Int(text.dropLast()), number * unit <= 100 * 366 * 24 * 3600
  else { return nil }
  return number * unit
}

/// A time that AWS's own tools take as a number of seconds: with a unit, or that number.
struct SecondsOption: ExpressibleByArgument, Equatable {
  let seconds: Int

  init(seconds: Int) { self.seconds = seconds }

  init?(argument: String) {
    guard let seconds = durationSeconds(argument) ?? durationSeconds(argument + "s") else { return nil }
    self.seconds = seconds
  }

  var defaultValueDescription: String { "\(seconds)s" }
}
