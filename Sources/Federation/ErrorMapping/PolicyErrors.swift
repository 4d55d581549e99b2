// SPDX-License-Identifier: Apache-2.0
//
// What a client reads when its policy document is refused. Code and status from botocore's service models. IAM has two
// families of sentences, one for role trust policies and one for all others; both as AWS prints them. What AWS has no
// sentence for is a syntax error to it, and so it is here. Sources: responses recorded from IAM; IAM User Guide.

package import IdentityModel
package import PolicyEngine

extension ServiceError {
  /// A policy document that is none: `MalformedPolicyDocument`, 400.
  ///
  /// - Parameters:
  ///   - error: what is wrong with it.
  ///   - kind: what the document was to be.
  package init(_ error: PolicyDocumentError, in kind: PolicyKind) {
    self.init(
      code: "MalformedPolicyDocument",
      httpStatus: 400,
      message: kind == .trust ? trustPolicySentence(error) : policySentence(error)
    )
  }
}

private let syntaxErrors = "Syntax errors in policy."

private func policySentence(_ error: PolicyDocumentError) -> String {
  switch error {
  case .json, .wrongType, .unknownElement, .conflictingElements, .unknownVersion, .unknownEffect,
    .allowNotPermitted, .actionName, .conditionOperator, .duplicateConditionKey, .conditionValue, .variable:
    syntaxErrors
  case .missingElement(let element):
    switch element {
    case "Action": "Policy statement must contain actions."
    case "Resource": "Policy statement must contain resources."
    case "Principal": "Missing required field Principal"
    default: syntaxErrors
    }
  case .prohibitedElement(let element):
    switch element {
    case "Principal", "NotPrincipal": "Policy document should not specify a principal."
    default: syntaxErrors
    }
  case .versionTooOld:
    "Policy document must be version 2012-10-17 or greater."
  case .sidNotAlphanumeric:
    "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
  case .duplicateSid:
    "Statement IDs (SID) in a single policy must be unique."
  case .actionWithoutVendor, .conditionKey:
    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
  case .actionWithSeveralColons:
    "Actions/Condition can contain only one colon."
  case .vendor(let vendor):
    "Vendor \(vendor) is not valid"
  case .trustAction:
    "AssumeRole policy may only specify STS AssumeRole actions."
  case .resourceNotARN(let resource):
    "Resource \(resource) must be in ARN format or \"*\"."
  case .resourceParts:
    "The policy failed legacy parsing"
  case .resourcePartition(let partition, let resource):
    "Partition \"\(partition)\" is not valid for resource \"\(resource)\"."
  case .resourceVendor:
    "Resource vendor must be fully qualified and cannot contain regexes."
  case .resourceRegion(let resource):
    "IAM resource \(resource) cannot contain region information."
  case .principal(let type, let value):
    "Invalid principal in policy: \"\(type)\":\"\(value)\""
  case .principalNotEveryone:
    syntaxErrors
  case .unprotectedAction(let action):
    "Action \(action) is not one that a resource control policy can deny."
  }
}

private func trustPolicySentence(_ error: PolicyDocumentError) -> String {
  switch error {
  case .json:
    "This policy contains invalid Json"
  case .missingElement(let element):
    "Missing required field \(element)"
  case .prohibitedElement(let element):
    "Has prohibited field \(element)"
  case .conditionOperator(let name):
    "Invalid Condition type : \(name)"
  case .wrongType, .unknownElement, .conflictingElements, .unknownVersion, .versionTooOld, .unknownEffect,
    .allowNotPermitted, .sidNotAlphanumeric, .duplicateSid, .actionWithoutVendor, .actionWithSeveralColons,
    .vendor, .actionName, .trustAction, .resourceNotARN, .resourceParts, .resourcePartition, .resourceVendor,
    .resourceRegion, .principal, .principalNotEveryone, .unprotectedAction, .conditionKey,
    .duplicateConditionKey,
    .conditionValue,
    .variable:
    policySentence(error)
  }
}
