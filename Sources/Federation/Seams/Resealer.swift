// SPDX-License-Identifier: Apache-2.0
//
// The other half of a change of the key-encryption key: what an older key sealed is sealed again under the current one.
// What is inside never crosses this seam.

/// Seals again what was sealed under an older key-encryption key.
package protocol Resealer: Sendable {
  /// The same key, sealed under the current key-encryption key with the next version; `nil` when it is so already.
  ///
  /// Throws `sealBroken` when none of the key-encryption keys opens it.
  func reseal(_ key: SealedSigningKey) throws(TokenSignerError) -> SealedSigningKey?

  /// The same secret, sealed under the current key-encryption key; `nil` when it is so already.
  ///
  /// Throws `sealBroken` when none of the key-encryption keys opens it with `context`.
  func reseal(_ sealed: [UInt8], context: String) throws(TokenSignerError) -> [UInt8]?
}
