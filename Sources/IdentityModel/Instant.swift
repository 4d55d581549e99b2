// SPDX-License-Identifier: Apache-2.0
//
// A point in time, and the spellings of it that the protocols use. Owns the calendar arithmetic (proleptic
// Gregorian, UTC, no leap seconds: POSIX time). Refuses to know what time it is: only the pipeline reads a clock.

/// A point in time, in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// Shape: 64-bit signed count. Unit: milliseconds. Source: POSIX.1 §4.16 (seconds since the Epoch).
package struct Instant: Hashable, Comparable, Sendable {
  /// Milliseconds since 1970-01-01T00:00:00Z.
  package let milliseconds: Int64

  /// Makes the instant that is `milliseconds` after the Epoch.
  package init(milliseconds: Int64) {
    self.milliseconds = milliseconds
  }

  /// Makes the instant that is `seconds` after the Epoch; the last one there is when it would lie beyond 64 bits.
  package init(seconds: Int64) {
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    self.milliseconds = overflow ? (seconds < 0 ? .min : .max) : product
  }

  /// Whole seconds since the Epoch, rounded down: the NumericDate of RFC 7519 §2.
  package var seconds: Int64 {
    let (quotient, remainder) = milliseconds.quotientAndRemainder(dividingBy: 1000)
    return remainder < 0 ? quotient - 1 : quotient
  }

  /// The instant `seconds` later (earlier when negative); the last one there is when it would lie beyond 64 bits.
  package func advanced(bySeconds seconds: Int64) -> Instant {
    let step = Instant(seconds: seconds).milliseconds
    let (sum, overflow) = milliseconds.addingReportingOverflow(step)
    return Instant(milliseconds: overflow ? (step < 0 ? .min : .max) : sum)
  }

  package static func < (left: Instant, right: Instant) -> Bool {
    left.milliseconds < right.milliseconds
  }
}

// MARK: - Spellings

extension Instant {
  /// `2026-04-21T07:37:10Z`: RFC 3339 §5.6 in UTC with whole seconds, as in CloudTrail's `eventTime`.
  package var rfc3339: String {
    String(decoding: spelled(separated: true) + [UInt8(ascii: "Z")], as: UTF8.self)
  }

  /// `2026-04-21T07:37:10.000Z`: RFC 3339 with milliseconds, as in STS `Expiration`.
  package var rfc3339Milliseconds: String {
    let remainder = Int(milliseconds % 1000)
    var text = spelled(separated: true)
    text.append(UInt8(ascii: "."))
    append(remainder < 0 ? remainder + 1000 : remainder, 3, to: &text)
    text.append(UInt8(ascii: "Z"))
    return String(decoding: text, as: UTF8.self)
  }

  /// `20260421T073710Z`: ISO 8601 basic format, as in `X-Amz-Date`.
  package var basicFormat: String {
    String(decoding: spelled(separated: false) + [UInt8(ascii: "Z")], as: UTF8.self)
  }

  /// `20260421`: the date of a SigV4 credential scope.
  package var basicDate: String {
    String(basicFormat.prefix(8))
  }

  /// `Apr 21, 2026, 7:37:10 AM`: the form that CloudTrail records hold in `responseElements.expiration`.
  package var cloudTrailElementForm: String {
    let parts = civil
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let hour12 = parts.hour % 12 == 0 ? 12 : parts.hour % 12
    return "\(months[parts.month - 1]) \(parts.day), \(parts.year), "
      + "\(hour12):\(pad(parts.minute, 2)):\(pad(parts.second, 2)) \(parts.hour < 12 ? "AM" : "PM")"
  }

  // `2026-04-21T07:37:10`, or `20260421T073710`. Spelled several times in every request, so no text is made twice.
  private func spelled(separated: Bool) -> [UInt8] {
    let parts = civil
    var text: [UInt8] = []
    text.reserveCapacity(32)
    append(parts.year, 4, to: &text)
    if separated { text.append(UInt8(ascii: "-")) }
    append(parts.month, 2, to: &text)
    if separated { text.append(UInt8(ascii: "-")) }
    append(parts.day, 2, to: &text)
    text.append(UInt8(ascii: "T"))
    append(parts.hour, 2, to: &text)
    if separated { text.append(UInt8(ascii: ":")) }
    append(parts.minute, 2, to: &text)
    if separated { text.append(UInt8(ascii: ":")) }
    append(parts.second, 2, to: &text)
    return text
  }

