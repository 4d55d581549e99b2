// SPDX-License-Identifier: Apache-2.0
//
// Two signed checkpoints of one log: whether the later one continues the earlier one, and when not, that both signatures
// are evidence. Source: RFC 6962 §2.1.2; C2SP tlog-tiles.

import AuditTrail

/// Whether one signed checkpoint continues another.
enum LogContinuity {
  /// Proves that the tree of `new` begins with the tree of `old`, with the tiles of `source`.
  ///
  /// Throws when nothing can be said: a tile is missing, or not one of the signed root.
  ///
  /// - Returns: how the two contradict each other, which both signatures then are evidence of; `nil` when they do not.
  static func contradiction(
    from old: Checkpoint,
    to new: Checkpoint,
    _ source: any LogSource
  ) async throws(CommandFailure) -> String? {
    guard old.size <= new.size else {
      return "it was rolled back from \(old.size) records to \(new.size)"
    }
    guard old.size < new.size else {
      return old.root == new.root ? nil : "two different logs of \(new.size) records were signed"
    }
    guard old.size > 0 else { return nil }
    // SECURITY: one set of tiles, read once, against both roots. Tiles are not signed, and whoever serves them may serve
    // others the next time; only when the same ones make the root that is signed do they prove anything.
    var hashes = TileHashes(source, size: new.size)
    let prefix = try await hashes.root(ofFirst: old.size)
    guard try await hashes.root(ofFirst: new.size) == new.root,
      let plan = try? ProofPlan.consistency(from: old.size, to: new.size)
    else { throw tilesDiffer(source, new) }
    let proof = try await hashes.proof(plan)
    do throws(AuditTrailError) {
      try ProofVerification.consistency(from: old.size, prefix, to: new.size, new.root, proof: proof)
    } catch {
      throw tilesDiffer(source, new)
    }
    return prefix == old.root
      ? nil : "its first \(old.size) records are others than those that were signed before"
  }

  private static func tilesDiffer(_ source: any LogSource, _ head: Checkpoint) -> CommandFailure {
    .failed("\(source.name): its tiles are not those of its checkpoint of \(head.size) records")
  }
}
