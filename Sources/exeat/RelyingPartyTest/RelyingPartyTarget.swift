// SPDX-License-Identifier: Apache-2.0
//
// How a token is brought to the service under test, and what its status means.

import FederationClient
import IdentityModel

/// A service under test.
struct RelyingPartyTarget {
  /// Where a token stands in a request.
  enum Place {
    /// `Authorization: Bearer TOKEN`.
    case bearer
    /// A header of this name, the token alone.
    case header(String)
    /// A form field of this name, posted.
    case form(String)
  }

  /// Statuses: `200`, or `2xx` for a hundred.
  struct Statuses {
    private let ranges: [ClosedRange<Int>]

    /// Reads `200,3xx`; `nil` for anything else.
    init?(_ text: String) {
      var ranges: [ClosedRange<Int>] = []
      for part in text.split(separator: ",", omittingEmptySubsequences: false) {
        let bytes = Array(part.utf8)
        guard bytes.count == 3, let first = bytes.first,
          (UInt8(ascii: "1")...UInt8(ascii: "5")).contains(first)
        else { return nil }
        let hundred = Int(first - UInt8(ascii: "0")) * 100
        if bytes[1...].elementsEqual("xx".utf8) {
          ranges.append(hundred...(hundred + 99))
        } else {
          guard let status = Int(part) else { return nil }
          ranges.append(status...status)
        }
      }
      self.ranges = ranges
    }

    func contains(_ status: Int) -> Bool { ranges.contains { $0.contains(status) } }
  }

  let url: HTTPURL
  let place: Place
  let accepted: Statuses
  let refused: Statuses
  let http: FederationHTTPClient

  /// Sends `token` and judges the answer.
  func row(of test: RelyingPartyCase, token: String) async -> RelyingPartyReport.Row {
    let answer: HTTPAnswer
    do throws(FederationHTTPError) {
      answer = try await http.send(call(token), timeoutSeconds: 15, maximumBodyBytes: 4 << 20)
    } catch {
      // To hang up on a bad token is to refuse it.
      let isRefusal = !test.isGood && error == .connectionLost
      return .init(
        test: test,
        verdict: isRefusal ? .right : .silent,
        answer: CommandFailure.text(error),
        failure: error
      )
    }
    let verdict: RelyingPartyReport.Verdict =
      if accepted.contains(answer.status) {
        test.isGood ? .right : .letIn
      } else if refused.contains(answer.status) {
        test.isGood ? .refused : .right
      } else {
        .odd
      }
    return .init(test: test, verdict: verdict, answer: String(answer.status), status: answer.status)
  }

  private func call(_ token: String) -> HTTPCall {
    switch place {
    case .bearer:
      HTTPCall(method: "GET", url: url, headers: [HTTPField("Authorization", "Bearer \(token)")])
    case .header(let name):
      HTTPCall(method: "GET", url: url, headers: [HTTPField(name, token)])
    case .form(let name):
      HTTPCall(
        method: "POST",
        url: url,
        headers: [HTTPField("Content-Type", "application/x-www-form-urlencoded")],
        body: Array("\(formEncoded(name))=\(formEncoded(token))".utf8)
      )
    }
  }

  private func formEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var encoded: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
        encoded.append(byte)
      default:
        encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0x0F)]]
      }
    }
    return String(decoding: encoded, as: UTF8.self)
  }
}
