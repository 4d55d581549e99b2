// SPDX-License-Identifier: Apache-2.0
//
// A witness's key: its file, and that another implementation takes its signatures.

import Crypto
import Foundation
import LocalKeys
import Testing

struct WitnessKeyTests {
  private let valid = "exeat-witness-v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA:w.example.com\n"

  private func write(_ text: String, to path: String, mode: Int = 0o600) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
  }

  @Test func `a key is made once, for its owner alone, and signs the same after it was read`() throws {
    try Fixtures.withTemporaryPath { path in
      let made = try WitnessKey.generate(name: "w.example.com", at: path)
      #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
      let read = try WitnessKey.load(from: path)
      #expect(read.publicKey == made.publicKey && read.name == "w.example.com")
      let signature = try #require(read.sign([1, 2, 3]))
      let key = try Curve25519.Signing.PublicKey(rawRepresentation: made.publicKey)
      #expect(key.isValidSignature(signature, for: [1, 2, 3]))
      #expect(!key.isValidSignature(signature, for: [1, 2, 4]))
      #expect(
        "\(read) \(String(reflecting: read)) \(Mirror(reflecting: read).children.count)"
          == "<redacted> <redacted> 0"
      )
      #expect(throws: KeyEncryptionKeyError.alreadyExists) { try WitnessKey.generate(name: "w", at: path) }
      #expect(try WitnessKey.load(from: path).publicKey == made.publicKey)
    }
  }

  @Test func `the public key is that of RFC 8032`() throws {
    // §7.1, test 1.
    let seed: [UInt8] = [
      0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
      0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
    ]
    let text = Data(seed).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").dropLast()
    try Fixtures.withTemporaryPath { path in
      try write("exeat-witness-v1:\(text):w\n", to: path)
      #expect(try WitnessKey.load(from: path).publicKey.prefix(4) == [0xd7, 0x5a, 0x98, 0x01])
    }
  }

  @Test(arguments: ["exeat-kek-v1", "exeat-witness-v2"]) func `a file of another kind is none`(header: String)
    throws
  {
    try Fixtures.withTemporaryPath { path in
      try write(valid.replacing("exeat-witness-v1", with: header), to: path)
      #expect(throws: KeyEncryptionKeyError.malformed) { try WitnessKey.load(from: path) }
    }
  }

  @Test func `a file that is not exactly a key is refused, and so is one that others may read`() throws {
    try Fixtures.withTemporaryPath { path in
      #expect(throws: KeyEncryptionKeyError.notFound) { try WitnessKey.load(from: path) }
      for text in [
        "", String(valid.dropLast()), valid + "\n", valid.replacing("A:", with: "B:"),
        valid.replacing(":w.example.com", with: ""),
        valid.replacing("w.example.com", with: ""), valid.replacing(".", with: "\u{1}"),
        valid.replacing("AAAA:", with: ":"),
        valid.replacing("w.example.com", with: String(repeating: "w", count: 129)),
      ] {
        try write(text, to: path)
        #expect(throws: KeyEncryptionKeyError.malformed, "\(text)") { try WitnessKey.load(from: path) }
      }
      try write(valid, to: path, mode: 0o640)
      #expect(throws: KeyEncryptionKeyError.permissionsTooOpen(mode: 0o640)) {
        try WitnessKey.load(from: path)
      }
    }
    for name in ["", "a\nb", String(repeating: "w", count: 129)] {
      try Fixtures.withTemporaryPath { path in
        #expect(throws: KeyEncryptionKeyError.malformed) { try WitnessKey.generate(name: name, at: path) }
        #expect(!FileManager.default.fileExists(atPath: path))
      }
    }
  }
}
