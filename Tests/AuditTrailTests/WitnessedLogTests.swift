// SPDX-License-Identifier: Apache-2.0

import AuditTrail
import Testing

struct WitnessedLogTests {
  private static var small: SmallTree { SmallTree(count: 20) }
  private static let origin = "audit.example.com/log"

  private static func note(_ size: Int, _ root: MerkleHash? = nil, origin: String = origin) throws -> [UInt8]
  {
    let checkpoint = try Checkpoint(origin: origin, size: UInt64(size), root: root ?? small.root(0..<size))
    let log = try NoteSigner(Self.origin, seed: 1)
    return try SignedNote(text: checkpoint.text, signatures: [log.sign(checkpoint.text)]).bytes
  }

  private static func policy() throws -> CheckpointPolicy {
    try CheckpointPolicy(origin: origin, logKeys: [NoteSigner(origin, seed: 1).key])
  }

  @Test func `a witness follows a log as it grows`() throws {
    var witnessed = try WitnessedLog(policy: Self.policy())
    var seen = 0
    for size in [0, 0, 3, 3, 8, 20] {
      let proof = seen == 0 ? [] : Self.small.subproof(seen, 0..<size)
      let text = try witnessed.advance(to: Self.note(size), from: UInt64(seen), proof: proof)
      #expect(try Checkpoint(text: text) == witnessed.latest)
      #expect(witnessed.latest?.size == UInt64(size))
      seen = size
    }
    #expect(try WitnessedLog(policy: Self.policy(), latest: witnessed.latest) == witnessed)
  }

  @Test func `a witness does not follow a second history, nor back`() throws {
    var witnessed = try WitnessedLog(policy: Self.policy())
    _ = try witnessed.advance(to: Self.note(8), from: 0, proof: [])
    let before = witnessed
    let other = SmallTree((0..<20).map { MerkleHash.leaf([UInt8($0)]) })
    let proof = other.subproof(8, 0..<20)
    #expect(throws: AuditTrailError.rootDiffers) {
      _ = try witnessed.advance(to: Self.note(20, other.root(0..<20)), from: 8, proof: proof)
    }
    #expect(throws: AuditTrailError.rootDiffers) {
      _ = try witnessed.advance(to: Self.note(8, other.root(0..<8)), from: 8, proof: [])
    }
    #expect(throws: AuditTrailError.sizesOutOfOrder(old: 8, new: 3)) {
      _ = try witnessed.advance(to: Self.note(3), from: 8, proof: [])
    }
    // A log that says how little the witness has seen does not make it forget.
    #expect(throws: AuditTrailError.sizesOutOfOrder(old: 8, new: 20)) {
      _ = try witnessed.advance(to: Self.note(20, other.root(0..<20)), from: 0, proof: [])
    }
    #expect(throws: AuditTrailError.wrongOrigin("other")) {
      _ = try witnessed.advance(
        to: Self.note(20, origin: "other"),
        from: 8,
        proof: Self.small.subproof(8, 0..<20)
      )
    }
    #expect(witnessed == before)
  }

  @Test func `the first checkpoint needs no proof, and another log's none at all`() throws {
    var witnessed = try WitnessedLog(policy: Self.policy())
    #expect(throws: AuditTrailError.proofOfWrongLength(expected: 0, count: 1)) {
      _ = try witnessed.advance(to: Self.note(8), from: 0, proof: [.emptyTree])
    }
    let foreign = try Checkpoint(origin: "other", size: 1, root: .leaf([]))
    #expect(throws: AuditTrailError.wrongOrigin("other")) {
      try WitnessedLog(policy: Self.policy(), latest: foreign)
    }
  }
}
