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
        trail.refusal = { refusal(request, policies, question, call) }
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
    let owner = ResourceOwner(of: question, call)
    let policies = PolicySet(
      identity: caller.policies.identity,
      permissionsBoundary: caller.policies.permissionsBoundary,
      session: caller.policies.session,
      resource: question.trust,
      serviceControl: caller.standing.membership?.policies.serviceControl ?? [],
      resourceControl: owner.membership?.policies.resourceControl ?? []
    )
    // Where there is no policy, as for root outside an organization, nothing would read the keys.
    let isUnconditional =
      caller.policies.isEmpty && question.trust == nil && policies.serviceControl.isEmpty
      && policies.resourceControl.isEmpty
    let request = PolicyRequest(
      action: question.action,
      resource: question.resource,
      resourceAccount: owner.account,
      principal: RequestPrincipal(caller.principal),
      context: isUnconditional ? RequestContext() : RequestContext(call, owner: owner, question.context)
    )
    return (request, policies)
  }

  /// Why policy refused, for the record.
  ///
  /// SECURITY: the record is the caller's account's: what the policies of another account say, or of its organization,
  /// has no place in it, nor how its resources are tagged, nor whether they exist.
  private static func refusal(
    _ request: PolicyRequest,
    _ policies: PolicySet,
    _ question: Question,
    _ call: AuthenticatedCall
  ) -> JSONValue {
    var (request, policies) = (request, policies)
    if let account = question.resourceAccount, account != call.account {
      policies.resource = nil
      policies.resourceControl = []
      request = PolicyRequest(
        action: request.action,
        resource: request.resource,
        resourceAccount: account,
        principal: request.principal,
        context: RequestContext(
          call,
          owner: ResourceOwner(account: account, membership: nil),
          question.context.filter { !$0.isOfResource }
        )
      )
    }
    // The levels of both kinds are those of the caller's own account.
    let explanation = PolicyEvaluator.explain(request, policies, locating: false)
    let level = explanation.refusingLevel.flatMap { place in
      call.caller.standing.membership?.place.levelID(place, of: call.account)
    }
    return explanation.refusal(of: request, at: level)
  }
}

/// Whose resource a question is about.
struct ResourceOwner: Sendable {
  /// The account.
  let account: AccountID
  /// Where it stands; `nil` when it is in no organization.
  let membership: OrganizationMembership?

  init(account: AccountID, membership: OrganizationMembership?) {
    self.account = account
    self.membership = membership
  }

  /// The account that the question names, or the caller's.
  init(of question: Question, _ call: AuthenticatedCall) {
    account = question.resourceAccount ?? call.account
    membership = account == call.account ? call.caller.standing.membership : question.resourceMembership
  }
}

extension Question.ContextEntry {
  /// Whether the entry tells a tag of the resource.
  fileprivate var isOfResource: Bool {
    ["aws:ResourceTag/", "iam:ResourceTag/"].contains { key.utf8.starts(with: $0.utf8) }
  }
}
