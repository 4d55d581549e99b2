// SPDX-License-Identifier: Apache-2.0
//
// The calendar and its spellings. The C library's gmtime and timegm are the judge.

import Glibc
import IdentityModel
import Testing

struct InstantCalendarTests {
  // Whether the C library and the calendar here agree on the second, and the spelling reads back.
  private func agrees(_ second: Int64) -> Bool {
    var seconds = time_t(second)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    let instant = Instant(
      year: Int(parts.tm_year) + 1900,
      month: Int(parts.tm_mon) + 1,
      day: Int(parts.tm_mday),
      hour: Int(parts.tm_hour),
      minute: Int(parts.tm_min),
      second: Int(parts.tm_sec)
    )
    return instant?.seconds == second && instant.flatMap { Instant(rfc3339: $0.rfc3339) } == instant
  }

  @Test func `every day of four centuries is the day that the C library says`() throws {
    let first = try #require(Instant(rfc3339: "1800-01-01T00:00:00Z")).seconds
    let wrong = (0..<146_097).filter { !agrees(first + Int64($0) * 86_400 + 45_296) }
    #expect(wrong.isEmpty)
  }

  @Test func `every month from year 1 to year 9999 begins and ends when the C library says`() {
    var wrong = 0
    for year in 1...9999 {
      for month in 0..<12 {
        var parts = tm()
        parts.tm_year = Int32(year - 1900)
        parts.tm_mon = Int32(month)
        parts.tm_mday = 1
        let start = Int64(timegm(&parts))
        if !agrees(start) || (start > -62_135_596_800 && !agrees(start - 1)) { wrong += 1 }
      }
    }
    #expect(wrong == 0)
    #expect(Instant(seconds: -62_135_596_800).rfc3339 == "0001-01-01T00:00:00Z")
    #expect(Instant(seconds: 253_402_300_799).rfc3339 == "9999-12-31T23:59:59Z")
  }

  @Test(arguments: [
    (1900, 2, 29), (2100, 2, 29), (2023, 2, 29), (2024, 2, 30), (2024, 4, 31), (2024, 6, 31), (2024, 9, 31),
    (2024, 11, 31), (2024, 1, 32), (2024, 13, 1), (2024, 0, 1), (2024, 1, 0), (0, 1, 1), (10_000, 1, 1),
    (-1, 1, 1), (2024, -1, 1), (2024, 1, -1),
  ])
  func `a date that does not exist makes no instant`(year: Int, month: Int, day: Int) {
    #expect(Instant(year: year, month: month, day: day, hour: 0, minute: 0, second: 0) == nil)
  }

  @Test(arguments: [(2000, 2, 29), (2024, 2, 29), (2400, 2, 29), (2023, 2, 28), (2024, 12, 31)])
  func `a date that exists makes one`(year: Int, month: Int, day: Int) {
    #expect(Instant(year: year, month: month, day: day, hour: 0, minute: 0, second: 0) != nil)
  }

  @Test(arguments: [(24, 0, 0), (0, 60, 0), (23, 59, 60), (-1, 0, 0), (0, -1, 0), (0, 0, -1)])
  func `a time that does not exist makes no instant`(hour: Int, minute: Int, second: Int) {
    #expect(Instant(year: 2024, month: 1, day: 1, hour: hour, minute: minute, second: second) == nil)
  }

  @Test func `seconds round down on both sides of the Epoch`() {
    #expect(Instant(milliseconds: 1999).seconds == 1)
    #expect(Instant(milliseconds: 0).seconds == 0)
    #expect(Instant(milliseconds: -1).seconds == -1)
    #expect(Instant(milliseconds: -1000).seconds == -1)
    #expect(Instant(milliseconds: -1001).seconds == -2)
    #expect(Instant(milliseconds: -1).rfc3339Milliseconds == "1969-12-31T23:59:59.999Z")
  }

  @Test func `an instant beyond what 64 bits of milliseconds hold is the last one that they hold`() {
    #expect(Instant(seconds: .max).milliseconds == .max)
    #expect(Instant(seconds: .min).milliseconds == .min)
    #expect(Instant(milliseconds: .max).advanced(bySeconds: 1).milliseconds == .max)
    #expect(Instant(milliseconds: .min).advanced(bySeconds: -1).milliseconds == .min)
    #expect(Instant(milliseconds: 5).advanced(bySeconds: .max).milliseconds == .max)
    #expect(Instant(milliseconds: -5).advanced(bySeconds: .min).milliseconds == .min)
    #expect(Instant(milliseconds: 5).advanced(bySeconds: -2).milliseconds == -1995)
  }

