// SPDX-License-Identifier: Apache-2.0
//
// One statement: five tests that must all say yes. Owns the rule for what cannot be answered. Source: IAM User Guide,
// policy elements.

/// What a statement does to a request that it applies to.
package enum Effect: String, Hashable, Sendable {
  /// The request is allowed unless something denies it.
  case allow = "Allow"
  /// The request is denied, whatever allows it.
  case deny = "Deny"
}

/// The patterns of an element, or of its `Not…` form.
struct Listed<Patterns: Hashable & Sendable>: Hashable, Sendable {
  let patterns: Patterns
  let isNegated: Bool

  init(_ patterns: Patterns, negated: Bool) {
    self.patterns = patterns
    self.isNegated = negated
  }
}

/// One statement of a policy document, compiled.
package struct Statement: Hashable, Sendable {
  /// The `Sid`; `nil` when the statement has none.
  package let sid: String?
  /// The `Effect`.
  package let effect: Effect

  let principals: Listed<[PrincipalPattern]>?
  let actions: Listed<[ActionPattern]>
  let resources: Listed<[ResourcePattern]>?
  let conditions: [ConditionTest]
  /// Whether it applies to every request: what an organization has at each of its levels, and nobody need ask again.
  private let appliesToEverything: Bool

  init(
    sid: String?,
    effect: Effect,
    principals: Listed<[PrincipalPattern]>?,
    actions: Listed<[ActionPattern]>,
    resources: Listed<[ResourcePattern]>?,
    conditions: [ConditionTest]
  ) {
    self.sid = sid
    self.effect = effect
    self.principals = principals
    self.actions = actions
    self.resources = resources
    self.conditions = conditions
    let everybody = Listed([PrincipalPattern.everyone], negated: false)
    appliesToEverything =
      actions == Listed([.everything], negated: false) && resources == Listed([.everything], negated: false)
      && (principals == nil || principals == everybody) && conditions.isEmpty
  }

  /// Whether the statement has its effect on the request that `question` asks about.
  ///
  /// SECURITY: what cannot be answered fails closed: then an `Allow` does not apply and a `Deny` does.
  func applies(to question: Question) -> Bool {
    if appliesToEverything { return true }
    return switch answer(question) {
    case .yes: true
    case .no: false
    case .unknown: effect == .deny
    }
  }

  private func answer(_ question: Question) -> Answer {
    var answer = namesAction(of: question)
    if answer == .no { return .no }
    answer = answer.and(namesPrincipal(of: question))
    if answer == .no { return .no }
    answer = answer.and(namesResource(of: question))
    for condition in conditions {
      if answer == .no { return .no }
      answer = answer.and(condition.answer(in: question.context))
    }
    return answer
  }

  func namesAction(of question: Question) -> Answer {
    Answer(actions.patterns.contains { $0.matches(question.action) } != actions.isNegated)
  }

  func namesResource(of question: Question) -> Answer {
    guard let resources else { return .yes }
    var isUnresolved = false
    for pattern in resources.patterns {
      switch pattern.matches(question.resource, in: question.context) {
      case true?: return Answer(!resources.isNegated)
      case false?: break
      case nil: isUnresolved = true
      }
    }
    // A variable without a value matches nothing; that it does not match proves nothing for NotResource.
    if resources.isNegated { return isUnresolved ? .unknown : .yes }
    return .no
  }

  func namesPrincipal(of question: Question) -> Answer {
    guard let principals else { return .yes }
    guard principals.isNegated else { return Answer(closeness(to: question.principal) != nil) }
    // What leaves the caller out of a Deny names it by every name; any name keeps it out of an Allow.
    return switch effect {
    case .deny: Answer(!question.principal.isExempted(by: principals.patterns))
    case .allow: Answer(question.principal.match(principals.patterns) == nil)
    }
  }

  /// How closely the statement, which applies, names the caller; everyone, when it says who is not meant.
  func closeness(to principal: RequestPrincipal) -> PrincipalMatch? {
    principals.flatMap { $0.isNegated ? .everyone : principal.match($0.patterns) }
  }
}

/// The answer to one test of a statement.
enum Answer: Hashable, Sendable {
  case no
  /// The request does not hold what the test needs in a form that the test can use.
  case unknown
  case yes

  init(_ isYes: Bool) {
    self = isYes ? .yes : .no
  }

  func and(_ other: Answer) -> Answer {
    switch (self, other) {
    case (.no, _), (_, .no): .no
    case (.unknown, _), (_, .unknown): .unknown
    case (.yes, .yes): .yes
    }
  }
}
