// SPDX-License-Identifier: Apache-2.0
//
// May the caller? The action's questions against the caller's policies. The only maker of `AuthorizedCall`.

package import IdentityModel
import PolicyEngine

/// A call that policy allows, with its action.
///
/// Only this file makes one.
package struct AuthorizedCall<A: Action>: Sendable {
  /// The action.
  package let action: A
  /// The call.
  package let authenticated: AuthenticatedCall
  /// What the action is about, as policy saw it.
  package let subject: A.Subject

  /// Who calls.
  package var principal: Principal { authenticated.caller.principal }
  /// The account of the caller.
  package var account: AccountID { authenticated.account }
  /// When the request arrived.
  package var now: Instant { authenticated.now }

  fileprivate init(_ action: A, _ authenticated: AuthenticatedCall, _ subject: A.Subject) {
    self.action = action
    self.subject = subject
    self.authenticated = authenticated
  }
}

/// Decides.
package enum Authorizer {
  /// Asks policy every question of `action`; all must be allowed.
  ///
  /// Throws AccessDenied with AWS's sentence for the first that is not.
  package static func authorize<A: Action>(
    _ action: A,
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> AuthorizedCall<A> {
    let subject = try await action.subject(call, house)
    for question in action.questions(subject, call) {
      let decision = decide(question, call)
      guard decision.isAllowed else {
        throw .accessDenied(
          principalARN: call.caller.principal.arn.description,
          action: question.action,
          resource: question.resource,
          decision: decision
        )
      }
    }
    return AuthorizedCall(action, call, subject)
  }

  private static func decide(_ question: Question, _ call: AuthenticatedCall) -> Decision {
    let principal = call.caller.principal
    let request = PolicyRequest(
      action: question.action,
      resource: question.resource,
      resourceAccount: principal.account,
      principal: RequestPrincipal(principal),
      context: context(of: call, question)
    )
    return PolicyEvaluator.decide(request, PolicySet(identity: call.caller.identityPolicies))
  }

  /// The global condition keys of the call, and those of the question.
  private static func context(of call: AuthenticatedCall, _ question: Question) -> RequestContext {
    var context = RequestContext()
    // The root of an account has no policies of its own: nothing would read the keys.
    guard !call.caller.identityPolicies.isEmpty else { return context }
    let principal = call.caller.principal
    context.set("aws:PrincipalArn", principal.arn.description)
    context.set("aws:PrincipalAccount", principal.account.description)
    context.set("aws:userid", principal.uniqueID)
    switch principal {
    case .root:
      context.set("aws:PrincipalType", "Account")
    case .user(let user):
      context.set("aws:PrincipalType", "User")
      context.set("aws:username", user.userName)
      for tag in user.tags { context.set("aws:PrincipalTag/\(tag.key)", tag.value) }
    }
    context.set("aws:SourceIp", call.sourceIPAddress)
    context.set("aws:SecureTransport", call.isSecureTransport ? "true" : "false")
    context.set("aws:CurrentTime", call.now.rfc3339)
    context.set("aws:EpochTime", String(call.now.seconds))
    context.set("aws:RequestedRegion", call.region.description)
    context.set("aws:ResourceAccount", principal.account.description)
    // AWS sets these two in every request; no service calls on behalf of anybody here.
    context.set("aws:ViaAWSService", "false")
    context.set("aws:PrincipalIsAWSService", "false")
    if let userAgent = call.userAgent { context.set("aws:UserAgent", userAgent) }
    for entry in question.context {
      if entry.isMultivalued {
        context.set(entry.key, values: entry.values)
      } else {
        context.set(entry.key, entry.values[0])
      }
    }
    return context
  }
}

extension RequestPrincipal {
  /// The caller as policies see it.
  fileprivate init(_ principal: Principal) {
    self =
      switch principal {
      case .root(let account): .root(account)
      case .user(let user): .user(arn: user.arn, account: user.account, userID: user.userID)
      }
  }
}
