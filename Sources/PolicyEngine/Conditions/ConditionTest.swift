// SPDX-License-Identifier: Apache-2.0
//
// One line of a Condition element: an operator, a key, the values that the policy names. Owns the set operators,
// `IfExists`, and what a missing key means. Source: IAM User Guide, condition operators; conditions with several
// context keys or values.

import StrictJSON

/// One key under one operator of a `Condition` element, compiled.
struct ConditionTest: Hashable, Sendable {
  /// How an operator ranges over the values that the request has for the key.
  enum Quantifier: String, CaseIterable {
    /// No set operator: the key has one value.
    case one = ""
    /// Every value of the request must satisfy the test.
    case forAllValues = "ForAllValues:"
    /// One value of the request must satisfy the test.
    case forAnyValue = "ForAnyValue:"
  }

  let `operator`: ConditionOperator
  let quantifier: Quantifier
  /// Whether a missing key satisfies the test.
  let ifExists: Bool
  let key: ConditionKey
  let operands: [Operand]

  /// Reads a `Condition` element; all tests that it returns must be satisfied.
  static func tests(
    _ value: JSONValue,
    version: LanguageVersion
  ) throws(PolicyDocumentError) -> [ConditionTest] {
    guard let object = value.object else { throw .wrongType(element: "Condition") }
    var tests: [ConditionTest] = []
    for member in object.members {
      let (`operator`, quantifier, ifExists) = try parts(ofOperator: member.name)
      guard let keys = member.value.object, !keys.members.isEmpty else {
        throw .wrongType(element: member.name)
      }
      var seen: Set<ConditionKey> = []
      for entry in keys.members {
        let key = ConditionKey(entry.name.utf8)
        guard key.folded.contains(UInt8(ascii: ":")), key.folded.first != UInt8(ascii: ":"),
          key.folded.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { throw .conditionKey(entry.name) }
        guard seen.insert(key).inserted else { throw .duplicateConditionKey(entry.name) }
        let operands = try operands(entry.value, of: `operator`, key: entry.name, version: version)
        tests.append(
          ConditionTest(
            operator: `operator`,
            quantifier: quantifier,
            ifExists: ifExists,
            key: key,
            operands: operands
          )
        )
      }
    }
    return tests
  }

  /// Takes a set operator from the front and `IfExists` from the end; the rest must be a row of the table.
  private static func parts(
    ofOperator name: String
  ) throws(PolicyDocumentError) -> (ConditionOperator, Quantifier, Bool) {
    var rest = Array(name.utf8)
    var quantifier = Quantifier.one
    for candidate in [Quantifier.forAllValues, .forAnyValue] where rest.starts(with: candidate.rawValue.utf8)
    {
      quantifier = candidate
      rest.removeFirst(candidate.rawValue.utf8.count)
      break
    }
    let suffix = Array("IfExists".utf8)
    let ifExists = rest.count > suffix.count && rest.suffix(suffix.count).elementsEqual(suffix)
    if ifExists { rest.removeLast(suffix.count) }
    guard let `operator` = ConditionOperator.named(rest) else { throw .conditionOperator(name) }
    // `Null` asks whether the key is there: a set operator or `IfExists` would contradict it.
    if `operator`.testsPresence, quantifier != .one || ifExists { throw .conditionOperator(name) }
    return (`operator`, quantifier, ifExists)
  }

  private static func operands(
    _ value: JSONValue,
    of operator: ConditionOperator,
    key: String,
    version: LanguageVersion
  ) throws(PolicyDocumentError) -> [Operand] {
    let values = value.array ?? [value]
    guard !values.isEmpty else { throw .wrongType(element: key) }
    var operands: [Operand] = []
    for value in values {
      let text: String
      switch value {
      case .string(let string): text = string
      case .number(let number): text = number.text
      case .bool(let bool): text = bool ? "true" : "false"
      case .null, .array, .object: throw .wrongType(element: key)
      }
      guard let operand = try `operator`.operand(text, version) else {
        throw .conditionValue(operator: `operator`.name, value: text)
      }
      operands.append(operand)
    }
    return operands
  }

  // MARK: - Evaluation

  /// Whether the request satisfies the test.
  func answer(in context: RequestContext) -> Answer {
    let values = context[key]
    if `operator`.testsPresence { return Answer(operands.contains(.bool(values == nil))) }
    guard let values else {
      if ifExists { return .yes }
      return switch quantifier {
      case .one: Answer(`operator`.isNegated)
      case .forAllValues: .yes
      case .forAnyValue: .no
      }
    }
    let answers = values.map { answer(for: $0, in: context) }
    switch quantifier {
    case .one where answers.count == 1:
      return answers[0]
    case .one:
      // DEVIATION: AWS does not say what an operator without a set operator makes of several values. Only a `no` for
      // all of them is an answer; otherwise an Allow does not apply and a Deny does.
      return answers.allSatisfy { $0 == .no } ? .no : .unknown
    case .forAllValues:
      if answers.contains(.no) { return .no }
      return answers.contains(.unknown) ? .unknown : .yes
    case .forAnyValue:
      if answers.contains(.yes) { return .yes }
      return answers.contains(.unknown) ? .unknown : .no
    }
  }

  /// One value against all operands: any of them, or, for a negated operator, none of them.
  private func answer(for value: [UInt8], in context: RequestContext) -> Answer {
    var isUnknown = false
    for operand in operands {
      switch `operator`.compare(operand, value, context) {
      case .equal: return Answer(!`operator`.isNegated)
      case .different: break
      case .incomparable: isUnknown = true
      // A variable without a value equals nothing; that it does not proves nothing for a negated operator.
      case .unresolved: isUnknown = isUnknown || `operator`.isNegated
      }
    }
    return isUnknown ? .unknown : Answer(`operator`.isNegated)
  }
}