  /// Reads exactly `YYYYMMDDTHHMMSSZ` (ISO 8601 basic format, ASCII digits, upper-case T and Z).
  ///
  /// Returns `nil` for any other text and for dates and times that do not exist (second 60 included).
  package init?(basicFormat text: some StringProtocol) {
    let bytes = Array(text.utf8)
    guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z") else { return nil }
    guard let year = number(bytes[0..<4]), let month = number(bytes[4..<6]), let day = number(bytes[6..<8]),
      let hour = number(bytes[9..<11]), let minute = number(bytes[11..<13]),
      let second = number(bytes[13..<15])
    else { return nil }
    self.init(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
  }

  /// Reads RFC 3339 in UTC: `YYYY-MM-DDTHH:MM:SS[.fff…]Z`; digits of the fraction after the third are dropped.
  ///
  /// Returns `nil` for any other text and for dates and times that do not exist.
  package init?(rfc3339 text: some StringProtocol) {
    self.init(rfc3339: Array(text.utf8))
  }

  /// As `init(rfc3339:)`, for a text that is at hand as UTF-8.
  package init?(rfc3339 text: [UInt8]) {
    guard let instant = text.withUnsafeBufferPointer({ Instant(rfc3339: $0) }) else { return nil }
    self = instant
  }

  /// As `init(rfc3339:)`, for a text that is at hand as UTF-8 and stays where it lies.
  package init?(rfc3339 text: UnsafeBufferPointer<UInt8>) {
    guard text.count >= 20, text.count <= 30, text.last == UInt8(ascii: "Z") else { return nil }
    let bytes = UnsafeBufferPointer(rebasing: text.dropLast())
    guard bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"), bytes[10] == UInt8(ascii: "T"),
      bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
      let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
      let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]),
      let second = number(bytes[17..<19]),
      let whole = Instant(
        year: year,
        month: month,
        day: day,
        hour: hour,
        minute: minute,
        second: second
      )
    else { return nil }
    var fraction = 0
    if bytes.count > 19 {
      guard bytes[19] == UInt8(ascii: "."), bytes.count > 20 else { return nil }
      var scale = 100
      for byte in bytes[20...] {
        guard let digit = number(CollectionOfOne(byte)) else { return nil }
        fraction += digit * scale
        scale /= 10
      }
    }
    self.init(milliseconds: whole.milliseconds + Int64(fraction))
  }
}

// MARK: - Calendar

extension Instant {
  /// Makes the instant of a UTC calendar date and time; `nil` when that date or time does not exist.
  ///
  /// Shape: year 1...9999, month 1...12, day within the month, hour 0...23, minute and second 0...59.
  package init?(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
    guard (1...9999).contains(year), (1...12).contains(month), day >= 1,
      day <= Instant.daysIn(month: month, year: year),
      (0...23).contains(hour), (0...59).contains(minute), (0...59).contains(second)
    else { return nil }
    let days = Instant.daysSinceEpoch(year: year, month: month, day: day)
    self.init(seconds: Int64(days) * 86_400 + Int64(hour * 3600 + minute * 60 + second))
  }

  private var civil: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
    let total = Int(seconds)
    let days = total >= 0 ? total / 86_400 : (total - 86_399) / 86_400
    let rest = total - days * 86_400
    let date = Instant.date(daysSinceEpoch: days)
    return (date.year, date.month, date.day, rest / 3600, rest / 60 % 60, rest % 60)
  }

  private static func daysIn(month: Int, year: Int) -> Int {
    switch month {
    case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  // Both directions count in 400-year eras of 146,097 days that begin on 1 March, so that the leap day is the
  // last day of a year and month lengths follow one linear formula.
  private static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  private static func date(daysSinceEpoch days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
  }
}

private func pad(_ value: Int, _ width: Int) -> String {
  var text: [UInt8] = []
  append(value, width, to: &text)
  return String(decoding: text, as: UTF8.self)
}

// At least `width` digits.
private func append(_ value: Int, _ width: Int, to text: inout [UInt8]) {
  guard (0..<10_000).contains(value) else {
    text.append(contentsOf: String(value).utf8)
    return
  }
  var divisor = 1000
  var place = 4
  while place > 0 {
    if place <= width || value >= divisor { text.append(UInt8(ascii: "0") + UInt8(value / divisor % 10)) }
    divisor /= 10
    place -= 1
  }
}

private func number(_ digits: some Sequence<UInt8>) -> Int? {
  var value = 0
  for digit in digits {
    guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
    value = value * 10 + Int(digit - UInt8(ascii: "0"))
  }
  return value
}
