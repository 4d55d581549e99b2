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

/// The comparisons, each without negation.
enum Comparisons {
  @Sendable static func sameText(_ operand: Operand, _ value: [UInt8], _ context: RequestContext)
    -> Comparison
  {
    guard case .text(let template) = operand else { return .incomparable }
    guard let glob = template.resolved(in: context) else { return .unresolved }
    return Comparison(glob.units.elementsEqual(value, by: { $0 == UInt16($1) }))
  }

  @Sendable static func sameTextIgnoringCase(
    _ operand: Operand,
    _ value: [UInt8],
    _ context: RequestContext
  ) -> Comparison {
    guard case .text(let template) = operand else { return .incomparable }
    guard let glob = template.resolved(in: context) else { return .unresolved }
    return Comparison(
      glob.units.elementsEqual(value) { unit, byte in
        unit < Glob.anyRun && asciiLowercase(UInt8(unit)) == asciiLowercase(byte)
      }
    )
  }

  @Sendable static func likeText(_ operand: Operand, _ value: [UInt8], _ context: RequestContext)
    -> Comparison
  {
    guard case .text(let template) = operand else { return .incomparable }
    guard let glob = template.resolved(in: context) else { return .unresolved }
    return Comparison(glob.matches(value[...]))
  }

  @Sendable static func likeARN(_ operand: Operand, _ value: [UInt8], _ context: RequestContext) -> Comparison
  {
    guard case .arn(let pattern) = operand, let arn = ARNParts(value) else { return .incomparable }
    return pattern.matches(arn, in: context).map(Comparison.init) ?? .unresolved
  }

  static func numbers(_ order: Order) -> @Sendable (Operand, [UInt8], RequestContext) -> Comparison {
    { operand, value, _ in
      guard case .number(let right) = operand, let left = Decimal(value) else { return .incomparable }
      return Comparison(order.holds(left, right))
    }
  }

  static func dates(_ order: Order) -> @Sendable (Operand, [UInt8], RequestContext) -> Comparison {
    { operand, value, _ in
      guard case .date(let right) = operand, let left = Instant(conditionValue: value) else {
        return .incomparable
      }
      return Comparison(order.holds(left, right))
    }
  }

  @Sendable static func sameBool(_ operand: Operand, _ value: [UInt8], _: RequestContext) -> Comparison {
    guard case .bool(let right) = operand, let left = Bool(conditionValue: value) else {
      return .incomparable
    }
    return Comparison(left == right)
  }

  @Sendable static func sameBytes(_ operand: Operand, _ value: [UInt8], _: RequestContext) -> Comparison {
    guard case .binary(let right) = operand, let left = base64(value) else { return .incomparable }
    return Comparison(left == right)
  }

  @Sendable static func inRange(_ operand: Operand, _ value: [UInt8], _: RequestContext) -> Comparison {
    guard case .range(let range) = operand, let address = IPRange.Address(value) else { return .incomparable }
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
