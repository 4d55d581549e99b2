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
      guard decision.isAllowed else { throw .accessDenied(call, question, decision) }
    }
    return AuthorizedCall(action, call, subject)
  }

  private static func decide(_ question: Question, _ call: AuthenticatedCall) -> Decision {
    let caller = call.caller
    let resourceAccount = question.resourceAccount ?? caller.principal.account
    let policies = PolicySet(
      identity: caller.policies.identity,
      permissionsBoundary: caller.policies.permissionsBoundary,
      session: caller.policies.session,
      resource: question.trust
    )
    // Where there is no policy, as for root, nothing would read the keys.
    let isUnconditional = caller.policies.isEmpty && question.trust == nil
    let request = PolicyRequest(
      action: question.action,
      resource: question.resource,
      resourceAccount: resourceAccount,
      principal: RequestPrincipal(caller.principal),
      context: isUnconditional
        ? RequestContext()
        : RequestContext(call, resourceAccount: resourceAccount, question.context)
    )
    return PolicyEvaluator.decide(request, policies)
  }
}
