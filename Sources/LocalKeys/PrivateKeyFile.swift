// SPDX-License-Identifier: Apache-2.0
//
// A private key in a file of its holder, under the same conditions as the key-encryption key: what others can read is no
// secret. Knows nothing of its content.

package import IdentityModel

/// Reads private keys.
package enum PrivateKeyFile {
  /// The content of the file at `path`, at most 16 KiB, if nobody else can read or change it.
  ///
  /// Throws `KeyEncryptionKeyError`; `malformed` for more.
  package static func read(at path: String) throws(KeyEncryptionKeyError) -> Secret {
    var content = try KeyEncryptionKeyFile.read(at: path, maximumBytes: 16_384)
    defer { wipe(&content) }
    return Secret(content)
  }
}
