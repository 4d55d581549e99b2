// SPDX-License-Identifier: Apache-2.0
//
// The key-encryption key: the one secret outside the store without which the store can neither sign nor reveal a
// secret access key. Never printed, never compared, handed to nobody but `Seal`.

import Crypto
import TokenFormats

/// Why there is no key-encryption key, or no key of the log.
package enum KeyEncryptionKeyError: Error, Hashable, Sendable {
  /// `generate` found something at the path: an existing key is never overwritten.
  case alreadyExists
  /// There is nothing at the path.
  case notFound
  /// It is a directory, a device, a pipe or a socket.
  case notARegularFile
  /// The group or the world has a permission on the file. The value is its mode, such as `0o640`.
  case permissionsTooOpen(mode: UInt32)
  /// The file belongs neither to the user of this process nor to root, so another user can change it.
  case ownedByAnother(userID: UInt32)
  /// The content is not `exeat-kek-v1:`, 43 characters of canonical base64url, and a line feed.
  case malformed
  /// The file's key is wrapped, and there is nothing to unwrap it with.
  case wrapped
  /// What wraps the key did not do it, or does not open what is in the file. The text is for the log.
  case wrapper(String)
  /// A system call failed.
  case failed(operation: String, errno: Int32)
}

/// A key-encryption key: 256 random bits.
package struct KeyEncryptionKey: Sendable {
  let key: SymmetricKey

  private init(_ key: SymmetricKey) {
    self.key = key
  }

  // INVARIANT: 32 octets.
  init(octets: [UInt8]) {
    self.key = SymmetricKey(data: octets)
  }

  /// The key's name: 16 characters of base64url that say which key it is and nothing of what it is.
  package var identifier: String {
    let name = HKDF<SHA256>.deriveKey(
      inputKeyMaterial: key,
      info: Array("exeat key-encryption key name 1".utf8),
      outputByteCount: 12
    )
    return Base64URL.encode(name.withUnsafeBytes { Array($0) })
  }

  /// A key that lives and dies with this process.
  package static func ephemeral() -> KeyEncryptionKey {
    KeyEncryptionKey(SymmetricKey(size: .bits256))
  }

  /// Makes a new key and writes it to a new file at `path`, mode 0600; durable on return.
  ///
  /// - Throws: `alreadyExists` when there is anything at `path`, a dangling symbolic link included; `failed`, and
  ///   then there is no file.
  package static func generate(at path: String) throws(KeyEncryptionKeyError) -> KeyEncryptionKey {
    let key = SymmetricKey(size: .bits256)
    var octets = key.withUnsafeBytes { Array($0) }
    var text = header
    Base64URL.encode(octets, into: &text)
    text.append(lineFeed)
    defer {
      wipe(&octets)
      wipe(&text)
    }
    try KeyEncryptionKeyFile.create(at: path, content: text)
    return KeyEncryptionKey(key)
  }

  /// Reads the key from the file at `path`.
  ///
  /// A symbolic link is followed (secret mounts are links); what counts is the file behind it.
  package static func load(from path: String) throws(KeyEncryptionKeyError) -> KeyEncryptionKey {
    var text = try KeyEncryptionKeyFile.read(at: path, maximumBytes: 256)
    defer { wipe(&text) }
    guard text.starts(with: header), text.last == lineFeed,
      var octets = Base64URL.decode(utf8: text.dropFirst(header.count).dropLast()), octets.count == 32
    else { throw .malformed }
    defer { wipe(&octets) }
    return KeyEncryptionKey(SymmetricKey(data: octets))
  }

  private static let header = Array("exeat-kek-v1:".utf8)
  private static let lineFeed = UInt8(ascii: "\n")
}

extension KeyEncryptionKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "<redacted>" }
  package var debugDescription: String { "<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
