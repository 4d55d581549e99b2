// SPDX-License-Identifier: Apache-2.0

import Crypto
import Federation
import Foundation
import LocalKeys
import Testing

@Suite struct LogSigningKeyTests {
  private func withPath(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "exeat-logkey-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.appending(path: "key").path)
  }

  @Test func `a key that was made is the key that is read, and its signatures verify`() throws {
    try withPath { path in
      let made = try LogSigningKey.generate(at: path)
      let read = try LogSigningKey.load(from: path)
      #expect(made.publicKey == read.publicKey)
      let message = Array("checkpoint".utf8)
      let key = try Curve25519.Signing.PublicKey(rawRepresentation: made.publicKey)
      #expect(key.isValidSignature(try read.sign(message), for: message))
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect(mode == 0o600)
      #expect("\(made)" == "<redacted>")
    }
  }

  @Test func `a key is never overwritten`() throws {
    try withPath { path in
      _ = try LogSigningKey.generate(at: path)
      let content = FileManager.default.contents(atPath: path)
      #expect(throws: KeyEncryptionKeyError.alreadyExists) { _ = try LogSigningKey.generate(at: path) }
      #expect(FileManager.default.contents(atPath: path) == content)
    }
  }

  @Test func `a key that others can read, or that is none, is refused`() throws {
    try withPath { path in
      #expect(throws: KeyEncryptionKeyError.notFound) { _ = try LogSigningKey.load(from: path) }
      _ = try LogSigningKey.generate(at: path)
      #expect(chmod(path, 0o640) == 0)
      #expect(throws: KeyEncryptionKeyError.permissionsTooOpen(mode: 0o640)) {
        _ = try LogSigningKey.load(from: path)
      }
      #expect(chmod(path, 0o600) == 0)
      let content = try #require(FileManager.default.contents(atPath: path))
      let others: [Data] = [
        content.dropLast(), content.dropLast(2) + Data([10]),
        Data("exeat-kek-v1:".utf8) + content.dropFirst(17),
      ]
      for other in others {
        try other.write(to: URL(filePath: path))
        #expect(throws: KeyEncryptionKeyError.malformed) { _ = try LogSigningKey.load(from: path) }
      }
    }
  }
}
