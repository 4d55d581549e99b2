// SPDX-License-Identifier: Apache-2.0
//
// What a witness remembers of a log, and the one rule by which it goes on: only to a tree that continues the one that it
// has seen. Refuses to know where that is kept and who signs. Source: C2SP tlog-witness, tlog-cosignature.

/// The newest checkpoint of a log that a witness has seen.
package struct WitnessedLog: Hashable, Sendable {
  /// Whose word on the log is taken.
  package let policy: CheckpointPolicy
  /// The newest checkpoint; `nil` before the first one.
  package private(set) var latest: Checkpoint?

  /// Goes on from what was kept.
  ///
  /// - Throws: `AuditTrailError.wrongOrigin` when the checkpoint is another log's.
  package init(policy: CheckpointPolicy, latest: Checkpoint? = nil) throws(AuditTrailError) {
    if let latest, !latest.origin.utf8.elementsEqual(policy.origin.utf8) { throw .wrongOrigin(latest.origin) }
    self.policy = policy
    self.latest = latest
  }

  /// Takes a newer checkpoint, or the same again.
  ///
  /// SECURITY: sign only after `latest` is durable: a witness that forgets would countersign a second history.
  ///
  /// - Parameters:
  ///   - note: the bytes of the signed checkpoint.
  ///   - old: the size that the proof starts from: that of `latest`, or 0 before the first one.
  ///   - proof: that the checkpoint continues it; empty from 0 and for the same size.
  /// - Throws: `AuditTrailError` of the note or of the proof, `.sizesOutOfOrder` when `old` is not what was seen or the
  ///   checkpoint is smaller; then nothing has changed.
  /// - Returns: the text to countersign: `NoteVerifierKey.cosignedBytes`.
  package mutating func advance(
    to note: [UInt8],
    from old: UInt64,
    proof: [MerkleHash]
  ) throws(AuditTrailError) -> String {
    let next = try VerifiedCheckpoint(note: note, policy: policy).checkpoint
    let seen = latest?.size ?? 0
    guard old == seen, seen <= next.size else { throw .sizesOutOfOrder(old: seen, new: next.size) }
    if let latest, seen > 0 {
      try ProofVerification.consistency(from: seen, latest.root, to: next.size, next.root, proof: proof)
    } else {
      // Every tree continues the empty one.
      guard proof.isEmpty else { throw .proofOfWrongLength(expected: 0, count: proof.count) }
    }
    latest = next
    return next.text
  }
}
