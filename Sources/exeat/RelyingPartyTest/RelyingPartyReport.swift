// SPDX-License-Identifier: Apache-2.0
//
// What a service did with the tokens of `exeat rp-test`: as a table for people, as JSON, and as JUnit XML. Judges by the
// status alone.

import FederationClient
import IdentityModel
import StrictJSON

/// What a service did with the tokens.
struct RelyingPartyReport {
  /// What became of one token.
  enum Verdict: String {
    /// A good token was let in, a bad one was refused.
    case right
    /// A bad token was let in.
    case letIn
    /// A bad token was let in for as long as was waited, from what the service keeps.
    case stillLetIn
    /// A good token was refused.
    case refused
    /// The answer is neither of those that were to be expected.
    case odd
    /// The service gave no answer.
    case silent
  }

  /// One token and the answer to it.
  struct Row {
    let test: RelyingPartyCase
    let verdict: Verdict
    /// The status, or why there is none.
    let answer: String
    /// The status as a number.
    var status: Int?
    /// For a case of a key set that changes: how long after the change the answer came.
    ///
    /// Unit: seconds.
    var seconds: Int?
    /// Why there was no answer at all.
    var failure: FederationHTTPError?
  }

  let url: String
  let rows: [Row]

  /// What the service did wrong.
  var findings: [Row] { rows.filter { $0.verdict != .right } }

  /// Whether no good token was let in: then nothing is known of why the bad ones were refused.
  private var refusesAll: Bool {
    let good = rows.filter(\.test.isGood)
    return !good.isEmpty && good.allSatisfy { $0.verdict != .right }
  }

  private static let refusesAllWords =
    "every good token was refused, so the refusals of bad ones prove nothing: does the service trust this issuer, and "
    + "the audience that --audience names?"

  /// A line for each token, then what was found.
  var text: String {
    let width = rows.map(\.test.id.utf8.count).max() ?? 0
    let lines = rows.map { row in
      let mark = row.verdict == .right ? "✓" : "✗"
      let name = row.test.id + String(repeating: " ", count: width - row.test.id.utf8.count)
      let kind = row.test.isGood ? "good" : "bad "
      return "\(mark) \(kind) \(name)  \(row.answer)\(explanation(row))"
    }
    let good = rows.count { $0.test.isGood }
    let summary =
      findings.isEmpty
      ? "no finding: \(good) good tokens let in, \(rows.count - good) bad ones refused"
      : "\(findings.count) of \(rows.count) tokens were not treated as they should be"
    return (lines + ["", summary] + (refusesAll ? [RelyingPartyReport.refusesAllWords] : [])).joined(
      separator: "\n"
    )
  }

  private func explanation(_ row: Row) -> String {
    switch row.verdict {
    case .right: ""
    case .letIn: "  LET IN: \(row.test.meaning) (\(row.test.reference))"
    case .stillLetIn: "  STILL LET IN, cached: \(row.test.meaning) (\(row.test.reference))"
    case .refused: "  REFUSED: \(row.test.meaning)"
    case .odd:
      row.test.isGood ? "  REFUSED: \(row.test.meaning)" : "  neither in nor refused: \(row.test.meaning)"
    case .silent: "  no answer: \(row.test.meaning)"
    }
  }

  /// `{"url":…,"findings":…,"cases":[{"id":…,"good":…,"verdict":…,"answer":…,"meaning":…,"reference":…}]}`; cases of key sets
  /// that change have `seconds` too.
  var json: String {
    var writer = JSONWriter(capacity: 16_384)
    writer.object { writer in
      writer.member("url", url)
      writer.member("findings", Int64(findings.count))
      writer.name("cases")
      writer.array { writer in
        for row in rows {
          writer.object { writer in
            writer.member("id", row.test.id)
            writer.name("good")
            writer.bool(row.test.isGood)
            writer.member("verdict", row.verdict.rawValue)
            writer.member("answer", row.answer)
            if let seconds = row.seconds { writer.member("seconds", Int64(seconds)) }
            writer.member("meaning", row.test.meaning)
            writer.member("reference", row.test.reference)
          }
        }
      }
    }
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// JUnit XML: one test case for each token, in the suite `exeat rp-test`.
  var junit: String {
    let cases = rows.map { row in
      let time = row.seconds.map { " time=\"\($0)\"" } ?? ""
      let head = "  <testcase classname=\"rp-test\" name=\"\(escaped(row.test.id))\"\(time)"
      guard row.verdict != .right else { return head + "/>" }
      let message = escaped("\(row.answer)\(explanation(row))")
      return "\(head)><failure type=\"\(row.verdict.rawValue)\" message=\"\(message)\"/></testcase>"
    }
    let head =
      "<testsuite name=\"exeat rp-test\" tests=\"\(rows.count)\" failures=\"\(findings.count)\" errors=\"0\">"
    return (["<?xml version=\"1.0\" encoding=\"UTF-8\"?>", head] + cases + ["</testsuite>", ""])
      .joined(separator: "\n")
  }

  private func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in Console.printable(text).unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
