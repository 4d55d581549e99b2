// SPDX-License-Identifier: Apache-2.0
//
// A claim as a program outside sees it: JSON whose numbers keep their spelling. Source: RFC 8259.

import StrictJSON

/// The value of a claim.
///
/// Two strings are equal when their UTF-8 bytes are, unlike `String`, to which é in two spellings is one.
public enum ClaimValue: Sendable {
  /// `null`
  case null
  /// `true` or `false`
  case bool(Bool)
  /// A number, as it was spelled.
  case number(String)
  /// A string.
  case string(String)
  /// An array.
  case array([ClaimValue])
  /// An object, in the order of the token; no two names are equal byte for byte.
  case object([(name: String, value: ClaimValue)])

  init(_ value: JSONValue) {
    self =
      switch value {
      case .null: .null
      case .bool(let value): .bool(value)
      case .number(let number): .number(number.text)
      case .string(let text): .string(text)
      case .array(let elements): .array(elements.map { ClaimValue($0) })
      case .object(let object): .object(object.members.map { ($0.name, ClaimValue($0.value)) })
      }
  }

  /// The string, when this is one.
  public var string: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// The integer, when this is a number spelled as one that fits 64 bits.
  public var integer: Int64? {
    if case .number(let text) = self { Int64(text) } else { nil }
  }

  /// The strings, when this is a string or an array of nothing but strings.
  public var strings: [String]? {
    switch self {
    case .string(let text): return [text]
    case .array(let elements):
      let strings = elements.compactMap(\.string)
      return strings.count == elements.count ? strings : nil
    case .null, .bool, .number, .object: return nil
    }
  }

  /// The member whose name has exactly the bytes of `name`, when this is an object that has one.
  public subscript(_ name: String) -> ClaimValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { same($0.name, name) }?.value
  }
}
