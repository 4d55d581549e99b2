// SPDX-License-Identifier: Apache-2.0
//
// Two signed checkpoints of one log: whether the later one continues the earlier one, and when not, that both signatures
// are evidence. Source: RFC 6962 §2.1.2; C2SP tlog-tiles.

import AuditTrail

/// Whether one signed checkpoint continues another.
enum LogContinuity {
  /// Proves that the tree of `new` begins with the tree of `old`, with the tiles of `source`.
  ///
  /// - Parameters:
  ///   - old: the checkpoint that was seen before.
  ///   - new: the log's checkpoint now.
  ///   - source: the log.
  ///   - seen: a copy that has the tiles of `old`; without it the log is asked for these, should `new` be the smaller one.
  /// - Throws: when nothing can be said: a tile is missing, or not one of the signed root; and when `new` is an older
  ///   checkpoint that `old` continues, or may continue: caches and copies that are behind serve such.
  /// - Returns: how the two contradict each other, which both signatures then are evidence of; `nil` when they do not.
  static func contradiction(
    from old: Checkpoint,
    to new: Checkpoint,
    _ source: any LogSource,
    seen: (any LogSource)? = nil
  ) async throws(CommandFailure) -> String? {
    guard old.size <= new.size else {
      return try await contradiction(ofOlder: new, to: old, source, tiles: seen ?? source)
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

  // A checkpoint that is smaller than what was seen: evidence only when it is proved to be of another history.
  private static func contradiction(
    ofOlder older: Checkpoint,
    to seen: Checkpoint,
    _ source: any LogSource,
    tiles: any LogSource
  ) async throws(CommandFailure) -> String? {
    var isDecided = true
    do throws(CommandFailure) {
      if let contradiction = try await contradiction(from: older, to: seen, tiles) { return contradiction }
    } catch {
      isDecided = false
    }
    throw .failed(
      "\(source.name) serves an older checkpoint, of \(older.size) records, and \(seen.size) were seen"
        + (isDecided ? "" : "; there are no tiles to tell whether it is of the same history"),
      hint: "a cache or a copy that is behind, or a log that was rolled back: try again later"
    )
  }

  private static func tilesDiffer(_ source: any LogSource, _ head: Checkpoint) -> CommandFailure {
    .failed("\(source.name): its tiles are not those of its checkpoint of \(head.size) records")
  }
}
