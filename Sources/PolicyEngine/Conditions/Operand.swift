// SPDX-License-Identifier: Apache-2.0
//
// The values that policies compare with, read once; and the comparisons. A value that its operator cannot use is
// refused here, before the policy exists. Source: IAM User Guide, condition operators.

import IdentityModel

/// A value in a `Condition` element, compiled for its operator.
enum Operand: Hashable, Sendable {
  /// Text, with variables.
  case text(Template)
  /// A pattern of ARNs, with variables.
  case arn(ARNPattern)
  case number(Decimal)
  case date(Instant)
  case bool(Bool)
  case binary([UInt8])
  case range(IPRange)
}

extension Operand {
  /// The templates that may hold variables.
  var templates: [Template] {
    switch self {
    case .text(let template): [template]
    case .arn(let pattern): pattern.templates
    case .number, .date, .bool, .binary, .range: []
    }
  }
}

// MARK: - Reading

extension Operand {
  @Sendable static func text(
    _ text: String,
    _ version: LanguageVersion
  ) throws(PolicyDocumentError) -> Operand? {
    .text(try Template(text, wildcards: false, version: version))
  }

  @Sendable static func pattern(
    _ text: String,
    _ version: LanguageVersion
  ) throws(PolicyDocumentError) -> Operand? {
    .text(try Template(text, wildcards: true, version: version))
  }

  @Sendable static func arn(
    _ text: String,
    _ version: LanguageVersion
  ) throws(PolicyDocumentError) -> Operand? {
    try ARNPattern(text, version: version).map(Operand.arn)
  }

  @Sendable static func number(_ text: String, _: LanguageVersion) -> Operand? {
    Decimal(Array(text.utf8)).map(Operand.number)
  }

  @Sendable static func date(_ text: String, _: LanguageVersion) -> Operand? {
    Instant(conditionValue: Array(text.utf8)).map(Operand.date)
  }

  @Sendable static func bool(_ text: String, _: LanguageVersion) -> Operand? {
    Bool(conditionValue: Array(text.utf8)).map(Operand.bool)
  }

  @Sendable static func binary(_ text: String, _: LanguageVersion) -> Operand? {
    base64(Array(text.utf8)).map(Operand.binary)
  }

  @Sendable static func range(_ text: String, _: LanguageVersion) -> Operand? {
    IPRange(Array(text.utf8)).map(Operand.range)
  }
}

extension Bool {
  /// `true` or `false`, ASCII case folded.
  init?(conditionValue bytes: [UInt8]) {
    let folded = bytes.map(asciiLowercase)
    if folded.elementsEqual("true".utf8) {
      self = true
    } else if folded.elementsEqual("false".utf8) {
      self = false
    } else {
      return nil
    }
  }
}

// MARK: - Comparing

/// A value of a request, read once for all operands that it is compared with.
enum Reading: Hashable, Sendable {
  case string([UInt8])
  case arn(ARNParts)
  case number(Decimal)
  case date(Instant)
  case bool(Bool)
  case binary([UInt8])
  case address(IPRange.Address)

  @Sendable static func readText(_ value: [UInt8]) -> Reading? { .string(value) }
  @Sendable static func readARN(_ value: [UInt8]) -> Reading? { ARNParts(value).map { .arn($0) } }
  @Sendable static func readNumber(_ value: [UInt8]) -> Reading? { Decimal(value).map { .number($0) } }
  @Sendable static func readDate(_ value: [UInt8]) -> Reading? {
    Instant(conditionValue: value).map { .date($0) }
  }
  @Sendable static func readBool(_ value: [UInt8]) -> Reading? {
    Bool(conditionValue: value).map { .bool($0) }
  }
  @Sendable static func readBinary(_ value: [UInt8]) -> Reading? { base64(value).map { .binary($0) } }
  @Sendable static func readAddress(_ value: [UInt8]) -> Reading? {
    IPRange.Address(value).map { .address($0) }
  }
}

extension Operand {
  /// Whether there are variables to fill in.
  var hasVariables: Bool { templates.contains { $0.constant == nil } }

  /// The operand with its variables filled in; as it is when one has no value.
  func resolved(in context: RequestContext) -> Operand {
    switch self {
    case .text(let template): .text(template.filledIn(from: context))
    case .arn(let pattern): .arn(pattern.filledIn(from: context))
    case .number, .date, .bool, .binary, .range: self
    }
  }
}

/// The comparisons, each without negation.
enum Comparisons {
  @Sendable static func sameText(_ operand: Operand, _ value: Reading) -> Comparison {
    guard case .text(let template) = operand, case .string(let value) = value else { return .incomparable }
    guard let glob = template.constant else { return .unresolved }
    return Comparison(
      glob.units.count == value.count && glob.units.elementsEqual(value, by: { $0 == UInt16($1) })
    )
  }

  @Sendable static func sameTextIgnoringCase(_ operand: Operand, _ value: Reading) -> Comparison {
    guard case .text(let template) = operand, case .string(let value) = value else { return .incomparable }
    guard let glob = template.constant else { return .unresolved }
    return Comparison(
      glob.units.count == value.count
        && glob.units.elementsEqual(value) { unit, byte in
          unit < Glob.anyRun && asciiLowercase(UInt8(unit)) == asciiLowercase(byte)
        }
    )
  }

  @Sendable static func likeText(_ operand: Operand, _ value: Reading) -> Comparison {
    guard case .text(let template) = operand, case .string(let value) = value else { return .incomparable }
    guard let glob = template.constant else { return .unresolved }
    return Comparison(glob.matches(value[...]))
  }

  @Sendable static func likeARN(_ operand: Operand, _ value: Reading) -> Comparison {
    guard case .arn(let pattern) = operand, case .arn(let arn) = value else { return .incomparable }
    return pattern.matches(arn).map(Comparison.init) ?? .unresolved
  }

  static func numbers(_ order: Order) -> @Sendable (Operand, Reading) -> Comparison {
    { operand, value in
      guard case .number(let right) = operand, case .number(let left) = value else { return .incomparable }
      return Comparison(order.holds(left, right))
    }
  }

  static func dates(_ order: Order) -> @Sendable (Operand, Reading) -> Comparison {
    { operand, value in
      guard case .date(let right) = operand, case .date(let left) = value else { return .incomparable }
      return Comparison(order.holds(left, right))
    }
  }

  @Sendable static func sameBool(_ operand: Operand, _ value: Reading) -> Comparison {
    guard case .bool(let right) = operand, case .bool(let left) = value else { return .incomparable }
    return Comparison(left == right)
  }

  @Sendable static func sameBytes(_ operand: Operand, _ value: Reading) -> Comparison {
    guard case .binary(let right) = operand, case .binary(let left) = value else { return .incomparable }
    return Comparison(left == right)
  }

  @Sendable static func inRange(_ operand: Operand, _ value: Reading) -> Comparison {
    guard case .range(let range) = operand, case .address(let address) = value else { return .incomparable }
    return Comparison(range.contains(address))
  }
}

/// How two values stand to each other, read as in the operator's name: the request's value, then the policy's.
enum Order: Sendable {
  case equal
  case less
  case lessOrEqual
  case greater
  case greaterOrEqual

  func holds<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
    switch self {
    case .equal: left == right
    case .less: left < right
    case .lessOrEqual: left <= right
    case .greater: left > right
    case .greaterOrEqual: left >= right
    }
  }
}
