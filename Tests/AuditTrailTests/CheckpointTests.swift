// SPDX-License-Identifier: Apache-2.0

import AuditTrail
import Foundation
import Testing

struct CheckpointTests {
  private static let origin = "audit.example.com/log"

  private static func checkpoint(_ count: Int = 5) throws -> Checkpoint {
    try Checkpoint(origin: origin, size: UInt64(count), root: SmallTree(count: count).root(0..<count))
  }

  private static func note(_ checkpoint: Checkpoint, _ signatures: [NoteSignature]) throws -> [UInt8] {
    try SignedNote(text: checkpoint.text, signatures: signatures).bytes
  }

  @Test func `a checkpoint is three lines and what follows them`() throws {
    let empty = try Checkpoint(origin: "o", size: 0, root: .emptyTree)
    #expect(empty.text == "o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")
    #expect(try Checkpoint(text: empty.text) == empty)
    let large = try Checkpoint(
      origin: "o p",
      size: .max,
      root: .leaf([1]),
      extensions: ["x", " y"]
    )
    #expect(try Checkpoint(text: large.text) == large)
    #expect(large.text.hasSuffix("\nx\n y\n"))
  }

  @Test(
    arguments: [
      "", "\n", "o\n1\n", "o\n1\nROOT", "o\n1\nROOT\n\n", "\n1\nROOT\n", "o\n\nROOT\n", "o\n01\nROOT\n",
      "o\n-1\nROOT\n",
      "o\n+1\nROOT\n", "o\n1 \nROOT\n", "o\n1e1\nROOT\n", "o\n18446744073709551616\nROOT\n", "o\n١\nROOT\n",
      "o\n0\nROOT\n",
      "o\n1\nROOT \n", "o\n1\nAAAA\n", "o\n1\n\n", "o\n1\nROOT\n\nx\n", "o\r\n1\nROOT\n",
    ]
  )
  func `any other text is none`(text: String) throws {
    let root = "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0="
    #expect(try Checkpoint(text: "o\n1\n\(root)\n").root == .leaf([]))
    #expect(throws: AuditTrailError.malformedCheckpoint) {
      try Checkpoint(text: text.replacingOccurrences(of: "ROOT", with: root))
    }
  }

  @Test func `a log's own signature is needed, and as many witnesses as asked for`() throws {
    let log = try NoteSigner(Self.origin, seed: 1)
    let newLog = try NoteSigner(Self.origin, seed: 2)
    let witnesses = try (3..<6).map { try NoteSigner("w\($0)", .cosignatureV1, seed: $0) }
    let checkpoint = try Self.checkpoint()
    func policy(_ needed: Int) throws -> CheckpointPolicy {
      try CheckpointPolicy(
        origin: Self.origin,
        logKeys: [log.key, newLog.key],
        witnessKeys: witnesses.map(\.key),
        witnessesNeeded: needed
      )
    }
    let signed = try Self.note(
      checkpoint,
      [newLog.sign(checkpoint.text)] + witnesses.prefix(2).map { try $0.cosign(checkpoint.text, seconds: 7) }
    )
    let verified = try VerifiedCheckpoint(note: signed, policy: policy(2))
    #expect(verified.checkpoint == checkpoint)
    #expect(verified.witnesses.map(\.key.name) == ["w3", "w4"])
    #expect(verified.witnesses.map(\.seconds) == [7, 7])
    #expect(throws: AuditTrailError.tooFewWitnesses(needed: 3, found: 2)) {
      try VerifiedCheckpoint(note: signed, policy: policy(3))
    }
    // Witnesses alone do not make a checkpoint.
    let unsigned = try Self.note(checkpoint, [witnesses[0].cosign(checkpoint.text, seconds: 7)])
    #expect(throws: AuditTrailError.unsigned) { try VerifiedCheckpoint(note: unsigned, policy: policy(0)) }
    // A key of the log signs whatever the log says, also under another name.
    let foreign = try Checkpoint(origin: "other", size: 5, root: checkpoint.root)
    #expect(throws: AuditTrailError.wrongOrigin("other")) {
      try VerifiedCheckpoint(note: Self.note(foreign, [log.sign(foreign.text)]), policy: policy(0))
    }
    #expect(throws: AuditTrailError.malformedCheckpoint) {
      try VerifiedCheckpoint(
        note: SignedNote(text: "no checkpoint\n", signatures: [log.sign("no checkpoint\n")]).bytes,
        policy: policy(0)
      )
    }
  }

  @Test func `a policy in which one key counts twice is refused`() throws {
    let log = try NoteSigner("log", seed: 1)
    let witness = try NoteSigner("w", .cosignatureV1, seed: 2)
    let sameKey = try NoteSigner("v", .cosignatureV1, seed: 2)
    let logAsWitness = try NoteSigner("w", .cosignatureV1, seed: 1)
    for (logs, witnesses) in [
      ([witness.key], []), ([log.key], [log.key]), ([log.key], [witness.key, sameKey.key]),
      ([log.key], [logAsWitness.key]),
    ] {
      #expect(throws: AuditTrailError.malformedVerifierKey) {
        try CheckpointPolicy(origin: "log", logKeys: logs, witnessKeys: witnesses)
      }
    }
  }

  @Test func `a proof in a file proves its record, and no other`() throws {
    let log = try NoteSigner(Self.origin, seed: 1)
    let policy = try CheckpointPolicy(origin: Self.origin, logKeys: [log.key])
    let small = SmallTree(count: 11)
    let checkpoint = try Self.checkpoint(11)
    let note = try Self.note(checkpoint, [log.sign(checkpoint.text)])
    for extra in [nil, Array("jti".utf8)] {
      let file = InclusionProofFile(index: 6, proof: small.path(6, 0..<11), checkpoint: note, extra: extra)
      let read = try InclusionProofFile(parsing: file.bytes)
      #expect(read == file)
      #expect(read.bytes == file.bytes)
      #expect(try read.verify(Array("record 6".utf8), policy: policy).checkpoint == checkpoint)
      #expect(throws: AuditTrailError.rootDiffers) { try read.verify(Array("record 7".utf8), policy: policy) }
      let authenticated = file.bytes.count - note.count
      for position in file.bytes.indices where extra == nil || position >= authenticated {
        var changed = file.bytes
        changed[position] ^= 1
        #expect(throws: AuditTrailError.self, "byte \(position)") {
          try InclusionProofFile(parsing: changed).verify(Array("record 6".utf8), policy: policy)
        }
      }
    }
    let one = InclusionProofFile(index: 0, proof: [], checkpoint: note)
    #expect(String(decoding: one.bytes.prefix(33), as: UTF8.self) == "c2sp.org/tlog-proof@v1\nindex 0\n\na")
  }

  @Test(
    arguments: [
      "", "c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v2\nindex 0\n\n",
      "c2sp.org/tlog-proof@v1\nindex 00\n\n", "c2sp.org/tlog-proof@v1\nindex \u{301}0\n\n",
      "c2sp.org/tlog-proof@v1\nindex -1\n\n",
      "c2sp.org/tlog-proof@v1\nindex 0\n",
      "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n", "c2sp.org/tlog-proof@v1\nextra ?\nindex 0\n\n",
      "c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 0\n\n", "c2sp.org/tlog-proof@v1\r\nindex 0\n\n",
      "c2sp.org/tlog-proof@v1\nindex 0\n"
        + String(repeating: "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n", count: 65) + "\n",
    ]
  )
  func `any other text is no proof`(text: String) {
    #expect(throws: AuditTrailError.malformedProof) { try InclusionProofFile(parsing: Array(text.utf8)) }
  }
}
