// SPDX-License-Identifier: Apache-2.0
//
// Where the parameters of an AWS Query request stand: in the query string or in the form body, never in both.
// Source: contract §9.5; AWS Query protocol.

import IdentityModel

extension QueryParameters {
  /// Reads the parameters of a request from exactly the bytes that were signed.
  ///
  /// GET: the query string. POST: the form body, or the query string when it alone holds parameters. Names that
  /// begin with `X-Amz-` belong to SigV4, not to the action: they are left out, yet never doubled.
  ///
  /// - Parameters:
  ///   - method: the method as on the request line.
  ///   - query: what follows the `?` of the request target, undecoded; `nil` without one.
  ///   - contentType: the `Content-Type` of the request; `nil` (taken for a form) without one.
  ///   - body: the body.
  /// - Returns: the action's parameters.
  /// - Throws: `QueryFormError`.
  package static func read(
    method: String,
    query: Substring?,
    contentType: String?,
    body: [UInt8]
  ) throws(QueryFormError) -> QueryParameters {
    let isPost = method == "POST"
    guard isPost || method == "GET" else { throw .methodNotAllowed(method) }
    guard isPost || body.isEmpty else { throw .bodyNotAllowed }

    let inQuery = try QueryParameters(form: Array((query ?? "").utf8))
    guard !body.isEmpty else { return inQuery.removing(prefix: signaturePrefix) }
    if let contentType, !isForm(contentType) { throw .contentTypeNotForm(contentType) }
    let inBody = try QueryParameters(form: body)
    for name in inBody.names where inQuery[name] != nil { throw .duplicateName(name) }

    // SECURITY: one source. Whoever logs, filters or routes by one of two sources must not be misled by the other.
    let ofAction = inBody.removing(prefix: signaturePrefix)
    let ofActionInQuery = inQuery.removing(prefix: signaturePrefix)
    guard ofAction.isEmpty || ofActionInQuery.isEmpty else { throw .parametersInQueryAndBody }
    return ofAction.isEmpty ? ofActionInQuery : ofAction
  }
}

private let signaturePrefix = "X-Amz-"

private func isForm(_ contentType: String) -> Bool {
  // What SDKs send, without a closer look.
  contentType.utf8.elementsEqual("application/x-www-form-urlencoded; charset=utf-8".utf8)
    || contentType.utf8.elementsEqual("application/x-www-form-urlencoded".utf8)
    || isMediaType(contentType, "application/x-www-form-urlencoded")
}

/// Whether a `Content-Type` is `mediaType`, in any case, with no `charset` or with UTF-8.
///
/// Source: RFC 9110 §8.3.1.
func isMediaType(_ contentType: String, _ mediaType: String) -> Bool {
  let parts = asciiLowercased(contentType).split(separator: ";", omittingEmptySubsequences: false)
  guard let found = parts.first, trimmed(found).utf8.elementsEqual(mediaType.utf8) else { return false }
  return parts.dropFirst().map(trimmed).allSatisfy { parameter in
    !parameter.hasPrefix("charset=") || parameter == "charset=utf-8" || parameter == "charset=\"utf-8\""
  }
}

private func trimmed(_ text: Substring) -> Substring {
  let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
  let rest = text.drop(while: isSpace)
  guard let last = rest.lastIndex(where: { !isSpace($0) }) else { return "" }
  return rest[...last]
}
