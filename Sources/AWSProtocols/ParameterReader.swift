// SPDX-License-Identifier: Apache-2.0
//
// Typed reads of an action's parameters, with AWS's own texts for what is missing, too long or malformed. An action
// sees names and types, never a form or an object: only `ParameterSource` knows as what the parameters came.
// Source: contract §1.4 (recorded from AWS), §9.5.

package import IdentityModel
package import StrictJSON

/// Reads the parameters of one action and collects every violation, in the order of reading.
///
/// On the wire a name is `SigningAlgorithm`; in a message it is `signingAlgorithm`, or `tags.1.member.key` inside a
/// list. Lengths count UTF-16 code units, as AWS's own validation (Java) does. Parameters that no one reads are
/// ignored, as AWS ignores them.
///
/// A required read that fails returns a placeholder (the empty string, the lower bound, the empty list) and leaves a
/// violation, so that `check()` throws: call it after the last read and before anything is used.
package struct ParameterReader: Sendable {
  let source: ParameterSource
  // `Tags.member.1.` in a form, or an object in a list, is `tags.1.member.` in a message.
  let pathPrefix: String
  var findings = Findings()

  /// What was found wrong so far.
  struct Findings: Sendable {
    // The first parameter that could not even be read as its type.
    var malformed: String?
    // `Value '…' at '…' failed to satisfy constraint: …`
    var violations: [String] = []
    // The first of IAM's own sentences.
    var sentence: String?
  }

  /// Reads from the form of an AWS Query request.
  package init(_ parameters: QueryParameters) {
    self.init(.form(parameters, prefix: ""), pathPrefix: "")
  }

  /// Reads from the body of an AWS JSON request.
  package init(_ parameters: JSONObject) {
    self.init(.object(parameters), pathPrefix: "")
  }

  init(_ source: ParameterSource, pathPrefix: String) {
    self.source = source
    self.pathPrefix = pathPrefix
  }

  /// Passes when every read found what it asked for.
  ///
  /// - Throws: `ValidationError` 400 with every violation, or `MalformedInput` 400 when a parameter was not of its
  ///   type at all; of AWS JSON `ValidationException` and `SerializationException`, 400. Source: contract §1.4; AWS
  ///   Query services answer `MalformedInput` to such a form, AWS JSON services `SerializationException`.
  package func check() throws(ServiceError) {
    if let malformed = findings.malformed {
      throw ServiceError(code: codes.malformed, httpStatus: 400, message: malformed)
    }
    let violations = findings.violations
    guard violations.isEmpty else {
      let count = violations.count == 1 ? "1 validation error" : "\(violations.count) validation errors"
      throw ServiceError(
        code: codes.invalid,
        httpStatus: 400,
        message: "\(count) detected: \(violations.joined(separator: "; "))"
      )
    }
    if let sentence = findings.sentence {
      throw ServiceError(code: codes.invalid, httpStatus: 400, message: sentence)
    }
  }

  private var codes: (malformed: String, invalid: String) {
    switch source {
    case .form: ("MalformedInput", "ValidationError")
    case .object: ("SerializationException", "ValidationException")
    }
  }
}

// MARK: - Strings

extension ParameterReader {
  /// A string that must be sent.
  ///
  /// `length` is in UTF-16 code units.
  package mutating func requiredString(
    _ name: String,
    length: ClosedRange<Int>,
    pattern: ParameterPattern? = nil
  ) -> String {
    required(name, optionalString(name, length: length, pattern: pattern)) ?? ""
  }

  /// A string that must be sent and that no message and no record may show.
  ///
  /// `length` is in UTF-16 code units.
  package mutating func requiredSecret(_ name: String, length: ClosedRange<Int>) -> String {
    guard let value = required(name, found(source.string(name), instead: "")) else { return "" }
    let count = value.utf16.count
    if count > length.upperBound {
      violate(name, nil, "Member must have length less than or equal to \(length.upperBound)")
    }
    if count < length.lowerBound {
      violate(name, nil, "Member must have length greater than or equal to \(length.lowerBound)")
    }
    return value
  }

