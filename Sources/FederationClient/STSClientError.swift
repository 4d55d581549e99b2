// SPDX-License-Identifier: Apache-2.0
//
// Why a call to STS gave nothing, and which of these is worth another try.

/// Why a call to an AWS Query service gave nothing.
///
/// Texts of the server are free of control characters, so that they may be shown on a terminal.
package enum STSClientError: Error, Hashable, Sendable {
  /// There was no whole answer from the address, which has no query, here and below.
  case http(FederationHTTPError, address: String)
  /// The service refused: its error code and message, the HTTP status, the request id where it gave one.
  case refused(code: String, message: String?, httpStatus: Int, requestID: String?)
  /// The answer is not that of an AWS Query service: another server, a proxy, a redirect.
  case notAWSQuery(httpStatus: Int, address: String)
  /// The answer lacks an element, or the element is malformed: its path.
  case malformedElement(String, requestID: String?)
  /// The credential cannot sign: the access key id or session token is not fit for a header.
  case unusableCredential

  /// Whether the same call may succeed in a moment: the service failed or throttled, or the connection broke.
  package var isTransient: Bool {
    switch self {
    case .http(.unreachable, _), .http(.connectionLost, _): true
    case .refused(let code, _, let status, _): status >= 500 || isThrottling(code)
    case .notAWSQuery(let status, _): status >= 500 || status == 429
    case .http, .malformedElement, .unusableCredential: false
    }
  }
}

/// Whether an error code of AWS says that the same call may succeed later, whatever its HTTP status.
package func isThrottling(_ code: String) -> Bool { throttlingCodes.contains(code) }

/// Source: AWS SDKs and Tools Reference Guide, retry behaviour; `IDPCommunicationError` of AssumeRoleWithWebIdentity.
private let throttlingCodes: Set<String> = [
  "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
  "RequestLimitExceeded", "TooManyRequestsException", "BandwidthLimitExceeded", "LimitExceededException",
  "SlowDown", "PriorRequestNotComplete", "EC2ThrottledException", "TransactionInProgressException",
  "ProvisionedThroughputExceededException", "IDPCommunicationError",
]
