// SPDX-License-Identifier: Apache-2.0
//
// The sentence by which AWS refuses: who, what, on what, and which kind of policy was silent or denied. Source:
// responses observed at STS; IAM User Guide, troubleshooting access denied errors.

package import IdentityModel
package import PolicyEngine

extension ServiceError {
  /// The refusal of `question` to the caller of `call`.
  ///
  /// SECURITY: what the policies of another account say, or whether a resource of it exists, is not for the caller to
  /// know: across accounts the sentence has no reason.
  package static func accessDenied(
    _ call: AuthenticatedCall,
    _ question: Question,
    _ decision: Decision
  ) -> ServiceError {
    let isCrossAccount = question.resourceAccount.map { $0 != call.account } ?? false
    return .accessDenied(
      principalARN: call.caller.principal.arn.description,
      action: question.action,
      resource: question.resource,
      decision: isCrossAccount ? .allow(by: []) : decision
    )
  }

  /// The refusal that follows from a decision: `AccessDenied`, 403.
  ///
  /// - Parameters:
  ///   - principalARN: the caller as it signed: the session's ARN for a session.
  ///   - action: the action that was asked for.
  ///   - resource: the resource that it was asked on; `nil` leaves the clause out.
  ///   - decision: what the policies said. A decision to allow still makes a refusal here, without a reason.
  /// - Returns: the error for the client. It names the kind of policy and never a policy, a statement or a value.
  package static func accessDenied(
    principalARN: String,
    action: String,
    resource: String?,
    decision: Decision
  ) -> ServiceError {
    var message = "User: \(principalARN) is not authorized to perform: \(action)"
    if let resource { message += " on resource: \(resource)" }
    switch decision {
    case .explicitDeny(let type, _):
      message += " with an explicit deny in \(type.article) \(type.name)"
    case .implicitDeny(let type):
      message += " because no \(type.name) allows the \(action) action"
    case .allow:
      break
    }
    return ServiceError(code: "AccessDenied", httpStatus: 403, message: message)
  }
}

extension PolicyType {
  fileprivate var name: String {
    switch self {
    case .identity: "identity-based policy"
    case .resource: "resource-based policy"
    case .roleTrust: "role trust policy"
    case .permissionsBoundary: "permissions boundary"
    case .session: "session policy"
    case .serviceControl: "service control policy"
    // Not observed yet; formed like the others.
    case .resourceControl: "resource control policy"
    }
  }

  fileprivate var article: String {
    switch self {
    case .identity: "an"
    case .roleTrust: "the"
    case .resource, .permissionsBoundary, .session, .serviceControl, .resourceControl: "a"
    }
  }
}
