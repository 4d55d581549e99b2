// SPDX-License-Identifier: Apache-2.0
//
// The AWS account id: the wall between tenants.

/// An AWS account id.
///
/// Shape: exactly 12 ASCII digits. Source: AWS Account Management reference, account identifiers.
package struct AccountID: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The 12 digits.
  package let description: String

  /// Takes exactly 12 ASCII digits; `nil` for anything else.
  package init?(_ text: some StringProtocol) {
    let bytes = text.utf8
    guard bytes.count == 12, bytes.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else {
      return nil
    }
    self.description = String(text)
  }

  package static func < (left: AccountID, right: AccountID) -> Bool {
    left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
  }
}
