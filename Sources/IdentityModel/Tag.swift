// SPDX-License-Identifier: Apache-2.0
//
// Key and value, as AWS tags things.

/// A tag.
///
/// Shape: key 1–128 and value 0–256 characters of `[\p{L}\p{Z}\p{N}_.:/=+\-@]`. Source: AWS IAM and STS API, `Tag`.
package struct Tag: Hashable, Sendable {
  /// The key; case is kept, and AWS compares it case-insensitively when it looks for duplicates.
  package let key: String
  /// The value.
  package let value: String

  /// Pairs `key` and `value`, unchecked: the reader of the request checks them.
  package init(key: String, value: String) {
    self.key = key
    self.value = value
  }
}
