// SPDX-License-Identifier: Apache-2.0
//
// A JSON text as a tree that keeps what the text said: the order of members, the spelling of numbers, and names
// compared by their bytes. Source: RFC 8259.

/// A JSON value.
package enum JSONValue: Hashable, Sendable {
  /// `null`
  case null
  /// `true` or `false`
  case bool(Bool)
  /// A number, as it was spelled.
  case number(JSONNumber)
  /// A string, unescaped; any Unicode scalars.
  case string(String)
  /// An array, in order.
  case array([JSONValue])
  /// An object, in order, no two names equal byte for byte.
  case object(JSONObject)
}

/// A JSON number, as it was spelled in the text.
///
/// Shape: RFC 8259 §6. Two spellings of one quantity are two numbers here: `1` is not `1.0`.
package struct JSONNumber: Hashable, Sendable {
  /// The spelling.
  package let text: String

  init(text: String) {
    self.text = text
  }

  /// Spells `value`.
  package init(_ value: Int64) {
    self.text = String(value)
  }

  /// The value when the spelling is an integer without fraction or exponent that fits; otherwise `nil`.
  package var int64: Int64? { Int64(text) }
}

/// Whatever has members that are found by name.
package protocol JSONMembers {
  /// The value of the member whose name has exactly the bytes of `name`.
  subscript(_ name: String) -> JSONValue? { get }
}

/// A JSON object: members in the order of the text.
package struct JSONObject: JSONMembers, Hashable, Sendable {
  /// A name and its value.
  package struct Member: Hashable, Sendable {
    /// The name, unescaped.
    package let name: String
    /// The value.
    package let value: JSONValue

    /// Pairs `name` and `value`.
    package init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// The members, in order.
  package let members: [Member]

  /// Wraps `members`; the caller promises that no two names are equal byte for byte.
  package init(_ members: [Member]) {
    self.members = members
  }

  /// The value of the member whose name has exactly the bytes of `name`.
  package subscript(_ name: String) -> JSONValue? {
    members.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
  }
}

extension JSONValue {
  /// The string, when this is one.
  package var string: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The elements, when this is an array.
  package var array: [JSONValue]? {
    if case .array(let value) = self { value } else { nil }
  }

  /// The object, when this is one.
  package var object: JSONObject? {
    if case .object(let value) = self { value } else { nil }
  }

  /// The integer, when this is a number spelled as one that fits 64 bits.
  package var int64: Int64? {
    if case .number(let value) = self { value.int64 } else { nil }
  }

  /// The truth value, when this is one.
  package var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }
}
