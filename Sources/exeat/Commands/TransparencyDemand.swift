// SPDX-License-Identifier: Apache-2.0
//
// What a relying party demands of a token besides its signature: the log's promise, and the record that the promise is
// about. Whose promises count comes from the command line alone. Source: docs/decisions/0018-token-transparency.md.

import AuditTrail
import FederationClient
import StrictJSON
import TokenFormats

/// `--require-transparency` and what belongs to it.
struct TransparencyDemand {
  /// The log whose promise is demanded.
  let promisingLog: PromisingLog
  private let policy: CheckpointPolicy
  private let proof: String?
  private let log: String?
  private let caFile: String?

  /// Reads the options; `nil` when nothing is demanded.
  init?(isMade: Bool, logKey: String?, proof: String?, log: String?, caFile: String?) throws(CommandFailure) {
    guard isMade else {
      guard logKey == nil, proof == nil, log == nil else {
        throw .usage("--log-key, --proof and --log go with --require-transparency")
      }
      return nil
    }
    guard let logKey else {
      throw .usage(
        "--require-transparency needs --log-key",
        hint: "the log's operator publishes it; what the token or its issuer name proves nothing"
      )
    }
    let keys = try LogTrust.keys([logKey], option: "--log-key", .ed25519)
    // A promise names its log by its key: there is one.
    guard keys.count == 1, let key = keys.first,
      let promisingLog = PromisingLog(verifierKey: key.text, publicKey: key.publicKey)
    else {
      throw .usage("--log-key: more than one key")
    }
    self.promisingLog = promisingLog
    policy = try LogTrust.policy(keys)
    (self.proof, self.log, self.caFile) = (proof, log, caFile)
  }

  /// Looks for the record of a token whose promise held; `nil` when only the promise was demanded.
  func inclusion(
    of token: PromisedToken,
    claims: JSONObject?
  ) async throws(CommandFailure) -> VerificationReport.Outcome? {
    guard proof != nil || log != nil else { return nil }
    do throws(CommandFailure) {
      let proved: ProvedRecord
      if let proof {
        proved = try ProvedRecord(reading: proof, policy: policy)
      } else {
        proved = try await find(claims?["jti"]?.string ?? "")
      }
      // SECURITY: the payload decides, not the `jti`: a record of another token proves nothing for this one.
      guard let digest = try? LoggedRecord(proved.record).tokenPayloadSha256,
        digest.utf8.elementsEqual(token.payloadSha256.utf8)
      else { return .failed("record \(proved.index + 1) of the log is about another token") }
      if proof != nil, let log { try await compare(proved.checkpoint.checkpoint, log) }
      return .passed("record \(proved.index + 1) of \(proved.checkpoint.checkpoint.size) of \(policy.origin)")
    } catch {
      guard error.status == 1 else { throw error }
      return .failed(error.message)
    }
  }

  private func find(_ tokenID: String) async throws(CommandFailure) -> ProvedRecord {
    let policy = self.policy
    return try await LogLocation.withLog(at: log ?? "", caFile: caFile) {
      source throws(CommandFailure) in
      guard source.holdsRecords else {
        throw .usage(
          "--log: \(source.name) gives out hashes only: add --proof, which the log's operator makes"
        )
      }
      let (file, _) = try await AuditProveCommand.proof(of: tokenID, source, policy)
      return try ProvedRecord(file, from: source.name, policy: policy)
    }
  }

  // The proof's checkpoint and the log's belong to one history, whichever is the longer one.
  private func compare(_ proved: Checkpoint, _ log: String) async throws(CommandFailure) {
    let policy = self.policy
    try await LogLocation.withLog(at: log, caFile: caFile) { source throws(CommandFailure) in
      let note = try await source.checkpoint()
      let current = try VerifiedCheckpoint(note: note, from: source.name, policy: policy).checkpoint
      guard proved.size <= current.size else {
        throw .failed(
          "\(source.name) has \(current.size) records, and the proof is about a log of \(proved.size)"
        )
      }
      if let contradiction = try await LogContinuity.contradiction(from: proved, to: current, source) {
        throw .failed("the proof is not of the log at \(source.name): \(contradiction)")
      }
    }
  }
}
