// SPDX-License-Identifier: Apache-2.0
//
// The key-encryption key's file: who may read it, what it must hold, and that it is never overwritten or printed.

import Foundation
import IdentityModel
import LocalKeys
import Testing

@Suite struct KeyEncryptionKeyTests {
  private func write(_ text: String, to path: String, mode: Int = 0o600) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
  }

  private let valid = "exeat-kek-v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"

  @Test func `a generated key is one line in a file of mode 0600 and opens what it sealed`() throws {
    try Fixtures.withTemporaryPath { path in
      let made = try KeyEncryptionKey.generate(at: path)
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect(attributes[.posixPermissions] as? Int == 0o600)
      let text = try String(contentsOfFile: path, encoding: .utf8)
      #expect(text.wholeMatch(of: /exeat-kek-v1:[A-Za-z0-9_-]{43}\n/) != nil)
      let sealed = try LocalKeys(keyEncryptionKey: made).seal(Secret("s"), context: "c")
      let loaded = try KeyEncryptionKey.load(from: path)
      #expect(try LocalKeys(keyEncryptionKey: loaded).open(sealed, context: "c") == Secret("s"))
    }
  }

  @Test func `no two generated keys are the same`() throws {
    let sealed = try LocalKeys(keyEncryptionKey: .ephemeral()).seal(Secret("s"), context: "c")
    try Fixtures.withTemporaryPath { path in
      let keys = [KeyEncryptionKey.ephemeral(), try KeyEncryptionKey.generate(at: path)]
      for key in keys {
        #expect(throws: (any Error).self) { try LocalKeys(keyEncryptionKey: key).open(sealed, context: "c") }
      }
    }
  }

  @Test func `an existing file is never overwritten, nor is a link followed`() throws {
    try Fixtures.withTemporaryPath { path in
      try write(valid, to: path)
      #expect(throws: KeyEncryptionKeyError.alreadyExists) { try KeyEncryptionKey.generate(at: path) }
      #expect(try String(contentsOfFile: path, encoding: .utf8) == valid)
      try FileManager.default.createSymbolicLink(
        atPath: path + ".link",
        withDestinationPath: path + ".target"
      )
      #expect(throws: KeyEncryptionKeyError.alreadyExists) {
        try KeyEncryptionKey.generate(at: path + ".link")
      }
      #expect(!FileManager.default.fileExists(atPath: path + ".target"))
    }
  }

  @Test(arguments: [0o640, 0o604, 0o620, 0o610, 0o644, 0o666, 0o777])
  func `a file that group or world may touch is refused`(mode: Int) throws {
    try Fixtures.withTemporaryPath { path in
      try write(valid, to: path, mode: mode)
      #expect(throws: KeyEncryptionKeyError.permissionsTooOpen(mode: UInt32(mode))) {
        try KeyEncryptionKey.load(from: path)
      }
    }
  }

  @Test(arguments: [0o600, 0o400])
  func `a file that only its owner may read is taken, through a link as well`(mode: Int) throws {
    try Fixtures.withTemporaryPath { path in
      try write(valid, to: path, mode: mode)
      _ = try KeyEncryptionKey.load(from: path)
      try FileManager.default.createSymbolicLink(atPath: path + ".link", withDestinationPath: path)
      _ = try KeyEncryptionKey.load(from: path + ".link")
    }
  }

  @Test(.enabled(if: getuid() == 0, "only root can give a file away"))
  func `a file of another user is refused`() throws {
    try Fixtures.withTemporaryPath { path in
      try write(valid, to: path)
      try FileManager.default.setAttributes([.ownerAccountID: 12_345], ofItemAtPath: path)
      #expect(throws: KeyEncryptionKeyError.ownedByAnother(userID: 12_345)) {
        try KeyEncryptionKey.load(from: path)
      }
    }
  }

  @Test(arguments: [
    "", "\n", "exeat-kek-v1:\n", "exeat-kek-v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "exeat-kek-v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n\n",
    "exeat-kek-v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n",
    "exeat-kek-v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\n",
    "exeat-kek-v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
    "exeat-kek-v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
    "exeat-kek-v2:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
  ])
  func `anything but exactly 32 octets in the versioned form is refused`(text: String) throws {
    try Fixtures.withTemporaryPath { path in
      try write(text, to: path)
      #expect(throws: KeyEncryptionKeyError.malformed) { try KeyEncryptionKey.load(from: path) }
    }
  }

  @Test func `a file that is too long, missing, or no file at all is refused`() throws {
    try Fixtures.withTemporaryPath { path in
      #expect(throws: KeyEncryptionKeyError.notFound) { try KeyEncryptionKey.load(from: path) }
      try write(valid + String(repeating: "A", count: 5000), to: path)
      #expect(throws: KeyEncryptionKeyError.malformed) { try KeyEncryptionKey.load(from: path) }
      try FileManager.default.createDirectory(atPath: path + ".d", withIntermediateDirectories: false)
      #expect(throws: KeyEncryptionKeyError.notARegularFile) { try KeyEncryptionKey.load(from: path + ".d") }
      #expect(mkfifo(path + ".fifo", 0o600) == 0)
      #expect(throws: KeyEncryptionKeyError.notARegularFile) {
        try KeyEncryptionKey.load(from: path + ".fifo")
      }
    }
  }

  @Test func `a key that cannot be written leaves nothing behind`() throws {
    try Fixtures.withTemporaryPath { path in
      #expect(throws: KeyEncryptionKeyError.failed(operation: "open", errno: ENOENT)) {
        try KeyEncryptionKey.generate(at: path + "/missing/kek")
      }
    }
  }

  @Test func `a key does not print`() {
    let key = KeyEncryptionKey.ephemeral()
    var dumped = ""
    dump(key, to: &dumped)
    for text in ["\(key)", String(reflecting: key), dumped] { #expect(!text.contains("SecureBytes")) }
    #expect("\(key)" == "<redacted>")
    #expect(Mirror(reflecting: key).children.isEmpty)
  }
}
