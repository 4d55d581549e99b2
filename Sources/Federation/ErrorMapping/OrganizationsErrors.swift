// SPDX-License-Identifier: Apache-2.0
//
// The exceptions of AWS Organizations: names from botocore's service model, 400 each, as AWS JSON has it.

package import IdentityModel

extension ServiceError {
  /// The exception `code` of AWS Organizations.
  ///
  /// `reason` is the `Reason` of ConstraintViolationException and InvalidInputException. Source: botocore,
  /// `ConstraintViolationExceptionReason`, `InvalidInputExceptionReason`.
  package static func organizations(_ code: String, _ message: String, reason: String? = nil) -> ServiceError {
    ServiceError(code: code, httpStatus: 400, message: message, reason: reason)
  }
}
