// SPDX-License-Identifier: Apache-2.0
//
// The condition operators: one row each. A new operator is a row here and, where no row has it yet, a function in
// Comparisons. Source: IAM User Guide, condition operators.

/// What comes of comparing a policy's value with a request's.
enum Comparison: Hashable, Sendable {
  /// The operator, without its negation, holds.
  case equal
  /// It does not hold.
  case different
  /// The operand is not of the operator's type; the parser lets none such through.
  case incomparable
  /// The policy's value has a variable that the request gives no single value.
  case unresolved

  init(_ holds: Bool) {
    self = holds ? .equal : .different
  }
}

/// A condition operator.
struct ConditionOperator: Sendable {
  /// The name as policies spell it, without set operator and `IfExists`.
  let name: String
  /// Whether a request value must fit none of the policy's values, rather than one of them.
  let isNegated: Bool
  /// Whether it asks for the presence of the key, not for its values.
  let testsPresence: Bool
  /// Reads a value of the policy; `nil` when the operator cannot use it.
  let operand: @Sendable (String, LanguageVersion) throws(PolicyDocumentError) -> Operand?
  /// Reads a value of the request; `nil` when it is not of the operator's type.
  let reading: @Sendable ([UInt8]) -> Reading?
  /// Compares a value of the policy, its variables filled in, with one of the request, without negation.
  let compare: @Sendable (Operand, Reading) -> Comparison

  private init(
    _ name: String,
    not isNegated: Bool = false,
    presence testsPresence: Bool = false,
    _ operand: @escaping @Sendable (String, LanguageVersion) throws(PolicyDocumentError) -> Operand?,
    _ reading: @escaping @Sendable ([UInt8]) -> Reading?,
    _ compare: @escaping @Sendable (Operand, Reading) -> Comparison
  ) {
    self.name = name
    self.isNegated = isNegated
    self.testsPresence = testsPresence
    self.operand = operand
    self.reading = reading
    self.compare = compare
  }

  /// All operators.
  static let table: [ConditionOperator] = [
    .init("StringEquals", Operand.text, Reading.readText, Comparisons.sameText),
    .init("StringNotEquals", not: true, Operand.text, Reading.readText, Comparisons.sameText),
    .init("StringEqualsIgnoreCase", Operand.text, Reading.readText, Comparisons.sameTextIgnoringCase),
    .init(
      "StringNotEqualsIgnoreCase",
      not: true,
      Operand.text,
      Reading.readText,
      Comparisons.sameTextIgnoringCase
    ),
    .init("StringLike", Operand.pattern, Reading.readText, Comparisons.likeText),
    .init("StringNotLike", not: true, Operand.pattern, Reading.readText, Comparisons.likeText),
    .init("NumericEquals", Operand.number, Reading.readNumber, Comparisons.numbers(.equal)),
    .init("NumericNotEquals", not: true, Operand.number, Reading.readNumber, Comparisons.numbers(.equal)),
    .init("NumericLessThan", Operand.number, Reading.readNumber, Comparisons.numbers(.less)),
    .init("NumericLessThanEquals", Operand.number, Reading.readNumber, Comparisons.numbers(.lessOrEqual)),
    .init("NumericGreaterThan", Operand.number, Reading.readNumber, Comparisons.numbers(.greater)),
    .init(
      "NumericGreaterThanEquals",
      Operand.number,
      Reading.readNumber,
      Comparisons.numbers(.greaterOrEqual)
    ),
    .init("DateEquals", Operand.date, Reading.readDate, Comparisons.dates(.equal)),
    .init("DateNotEquals", not: true, Operand.date, Reading.readDate, Comparisons.dates(.equal)),
    .init("DateLessThan", Operand.date, Reading.readDate, Comparisons.dates(.less)),
    .init("DateLessThanEquals", Operand.date, Reading.readDate, Comparisons.dates(.lessOrEqual)),
    .init("DateGreaterThan", Operand.date, Reading.readDate, Comparisons.dates(.greater)),
    .init("DateGreaterThanEquals", Operand.date, Reading.readDate, Comparisons.dates(.greaterOrEqual)),
    .init("Bool", Operand.bool, Reading.readBool, Comparisons.sameBool),
    .init("BinaryEquals", Operand.binary, Reading.readBinary, Comparisons.sameBytes),
    .init("IpAddress", Operand.range, Reading.readAddress, Comparisons.inRange),
    .init("NotIpAddress", not: true, Operand.range, Reading.readAddress, Comparisons.inRange),
    .init("ArnEquals", Operand.arn, Reading.readARN, Comparisons.likeARN),
    .init("ArnNotEquals", not: true, Operand.arn, Reading.readARN, Comparisons.likeARN),
    .init("ArnLike", Operand.arn, Reading.readARN, Comparisons.likeARN),
    .init("ArnNotLike", not: true, Operand.arn, Reading.readARN, Comparisons.likeARN),
    .init("Null", presence: true, Operand.bool, Reading.readBool, Comparisons.sameBool),
  ]

  /// The operator whose name has exactly these bytes.
  ///
  /// AWS compares operator names with their case (observed: `Invalid Condition type : stringEquals`).
  static func named(_ bytes: [UInt8]) -> ConditionOperator? { byName[bytes] }

  private static let byName: [[UInt8]: ConditionOperator] = Dictionary(
    uniqueKeysWithValues: table.map { (Array($0.name.utf8), $0) }
  )
}

extension ConditionOperator: Hashable {
  static func == (left: ConditionOperator, right: ConditionOperator) -> Bool { left.name == right.name }

  func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
