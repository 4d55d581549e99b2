// SPDX-License-Identifier: Apache-2.0
//
// A checkpoint of ours: made by signing, or read back and checked. There is no other way to one, so nothing else is ever
// served or believed. Source: C2SP signed-note, tlog-checkpoint.

import AuditTrail

/// A checkpoint that the log's key has signed.
struct PublishedCheckpoint: Hashable, Sendable {
  /// The signed note.
  let note: [UInt8]
  /// What it says.
  let checkpoint: Checkpoint
  /// The key that signed, under the log's name.
  let key: NoteVerifierKey

  /// Reads a note that `signer` has signed, under whatever name.
  init(checking note: [UInt8], of signer: any LogSigner) throws(LogFault) {
    do throws(AuditTrailError) {
      let origin = try Checkpoint(text: try SignedNote(parsing: note).text).origin
      key = try NoteVerifierKey(name: origin, kind: .ed25519, publicKey: signer.publicKey)
      let policy = try CheckpointPolicy(origin: origin, logKeys: [key])
      checkpoint = try VerifiedCheckpoint(note: note, policy: policy).checkpoint
      self.note = note
    } catch {
      throw .checkpointRefused(error)
    }
  }

  /// Signs for `tree`.
  init(signing tree: TreeState, of origin: String, with signer: any LogSigner) throws(LogFault) {
    let note: SignedNote
    do {
      let key = try NoteVerifierKey(name: origin, kind: .ed25519, publicKey: signer.publicKey)
      let text = try Checkpoint(origin: origin, size: tree.size, root: tree.root).text
      let signature = try signer.sign(NoteVerifierKey.signedBytes(text))
      note = try SignedNote(text: text, signatures: [key.signatureLine(signature)])
    } catch {
      throw .unavailable("the log's key does not sign: \(error)")
    }
    // As a stranger would: a signature that does not verify is never kept.
    try self.init(checking: note.bytes, of: signer)
  }
}
