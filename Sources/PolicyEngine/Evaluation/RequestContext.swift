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
  /// The usual key has one value, and is asked for less often than it is set: its bytes have no array of their own.
  private enum Values: Hashable {
    case one([UInt8])
    case several([[UInt8]])
  }

  private var values: [ConditionKey: Values] = [:]

  /// Starts without keys, with room for `count`.
  package init(capacity count: Int = 0) {
    values.reserveCapacity(count)
  }

  /// Gives `key` one value in place of any that it had.
  package mutating func set(_ key: ConditionKey, _ value: String) {
    values[key] = .one(Array(value.utf8))
  }

  /// Gives `key` these values in place of any that it had; none removes it.
  package mutating func set(_ key: ConditionKey, values: [String]) {
    switch values.count {
    case 0: self.values[key] = nil
    case 1: set(key, values[0])
    default: self.values[key] = .several(values.map { Array($0.utf8) })
    }
  }

  /// The same for a key by its name.
  package mutating func set(_ key: String, _ value: String) { set(ConditionKey(key), value) }

  /// The same for a key by its name.
  package mutating func set(_ key: String, values: [String]) { set(ConditionKey(key), values: values) }

  /// The values of `key`, at least one; `nil` when the key is not there.
  subscript(_ key: ConditionKey) -> [[UInt8]]? {
    switch values[key] {
    case .one(let value): [value]
    case .several(let values): values
    case nil: nil
    }
  }
}

/// The name of a condition key, its ASCII letters folded to lower case.
///
/// Bytes, not text: a tag key in NFC and one in NFD are two keys. Keys that every request has are better made once than
/// for each request.
package struct ConditionKey: Sendable {
  let folded: [UInt8]
  /// The name as it was written; two spellings are one key.
  let spelling: String

  /// Folds `name`.
  package init(_ name: String) {
    self.folded = name.utf8.map(asciiLowercase)
    self.spelling = name
  }
}

extension ConditionKey: Hashable {
  package static func == (left: ConditionKey, right: ConditionKey) -> Bool { left.folded == right.folded }

  // All bytes at once: an array hashes its elements one by one.
  package func hash(into hasher: inout Hasher) { folded.withUnsafeBytes { hasher.combine(bytes: $0) } }
}
