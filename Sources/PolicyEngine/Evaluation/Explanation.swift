// SPDX-License-Identifier: Apache-2.0
//
// A decision with everything that led to it: for SimulatePrincipalPolicy, SimulateCustomPolicy and for people. The
// decision is the evaluator's own. Source: AWS IAM API, `EvaluationResult`.

/// A decision and what each policy had to do with it.
package struct Explanation: Hashable, Sendable {
  /// What the evaluator decides.
  package let decision: Decision
  /// Every statement that applies, Allow and Deny, in the order of the policies.
  package let matched: [MatchedStatement]
  /// Every statement that does not apply, with the first reason, in the order of the policies.
  package let unmatched: [UnmatchedStatement]
  /// Keys that the request lacks and that a statement whose action and resource match asks for.
  ///
  /// Keys of conditions, and variables without a default; as the policies spell them, each once.
  package let missingContextKeys: [String]
  /// The same without the keys that only the policies of an organization ask for: what its accounts may read.
  package let missingAccountContextKeys: [String]
  /// What each kind of policy says by itself: identity-based policies always, the others when there are any.
  package let verdicts: [TypeVerdict]
  /// Whether the policies of the organization allow; `nil` outside one.
  package let isAllowedByOrganization: Bool?
  /// Whether the permissions boundary allows; `nil` when there is none.
  package let isAllowedByBoundary: Bool?
  /// Which level of the organization refuses, counted from the root: the place in `PolicySet.serviceControl` or
  /// `resourceControl`; `nil` when the refusal is not the organization's.
  package let refusingLevel: Int?
}

/// What a kind of policy says by itself.
package enum Verdict: Hashable, Sendable {
  /// A statement allows, at every level, and none denies.
  case allowed
  /// A statement denies.
  case explicitlyDenied
  /// No statement allows, or none at some level.
  case implicitlyDenied
}

/// A kind of policy and what it says.
package struct TypeVerdict: Hashable, Sendable {
  /// The kind.
  package let type: PolicyType
  /// What it says.
  package let verdict: Verdict

  /// Pairs `type` and `verdict`.
  package init(type: PolicyType, verdict: Verdict) {
    self.type = type
    self.verdict = verdict
  }
}

/// A statement that applies to a request.
package struct MatchedStatement: Hashable, Sendable {
  /// Which statement of which policy.
  package let reference: StatementReference
  /// The kind of the policy.
  package let type: PolicyType
  /// What the statement does.
  package let effect: Effect
  /// Where it stands in the text.
  package let span: SourceSpan
}

/// A statement that does not apply to a request.
package struct UnmatchedStatement: Hashable, Sendable {
  /// Which statement of which policy.
  package let reference: StatementReference
  /// The kind of the policy.
  package let type: PolicyType
  /// What the statement would do.
  package let effect: Effect
  /// Where it stands in the text.
  package let span: SourceSpan
  /// The first of its elements that keeps it from applying.
  package let reason: Mismatch
}

/// Why a statement does not apply.
package enum Mismatch: Hashable, Sendable {
  /// `Action` does not name the action, or `NotAction` does.
  case action
  /// `Resource` does not name the resource, or `NotResource` does, or a variable in it has no value.
  case resource
  /// `Principal` does not name the caller, or `NotPrincipal` spares it.
  case principal
  /// A condition is not met.
  case condition(UnmetCondition)
}

/// A condition that a request does not meet.
package struct UnmetCondition: Hashable, Sendable {
  /// The operator as the policy has it: `ForAllValues:StringEqualsIfExists`.
  package let `operator`: String
  /// The key as the policy spells it.
  package let key: String
  /// The values that the policy has for it.
  package let policyValues: [String]
  /// The values that the request has for it; `nil` when the key is missing.
  package let requestValues: [String]?

  /// Gathers the parts.
  package init(operator: String, key: String, policyValues: [String], requestValues: [String]?) {
    self.operator = `operator`
    self.key = key
    self.policyValues = policyValues
    self.requestValues = requestValues
  }
}

