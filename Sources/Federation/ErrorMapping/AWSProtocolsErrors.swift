// SPDX-License-Identifier: Apache-2.0
//
// What a client reads when its request is not an AWS Query request. Source: contract §9.2 (common errors of IAM and
// STS); `MalformedInput` is what AWS Query services answer to a form that does not fit an operation's input.

package import AWSProtocols
package import IdentityModel

extension ServiceError {
  /// Syntax is `MalformedQueryString` 404, bytes that are no text `ValidationError` 400, a method that no operation
  /// has `InvalidAction` 400, and every form that could be read in two ways `MalformedInput` 400.
  package init(_ error: QueryFormError) {
    switch error {
    case .malformedPercentEscape, .emptyName:
      self.init(
        code: "MalformedQueryString",
        httpStatus: 404,
        message: "The query string contains a syntax error."
      )
    case .notUTF8:
      self = .validationError("A parameter is not valid UTF-8.")
    case .duplicateName:
      self = .malformedInput("A parameter is given more than once.")
    case .malformedListIndex:
      self = .malformedInput("A list index is not a number from 1 in decimal without leading zeros.")
    case .tooManyParameters(let limit):
      self = .malformedInput("There are more than \(limit) parameters.")
    case .parametersInQueryAndBody:
      self = .malformedInput("Parameters are given in the query string and in the body.")
    case .contentTypeNotForm:
      self = .malformedInput("The body is not application/x-www-form-urlencoded in UTF-8.")
    case .bodyNotAllowed:
      self = .malformedInput("A GET request has a body.")
    case .methodNotAllowed:
      self.init(code: "InvalidAction", httpStatus: 400, message: "The method is neither GET nor POST.")
    }
  }

  private static func malformedInput(_ message: String) -> ServiceError {
    ServiceError(code: "MalformedInput", httpStatus: 400, message: message)
  }
}
