// SPDX-License-Identifier: Apache-2.0
//
// The errors of the seams as the client reads them, and the errors that many actions share. Codes and statuses from
// botocore's service models and the IAM and STS common errors.

package import IdentityModel

extension ServiceError {
  /// A store that cannot answer is 503; one that holds nonsense is 500.
  package init(_ error: StoreError) {
    switch error {
    case .preconditionFailed:
      // Only after the pipeline has tried again several times.
      self.init(
        code: "ConcurrentModification",
        httpStatus: 409,
        message: "Another request changed the same entity; submit the request again."
      )
    case .unavailable:
      self = .serviceUnavailable("The store cannot be written or read at the moment.")
    case .corrupted:
      self = .internalFailure
    }
  }

  /// A sealed server is 503, and so is one with too much to sign; a key that does not open is 503, one that does not sign
  /// 500.
  package init(_ error: TokenSignerError) {
    switch error {
    case .keyEncryptionKeyMissing:
      self = .serviceUnavailable("The server is sealed: its key-encryption key is missing.")
    case .sealBroken:
      self = .serviceUnavailable("A stored key does not open with the server's key-encryption key.")
    case .tokenUnavailable:
      self = .serviceUnavailable("The token that holds the server's keys does not answer at the moment.")
    case .unsuitable(let reason):
      self = .invalidInput("The private key cannot be used: \(reason).")
    case .signatureCheckFailed, .failed:
      self = .internalFailure
    case .overloaded(let seconds):
      self = .serviceUnavailable("Too many signatures are waiting.", retryAfterSeconds: seconds)
    }
  }

  /// 503: nothing was done; trying again later may help.
  package static func serviceUnavailable(
    _ message: String,
    retryAfterSeconds: Int? = nil
  ) -> ServiceError {
    ServiceError(
      code: "ServiceUnavailable",
      httpStatus: 503,
      message: message,
      retryAfterSeconds: retryAfterSeconds
    )
  }

  /// 500: the cause is in the log.
  package static let internalFailure = ServiceError(
    code: "InternalFailure",
    httpStatus: 500,
    message: "The request processing has failed because of an unknown error, exception or failure."
  )

  /// The access key id is not one of ours, or is inactive.
  package static let invalidClientTokenID = ServiceError(
    code: "InvalidClientTokenId",
    httpStatus: 403,
    message: "The security token included in the request is invalid."
  )

  /// The session has ended.
  package static let expiredToken = ServiceError(
    code: "ExpiredToken",
    httpStatus: 403,
    message: "The security token included in the request is expired"
  )

  /// No `Action` parameter.
  package static let missingAction = ServiceError(
    code: "MissingAction",
    httpStatus: 400,
    message: "The request is missing an action or a required parameter."
  )

  /// `Action` and `Version` name no operation of the service.
  package static func invalidAction(_ action: String, version: String?) -> ServiceError {
    ServiceError(
      code: "InvalidAction",
      httpStatus: 400,
      message: "Could not find operation \(action) for version \(version ?? "NO_VERSION_SPECIFIED")"
    )
  }

  /// 400, with a message in AWS's words.
  package static func validationError(_ message: String) -> ServiceError {
    ServiceError(code: "ValidationError", httpStatus: 400, message: message)
  }

  /// 403, in words that no policy gave: what the kind of caller may never do.
  package static func accessDenied(_ message: String) -> ServiceError {
    ServiceError(code: "AccessDenied", httpStatus: 403, message: message)
  }

  /// 400. Source: responses recorded from STS.
  package static func invalidParameterValue(_ message: String) -> ServiceError {
    ServiceError(code: "InvalidParameterValue", httpStatus: 400, message: message)
  }

  /// 400. Source: IAM service model, InvalidInputException.
  package static func invalidInput(_ message: String) -> ServiceError {
    ServiceError(code: "InvalidInput", httpStatus: 400, message: message)
  }

  /// 404. Source: IAM service model, NoSuchEntityException.
  package static func noSuchEntity(_ message: String) -> ServiceError {
    ServiceError(code: "NoSuchEntity", httpStatus: 404, message: message)
  }

  /// 409. Source: IAM service model, EntityAlreadyExistsException.
  package static func entityAlreadyExists(_ message: String) -> ServiceError {
    ServiceError(code: "EntityAlreadyExists", httpStatus: 409, message: message)
  }

  /// 409. Source: IAM service model, DeleteConflictException.
  package static func deleteConflict(_ message: String) -> ServiceError {
    ServiceError(code: "DeleteConflict", httpStatus: 409, message: message)
  }

  /// 409. Source: IAM service model, LimitExceededException.
  package static func limitExceeded(_ message: String) -> ServiceError {
    ServiceError(code: "LimitExceeded", httpStatus: 409, message: message)
  }
}
