// SPDX-License-Identifier: Apache-2.0
//
// The key-encryption keys of one file: the first line is the key that seals, further lines only open what is not yet
// sealed again. Owns the order and the file's text; refuses to know what is sealed.

import Crypto
import TokenFormats

/// One key-encryption key that seals, and those before it, which only open.
package struct KeyEncryptionKeyRing: Sendable {
  /// The most keys that a file may hold: a rotation ends before the next begins, so two are the rule.
  package static let maximumKeys = 8

  /// The key that seals.
  package let current: KeyEncryptionKey
  /// Keys that only open, the latest first.
  package let openers: [KeyEncryptionKey]
  // The lines of the file as they were read or will be written.
  private let lines: [KeyEncryptionKeyLine]

  /// A ring of one key that is in no file.
  package init(_ key: KeyEncryptionKey) {
    self.init([key.plainLine], [key])
  }

  // INVARIANT: both are of one length, from 1 to `maximumKeys`.
  private init(_ lines: [KeyEncryptionKeyLine], _ keys: [KeyEncryptionKey]) {
    self.lines = lines
    self.current = keys[0]
    self.openers = Array(keys.dropFirst())
  }

  /// Every key, the current one first.
  package var keys: [KeyEncryptionKey] { [current] + openers }

  /// The names of the keys in the order of the file.
  package var identifiers: [String] { keys.map(\.identifier) }

  /// Reads the keys from the file at `path`, if nobody else can read or change it.
  ///
  /// A symbolic link is followed (secret mounts are links); what counts is the file behind it.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - wrapper: what unwraps lines that a token wrapped.
  /// - Returns: the keys.
  /// - Throws: `KeyEncryptionKeyError`; `malformed` also for more than `maximumKeys` lines and for a key that is there twice.
  package static func load(
    from path: String,
    wrapper: (any KeyEncryptionKeyWrapper)? = nil
  ) async throws(KeyEncryptionKeyError) -> KeyEncryptionKeyRing {
    var text = try KeyEncryptionKeyFile.read(at: path, maximumBytes: 4096)
    defer { wipe(&text) }
    guard text.last == UInt8(ascii: "\n") else { throw .malformed }
    var lines: [KeyEncryptionKeyLine] = []
    var keys: [KeyEncryptionKey] = []
    for part in text.dropLast().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      guard let line = KeyEncryptionKeyLine(part) else { throw .malformed }
      let key = try await line.key(wrapper)
      guard !keys.contains(where: { $0.identifier.utf8.elementsEqual(key.identifier.utf8) }) else {
        throw .malformed
      }
      lines.append(line)
      keys.append(key)
    }
    guard keys.count <= maximumKeys else { throw .malformed }
    return KeyEncryptionKeyRing(lines, keys)
  }

  /// A ring with a new key that seals, before the keys of this one; wrapped by `wrapper` when there is one.
  ///
  /// Throws `malformed` when there are `maximumKeys` already, `wrapper` what the token says.
  package func succeeded(
    wrapper: (any KeyEncryptionKeyWrapper)? = nil
  ) async throws(KeyEncryptionKeyError) -> KeyEncryptionKeyRing {
    guard keys.count < Self.maximumKeys else { throw .malformed }
    let key = KeyEncryptionKey.ephemeral()
    let line = try await key.line(wrapper)
    // A token may wrap with a key that does not unwrap.
    let unwrapped = try await line.key(wrapper)
    guard unwrapped.identifier.utf8.elementsEqual(key.identifier.utf8) else {
      throw .wrapper("the token does not unwrap what it wrapped")
    }
    return KeyEncryptionKeyRing([line] + lines, [key] + keys)
  }

  /// The ring with the current key alone.
  package var withoutOpeners: KeyEncryptionKeyRing { KeyEncryptionKeyRing([lines[0]], [current]) }

  /// Makes a new key and writes it to a new file at `path`, mode 0600; durable on return.
  ///
  /// - Throws: `alreadyExists` when there is anything at `path`; `failed`, and then there is no file; `wrapper` what the
  ///   token says.
  package static func generate(
    at path: String,
    wrapper: (any KeyEncryptionKeyWrapper)? = nil
  ) async throws(KeyEncryptionKeyError) -> KeyEncryptionKeyRing {
    let key = KeyEncryptionKey.ephemeral()
    let line = try await key.line(wrapper)
    var text = line.text
    defer { wipe(&text) }
    try KeyEncryptionKeyFile.create(at: path, content: text)
    return KeyEncryptionKeyRing([line], [key])
  }

  /// Puts the ring's text in the place of the file at `path`, with the same owner and mode; durable on return.
  ///
  /// After a failure the one or the other file is there, whole.
  package func replaceFile(at path: String) throws(KeyEncryptionKeyError) {
    var text = lines.flatMap(\.text)
    defer { wipe(&text) }
    try KeyEncryptionKeyFile.replace(at: path, content: text)
  }
}

