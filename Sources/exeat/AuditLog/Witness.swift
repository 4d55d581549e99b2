// SPDX-License-Identifier: Apache-2.0
//
// A witness of somebody else's log: remembers the newest checkpoint in a folder, goes on only to one that continues it,
// and countersigns that. What contradicts what it remembers is kept as evidence and never signed.
// Source: C2SP tlog-witness, tlog-cosignature.

import AuditTrail
import IdentityModel
import LocalKeys

/// A witness with its state on the disk.
struct Witness {
  /// The folder of its state.
  let state: String
  /// Whose word on the log is taken.
  let policy: CheckpointPolicy
  /// What it signs with.
  let key: WitnessKey
  /// The public half, with the name.
  let verifierKey: NoteVerifierKey
  /// Where the countersigned checkpoint goes.
  let output: String

  /// The newest checkpoint that was seen, as the log signed it.
  private var latest: String { state + "/checkpoint" }

  /// The log contradicts itself, and the proof of that is on the disk.
  struct Contradiction: Error {
    let failure: CommandFailure
  }

  /// Takes the log's checkpoint as it is now, and countersigns it.
  ///
  /// - Parameters:
  ///   - source: the log.
  ///   - now: the time that the signature says.
  /// - Throws: `Contradiction` when the log does not continue what was seen; `CommandFailure` when it could not be asked,
  ///   its checkpoint or tiles are not acceptable, or the checkpoint is an older one: then nothing has changed.
  /// - Returns: the size that was signed.
  func look(at source: any LogSource, now: @Sendable () -> Instant) async throws -> UInt64 {
    let note = try await source.checkpoint()
    let next = try VerifiedCheckpoint(note: note, from: source.name, policy: policy).checkpoint
    var seen: Checkpoint?
    if let kept = try LogDisk.read(latest, limit: SignedNote.maximumBytes) {
      seen = try VerifiedCheckpoint(note: kept, from: latest, policy: policy).checkpoint
    }
    if let seen, let contradiction = try await LogContinuity.contradiction(from: seen, to: next, source) {
      throw Contradiction(failure: try keepEvidence(note, contradiction, now()))
    }
    var log = try WitnessedLog(policy: policy, latest: seen)
    let proof = try await proof(from: seen, to: next, source)
    let text = try log.advance(to: note, from: seen?.size ?? 0, proof: proof)
    // SECURITY: durable before it is signed, or a witness that forgot would countersign a second history.
    try LogDisk.write(note, to: latest, isDurable: true)
    try LogDisk.write(try cosigned(note, text, now()), to: output, isDurable: true)
    return next.size
  }

  private func proof(
    from seen: Checkpoint?,
    to next: Checkpoint,
    _ source: any LogSource
  ) async throws -> [MerkleHash] {
    guard let seen, seen.size > 0, seen.size < next.size else { return [] }
    var hashes = TileHashes(source, size: next.size)
    return try await hashes.proof(ProofPlan.consistency(from: seen.size, to: next.size))
  }

  // The log's signatures as they were, and ours below.
  private func cosigned(_ note: [UInt8], _ text: String, _ now: Instant) throws -> [UInt8] {
    guard let seconds = UInt64(exactly: now.seconds),
      let signature = key.sign(NoteVerifierKey.cosignedBytes(text, seconds: seconds))
    else { throw CommandFailure.failed("the checkpoint cannot be signed") }
    var signed = try SignedNote(parsing: note)
    signed.append(try verifierKey.signatureLine(signature, seconds: seconds))
    // As whoever relies on it will check it.
    let check = try LogTrust.policy(policy.logKeys, witnesses: [verifierKey])
    _ = try VerifiedCheckpoint(note: signed.bytes, policy: check)
    return signed.bytes
  }

  private func keepEvidence(
    _ note: [UInt8],
    _ contradiction: String,
    _ now: Instant
  ) throws(CommandFailure) -> CommandFailure {
    let folder = "\(state)/evidence-\(now.basicFormat)"
    guard let kept = try LogDisk.read(latest, limit: SignedNote.maximumBytes) else {
      throw .failed("\(latest) is gone")
    }
    try LogDisk.write(kept, to: "\(folder)/checkpoint-seen", isDurable: true)
    try LogDisk.write(note, to: "\(folder)/checkpoint-refused", isDurable: true)
    return .failed(
      "NOT SIGNED: the log \(policy.origin) contradicts itself: \(contradiction)",
      hint: "both checkpoints carry the log's signature and are kept in \(folder)"
    )
  }
}
