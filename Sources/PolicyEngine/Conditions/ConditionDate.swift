// SPDX-License-Identifier: Apache-2.0
//
// Dates as conditions spell them: the W3C profile of ISO 8601, or seconds since the Epoch. Source: IAM User Guide,
// date condition operators; W3C NOTE-datetime.

import IdentityModel

extension Instant {
  /// Reads `YYYY-MM`, `YYYY-MM-DD`, `YYYY-MM-DDThh:mm[:ss[.f]]` with `Z` or `±hh:mm`, or whole seconds since the Epoch
  /// (1–12 digits, not 4).
  ///
  /// A date without a time is its first moment in UTC. Four digits are a year to the one and an early second of 1970
  /// to the other, so they are nothing; so is a fraction finer than a millisecond.
  init?(conditionValue text: [UInt8]) {
    if text.allSatisfy(isDigit) {
      guard (1...12).contains(text.count), text.count != 4 else { return nil }
      self.init(seconds: Int64(text.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }))
      return
    }
    var reader = DateReader(rest: text[...])
    guard let year = reader.number(4), reader.take("-"), let month = reader.number(2) else { return nil }
    var day = 1
    var hour = 0
    var minute = 0
    var second = 0
    var milliseconds = 0
    var offset = 0
    if reader.take("-") {
      guard let given = reader.number(2) else { return nil }
      day = given
      if reader.take("T") {
        guard let givenHour = reader.number(2), reader.take(":"), let givenMinute = reader.number(2) else {
          return nil
        }
        hour = givenHour
        minute = givenMinute
        if reader.take(":") {
          guard let givenSecond = reader.number(2) else { return nil }
          second = givenSecond
          if reader.take(".") {
            guard let fraction = reader.fraction() else { return nil }
            milliseconds = fraction
          }
        }
        guard let zone = reader.zone() else { return nil }
        offset = zone
      }
    }
    guard reader.rest.isEmpty,
      let instant = Instant(
        year: year,
        month: month,
        day: day,
        hour: hour,
        minute: minute,
        second: second
      )
    else { return nil }
    self.init(milliseconds: instant.milliseconds + Int64(milliseconds - offset * 60_000))
  }
}

private struct DateReader {
  var rest: ArraySlice<UInt8>

  mutating func take(_ mark: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: mark) else { return false }
    rest.removeFirst()
    return true
  }

  /// Exactly `count` digits.
  mutating func number(_ count: Int) -> Int? {
    let digits = rest.prefix(count)
    guard digits.count == count, digits.allSatisfy(isDigit) else { return nil }
    rest = rest.dropFirst(count)
    return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  }

  /// 1–3 digits after the point, as milliseconds.
  mutating func fraction() -> Int? {
    let digits = rest.prefix(while: isDigit)
    guard (1...3).contains(digits.count) else { return nil }
    return number(digits.count).map { $0 * [100, 10, 1][digits.count - 1] }
  }

  /// `Z` or `±hh:mm`, as minutes east of UTC.
  mutating func zone() -> Int? {
    if take("Z") { return 0 }
    let isEast = take("+")
    guard isEast || take("-"), let hours = number(2), take(":"), let minutes = number(2), hours < 24,
      minutes < 60
    else { return nil }
    return (isEast ? 1 : -1) * (hours * 60 + minutes)
  }
}
