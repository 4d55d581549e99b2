// SPDX-License-Identifier: Apache-2.0
//
// Typed reads of an action's parameters, with AWS's own texts for what is missing, too long or malformed. An action
// sees names and types, never a form: only what stands under "The protocol", here and in ParameterLists.swift, knows
// that the parameters came as one. AWS JSON will be a second source there.
// Source: contract §1.4 (recorded from AWS), §9.5.

package import IdentityModel

/// Reads the parameters of one action and collects every violation, in the order of reading.
///
/// On the wire a name is `SigningAlgorithm`; in a message it is `signingAlgorithm`, or `tags.1.member.key` inside a
/// list. Lengths count UTF-16 code units, as AWS's own validation (Java) does. Parameters that no one reads are
/// ignored, as AWS ignores them.
///
/// A required read that fails returns a placeholder (the empty string, the lower bound, the empty list) and leaves a
/// violation, so that `check()` throws: call it after the last read and before anything is used.
package struct ParameterReader: Sendable {
  let parameters: QueryParameters
  // `Tags.member.1.` on the wire is `tags.1.member.` in a message.
  let wirePrefix: String
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

  /// Reads from `parameters`.
  package init(_ parameters: QueryParameters) {
    self.init(parameters, wirePrefix: "", pathPrefix: "")
  }

  init(_ parameters: QueryParameters, wirePrefix: String, pathPrefix: String) {
    self.parameters = parameters
    self.wirePrefix = wirePrefix
    self.pathPrefix = pathPrefix
  }

  /// Passes when every read found what it asked for.
  ///
  /// - Throws: `ValidationError` 400 with every violation, or `MalformedInput` 400 when a parameter was not of its
  ///   type at all. Source: contract §1.4; AWS Query services answer `MalformedInput` to such a form.
  package func check() throws(ServiceError) {
    if let malformed = findings.malformed {
      throw ServiceError(code: "MalformedInput", httpStatus: 400, message: malformed)
    }
    let violations = findings.violations
    guard violations.isEmpty else {
      let count = violations.count == 1 ? "1 validation error" : "\(violations.count) validation errors"
      throw ServiceError(
        code: "ValidationError",
        httpStatus: 400,
        message: "\(count) detected: \(violations.joined(separator: "; "))"
      )
    }
    if let sentence = findings.sentence {
      throw ServiceError(code: "ValidationError", httpStatus: 400, message: sentence)
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
    let value = required(name, scalar(name)) ?? ""
    let count = value.utf16.count
    guard scalar(name) != nil else { return value }
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
    guard let value = scalar(name) else { return nil }
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
    guard let value = scalar(name) else { return nil }
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
  /// One that fits no 64 bits is out of range, not malformed.
  package mutating func optionalInteger(_ name: String, _ range: ClosedRange<Int>) -> Int? {
    guard let text = scalar(name) else { return nil }
    let isNegative = text.utf8.first == UInt8(ascii: "-")
    let digits = isNegative ? text.utf8.dropFirst() : text.utf8[...]
    guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
      malformed("`\(wirePrefix + name)` must be an integer")
      return range.lowerBound
    }
    let value = Int(text) ?? (isNegative ? .min : .max)
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
    guard let text = scalar(name) else { return nil }
    switch text {
    case "true", "1": return true
    case "false", "0": return false
    default:
      malformed("boolean must follow xsd1.1 definition")
      return false
    }
  }
}

// MARK: - Findings

extension ParameterReader {
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

  /// Notes that a parameter is not of its type.
  mutating func malformed(_ message: String) {
    if findings.malformed == nil { findings.malformed = message }
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

// MARK: - The protocol

extension ParameterReader {
  /// The text of a scalar parameter; `nil` when it was not sent.
  func scalar(_ name: String) -> String? {
    parameters[wirePrefix.isEmpty ? name : wirePrefix + name]
  }
}
