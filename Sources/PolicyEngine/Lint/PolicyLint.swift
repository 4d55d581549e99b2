// SPDX-License-Identifier: Apache-2.0
//
// Warns of policies that are legal and do not do what their authors think. Refuses to decide: nothing here changes an
// evaluation. Source: IAM User Guide, condition operators, multivalued context keys, NotPrincipal, NotAction; AWS IAM
// Access Analyzer policy check reference.

import IdentityModel

/// Looks for traps in a policy document.
package enum PolicyLint {
  /// The findings, in the order of the statements.
  package static func findings(_ document: PolicyDocument) -> [LintFinding] {
    document.statements.enumerated().flatMap { index, statement in
      var notes = StatementNotes(document: document, index: index, statement: statement)
      notes.lookAtActions()
      notes.lookAtPrincipals()
      for condition in statement.conditions { notes.lookAt(condition) }
      notes.lookAtVersion()
      return notes.findings
    }
  }
}

/// Gathers the findings of one statement.
private struct StatementNotes {
  let document: PolicyDocument
  let index: Int
  let statement: Statement
  var findings: [LintFinding] = []

  private mutating func note(_ code: LintCode, _ severity: LintSeverity, _ sentence: String) {
    findings.append(
      LintFinding(index: index, sid: statement.sid, code: code, severity: severity, sentence: sentence)
    )
  }

  private var isAllow: Bool { statement.effect == .allow }

  // MARK: - Actions and resources

  mutating func lookAtActions() {
    // The policies of an organization give nothing: they allow what they do not limit.
    let gives = isAllow && document.kind != .serviceControl && document.kind != .resourceControl
    if gives, statement.actions.isNegated {
      note(
        .allowNotAction,
        .warning,
        "Allow with NotAction allows every other action of every service, those that are new tomorrow too. List the actions."
      )
    } else if gives, document.kind != .boundary, statement.conditions.isEmpty, namesEverything {
      note(
        .allowEverything,
        .warning,
        "The statement allows every action on every resource. Name the actions and the resources that are needed."
      )
    }
    if gives, !statement.actions.isNegated {
      for name in statement.actions.patterns.compactMap(tokensByWildcard) {
        note(
          .tokensByWildcard,
          .warning,
          "`\(name)` covers iam:GetOutboundFederationToken too, which gives tokens of the configs. List the actions, or deny that one."
        )
      }
    }
    for name in statement.actions.patterns.compactMap(KnownActions.unknown) {
      note(.unknownAction, .warning, "No action is called `\(name)`: the name matches nothing.")
    }
  }

  /// The name as the policy has it, when it covers the action that gives tokens and does not look so: neither its own
  /// name nor every action of IAM.
  private func tokensByWildcard(_ pattern: ActionPattern) -> String? {
    guard case .named(let glob, let written) = pattern, written.utf8.contains(where: "*?".utf8.contains),
      glob != Glob("iam:*"), glob != Glob("*:*")
    else { return nil }
    return pattern.matches(Array("iam:getoutboundfederationtoken".utf8)) ? written : nil
  }

  /// The name as the policy has it, when it covers the action of actors and is not its own name.
  private func actingByWildcard(_ pattern: ActionPattern) -> String? {
    guard case .named(_, let written) = pattern, written.utf8.contains(where: "*?".utf8.contains),
      pattern.matches(Array("sts:actforsubject".utf8))
    else { return nil }
    return written
  }

  private var namesEverything: Bool {
    let anything = Glob("*:*")
    let actions = statement.actions.patterns.contains { pattern in
      switch pattern {
      case .everything: true
      case .named(let glob, _): glob == anything
      }
    }
    let resources = statement.resources.map { !$0.isNegated && $0.patterns.contains(.everything) } ?? true
    return actions && resources
  }

  // MARK: - Principals