  @Test func `even the first and the last instant can be spelled`() {
    for instant in [Instant(milliseconds: .min), Instant(milliseconds: .max)] {
      #expect(instant.rfc3339Milliseconds.hasSuffix("Z"))
      #expect(instant.basicFormat.hasSuffix("Z"))
      #expect(!instant.cloudTrailElementForm.isEmpty)
    }
    #expect(Instant(milliseconds: .max).rfc3339Milliseconds.hasSuffix(".807Z"))
    #expect(Instant(milliseconds: .min).rfc3339Milliseconds.hasSuffix(".192Z"))
  }

  @Test func `order is the order of time`() {
    #expect(Instant(milliseconds: -1) < Instant(milliseconds: 0))
    #expect(Instant(milliseconds: 0) < Instant(milliseconds: 1))
    #expect(!(Instant(seconds: 1) < Instant(milliseconds: 1000)))
  }
}

struct InstantSpellingTests {
  private let instant = Instant(milliseconds: 1_776_757_030_042)

  @Test func `an instant is spelled in each protocol's way`() {
    #expect(instant.rfc3339 == "2026-04-21T07:37:10Z")
    #expect(instant.rfc3339Milliseconds == "2026-04-21T07:37:10.042Z")
    #expect(instant.basicFormat == "20260421T073710Z")
    #expect(instant.basicDate == "20260421")
    #expect(instant.cloudTrailElementForm == "Apr 21, 2026, 7:37:10 AM")
  }

  @Test(arguments: [
    ("2026-01-01T00:00:00Z", "Jan 1, 2026, 12:00:00 AM"),
    ("2026-12-31T12:00:00Z", "Dec 31, 2026, 12:00:00 PM"),
    ("2026-02-03T11:59:59Z", "Feb 3, 2026, 11:59:59 AM"),
    ("2026-08-09T23:05:06Z", "Aug 9, 2026, 11:05:06 PM"),
    ("2026-05-06T13:00:00Z", "May 6, 2026, 1:00:00 PM"),
  ])
  func `CloudTrail's twelve hours begin at 12`(text: String, expected: String) throws {
    #expect(try #require(Instant(rfc3339: text)).cloudTrailElementForm == expected)
  }

  @Test func `what was spelled reads back`() {
    #expect(Instant(basicFormat: instant.basicFormat) == Instant(seconds: instant.seconds))
    #expect(Instant(rfc3339: instant.rfc3339Milliseconds) == instant)
    #expect(Instant(rfc3339: instant.rfc3339) == Instant(seconds: instant.seconds))
  }

  @Test(arguments: [
    ("2026-04-21T07:37:10.0Z", 0), ("2026-04-21T07:37:10.1Z", 100), ("2026-04-21T07:37:10.12Z", 120),
    ("2026-04-21T07:37:10.1239Z", 123), ("2026-04-21T07:37:10.999999999Z", 999),
  ])
  func `a fraction is read to the millisecond and never rounded up`(text: String, milliseconds: Int64) {
    #expect(Instant(rfc3339: text)?.milliseconds == 1_776_757_030_000 + milliseconds)
  }

  @Test(arguments: [
    "", "20260421", "20260421T073710", "20260421t073710Z", "20260421T073710z", "20260421T073710+",
    "2026-04-21T07:37Z",
    "20260421T240000Z", "20260421T076010Z", "20260421T073760Z", "20260230T000000Z", "00000101T000000Z",
    "20260421T073710ZZ", " 20260421T073710Z", "20260421 073710Z", "+0260421T073710Z", "-0260421T073710Z",
    "2026042１T07371Z", "20260421T07371０Z", "20261321T073710Z",
  ])
  func `a text that is not the basic format is no instant`(text: String) {
    #expect(Instant(basicFormat: text) == nil)
  }

  @Test(arguments: [
    "", "Z", "2026-04-21", "2026-04-21T07:37:10", "2026-04-21T07:37:10z", "2026-04-21t07:37:10Z",
    "2026-04-21 07:37:10Z", "2026-04-21T07:37:10+00:00", "2026-04-21T07:37:10.Z", "2026-04-21T07:37:10,5Z",
    "2026-04-21T07:37:10.5.Z", "2026-04-21T07:37:10.-5Z", "2026-04-21T07:37:60Z", "2026-04-21T24:00:00Z",
    "2026-02-29T00:00:00Z", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "2026-4-21T07:37:10ZZ",
    "2026/04/21T07:37:10Z", "2026-04-21T07:37:10.9999999999Z", "20260421T073710Z", "2026-04-21T07:37:1٠Z",
    "-026-04-21T07:37:10Z",
  ])
  func `a text that is not RFC 3339 in UTC is no instant`(text: String) {
    #expect(Instant(rfc3339: text) == nil)
  }
}
