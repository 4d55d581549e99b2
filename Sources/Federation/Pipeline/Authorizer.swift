// SPDX-License-Identifier: Apache-2.0
//
// May the caller? The action's questions against the caller's policies. The only maker of `AuthorizedCall`.

package import IdentityModel
import PolicyEngine
import StrictJSON

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
  /// The region that was called.
  package var region: Region { authenticated.region }
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
  /// Throws AccessDenied with AWS's sentence for the first that is not. What the caller's kind of session may not call
  /// at all is refused before.
  package static func authorize<A: Action>(
    _ action: A,
    _ call: AuthenticatedCall,
    _ house: House,
    _ trail: inout Trail
  ) async throws(ServiceError) -> AuthorizedCall<A> {
    if A.service == .sts, let refusal = call.caller.session?.refusal(ofSTSAction: A.name) { throw refusal }
    let subject = try await action.subject(call, house)
    for question in action.questions(subject, call) {
      let (request, policies) = matter(question, call)
      let decision = PolicyEvaluator.decide(request, policies)
      guard decision.isAllowed else {
        trail.refusal = refusal(request, policies, question, call)
        throw .accessDenied(call, question, decision)
      }
    }
    return AuthorizedCall(action, call, subject)
  }

  /// The question as the engine takes it, and the policies that bear on it.
  private static func matter(
    _ question: Question,
    _ call: AuthenticatedCall
  ) -> (PolicyRequest, PolicySet) {
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
    return (request, policies)
  }

  /// Why policy refused, for the record.
  ///
  /// SECURITY: the record is the caller's account's: what the policies of another account say has no place in it, nor
  /// how its resources are tagged, nor whether they exist.
  private static func refusal(
    _ request: PolicyRequest,
    _ policies: PolicySet,
    _ question: Question,
    _ call: AuthenticatedCall
  ) -> JSONValue {
    guard let owner = question.resourceAccount, owner != call.account else {
      return PolicyEvaluator.explain(request, policies, locating: false).refusal(of: request)
    }
    var policies = policies
    policies.resource = nil
    let request = PolicyRequest(
      action: request.action,
      resource: request.resource,
      resourceAccount: owner,
      principal: request.principal,
      context: RequestContext(call, resourceAccount: owner, question.context.filter { !$0.isOfResource })
    )
    return PolicyEvaluator.explain(request, policies, locating: false).refusal(of: request)
  }
}

extension Question.ContextEntry {
  /// Whether the entry tells a tag of the resource.
  fileprivate var isOfResource: Bool {
    ["aws:ResourceTag/", "iam:ResourceTag/"].contains { key.utf8.starts(with: $0.utf8) }
  }
}
