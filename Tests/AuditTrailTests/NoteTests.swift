// SPDX-License-Identifier: Apache-2.0

import AuditTrail
import Crypto
import Foundation
import Testing

/// A key pair that a test signs notes with.
struct NoteSigner {
  let key: NoteVerifierKey
  private let secret: Curve25519.Signing.PrivateKey

  init(_ name: String, _ kind: NoteVerifierKey.Kind = .ed25519, seed: UInt8) throws {
    secret = try Curve25519.Signing.PrivateKey(rawRepresentation: Array(repeating: seed, count: 32))
    key = try NoteVerifierKey(name: name, kind: kind, publicKey: Array(secret.publicKey.rawRepresentation))
  }

  func sign(_ text: String) throws -> NoteSignature {
    try key.signatureLine(Array(secret.signature(for: NoteVerifierKey.signedBytes(text))))
  }

  func cosign(_ text: String, seconds: UInt64) throws -> NoteSignature {
    let message = NoteVerifierKey.cosignedBytes(text, seconds: seconds)
    return try key.signatureLine(Array(secret.signature(for: message)), seconds: seconds)
  }
}

struct NoteVerifierKeyTests {
  // Published keys: golang.org/x/mod sumdb/note, the Go checksum database, and a witness of the tests of
  // transparency-dev/formats. Somebody else computed their ids.
  @Test(
    arguments: [
      ("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "PeterNeumann", 0xC74F_20A3),
      ("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8", "sum.golang.org", 0x033D_E0AE),
      ("TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6", "TEST", 0x7997_405C),
      ("remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2", "remora.n621.de", 0xDA77_ADE7),
    ] as [(String, String, UInt32)]
  )
  func `published keys have the ids that they were published with`(text: String, name: String, id: UInt32)
    throws
  {
    let key = try NoteVerifierKey(text: text)
    #expect(key.name == name)
    #expect(key.keyID == id)
    #expect(key.kind == (name.contains("n621") ? .cosignatureV1 : .ed25519))
    #expect(key.text == text)
  }

  @Test(
    arguments: [
      "", "PeterNeumann", "PeterNeumann+c74f20a3", "PeterNeumann+c74f20a3+",
      // Another id, another case of it, another length.
      "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
      "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
      "PeterNeumann+0c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
      // Another name.
      "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
      "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
      // Another type, a longer key, white space.
      "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
      "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
      "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
    ]
  )
  func `any other text is no key`(text: String) {
    #expect(throws: AuditTrailError.malformedVerifierKey) { try NoteVerifierKey(text: text) }
  }

  @Test func `a signature line takes what its key makes`() throws {
    let log = try NoteSigner("log", seed: 1)
    let witness = try NoteSigner("witness", .cosignatureV1, seed: 2)
    #expect(throws: AuditTrailError.malformedPart("signature")) { try log.key.signatureLine([1]) }
    let octets = Array(repeating: UInt8(0), count: 64)
    #expect(throws: AuditTrailError.malformedPart("signature")) {
      try log.key.signatureLine(octets, seconds: 1)
    }
    #expect(throws: AuditTrailError.malformedPart("signature")) { try witness.key.signatureLine(octets) }
  }
}

struct SignedNoteTests {
  private static let text = "first\n\nlast line\n"

  private static func refusal(_ note: String) -> AuditTrailError? {
    do {
      _ = try SignedNote(parsing: Array(note.utf8))
      return nil
    } catch {
      return error
    }
  }

  @Test func `a note is read as it was written, and its signers are those who signed`() throws {
    let log = try NoteSigner("example.com/log", seed: 1)
    let other = try NoteSigner("example.com/log", seed: 2)
    let witness = try NoteSigner("w1", .cosignatureV1, seed: 3)
    var note = try SignedNote(text: Self.text, signatures: [log.sign(Self.text)])
    note.append(try other.sign(Self.text))
    note.append(try witness.cosign(Self.text, seconds: 1_792_569_600))
    let read = try SignedNote(parsing: note.bytes)
    #expect(read == note)
    #expect(read.text == Self.text)
    #expect(read.bytes == note.bytes)
    let signers = try read.signers(among: [witness.key, log.key])
    #expect(signers.map(\.key) == [log.key, witness.key])
    #expect(signers.map(\.seconds) == [nil, 1_792_569_600])
    // Keys of the same name are told apart by their ids.
    #expect(try read.signers(among: [other.key]).map(\.key) == [other.key])
    // A signature that stands twice is one signer.
    note.append(try log.sign(Self.text))
    #expect(try note.signers(among: [log.key]).count == 1)
  }