/// Wraps key-encryption keys where this process cannot look.
package protocol KeyEncryptionKeyWrapper: Sendable {
  /// The 32 octets of a key, wrapped; throws `wrapper`.
  func wrap(_ key: [UInt8]) async throws(KeyEncryptionKeyError) -> [UInt8]

  /// The 32 octets that `wrap` took; throws `wrapper`.
  func unwrap(_ wrapped: [UInt8]) async throws(KeyEncryptionKeyError) -> [UInt8]
}

/// A line of the file: a key, in the clear or wrapped.
enum KeyEncryptionKeyLine: Sendable {
  case plain([UInt8])
  case wrapped([UInt8])

  private static let plainHeader = Array("exeat-kek-v1:".utf8)
  private static let wrappedHeader = Array("exeat-kek-pkcs11-v1:".utf8)

  /// Reads a line without its line feed; `nil` when it is none.
  init?(_ text: ArraySlice<UInt8>) {
    if text.starts(with: Self.plainHeader),
      let octets = Base64URL.decode(utf8: text.dropFirst(Self.plainHeader.count)), octets.count == 32
    {
      self = .plain(octets)
    } else if text.starts(with: Self.wrappedHeader),
      let octets = Base64URL.decode(utf8: text.dropFirst(Self.wrappedHeader.count)),
      (32...512).contains(octets.count)
    {
      self = .wrapped(octets)
    } else {
      return nil
    }
  }

  /// The line with its line feed.
  var text: [UInt8] {
    var text: [UInt8]
    switch self {
    case .plain(let octets):
      text = Self.plainHeader
      Base64URL.encode(octets, into: &text)
    case .wrapped(let octets):
      text = Self.wrappedHeader
      Base64URL.encode(octets, into: &text)
    }
    return text + [UInt8(ascii: "\n")]
  }

  func key(_ wrapper: (any KeyEncryptionKeyWrapper)?) async throws(KeyEncryptionKeyError) -> KeyEncryptionKey
  {
    switch self {
    case .plain(let octets): return KeyEncryptionKey(octets: octets)
    case .wrapped(let wrapped):
      guard let wrapper else { throw .wrapped }
      var octets = try await wrapper.unwrap(wrapped)
      defer { wipe(&octets) }
      guard octets.count == 32 else { throw .malformed }
      return KeyEncryptionKey(octets: octets)
    }
  }
}

extension KeyEncryptionKey {
  fileprivate var plainLine: KeyEncryptionKeyLine { .plain(key.withUnsafeBytes { Array($0) }) }

  fileprivate func line(
    _ wrapper: (any KeyEncryptionKeyWrapper)?
  ) async throws(KeyEncryptionKeyError) -> KeyEncryptionKeyLine {
    guard let wrapper else { return plainLine }
    var octets = key.withUnsafeBytes { Array($0) }
    defer { wipe(&octets) }
    return .wrapped(try await wrapper.wrap(octets))
  }
}

extension KeyEncryptionKeyRing: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "<redacted>" }
  package var debugDescription: String { "<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
