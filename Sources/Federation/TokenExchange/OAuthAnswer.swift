// SPDX-License-Identifier: Apache-2.0
//
// The answers of the token endpoint: what is on record, in OAuth's words. Source: RFC 8693 §2.2; RFC 6749 §5.1, §5.2.

import AWSProtocols
import IdentityModel
import StrictJSON

/// Writes answers of the token endpoint.
enum OAuthAnswer {
  /// The answer to a recorded call; `isOfRole` tells that the trust policy had allowed it before it was refused.
  static func write(_ recorded: Recorded, isOfRole: Bool) -> APIResponse {
    switch recorded.answer {
    case .success(_, let result):
      response(200, AWSJSONResponse.success(result), requestID: recorded.requestID)
    case .failure(let error): failure(error, isOfRole: isOfRole, requestID: recorded.requestID)
    }
  }

  /// An answer that is not on record.
  static func unrecorded(_ reason: UnrecordedError, requestID: String) -> APIResponse {
    failure(reason.serviceError(.sts), isOfRole: false, requestID: requestID)
  }

  private static func failure(_ error: ServiceError, isOfRole: Bool, requestID: String) -> APIResponse {
    let (code, status) = spoken(error, isOfRole: isOfRole)
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("error", code)
      if let message = error.message { writer.member("error_description", described(message)) }
    }
    let retryAfterSeconds = status == 429 ? 1 : error.retryAfterSeconds
    return response(status, writer.bytes, requestID: requestID, retryAfterSeconds: retryAfterSeconds)
  }

  /// The error and the HTTP status.
  private static func spoken(_ error: ServiceError, isOfRole: Bool) -> (String, Int) {
    switch error.code {
    case "unsupported_grant_type", "unsupported_token_type", "invalid_request": (error.code, 400)
    case "Throttling": ("temporarily_unavailable", 429)
    case _ where error.httpStatus == 503: ("temporarily_unavailable", 503)
    case _ where error.httpStatus >= 500: ("server_error", 500)
    // "If the authorization server is unwilling or unable to issue a token for any target service indicated by the
    // resource or audience parameters, the invalid_target error code SHOULD be used."
    case "AccessDenied" where isOfRole: ("invalid_target", 400)
    case "OutboundWebIdentityFederationDisabledException": ("invalid_target", 400)
    // "If either the subject_token or actor_token are invalid for any reason, or are unacceptable based on policy, the
    // value of the error parameter MUST be the invalid_request error code."
    default: ("invalid_request", 400)
    }
  }

  /// `message` with the characters that RFC 6749 §5.2 allows: printable ASCII but `"` and `\`.
  private static func described(_ message: String) -> String {
    let bytes = message.utf8.map { byte in
      switch byte {
      case UInt8(ascii: "\""): UInt8(ascii: "'")
      case UInt8(ascii: "\\"): UInt8(ascii: "/")
      case 0x20...0x7E: byte
      default: UInt8(ascii: "?")
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func response(
    _ status: Int,
    _ body: [UInt8],
    requestID: String,
    retryAfterSeconds: Int? = nil
  ) -> APIResponse {
    var headers = [
      HTTPField("Content-Type", "application/json"), HTTPField("Cache-Control", "no-store"),
      HTTPField("Pragma", "no-cache"), HTTPField("x-amzn-RequestId", requestID),
      HTTPField("X-Content-Type-Options", "nosniff"),
    ]
    if let retryAfterSeconds { headers.append(HTTPField("Retry-After", String(retryAfterSeconds))) }
    return APIResponse(status: status, headers: headers, body: body)
  }
}