  mutating func lookAtPrincipals() {
    guard let principals = statement.principals else { return }
    if principals.isNegated {
      lookAtNotPrincipal(principals.patterns)
    } else if isAllow, document.kind != .resourceControl, principals.patterns.contains(.everyone),
      statement.conditions.isEmpty
    {
      let isTrust = document.kind == .trust
      note(
        .everyoneAllowed,
        isTrust ? .error : .warning,
        isTrust
          ? "Anyone of any account may assume the role. Name the principals, or limit `*` by a condition."
          : "Anyone has what the statement allows, without credentials too. Name the principals, or limit `*` by a condition."
      )
    }
    guard isAllow, document.kind == .trust, principals.patterns.contains(where: \.isFederated) else { return }
    if !testsSubject {
      note(
        .anySubjectAllowed,
        .error,
        "Everyone whom the provider vouches for may assume the role. Test the provider's `:sub` for the subjects that you mean."
      )
    }
    guard !statement.actions.isNegated else { return }
    for name in statement.actions.patterns.compactMap(actingByWildcard) {
      note(
        .actingByWildcard,
        .warning,
        "`\(name)` covers sts:ActForSubject too: whoever may assume the role may act in it for others. List the actions."
      )
    }
  }

  /// Whether a condition on the provider's `:sub` (OIDC, SAML) must be met, and not by everybody.
  private var testsSubject: Bool {
    statement.conditions.contains { condition in
      !condition.ifExists && condition.quantifier != .forAllValues
        && condition.operator.name.utf8.starts(with: "String".utf8)
        && condition.operator.name.utf8.elementsEqual(condition.operator.name.replacing("Not", with: "").utf8)
        && condition.key.folded.suffix(4).elementsEqual(":sub".utf8)
        && !condition.wanted.contains { $0.utf8.allSatisfy { "*?".utf8.contains($0) } }
    }
  }

  private mutating func lookAtNotPrincipal(_ patterns: [PrincipalPattern]) {
    note(
      .notPrincipal,
      .warning,
      "Deny with NotPrincipal strikes everyone whom it does not name, services too. Prefer Principal `*` with a condition on aws:PrincipalArn."
    )
    let accounts = Set(patterns.compactMap { if case .account(let account) = $0 { account } else { nil } })
    for case .arn(let bytes) in patterns {
      guard let parts = ARNParts(bytes)?.parts else { continue }
      let isRole = parts[5].starts(with: "role/".utf8)
      let isSession = parts[5].starts(with: "assumed-role/".utf8)
      let account = AccountID(String(decoding: parts[4], as: UTF8.self))
      var missing: [String] = account.map(accounts.contains) ?? false ? [] : ["its account"]
      // `assumed-role/R/S` and `role/path/R` name one role when R is the same.
      let name =
        isSession
        ? parts[5].split(separator: UInt8(ascii: "/")).dropFirst().first
        : parts[5].split(separator: UInt8(ascii: "/")).last
      func names(_ prefix: String) -> Bool {
        patterns.contains { other in
          guard case .arn(let bytes) = other, let other = ARNParts(bytes)?.parts, other[4] == parts[4],
            other[5].starts(with: prefix.utf8)
          else { return false }
          let words = other[5].split(separator: UInt8(ascii: "/"))
          return (prefix == "role/" ? words.last : words.dropFirst().first) == name
        }
      }
      if isRole, !names("assumed-role/") { missing.append("its sessions") }
      if isSession, !names("role/") { missing.append("its role") }
      guard !missing.isEmpty else { continue }
      note(
        .notPrincipalIncomplete,
        .error,
        "NotPrincipal names `\(String(decoding: bytes, as: UTF8.self))` without \(missing.joined(separator: " and ")): the Deny strikes it all the same."
      )
    }
  }

  // MARK: - Conditions

