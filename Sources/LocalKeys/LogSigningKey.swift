// SPDX-License-Identifier: Apache-2.0
//
// The Ed25519 key of the Merkle log, in a file of its own: outside the store, so that whoever rewrites the store cannot
// sign for it, and outside the key-encryption key's file, so that the two can be kept apart.
// Source: RFC 8032; C2SP signed-note.

import Crypto
package import Federation
import TokenFormats

/// The private key of a log.
package struct LogSigningKey: LogSigner {
  private let key: Curve25519.Signing.PrivateKey

  private init(_ key: Curve25519.Signing.PrivateKey) {
    self.key = key
  }

  /// A key that lives and dies with this process.
  package static func ephemeral() -> LogSigningKey {
    LogSigningKey(Curve25519.Signing.PrivateKey())
  }

  /// Makes a new key and writes it to a new file at `path`, mode 0600; durable on return.
  ///
  /// - Throws: `alreadyExists` when there is anything at `path`, a dangling symbolic link included; `failed`, and
  ///   then there is no file.
  package static func generate(at path: String) throws(KeyEncryptionKeyError) -> LogSigningKey {
    let key = Curve25519.Signing.PrivateKey()
    var octets = Array(key.rawRepresentation)
    var text = header
    Base64URL.encode(octets, into: &text)
    text.append(lineFeed)
    defer {
      wipe(&octets)
      wipe(&text)
    }
    try KeyEncryptionKeyFile.create(at: path, content: text)
    return LogSigningKey(key)
  }

  /// Reads the key from the file at `path`, under the same conditions as the key-encryption key.
  ///
  /// - Throws: `malformed` for content that is not `exeat-log-key-v1:`, 43 characters of canonical base64url, and a line
  ///   feed; the other cases as they are.
  package static func load(from path: String) throws(KeyEncryptionKeyError) -> LogSigningKey {
    var text = try KeyEncryptionKeyFile.read(at: path, maximumBytes: 256)
    defer { wipe(&text) }
    guard text.starts(with: header), text.last == lineFeed,
      var octets = Base64URL.decode(utf8: text.dropFirst(header.count).dropLast()), octets.count == 32
    else { throw .malformed }
    defer { wipe(&octets) }
    guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: octets) else { throw .malformed }
    return LogSigningKey(key)
  }

  private static let header = Array("exeat-log-key-v1:".utf8)
  private static let lineFeed = UInt8(ascii: "\n")

  package var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

  package func sign(_ message: [UInt8]) throws(TokenSignerError) -> [UInt8] {
    do {
      return Array(try key.signature(for: message))
    } catch {
      throw .failed("Ed25519: \(error)")
    }
  }
}

extension LogSigningKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "<redacted>" }
  package var debugDescription: String { "<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
