// SPDX-License-Identifier: Apache-2.0
//
// Why a request is not an AWS Query request. Says nothing of what a parameter means: that is for `ParameterReader`.

/// Why a form or query string is refused.
///
/// `offset` counts bytes from the start of the form or query string.
package enum QueryFormError: Error, Hashable, Sendable {
  /// A `%` at `offset` is not followed by two hexadecimal digits.
  case malformedPercentEscape(offset: Int)
  /// The name or value that begins at `offset` is not well-formed UTF-8 once its escapes are decoded.
  case notUTF8(offset: Int)
  /// The pair at `offset` has no name before its `=`.
  case emptyName(offset: Int)
  /// The name, byte for byte, stands twice.
  case duplicateName(String)
  /// What follows `member.` in the name is not a list index: `1` to the largest count of parameters, in decimal,
  /// without leading zeros, so that no element has two names.
  case malformedListIndex(String)
  /// There are more pairs than the cap.
  case tooManyParameters(limit: Int)
  /// Both the query string and the body hold parameters of the action: there is one source or none.
  case parametersInQueryAndBody
  /// The body of a POST says that it is something else than a form in UTF-8.
  case contentTypeNotForm(String)
  /// A GET came with a body.
  case bodyNotAllowed
  /// The method is neither GET nor POST.
  case methodNotAllowed(String)
}