extension PolicyEvaluator {
  /// Decides one request, and says what each statement had to do with it.
  ///
  /// - Parameters:
  ///   - request: what is asked, and by whom.
  ///   - policies: everything that bears on it.
  ///   - locating: whether the places of statements are to be found, which reads every text; they are `nowhere` if not.
  /// - Returns: the decision of `decide` with its particulars; an order of magnitude slower than `decide`.
  package static func explain(
    _ request: PolicyRequest,
    _ policies: PolicySet,
    locating: Bool = true
  ) -> Explanation {
    let question = Question(request)
    var matched: [MatchedStatement] = []
    var unmatched: [UnmatchedStatement] = []
    var missing = KeyList()
    var missingOfAccount = KeyList()
    for (type, policies) in policies.inOrder {
      for policy in policies {
        let spans =
          locating
          ? policy.document.statementSpans
          : Array(repeating: .nowhere, count: policy.document.statements.count)
        for ((index, statement), span) in zip(policy.document.statements.enumerated(), spans) {
          let reference = StatementReference(policy: policy.identifier, index: index, sid: statement.sid)
          let effect = statement.effect
          if let reason = statement.mismatch(question) {
            unmatched.append(
              UnmatchedStatement(reference: reference, type: type, effect: effect, span: span, reason: reason)
            )
          } else {
            matched.append(MatchedStatement(reference: reference, type: type, effect: effect, span: span))
          }
          guard statement.concerns(question) else { continue }
          let keys = statement.keys(withDefaults: false).filter { question.context[$0] == nil }
          missing.append(contentsOf: keys)
          if !type.isOfOrganization { missingOfAccount.append(contentsOf: keys) }
        }
      }
    }
    let verdicts = verdicts(question, policies)
    let organization = verdicts.filter(\.type.isOfOrganization)
    let decision = decide(request, policies)
    return Explanation(
      decision: decision,
      matched: matched,
      unmatched: unmatched,
      missingContextKeys: missing.spellings,
      missingAccountContextKeys: missingOfAccount.spellings,
      verdicts: verdicts,
      isAllowedByOrganization: organization.isEmpty
        ? nil : organization.allSatisfy { $0.verdict == .allowed },
      isAllowedByBoundary: verdicts.first { $0.type == .permissionsBoundary }.map { $0.verdict == .allowed },
      refusingLevel: refusingLevel(decision, question, policies)
    )
  }

  /// The first level that denies, or the first that is silent, as the decision has it.
  private static func refusingLevel(
    _ decision: Decision,
    _ question: Question,
    _ policies: PolicySet
  ) -> Int? {
    let (type, isExplicit): (PolicyType, Bool)
    switch decision {
    case .allow: return nil
    case .explicitDeny(let denying, _): (type, isExplicit) = (denying, true)
    case .implicitDeny(let silent): (type, isExplicit) = (silent, false)
    }
    let levels: [[NamedPolicy]]
    switch type {
    case .serviceControl: levels = policies.serviceControl
    case .resourceControl: levels = policies.resourceControl
    case .identity, .resource, .roleTrust, .permissionsBoundary, .session: return nil
    }
    return levels.firstIndex { level in
      let applying = level.lazy.flatMap(\.document.statements).filter { $0.applies(to: question) }
      return isExplicit
        ? applying.contains { $0.effect == .deny } : !applying.contains { $0.effect == .allow }
    }
  }

  private static func verdicts(_ question: Question, _ policies: PolicySet) -> [TypeVerdict] {
    let kinds: [(PolicyType, levels: [[NamedPolicy]]?)] = [
      (.serviceControl, policies.serviceControl.isEmpty ? nil : policies.serviceControl),
      (.resourceControl, policies.resourceControl.isEmpty ? nil : policies.resourceControl),
      (policies.resourceType, policies.resource.map { [[$0]] }),
      (.identity, [policies.identity]),
      (.permissionsBoundary, policies.permissionsBoundary.map { [$0] }),
      (.session, policies.session.map { [$0] }),
    ]
    return kinds.compactMap { type, levels in
      guard let levels else { return nil }
      let effects = levels.map { level in
        Set(
          level.flatMap(\.document.statements).filter { $0.applies(to: question) }.map(\.effect)
        )
      }
      if effects.contains(where: { $0.contains(.deny) }) {
        return TypeVerdict(type: type, verdict: .explicitlyDenied)
      }
      let isAllowed = effects.allSatisfy { $0.contains(.allow) }
      return TypeVerdict(type: type, verdict: isAllowed ? .allowed : .implicitlyDenied)
    }
  }
}

extension Statement {
  /// The first reason why the statement does not apply; `nil` when it applies.
  fileprivate func mismatch(_ question: Question) -> Mismatch? {
    guard !applies(to: question) else { return nil }
    if namesAction(of: question) == .no { return .action }
    if namesResource(of: question) == .no { return .resource }
    if namesPrincipal(of: question) == .no { return .principal }
    // Then an Allow does not apply for what cannot be answered, too.
    let answers = conditions.map { ($0, $0.answer(in: question.context)) }
    guard let unmet = (answers.first { $0.1 == .no } ?? answers.first { $0.1 == .unknown })?.0 else {
      return .resource
    }
    return .condition(
      UnmetCondition(
        operator: unmet.operatorName,
        key: unmet.key.spelling,
        policyValues: unmet.wanted,
        requestValues: question.context[unmet.key].map { $0.map { String(decoding: $0, as: UTF8.self) } }
      )
    )
  }

  /// Whether the statement names the action, and the resource or what the missing value of a variable could make it.
  fileprivate func concerns(_ question: Question) -> Bool {
    guard namesAction(of: question) == .yes else { return false }
    guard let resources, !resources.isNegated else { return namesResource(of: question) != .no }
    return resources.patterns.contains { $0.matches(question.resource, in: question.context) != false }
  }
}
