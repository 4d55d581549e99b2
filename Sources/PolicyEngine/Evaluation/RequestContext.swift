// SPDX-License-Identifier: Apache-2.0
//
// The request context: condition keys and their values. Owns the comparison of key names (ASCII case folded, bytes).
// Refuses to know where values come from. Source: IAM User Guide, condition keys.

import IdentityModel

/// The condition keys of one request.
///
/// Every value is text, whatever its type: numbers in decimal, truth values as `true` and `false`, dates in RFC 3339
/// or as seconds since the Epoch, binary values in base64. A key with an empty list of values is a key that is not
/// there.
package struct RequestContext: Hashable, Sendable {
  private var values: [ConditionKey: [[UInt8]]] = [:]

  /// Starts without keys.
  package init() {}

  /// Gives `key` one value in place of any that it had.
  package mutating func set(_ key: String, _ value: String) {
    set(key, values: [value])
  }

  /// Gives `key` these values in place of any that it had; none removes it.
  package mutating func set(_ key: String, values: [String]) {
    self.values[ConditionKey(key)] = values.isEmpty ? nil : values.map { Array($0.utf8) }
  }

  /// The values of `key`, at least one; `nil` when the key is not there.
  subscript(_ key: ConditionKey) -> [[UInt8]]? { values[key] }
}

/// The name of a condition key, its ASCII letters folded to lower case.
///
/// Bytes, not text: a tag key in NFC and one in NFD are two keys.
struct ConditionKey: Sendable {
  let folded: [UInt8]
  /// The name as it was written; two spellings are one key.
  let spelling: String

  init(_ name: String) {
    self.folded = name.utf8.map(asciiLowercase)
    self.spelling = name
  }
}

extension ConditionKey: Hashable {
  static func == (left: ConditionKey, right: ConditionKey) -> Bool { left.folded == right.folded }

  func hash(into hasher: inout Hasher) { hasher.combine(folded) }
}
