// SPDX-License-Identifier: Apache-2.0
//
// The answer for a published document: validators, methods, and what browsers need to read it from another
// origin. Refuses to know what the document says. Source: RFC 9110 §13.1.2, §15.4.5; Fetch, CORS preflight.

import IdentityModel

extension PublishedDocument {
  /// The answer to an unconditional GET.
  package var response: APIResponse {
    APIResponse(status: 200, headers: [HTTPField("Content-Type", contentType)] + validators, body: body)
  }

  /// The answer to a request with `method`, whatever that is, and these values of `If-None-Match`.
  package func answer(method: String, ifNoneMatch: [String]) -> APIResponse {
    switch method {
    case "GET", "HEAD":
      return ifNoneMatch.contains(where: isNamed)
        ? APIResponse(status: 304, headers: validators, body: []) : response
    case "OPTIONS":
      return APIResponse(
        status: 204,
        headers: [
          HTTPField("Allow", "GET, HEAD, OPTIONS"),
          HTTPField("Access-Control-Allow-Origin", "*"),
          HTTPField("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS"),
          HTTPField("Access-Control-Allow-Headers", "*"),
          HTTPField("Access-Control-Max-Age", "86400"),
        ],
        body: []
      )
    default:
      return APIResponse(status: 405, headers: [HTTPField("Allow", "GET, HEAD, OPTIONS")], body: [])
    }
  }

  private var validators: [HTTPField] {
    [
      HTTPField("Cache-Control", "public, max-age=\(maxAgeSeconds)"),
      HTTPField("ETag", entityTag),
      HTTPField("Access-Control-Allow-Origin", "*"),
      HTTPField("X-Content-Type-Options", "nosniff"),
    ]
  }

  /// Whether a value of `If-None-Match` names this document: `*`, or an equal tag by weak comparison.
  ///
  // 1. A member is `*` or [ `W/` ] DQUOTE *etagc DQUOTE; commas may stand inside the quotation marks.
  // 2. Weak comparison looks at the opaque tags alone (RFC 9110 §8.8.3.2).
  // 3. What is not such a list names nothing: the document is sent.
  private func isNamed(by list: String) -> Bool {
    let own = Array(entityTag.utf8)
    var rest = Array(list.utf8)[...]
    if rest.elementsEqual("*".utf8) { return true }
    while let first = rest.first {
      if first == UInt8(ascii: ",") || first == 0x20 || first == 0x09 {
        rest.removeFirst()
        continue
      }
      if rest.starts(with: "W/".utf8) { rest.removeFirst(2) }
      guard rest.first == UInt8(ascii: "\""),
        let end = rest.dropFirst().firstIndex(of: UInt8(ascii: "\""))
      else { return false }
      if rest[...end].elementsEqual(own) { return true }
      rest = rest[(end + 1)...]
    }
    return false
  }
}