  /// A string that may be sent; `nil` when it was not.
  ///
  /// `length` is in UTF-16 code units.
  package mutating func optionalString(
    _ name: String,
    length: ClosedRange<Int>,
    pattern: ParameterPattern? = nil
  ) -> String? {
    guard let value = found(source.string(name), instead: nil) else { return nil }
    let count = value.utf16.count
    if count > length.upperBound {
      violate(name, "'\(value)'", "Member must have length less than or equal to \(length.upperBound)")
    }
    if count < length.lowerBound {
      violate(name, "'\(value)'", "Member must have length greater than or equal to \(length.lowerBound)")
    }
    if let pattern, !pattern.matches(value) {
      switch pattern.complaint {
      case .constraint:
        violate(name, "'\(value)'", "Member must satisfy regular expression pattern: \(pattern.text)")
      case .sentence(let sentence):
        if findings.sentence == nil {
          findings.sentence = "The specified value for \(path(name)) is invalid. \(sentence)"
        }
      }
    }
    return value
  }

  /// One of `choices` that must be sent, compared byte for byte; `choices` stand in the message in this order.
  package mutating func requiredChoice(_ name: String, of choices: [String]) -> String {
    required(name, optionalChoice(name, of: choices)) ?? ""
  }

  /// One of `choices` that may be sent, compared byte for byte; `nil` when none was.
  package mutating func optionalChoice(_ name: String, of choices: [String]) -> String? {
    guard let value = found(source.string(name), instead: nil) else { return nil }
    if !choices.contains(where: { $0.utf8.elementsEqual(value.utf8) }) {
      let set = choices.joined(separator: ", ")
      violate(name, "'\(value)'", "Member must satisfy enum value set: [\(set)]")
    }
    return value
  }
}

// MARK: - Integers and truth values

extension ParameterReader {
  /// An integer that must be sent: an optional minus sign and decimal digits.
  package mutating func requiredInteger(_ name: String, _ range: ClosedRange<Int>) -> Int {
    required(name, optionalInteger(name, range)) ?? range.lowerBound
  }

  /// An integer that may be sent; `nil` when it was not.
  ///
  /// One that fits no 64 bits is out of range, not malformed; a JSON number with a fraction or an exponent is malformed.
  package mutating func optionalInteger(_ name: String, _ range: ClosedRange<Int>) -> Int? {
    guard let text = found(source.integer(name), instead: nil) else { return nil }
    let value = Int(text) ?? (text.utf8.first == UInt8(ascii: "-") ? .min : .max)
    if value > range.upperBound {
      violate(name, "'\(text)'", "Member must have value less than or equal to \(range.upperBound)")
    }
    if value < range.lowerBound {
      violate(name, "'\(text)'", "Member must have value greater than or equal to \(range.lowerBound)")
    }
    return value
  }

  /// A truth value that may be sent: `true`, `false`, `1` or `0` (XML Schema, boolean); `nil` when it was not.
  package mutating func optionalBoolean(_ name: String) -> Bool? {
    found(source.boolean(name), instead: false)
  }
}

// MARK: - Times

extension ParameterReader {
  /// A point in time that must be sent.
  package mutating func requiredTimestamp(_ name: String) -> Instant {
    required(name, optionalTimestamp(name)) ?? Instant(milliseconds: 0)
  }

  /// A point in time that may be sent; `nil` when it was not.
  ///
  /// In a form RFC 3339 in UTC; in JSON also seconds since the Epoch, with a fraction or without. Milliseconds count.
  package mutating func optionalTimestamp(_ name: String) -> Instant? {
    found(source.timestamp(name), instead: nil)
  }
}

// MARK: - Findings

extension ParameterReader {
  /// The value that was found, or `placeholder` for one of another type, which is noted.
  mutating func found<Value>(_ found: ParameterSource.Found<Value>, instead placeholder: Value?) -> Value? {
    switch found {
    case .absent:
      return nil
    case .value(let value):
      return value
    case .malformed(let message):
      if findings.malformed == nil { findings.malformed = message }
      return placeholder
    }
  }

  /// Leaves a violation when a required value is missing.
  mutating func required<Value>(_ name: String, _ value: Value?) -> Value? {
    if value == nil { violate(name, "null", "Member must not be null") }
    return value
  }

  /// Notes that `value`, as it is to be shown, breaks `constraint`; `nil` shows nothing of it.
  mutating func violate(_ name: String, _ value: String?, _ constraint: String) {
    let shown = value.map { "Value \($0)" } ?? "Value"
    findings.violations.append("\(shown) at '\(path(name))' failed to satisfy constraint: \(constraint)")
  }

  /// The name in a message, behind the path of the list element.
  func path(_ name: String) -> String {
    pathPrefix + lowerCamel(name)
  }

  /// `SigningAlgorithm` is `signingAlgorithm` in a message.
  func lowerCamel(_ name: String) -> String {
    asciiLowercased(name.prefix(1)) + name.dropFirst()
  }
}
