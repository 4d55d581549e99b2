// SPDX-License-Identifier: Apache-2.0
//
// The refusals of AWS Organizations. Source: botocore, organizations 2016-11-28 (names and reasons; every modelled error
// is HTTP 400).

import IdentityModel

extension ServiceError {
  /// An error of the model: 400.
  static func organizations(_ code: String, _ message: String, reason: String? = nil) -> ServiceError {
    ServiceError(code: code, httpStatus: 400, message: message, reason: reason)
  }

  /// A parameter breaks its shape.
  static func invalidOrganizationsInput(_ reason: InvalidInputReason, _ message: String) -> ServiceError {
    .organizations("InvalidInputException", message, reason: reason.rawValue)
  }

  /// A limit or a rule of the organization.
  static func constraintViolation(_ reason: ConstraintReason, _ message: String) -> ServiceError {
    .organizations("ConstraintViolationException", message, reason: reason.rawValue)
  }

  /// The caller's account is in no organization.
  static let organizationsNotInUse = ServiceError.organizations(
    "AWSOrganizationsNotInUseException",
    "Your account is not a member of an organization."
  )

  /// The caller is in an organization that another account manages.
  static let notManagementAccount = ServiceError.accessDenied(
    "You don't have permissions to access this resource."
  )

  static func accountNotFound() -> ServiceError {
    .organizations(
      "AccountNotFoundException",
      "You specified an account that doesn't exist in your organization."
    )
  }

  static func parentNotFound() -> ServiceError {
    .organizations("ParentNotFoundException", "You specified parent that doesn't exist.")
  }

  static func unitNotFound() -> ServiceError {
    .organizations(
      "OrganizationalUnitNotFoundException",
      "You specified an organizational unit that doesn't exist."
    )
  }

  static func duplicateUnit() -> ServiceError {
    .organizations(
      "DuplicateOrganizationalUnitException",
      "An organizational unit with the same name already exists below that parent."
    )
  }
}

/// Why an input is invalid.
enum InvalidInputReason: String {
  case duplicateTagKey = "DUPLICATE_TAG_KEY"
  case immutablePolicy = "IMMUTABLE_POLICY"
  case inputRequired = "INPUT_REQUIRED"
  case invalidEnum = "INVALID_ENUM"
  case invalidPolicyType = "INVALID_ENUM_POLICY_TYPE"
  case invalidNextToken = "INVALID_NEXT_TOKEN"
  case invalidPattern = "INVALID_PATTERN"
  case invalidRoleName = "INVALID_ROLE_NAME"
  case invalidSystemTags = "INVALID_SYSTEM_TAGS_PARAMETER"
  case maximumLength = "MAX_LENGTH_EXCEEDED"
  case maximumValue = "MAX_VALUE_EXCEEDED"
  case minimumLength = "MIN_LENGTH_EXCEEDED"
  case minimumValue = "MIN_VALUE_EXCEEDED"
  case nonDetachablePolicy = "NON_DETACHABLE_POLICY"
}

/// Which limit or rule an action would break.
enum ConstraintReason: String {
  case accountNumber = "ACCOUNT_NUMBER_LIMIT_EXCEEDED"
  case cannotCloseManagementAccount = "CANNOT_CLOSE_MANAGEMENT_ACCOUNT"
  case maximumAttachments = "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
  case minimumAttachments = "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"
  case policyContent = "POLICY_CONTENT_LIMIT_EXCEEDED"
  case policyNumber = "POLICY_NUMBER_LIMIT_EXCEEDED"
  case tagNumber = "MAX_TAG_LIMIT_EXCEEDED"
  case unitDepth = "OU_DEPTH_LIMIT_EXCEEDED"
  case unitNumber = "OU_NUMBER_LIMIT_EXCEEDED"
}
