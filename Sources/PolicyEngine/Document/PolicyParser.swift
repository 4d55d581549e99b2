// SPDX-License-Identifier: Apache-2.0
//
// From a JSON tree to statements. Whatever the grammar of the kind does not name is refused, never skipped: a skipped
// Deny is an Allow. Source: IAM User Guide, grammar of the JSON policy language.

import IdentityModel
import StrictJSON

/// Reads the documents of one kind.
struct PolicyParser {
  let kind: PolicyKind
  /// Whether to take what some service of AWS takes and IAM does not: for policies that are judged and not kept.
  ///
  /// Version 2008-10-17 in every kind, an empty list of statements, any `Sid`, `CanonicalUser`, Allow with
  /// `NotPrincipal`, a resource policy without `Resource`, a trust policy with `Resource` or other actions, wildcards
  /// in the partition and the service of an ARN. Nothing is skipped.
  let isTolerant: Bool

  func document(
    _ document: JSONValue
  ) throws(PolicyDocumentError) -> (LanguageVersion, [Statement]) {
    guard let object = document.object else { throw .wrongType(element: "Policy") }
    var version = LanguageVersion.literal
    var versionIsGiven = false
    var listed: [JSONValue]?
    for member in object.members {
      switch DocumentElement(exactly: member.name) {
      case .version:
        version = try self.version(member.value)
        versionIsGiven = true
      case .id:
        guard member.value.string != nil else { throw .wrongType(element: member.name) }
      case .statement:
        listed = member.value == .array([]) && isTolerant ? [] : try list(member.value, of: member.name)
      case nil:
        throw .unknownElement(member.name)
      }
    }
    guard let listed else { throw .missingElement(DocumentElement.statement.rawValue) }
    if kind.requiresCurrentVersion, !isTolerant, !versionIsGiven || version == .literal {
      throw .versionTooOld
    }

    var statements: [Statement] = []
    var sids: Set<[UInt8]> = []
    for value in listed {
      let statement = try self.statement(value, version: version)
      if let sid = statement.sid, !sid.isEmpty, !isTolerant, !sids.insert(Array(sid.utf8)).inserted {
        throw .duplicateSid(sid)
      }
      statements.append(statement)
    }
    return (version, statements)
  }

  // MARK: - A statement

  private func statement(
    _ value: JSONValue,
    version: LanguageVersion
  ) throws(PolicyDocumentError) -> Statement {
    guard let object = value.object else { throw .wrongType(element: "Statement") }
    var sid: String?
    var effect: Effect?
    var principals: Listed<[PrincipalPattern]>?
    var actions: Listed<[ActionPattern]>?
    var resources: Listed<[ResourcePattern]>?
    var conditions: [ConditionTest] = []

    for member in object.members {
      guard let element = StatementElement(exactly: member.name) else { throw .unknownElement(member.name) }
      guard permits(element) else { throw .prohibitedElement(member.name) }
      switch element {
      case .sid:
        sid = try self.sid(member.value)
      case .effect:
        effect = try self.effect(member.value)
      case .principal, .notPrincipal:
        guard kind.principal == .required else { throw .prohibitedElement(member.name) }
        let patterns = try PrincipalPattern.patterns(
          member.value,
          element: member.name,
          isTolerant: isTolerant
        )
        try place(.init(patterns, negated: element == .notPrincipal), in: &principals, "Principal")
      case .action, .notAction:
        var patterns: [ActionPattern] = []
        for text in try strings(member.value, of: member.name) {
          patterns.append(try ActionPattern(text, inTrustPolicy: kind == .trust && !isTolerant))
        }
        try place(.init(patterns, negated: element == .notAction), in: &actions, "Action")
      case .resource, .notResource:
        guard kind.resource == .required || isTolerant else { throw .prohibitedElement(member.name) }
        var patterns: [ResourcePattern] = []
        for text in try strings(member.value, of: member.name) {
          patterns.append(try ResourcePattern(text, version: version, isTolerant: isTolerant))
        }
        try place(.init(patterns, negated: element == .notResource), in: &resources, "Resource")
      case .condition:
        conditions = try ConditionTest.tests(member.value, version: version)
      }
    }

    guard let effect else { throw .missingElement("Effect") }
    guard let actions else { throw .missingElement("Action") }
    if kind.principal == .required, principals == nil { throw .missingElement("Principal") }
    if kind.resource == .required, resources == nil, !(isTolerant && kind == .resource) {
      throw .missingElement("Resource")
    }
    let statement = Statement(
      sid: sid,
      effect: effect,
      principals: principals,
      actions: actions,
      resources: resources,
      conditions: conditions
    )
    try checkCombination(statement)
    return statement
  }

  private func permits(_ element: StatementElement) -> Bool {
    kind.permits(element) || (isTolerant && kind == .trust && element == .notAction)
  }

  /// The rules that look at more than one element.
  private func checkCombination(_ statement: Statement) throws(PolicyDocumentError) {
    if statement.effect == .allow, statement.principals?.isNegated == true, !isTolerant {
      throw .allowNotPermitted
    }
    guard kind == .resourceControl else { return }
    guard statement.principals?.patterns == [.everyone] else { throw .principalNotEveryone }
    let allowsEverything =
      statement.actions.patterns == [.everything] && statement.resources?.patterns == [.everything]
      && statement.resources?.isNegated == false && statement.conditions.isEmpty
    if statement.effect == .allow, !allowsEverything { throw .allowNotPermitted }
  }

  private func place<Patterns>(
    _ listed: Listed<Patterns>,
    in slot: inout Listed<Patterns>?,
    _ name: String
  ) throws(PolicyDocumentError) {
    guard slot == nil else { throw .conflictingElements(name, "Not" + name) }
    slot = listed
  }

  // MARK: - Scalars and lists

  private func version(_ value: JSONValue) throws(PolicyDocumentError) -> LanguageVersion {
    guard let text = value.string else { throw .wrongType(element: "Version") }
    guard let version = LanguageVersion(exactly: text) else { throw .unknownVersion(text) }
    return version
  }

  private func effect(_ value: JSONValue) throws(PolicyDocumentError) -> Effect {
    guard let text = value.string else { throw .wrongType(element: "Effect") }
    guard let effect = Effect(exactly: text) else { throw .unknownEffect(text) }
    return effect
  }

  private func sid(_ value: JSONValue) throws(PolicyDocumentError) -> String {
    guard let text = value.string else { throw .wrongType(element: "Sid") }
    let isLegal = text.utf8.allSatisfy { byte in
      isAlphanumeric(byte) || ((!kind.requiresAlphanumericSid || isTolerant) && byte >= 0x20 && byte != 0x7F)
    }
    guard isLegal else { throw .sidNotAlphanumeric(text) }
    return text
  }

  /// A list, or the one element of a list written without brackets; not empty.
  private func list(_ value: JSONValue, of element: String) throws(PolicyDocumentError) -> [JSONValue] {
    let elements = value.array ?? [value]
    guard !elements.isEmpty else { throw .wrongType(element: element) }
    return elements
  }

  private func strings(_ value: JSONValue, of element: String) throws(PolicyDocumentError) -> [String] {
    var strings: [String] = []
    for value in try list(value, of: element) {
      guard let string = value.string else { throw .wrongType(element: element) }
      strings.append(string)
    }
    return strings
  }
}

/// Whether `byte` is an ASCII letter or digit.
func isAlphanumeric(_ byte: UInt8) -> Bool {
  isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(asciiLowercase(byte))
}

/// Whether `byte` is an ASCII digit.
func isDigit(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}
