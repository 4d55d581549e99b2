// SPDX-License-Identifier: Apache-2.0
//
// How the policies of one request combine. Total: every request gets a decision, and whatever is not an explicit yes
// is a no. Refuses to know how a statement is tested. Source: IAM User Guide, policy evaluation logic.

/// Combines policies into a decision.
package enum PolicyEvaluator {
  /// Decides one request.
  ///
  /// The order is AWS's: any Deny, then what each kind of policy must allow.
  ///
  /// - Parameters:
  ///   - request: what is asked, and by whom.
  ///   - policies: everything that bears on it.
  /// - Returns: the decision with its reason.
  package static func decide(_ request: PolicyRequest, _ policies: PolicySet) -> Decision {
    let question = Question(request)

    // 1. A Deny in any policy.
    for (type, policies) in policies.inOrder {
      if let reference = first(.deny, in: policies, question) { return .explicitDeny(type, reference) }
    }

    // 2. Organization: every level must allow.
    for (type, levels) in [
      (PolicyType.serviceControl, policies.serviceControl), (.resourceControl, policies.resourceControl),
    ] {
      for level in levels where first(.allow, in: level, question) == nil { return .implicitDeny(type) }
    }

    // 3. The policy of the resource.
    let grant = policies.resource.flatMap { closestGrant(of: $0, question) }
    var granting = grant.map { [$0.reference] } ?? []
    guard let account = request.principal.account else {
      // Services, identity providers and anonymous callers have no policies of their own.
      return granting.isEmpty ? .implicitDeny(policies.resourceType) : .allow(by: granting)
    }
    let isCrossAccount = request.resourceAccount.map { $0 != account } ?? false
    if isCrossAccount || policies.resourceMustAllow || policies.resourceType == .roleTrust, grant == nil {
      return .implicitDeny(policies.resourceType)
    }
    if !isCrossAccount, grant?.match == .caller { return .allow(by: granting) }

    // The root user is exempt from the implicit denials of its own account.
    if case .root = request.principal { return .allow(by: granting) }

    // 4. Identity-based policies, unless the resource's own account gave access to more than the account.
    if isCrossAccount || grant.map({ $0.match == .account }) ?? true {
      guard let reference = first(.allow, in: policies.identity, question) else {
        return .implicitDeny(.identity)
      }
      granting.append(reference)
    }

    // 5. The permissions boundary.
    if let boundary = policies.permissionsBoundary, first(.allow, in: boundary, question) == nil {
      return .implicitDeny(.permissionsBoundary)
    }

    // 6. Session policies; a federated user has no access without one.
    if let session = policies.session {
      if first(.allow, in: session, question) == nil { return .implicitDeny(.session) }
    } else if case .federatedUser = request.principal {
      return .implicitDeny(.session)
    }
    return .allow(by: granting)
  }

  /// The first statement of this effect that applies.
  private static func first(
    _ effect: Effect,
    in policies: [NamedPolicy],
    _ question: Question
  ) -> StatementReference? {
    for policy in policies {
      for (index, statement) in policy.document.statements.enumerated()
      where statement.effect == effect && statement.applies(to: question) {
        return StatementReference(policy: policy.identifier, index: index, sid: statement.sid)
      }
    }
    return nil
  }

  /// Of the Allow statements that apply, the first of those that name the caller most closely.
  private static func closestGrant(
    of policy: NamedPolicy,
    _ question: Question
  ) -> (match: PrincipalMatch, reference: StatementReference)? {
    var closest: (match: PrincipalMatch, reference: StatementReference)?
    for (index, statement) in policy.document.statements.enumerated()
    where statement.effect == .allow && statement.applies(to: question) {
      guard let match = statement.closeness(to: question.principal), closest.map({ $0.match < match }) ?? true
      else { continue }
      closest = (
        match, StatementReference(policy: policy.identifier, index: index, sid: statement.sid)
      )
    }
    return closest
  }
}
