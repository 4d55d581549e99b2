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
      response(
        200,
        QueryResponse.success(
          action: action,
          service: recorded.service,
          result: result,
          requestID: recorded.requestID
        ),
        requestID: recorded.requestID
      )
    case .failure(let error):
      response(
        error.httpStatus,
        QueryResponse.failure(error, service: recorded.service, requestID: recorded.requestID),
        requestID: recorded.requestID
      )
    }
  }

  /// An answer that is not on record.
  ///
  /// Its text is fixed and reveals nothing of the call.
  package static func unrecorded(_ reason: UnrecordedError, _ trail: Trail) -> APIResponse {
    let error = reason.serviceError
    return response(
      error.httpStatus,
      QueryResponse.failure(error, service: trail.service ?? .sts, requestID: trail.requestID),
      requestID: trail.requestID
    )
  }

  private static func response(_ status: Int, _ body: [UInt8], requestID: String) -> APIResponse {
    APIResponse(
      status: status,
      headers: [HTTPField("x-amzn-RequestId", requestID), HTTPField("Content-Type", "text/xml")],
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

  /// As the client reads it.
  var serviceError: ServiceError {
    switch self {
    case .auditUnavailable:
      .serviceUnavailable("The audit log cannot be written; the outcome of the call is unknown.")
    case .throttling:
      ServiceError(code: "Throttling", httpStatus: 400, message: "Rate exceeded")
    }
  }
}
