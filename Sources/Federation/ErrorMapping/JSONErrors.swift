// SPDX-License-Identifier: Apache-2.0
//
// The errors that every service has, as services of AWS JSON name them. An action's own errors keep their names.
// Source: AWS CloudTrail and AWS Organizations API references, "Common Errors"; botocore handles both spellings.

import IdentityModel

extension ServiceError {
  /// The same error in the words of `service`'s protocol.
  ///
  /// AWS Query says `AccessDenied` 403; AWS JSON says `AccessDeniedException` 400.
  func asSpoken(by service: ServiceName?) -> ServiceError {
    guard service?.speaksJSON == true, let name = jsonNames[code] else { return self }
    return ServiceError(
      code: name,
      httpStatus: httpStatus < 500 ? 400 : httpStatus,
      message: message,
      retryAfterSeconds: retryAfterSeconds
    )
  }
}

private let jsonNames = [
  "AccessDenied": "AccessDeniedException",
  "ConcurrentModification": "ConcurrentModificationException",
  "ExpiredToken": "ExpiredTokenException",
  "IncompleteSignature": "IncompleteSignatureException",
  "InternalFailure": "InternalFailureException",
  "InvalidClientTokenId": "UnrecognizedClientException",
  "MissingAuthenticationToken": "MissingAuthenticationTokenException",
  "RequestExpired": "RequestExpiredException",
  "ServiceUnavailable": "ServiceUnavailableException",
  "SignatureDoesNotMatch": "InvalidSignatureException",
  "Throttling": "ThrottlingException",
  "ValidationError": "ValidationException",
]
