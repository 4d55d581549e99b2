// SPDX-License-Identifier: Apache-2.0
//
// One header line of an HTTP message.

/// One header line: as received, not folded into a dictionary, so that a duplicate stays visible.
package struct HTTPField: Hashable, Sendable {
  /// The field name as it was spelled; compare it with `hasName`.
  package let name: String
  /// The field value without its line ending.
  package let value: String

  /// Pairs `name` and `value`.
  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }

  /// Whether the name is `lowercased` when its ASCII letters are folded to lower case.
  package func hasName(_ lowercased: String) -> Bool {
    let left = name.utf8.span
    let right = lowercased.utf8.span
    guard left.count == right.count else { return false }
    for index in left.indices where asciiLowercase(left[index]) != right[index] { return false }
    return true
  }
}

/// Folds an ASCII upper-case letter to lower case; every other byte stays.
@inlinable package func asciiLowercase(_ byte: UInt8) -> UInt8 {
  byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
}

/// Folds the ASCII upper-case letters of `text` to lower case; every other scalar stays (no Unicode folding).
package func asciiLowercased(_ text: some StringProtocol) -> String {
  String(decoding: text.utf8.map(asciiLowercase), as: UTF8.self)
}

/// The same; a text that has none is not copied.
package func asciiLowercased(_ text: String) -> String {
  let isFolded = text.utf8.allSatisfy { asciiLowercase($0) == $0 }
  return isFolded ? text : String(decoding: text.utf8.map(asciiLowercase), as: UTF8.self)
}