  @Test func `an unknown key signs nothing, a known one nothing else than its text`() throws {
    let log = try NoteSigner("log", seed: 1)
    let stranger = try NoteSigner("log", seed: 9)
    let note = try SignedNote(text: Self.text, signatures: [log.sign(Self.text)])
    #expect(throws: AuditTrailError.unsigned) { try note.signers(among: [stranger.key]) }
    #expect(throws: AuditTrailError.unsigned) { try note.signers(among: []) }
    let moved = try SignedNote(text: "another\n", signatures: note.signatures)
    #expect(throws: AuditTrailError.badSignature(name: "log")) { try moved.signers(among: [log.key]) }
    // A bad signature of a known key spoils the note, whoever else has signed.
    let mixed = try SignedNote(
      text: Self.text,
      signatures: [stranger.sign(Self.text), log.sign("another\n")]
    )
    #expect(throws: AuditTrailError.badSignature(name: "log")) {
      try mixed.signers(among: [stranger.key, log.key])
    }
    #expect(throws: AuditTrailError.ambiguousKey(name: "log")) {
      try note.signers(among: [log.key, log.key])
    }
  }

  @Test func `a witness's signature holds for its time, and for nothing but a witness`() throws {
    let witness = try NoteSigner("w", .cosignatureV1, seed: 3)
    let author = try NoteSigner("w", .ed25519, seed: 3)
    // One key pair, two kinds: two ids.
    #expect(witness.key.keyID != author.key.keyID)
    let line = try witness.cosign(Self.text, seconds: 5)
    let later = try NoteSigner("w", .cosignatureV1, seed: 3).key.signatureLine(
      Array(line.octets.dropFirst(8)),
      seconds: 6
    )
    let note = try SignedNote(text: Self.text, signatures: [later])
    #expect(throws: AuditTrailError.badSignature(name: "w")) { try note.signers(among: [witness.key]) }
    let far = try SignedNote(text: Self.text, signatures: [witness.cosign(Self.text, seconds: 1 << 63)])
    #expect(throws: AuditTrailError.badSignature(name: "w")) { try far.signers(among: [witness.key]) }
    let last = try SignedNote(text: Self.text, signatures: [witness.cosign(Self.text, seconds: 1 << 63 - 1)])
    #expect(try last.signers(among: [witness.key]).first?.seconds == 1 << 63 - 1)
  }

  @Test func `every changed byte of a signed note is noticed`() throws {
    let log = try NoteSigner("example.com/log", seed: 1)
    let bytes = try SignedNote(text: Self.text, signatures: [log.sign(Self.text)]).bytes
    for position in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[position] ^= 1 << bit
        #expect(throws: AuditTrailError.self, "byte \(position), bit \(bit)") {
          try SignedNote(parsing: changed).signers(among: [log.key])
        }
      }
    }
    for end in bytes.indices {
      #expect(throws: AuditTrailError.self) {
        try SignedNote(parsing: Array(bytes[..<end])).signers(among: [log.key])
      }
    }
  }

  @Test func `a name of any script is told from the spaces around it`() throws {
    let signer = try NoteSigner("\u{301}ключ/日本\u{301}", seed: 4)
    let note = try SignedNote(text: Self.text, signatures: [signer.sign(Self.text)])
    #expect(try SignedNote(parsing: note.bytes).signers(among: [signer.key]).map(\.key) == [signer.key])
    #expect(try NoteVerifierKey(text: signer.key.text) == signer.key)
  }

  @Test func `what is no note is refused where it goes wrong`() throws {
    let signature = "\u{2014} log AAAAAAE=\n"
    #expect(Self.refusal("t\n\n" + signature) == nil)
    #expect(Self.refusal("") == .malformedNote(offset: 0))
    #expect(Self.refusal("t\n") == .malformedNote(offset: 2))
    #expect(Self.refusal("t\n\n") == .malformedNote(offset: 3))
    #expect(Self.refusal("\n" + signature) == .malformedNote(offset: 18))
    #expect(Self.refusal("t\n\n" + signature.dropLast()) == .malformedNote(offset: 19))
    #expect(Self.refusal("t\n\n" + signature + "x\n") == .malformedNote(offset: 20))
    for line in [
      "\u{2014}  log AAAAAAE=", "\u{2014} log", "\u{2014} log AAAAAAE= ", "- log AAAAAAE=",
      "\u{2014} l+g AAAAAAE=",
      "\u{2014} l\u{2003}g AAAAAAE=", "\u{2014} log AAAAAA==", "\u{2014} log AAAAAAF=",
      "\u{2014} log AAAAAAE",
      "\u{2014}\u{A0}log AAAAAAE=",
    ] {
      #expect(Self.refusal("t\n\n\(line)\n") == .malformedNote(offset: 3), "\(line)")
    }
    for text in ["a\tb\n", "a\rb\n", "a\0\n"] {
      #expect(Self.refusal("\(text)\n" + signature) == .malformedNote(offset: 1))
      #expect(throws: AuditTrailError.malformedNote(offset: 1)) { try SignedNote(text: text) }
    }
    for text in ["", "a"] {
      #expect(throws: AuditTrailError.malformedNote(offset: 0)) { try SignedNote(text: text) }
    }
    #expect(throws: AuditTrailError.malformedNote(offset: 0)) {
      try SignedNote(parsing: [0xFF] + Array(("\n\n" + signature).utf8))
    }
    let many = { String(repeating: signature, count: $0) }
    #expect(Self.refusal("t\n\n" + many(100)) == nil)
    #expect(Self.refusal("t\n\n" + many(101)) == .noteTooLarge)
    #expect(Self.refusal(String(repeating: "t", count: 1 << 20) + "\n\n" + signature) == .noteTooLarge)
  }
}