  mutating func lookAt(_ condition: ConditionTest) {
    let key = String(decoding: condition.key.folded, as: UTF8.self)
    let name = condition.key.spelling
    if LintKeys.neverSet.contains(key) {
      note(.keyNeverSet, .warning, "No request to this server has the key \(name).")
    }
    guard !condition.operator.testsPresence else { return }
    let isNegated = condition.operator.isNegated
    let mayBeMissing = LintKeys.mayBeMissing(key)
    if condition.quantifier == .one, LintKeys.multiValued.contains(key) {
      note(
        .singleValuedOperator,
        .error,
        "\(condition.operatorName) on \(name), which has several values: \(isAllow ? "a request with more than one is not allowed" : "what it says of a request with more than one is not what it looks like"). Use ForAllValues: in an Allow, with Null \"false\", and ForAnyValue: in a Deny."
      )
    }
    if isAllow {
      lookAtAllow(condition, key)
    } else if isNegated, condition.quantifier == .one, !condition.ifExists, mayBeMissing {
      note(
        .denyWhenMissing,
        .warning,
        "\(condition.operatorName) on \(name) is true of a request without the key, so the Deny strikes that too. Write \(condition.operatorName)IfExists if it should not."
      )
    } else if !isNegated, !condition.ifExists, condition.quantifier == .one,
      LintKeys.multiFactor.contains(key)
    {
      note(
        .denyEscapedWhenMissing,
        .error,
        "A request without \(name) escapes the Deny: long-term access keys never have it. Write \(condition.operatorName)IfExists."
      )
    } else if condition.quantifier == .forAllValues, mayBeMissing || LintKeys.multiValued.contains(key) {
      note(
        .denyEscapedWhenMissing,
        .warning,
        "\(condition.operatorName) in a Deny spares a request as soon as one value does not fit, and strikes one without \(name). Use ForAnyValue: in a Deny."
      )
    }
  }

  private mutating func lookAtAllow(_ condition: ConditionTest, _ key: String) {
    let name = condition.key.spelling
    if condition.quantifier == .forAnyValue, LintKeys.callerChosen.contains(key) {
      note(
        .forAnyValueInAllow,
        .error,
        "ForAnyValue: in an Allow is met by one fitting value among others: the caller adds any further value of \(name). Use ForAllValues: with Null \"false\"."
      )
    }
    if condition.quantifier == .forAllValues, !requiresPresence(of: condition.key) {
      note(
        .forAllValuesWithoutNull,
        .warning,
        "ForAllValues: is true of a request without \(name). Add Null with \"\(name)\": \"false\"."
      )
    }
    if condition.ifExists, LintKeys.protects(key) {
      note(
        .ifExistsInAllow,
        .warning,
        "\(condition.operatorName) in an Allow is true of a request without \(name)."
      )
    }
  }

  /// Whether another condition of the statement asks that the key be there.
  private func requiresPresence(of key: ConditionKey) -> Bool {
    statement.conditions.contains { other in
      guard other.key == key else { return false }
      if other.operator.testsPresence { return other.operands == [.bool(false)] }
      return other.quantifier == .forAnyValue && !other.ifExists
    }
  }

  // MARK: - Version

  mutating func lookAtVersion() {
    guard document.version == .literal else { return }
    let opening = "${".utf8.map { UInt16($0) }
    let templates =
      (statement.resources?.patterns.flatMap(\.templates) ?? [])
      + statement.conditions.flatMap { $0.operands.flatMap(\.templates) }
    let isLiteral = templates.contains { template in
      let units = template.constant?.units ?? []
      return units.indices.dropLast().contains { units[$0] == opening[0] && units[$0 + 1] == opening[1] }
    }
    guard isLiteral else { return }
    note(
      .literalVariable,
      .error,
      "The document has no Version 2012-10-17, so `${` is the text itself and no policy variable."
    )
  }
}

extension PrincipalPattern {
  /// Whether this names an identity provider.
  fileprivate var isFederated: Bool {
    if case .federated = self { true } else { false }
  }
}
