// SPDX-License-Identifier: Apache-2.0
//
// What a client reads when its signature is refused: AWS's code, status and text where AWS has one, our own fixed
// text where the refusal is our own strictness. Source: STS and IAM API reference, common errors; the texts of the
// first ten refusals and of the mismatch are those that AWS sends.

package import IdentityModel
package import SigV4

extension ServiceError {
  /// The wire form of `error`.
  package init(_ error: SigV4Error) {
    switch error {
    case .bothHeaderAndQuery:
      // DEVIATION: AWS has been seen to answer SignatureDoesNotMatch without a message. Two claims are not one
      // signature that fails: neither is looked at.
      self = .incompleteSignature(nil)
    case .missingAuthenticationToken:
      self.init(
        code: "MissingAuthenticationToken",
        httpStatus: 403,
        message: "Request is missing Authentication Token"
      )
    case .unsupportedAlgorithm(let name):
      self = .incompleteSignature("Unsupported AWS 'algorithm': '\(echo(name))'.")
    case .malformedAuthorizationHeader:
      self = .incompleteSignature("Authorization header is not a list of 'key=value' parameters.")
    case .duplicateAuthorizationParameter(let name):
      self = .incompleteSignature("Authorization header has more than one '\(echo(name))' parameter.")
    case .incompleteAuthorizationHeader(let parts, let algorithm):
      // SECURITY: of the header that was sent, the algorithm alone is repeated.
      self = .incompleteSignature(
        (parts.map(sentence) + ["Authorization=\(algorithm.rawValue)"]).joined(separator: " ")
      )
    case .incompleteQueryParameters(let names):
      let sentences = names.map { "AWS query-string parameters must include '\($0)'." }
      self = .incompleteSignature(
        (sentences + ["Re-examine the query-string parameters."]).joined(separator: " ")
      )
    case .hostNotSigned:
      self = .signatureDoesNotMatch(
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
      )
    case .malformedDate(let text):
      self = .incompleteSignature(
        "Date must be in ISO-8601 'basic format'. Got '\(echo(text))'. "
          + "See http://en.wikipedia.org/wiki/ISO_8601"
      )
    case .expiresOutOfRange(let text):
      self.init(
        code: "AuthorizationQueryParametersError",
        httpStatus: 400,
        message: "X-Amz-Expires must be a number of seconds from 1 to 604800. Got '\(echo(text))'."
      )
    case .expired(let requestDate, let now, let window):
      let limit = now.advanced(bySeconds: -window)
      self = .signatureDoesNotMatch(
        "Signature expired: \(requestDate.basicFormat) is now earlier than \(limit.basicFormat) "
          + "(\(now.basicFormat) - \(window / 60) min.)"
      )
    case .notYetCurrent(let requestDate, let now, let window):
      let limit = now.advanced(bySeconds: window)
      self = .signatureDoesNotMatch(
        "Signature not yet current: \(requestDate.basicFormat) is still later than \(limit.basicFormat) "
          + "(\(now.basicFormat) + \(window / 60) min.)"
      )
    case .malformedCredential(let text, .hmacSHA256):
      self = .incompleteSignature(
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
          + "got '\(echo(text))'"
      )
    case .malformedCredential(let text, .ecdsaP256SHA256):
      self = .incompleteSignature(
        "Credential must have exactly 4 slash-delimited elements, e.g. keyid/date/service/term, "
          + "got '\(echo(text))'"
      )
    case .scopeMismatch(let faults):
      self = .signatureDoesNotMatch(faults.map(sentence).joined(separator: " "))
    case .duplicateHeader(let name):
      self = .signatureDoesNotMatch("header `\(echo(name))` stands more than once")
    case .ambiguousQueryParameter(let name):
      self = .signatureDoesNotMatch(
        "query parameter `\(echo(name))` stands more than once or in another case"
      )
    case .ambiguousTarget:
      self = .signatureDoesNotMatch("request target is not a path with an unambiguously encoded query")
    case .malformedSignedHeaders(let list):
      self = .signatureDoesNotMatch("signed headers `\(echo(list))` are not lower case, sorted and unique")
    case .signedHeaderAbsent(let name):
      self = .signatureDoesNotMatch("signed header `\(echo(name))` is not in the request")
    case .headerNotSigned(let name):
      self = .signatureDoesNotMatch("header `\(echo(name))` must be signed")
    case .payloadHashMismatch:
      self = .signatureDoesNotMatch("header `x-amz-content-sha256` is not the hash of the body")
    case .malformedSignature, .signatureDoesNotMatch:
      self = .signatureDoesNotMatch(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
          + "Access Key and signing method. Consult the service documentation for details."
      )
    case .signingKeyUnusable:
      self.init(code: "InternalFailure", httpStatus: 500, message: nil)
    }
  }

  private static func incompleteSignature(_ message: String?) -> ServiceError {
    ServiceError(code: "IncompleteSignature", httpStatus: 400, message: message)
  }

  private static func signatureDoesNotMatch(_ message: String) -> ServiceError {
    ServiceError(code: "SignatureDoesNotMatch", httpStatus: 403, message: message)
  }
}

private func sentence(_ part: SigV4Error.HeaderPart) -> String {
  switch part {
  case .credential: "Authorization header requires 'Credential' parameter."
  case .signature: "Authorization header requires 'Signature' parameter."
  case .signedHeaders: "Authorization header requires 'SignedHeaders' parameter."
  case .date: "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
  case .regionSet: "Authorization header requires existence of a 'X-Amz-Region-Set' header."
  }
}

private func sentence(_ fault: SigV4Error.ScopeFault) -> String {
  switch fault {
  case .region(let region):
    "Credential should be scoped to a valid region, not '\(echo(region))'."
  case .service(let expected):
    "Credential should be scoped to correct service: \(expected.map { "'\($0)'" }.joined(separator: " or "))."
  case .terminator(let terminator):
    "Credential should be scoped with a valid terminator: 'aws4_request', not '\(echo(terminator))'."
  case .date(let scope, let timestamp):
    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
      + "'\(echo(scope))' != '\(echo(String(decoding: timestamp.utf8.prefix(8), as: UTF8.self)))', from '\(echo(timestamp))'."
  }
}

/// Input that is safe to repeat: at most 256 scalars, control characters as `?`.
private func echo(_ input: String) -> String {
  var text = ""
  for scalar in input.unicodeScalars.prefix(256) {
    let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    text.unicodeScalars.append(isControl ? "?" : scalar)
  }
  return text
}
