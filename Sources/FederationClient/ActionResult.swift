// SPDX-License-Identifier: Apache-2.0
//
// The result of one action in the answer of an AWS Query service: its elements, and the error when one is not there.
// Source: AWS Query protocol, responses.

import IdentityModel

/// `<XResponse><XResult>…</XResult><ResponseMetadata><RequestId/></ResponseMetadata></XResponse>`.
struct ActionResult {
  let answer: XMLAnswer
  let action: String

  /// The text of the element at `path`; throws when there is none, or an empty one.
  func element(_ path: String) throws(STSClientError) -> String {
    guard let text = text(path), !text.isEmpty else { throw malformed(path) }
    return text
  }

  /// The text of the element at `path`; `nil` when there is not exactly one.
  func text(_ path: String) -> String? {
    answer["\(action)Response/\(action)Result/\(path)"]
  }

  /// The elements at `path`, with what is in them.
  func elements(_ path: String) -> [XMLAnswer] {
    answer.elements("\(action)Response/\(action)Result/\(path)")
  }

  func instant(_ path: String) throws(STSClientError) -> Instant {
    guard let instant = Instant(rfc3339: try element(path)) else { throw malformed(path) }
    return instant
  }

  func malformed(_ path: String) -> STSClientError {
    .malformedElement(
      "\(action)Result/\(path)",
      requestID: answer["\(action)Response/ResponseMetadata/RequestId"].map(printable)
    )
  }
}
