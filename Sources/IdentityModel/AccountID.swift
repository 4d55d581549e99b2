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

  /// Whether `bytes` are those of an account id.
  package static func isSpelled(by bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard bytes.count == 12 else { return false }
    for byte in bytes where byte < UInt8(ascii: "0") || byte > UInt8(ascii: "9") { return false }
    return true
  }

  package static func < (left: AccountID, right: AccountID) -> Bool {
    left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
  }
}
