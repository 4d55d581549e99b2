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
  /// Whether any of them has variables to fill in.
  let hasVariables: Bool
  /// The operands as the policy has them.
  let wanted: [String]

  /// The operator as the policy has it.
  var operatorName: String { quantifier.rawValue + `operator`.name + (ifExists ? "IfExists" : "") }

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
        let key = ConditionKey(entry.name)
        guard key.folded.contains(UInt8(ascii: ":")), key.folded.first != UInt8(ascii: ":"),
          key.folded.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { throw .conditionKey(entry.name) }
        guard seen.insert(key).inserted else { throw .duplicateConditionKey(entry.name) }
        let wanted = try texts(entry.value, key: entry.name)
        let operands = try operands(wanted, of: `operator`, version: version)
        tests.append(
          ConditionTest(
            operator: `operator`,
            quantifier: quantifier,
            ifExists: ifExists,
            key: key,
            operands: operands,
            hasVariables: operands.contains(where: \.hasVariables),
            wanted: wanted
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

  /// The values of a key, each as text; at least one.
  private static func texts(_ value: JSONValue, key: String) throws(PolicyDocumentError) -> [String] {
    let values = value.array ?? [value]
    guard !values.isEmpty else { throw .wrongType(element: key) }
    var texts: [String] = []
    for value in values {
      guard let text = value.conditionText else { throw .wrongType(element: key) }
      texts.append(text)
    }
    return texts
  }

  private static func operands(
    _ texts: [String],
    of operator: ConditionOperator,
    version: LanguageVersion
  ) throws(PolicyDocumentError) -> [Operand] {
    var operands: [Operand] = []
    for text in texts {
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
    // Once for all values, and each value once for all operands: what is left is one comparison for each pair.
    let operands = hasVariables ? operands.map { $0.resolved(in: context) } : operands
    let answers = values.map { answer(for: $0, among: operands) }
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
  private func answer(for value: [UInt8], among operands: [Operand]) -> Answer {
    guard let reading = `operator`.reading(value) else { return .unknown }
    var isUnknown = false
    for operand in operands {
      switch `operator`.compare(operand, reading) {
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

extension JSONValue {
  /// A scalar as conditions compare it: a string, a number as it is spelled, `true` or `false`; `nil` for others.
  var conditionText: String? {
    switch self {
    case .string(let string): string
    case .number(let number): number.text
    case .bool(let bool): bool ? "true" : "false"
    case .null, .array, .object: nil
    }
  }
}
