// SPDX-License-Identifier: Apache-2.0
//
// The key with which a witness countersigns checkpoints of somebody else's log: an Ed25519 key and the witness's name, in
// a file that nobody else reads. Knows nothing of logs. Source: RFC 8032; C2SP tlog-cosignature.

import Crypto
import TokenFormats

/// A witness's private key.
package struct WitnessKey: Sendable {
  /// The witness's name.
  package let name: String
  private let key: Curve25519.Signing.PrivateKey

  /// Makes a new key and writes it to a new file at `path`, mode 0600; durable on return.
  ///
  /// - Parameters:
  ///   - name: 1 to 128 bytes of the witness's name, without control characters.
  ///   - path: the file.
  /// - Throws: `alreadyExists` when there is anything at `path`; `malformed` for another name; `failed`, and then there is
  ///   no file.
  /// - Returns: the key.
  package static func generate(name: String, at path: String) throws(KeyEncryptionKeyError) -> WitnessKey {
    guard isName(name) else { throw .malformed }
    let key = Curve25519.Signing.PrivateKey()
    var octets = Array(key.rawRepresentation)
    var text = header
    Base64URL.encode(octets, into: &text)
    text += [separator] + name.utf8 + [lineFeed]
    defer {
      wipe(&octets)
      wipe(&text)
    }
    try KeyEncryptionKeyFile.create(at: path, content: text)
    return WitnessKey(name: name, key: key)
  }

  /// Reads the key from the file at `path`, if nobody else can read or change it.
  ///
  /// - Throws: `KeyEncryptionKeyError`; `malformed` when the content is not `exeat-witness-v1:`, 43 characters of
  ///   canonical base64url, `:`, a name and a line feed.
  package static func load(from path: String) throws(KeyEncryptionKeyError) -> WitnessKey {
    var text = try KeyEncryptionKeyFile.read(at: path, maximumBytes: 256)
    defer { wipe(&text) }
    guard text.starts(with: header), text.last == lineFeed else { throw .malformed }
    let parts = text.dropFirst(header.count).dropLast().split(
      separator: separator,
      maxSplits: 1,
      omittingEmptySubsequences: false
    )
    guard parts.count == 2, var octets = Base64URL.decode(utf8: parts[0]), octets.count == 32,
      let name = String(validating: parts[1], as: UTF8.self), isName(name)
    else { throw .malformed }
    defer { wipe(&octets) }
    guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: octets) else { throw .malformed }
    return WitnessKey(name: name, key: key)
  }

  /// The public key: 32 octets, RFC 8032 §5.1.5.
  package var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

  /// The signature over `message`: 64 octets; `nil` when the library has none to give.
  package func sign(_ message: [UInt8]) -> [UInt8]? {
    (try? key.signature(for: message)).map { Array($0) }
  }

  private static func isName(_ name: String) -> Bool {
    (1...128).contains(name.utf8.count) && name.utf8.allSatisfy { $0 >= 0x20 }
  }

  private static let header = Array("exeat-witness-v1:".utf8)
  private static let separator = UInt8(ascii: ":")
  private static let lineFeed = UInt8(ascii: "\n")
}

extension WitnessKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "<redacted>" }
  package var debugDescription: String { "<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
