// SPDX-License-Identifier: Apache-2.0
//
// The answer as bytes. Takes what is on record and nothing else, with one exception: the answer that says that it
// could not be recorded.

import AWSProtocols
package import IdentityModel

/// Writes responses.
package enum ResponseWriter {
  /// The response to a recorded call.
  package static func write(_ recorded: Recorded) -> APIResponse {
    switch recorded.answer {
    case .success(let action, let result):
      guard recorded.service.speaksJSON else {
        let body = QueryResponse.success(
          action: action,
          service: recorded.service,
          result: result,
          requestID: recorded.requestID
        )
        return response(200, body, QueryResponse.contentType, requestID: recorded.requestID)
      }
      let body = AWSJSONResponse.success(result)
      return response(200, body, AWSJSONResponse.contentType, requestID: recorded.requestID)
    case .failure(let error):
      return failure(error, recorded.service, requestID: recorded.requestID)
    }
  }

  /// An answer that is not on record.
  ///
  /// Its text is fixed and reveals nothing of the call.
  package static func unrecorded(_ reason: UnrecordedError, _ trail: Trail) -> APIResponse {
    failure(reason.serviceError(trail.service), trail.service, requestID: trail.requestID)
  }

  private static func failure(
    _ error: ServiceError,
    _ service: ServiceName?,
    requestID: String
  ) -> APIResponse {
    let speaksJSON = service?.speaksJSON == true
    return response(
      error.httpStatus,
      speaksJSON
        ? AWSJSONResponse.failure(error)
        : QueryResponse.failure(error, service: service, requestID: requestID),
      speaksJSON ? AWSJSONResponse.contentType : QueryResponse.contentType,
      requestID: requestID,
      retryAfterSeconds: error.retryAfterSeconds
    )
  }

  private static func response(
    _ status: Int,
    _ body: [UInt8],
    _ contentType: String,
    requestID: String,
    retryAfterSeconds: Int? = nil
  ) -> APIResponse {
    var headers = [HTTPField("x-amzn-RequestId", requestID), HTTPField("Content-Type", contentType)]
    if let retryAfterSeconds { headers.append(HTTPField("Retry-After", String(retryAfterSeconds))) }
    return APIResponse(status: status, headers: headers, body: body)
  }
}

/// Why a call is not on record.
package enum UnrecordedError: Hashable, Sendable {
  /// The audit log cannot be written.
  case auditUnavailable
  /// Too many refusals of callers that nobody knows.
  case throttling
  /// Too many calls wait: this one was not looked at.
  case overloaded
  /// A call beyond the account's quota, counted in a record of another one.
  case overQuota(ServiceError)

  /// As a client of `service` reads it.
  func serviceError(_ service: ServiceName?) -> ServiceError {
    let error: ServiceError =
      switch self {
      case .auditUnavailable:
        .serviceUnavailable("The audit log cannot be written; the outcome of the call is unknown.")
      case .throttling:
        ServiceError(code: "Throttling", httpStatus: 400, message: "Rate exceeded")
      case .overloaded:
        .serviceUnavailable("Too many calls are waiting.", retryAfterSeconds: 1)
      case .overQuota(let error):
        error
      }
    return error.asSpoken(by: service)
  }
}
