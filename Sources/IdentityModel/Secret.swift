// SPDX-License-Identifier: Apache-2.0
//
// Bytes that must not be seen: never printed, never encoded, compared without a tell-tale branch.

/// Secret bytes: a secret access key, a session token, a key-encryption key.
///
/// Prints as `<redacted>` by every route (description, debug description, reflection); is not `Codable`.
package struct Secret: Sendable {
  private let bytes: [UInt8]

  /// Wraps `bytes`.
  package init(_ bytes: some Sequence<UInt8>) {
    self.bytes = Array(bytes)
  }

  /// Wraps the UTF-8 bytes of `text`.
  package init(_ text: String) {
    self.bytes = Array(text.utf8)
  }

  /// The number of bytes.
  package var count: Int { bytes.count }

  /// Lends the bytes to `body`: the one place where they are visible.
  ///
  /// Keep nothing of them.
  package func withBytes<Result, Failure: Error>(
    _ body: ([UInt8]) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(bytes)
  }
}

extension Secret: Equatable {
  /// Compares in time that depends on the lengths only.
  package static func == (left: Secret, right: Secret) -> Bool {
    constantTimeEqual(left.bytes, right.bytes)
  }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "<redacted>" }
  package var debugDescription: String { "<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Compares two byte strings in time that depends on their lengths only.
package func constantTimeEqual(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
  guard left.count == right.count else { return false }
  var difference: UInt8 = 0
  for (a, b) in zip(left, right) {
    difference |= a ^ b
  }
  return difference == 0
}
