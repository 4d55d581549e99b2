// SPDX-License-Identifier: Apache-2.0
//
// An error as the client reads it: code, HTTP status, fault and message. The wire table of every service.

/// An error on the wire.
///
/// Shape: `<Error><Type/><Code/><Message/></Error>` in AWS Query. Source: AWS Query protocol; botocore service models.
package struct ServiceError: Error, Hashable, Sendable {
  /// Whose fault it is: the `Type` element.
  package enum Fault: String, Hashable, Sendable {
    /// The request is wrong.
    case sender = "Sender"
    /// The service failed.
    case receiver = "Receiver"
  }

  /// The `Code` element, exactly as AWS spells it.
  package let code: String
  /// The HTTP status.
  package let httpStatus: Int
  /// The `Type` element.
  package let fault: Fault
  /// The `Message` element; `nil` leaves the element out.
  package let message: String?
  /// The `Reason` member, a word that says more than the code; `nil` for errors that have none.
  ///
  /// AWS JSON only. Source: botocore, organizations 2016-11-28.
  package let reason: String?
  /// The `Retry-After` header, in seconds; `nil` when there is nothing to say about when to try again.
  ///
  /// Source: RFC 9110 §10.2.3.
  package let retryAfterSeconds: Int?

  /// Makes an error; `fault` follows from the status (4xx sender, 5xx receiver).
  package init(
    code: String,
    httpStatus: Int,
    message: String?,
    reason: String? = nil,
    retryAfterSeconds: Int? = nil
  ) {
    self.code = code
    self.httpStatus = httpStatus
    self.fault = httpStatus < 500 ? .sender : .receiver
    self.message = message
    self.reason = reason
    self.retryAfterSeconds = retryAfterSeconds
  }
}
