// SPDX-License-Identifier: Apache-2.0
//
// The answer as bytes. Takes what is on record and nothing else, with one exception: the answer that says that it
// could not be recorded.

import AWSProtocols
import IdentityModel

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
    guard service?.speaksJSON == true else {
      let body = QueryResponse.failure(error, service: service, requestID: requestID)
      return response(error.httpStatus, body, QueryResponse.contentType, requestID: requestID)
    }
    return response(
      error.httpStatus,
      AWSJSONResponse.failure(error),
      AWSJSONResponse.contentType,
      requestID: requestID
    )
  }

  private static func response(
    _ status: Int,
    _ body: [UInt8],
    _ contentType: String,
    requestID: String
  ) -> APIResponse {
    APIResponse(
      status: status,
      headers: [HTTPField("x-amzn-RequestId", requestID), HTTPField("Content-Type", contentType)],
      body: body
    )
  }
}

/// Why a call is not on record.
package enum UnrecordedError: Hashable, Sendable {
  /// The audit log cannot be written.
  case auditUnavailable
  /// Too many refusals of callers that nobody knows.
  case throttling

  /// As a client of `service` reads it.
  func serviceError(_ service: ServiceName?) -> ServiceError {
    let error: ServiceError =
      switch self {
      case .auditUnavailable:
        .serviceUnavailable("The audit log cannot be written; the outcome of the call is unknown.")
      case .throttling:
        ServiceError(code: "Throttling", httpStatus: 400, message: "Rate exceeded")
      }
    return error.asSpoken(by: service)
  }
}
