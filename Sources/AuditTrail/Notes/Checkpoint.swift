// SPDX-License-Identifier: Apache-2.0
//
// What a log says of itself at one moment: its name, its size, its root. Source: C2SP tlog-checkpoint.

/// The head of a log's tree.
package struct Checkpoint: Hashable, Sendable {
  /// The name of the log, such as `audit.example.com/log`: one line, not empty.
  package let origin: String
  /// The number of records.
  package let size: UInt64
  /// The root of the tree.
  package let root: MerkleHash
  /// Further lines, none empty; ours write none.
  package let extensions: [String]

  /// Gathers the parts.
  ///
  /// - Throws: `AuditTrailError.malformedCheckpoint` when a line is empty or holds a control character, or the empty
  ///   tree has another root than it has.
  package init(
    origin: String,
    size: UInt64,
    root: MerkleHash,
    extensions: [String] = []
  ) throws(AuditTrailError) {
    let areLines = ([origin] + extensions).allSatisfy { line in
      !line.isEmpty && line.utf8.allSatisfy { $0 >= 0x20 }
    }
    guard areLines, size > 0 || root == .emptyTree else { throw .malformedCheckpoint }
    self.origin = origin
    self.size = size
    self.root = root
    self.extensions = extensions
  }

  /// Reads the text of a note.
  ///
  /// - Throws: `AuditTrailError.malformedCheckpoint`.
  package init(text: String) throws(AuditTrailError) {
    var lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
      String(Substring($0))
    }
    guard lines.popLast()?.isEmpty == true, lines.count >= 3, let size = canonicalDecimal(lines[1]),
      let root = Base64.decode(lines[2]).flatMap({ MerkleHash($0) })
    else { throw .malformedCheckpoint }
    try self.init(origin: lines[0], size: size, root: root, extensions: Array(lines[3...]))
  }

  /// The text of the note.
  package var text: String {
    ([origin, String(size), Base64.encode(root.bytes)] + extensions).map { $0 + "\n" }.joined()
  }
}

// MARK: - Trust

/// Whose word on a log is taken.
package struct CheckpointPolicy: Hashable, Sendable {
  /// The name of the log.
  package let origin: String
  /// The keys of the log, of which one must have signed: more than one while a key is changed.
  package let logKeys: [NoteVerifierKey]
  /// The keys of witnesses.
  package let witnessKeys: [NoteVerifierKey]
  /// How many of the witnesses must have signed.
  package let witnessesNeeded: Int

  /// Gathers the parts.
  ///
  /// - Throws: `AuditTrailError.malformedVerifierKey` when a log's key is one of a witness or the other way round, or
  ///   one public key stands for two witnesses, or for a witness and the log.
  package init(
    origin: String,
    logKeys: [NoteVerifierKey],
    witnessKeys: [NoteVerifierKey] = [],
    witnessesNeeded: Int = 0
  ) throws(AuditTrailError) {
    // SECURITY: the message of a witness does not name it, so one key under two names would count twice.
    let isSound =
      logKeys.allSatisfy { $0.kind == .ed25519 } && witnessKeys.allSatisfy { $0.kind == .cosignatureV1 }
      && Set(witnessKeys.map(\.publicKey)).count == witnessKeys.count
      && Set(witnessKeys.map(\.publicKey)).isDisjoint(with: logKeys.map(\.publicKey))
    guard isSound else { throw .malformedVerifierKey }
    self.origin = origin
    self.logKeys = logKeys
    self.witnessKeys = witnessKeys
    self.witnessesNeeded = witnessesNeeded
  }
}

/// A checkpoint whose signatures were checked.
package struct VerifiedCheckpoint: Hashable, Sendable {
  /// The checkpoint.
  package let checkpoint: Checkpoint
  /// The witnesses that have signed, each once, with their times.
  package let witnesses: [SignedNote.Signer]

  /// Checks a signed checkpoint.
  ///
  /// - Parameters:
  ///   - bytes: the signed note.
  ///   - policy: whose word is taken.
  /// - Throws: `AuditTrailError` of the note, its signatures or its text; `.wrongOrigin` when it is another log's;
  ///   `.unsigned` when no key of the log has signed; `.tooFewWitnesses`.
  package init(note bytes: [UInt8], policy: CheckpointPolicy) throws(AuditTrailError) {
    let note = try SignedNote(parsing: bytes)
    let signers = try note.signers(among: policy.logKeys + policy.witnessKeys)
    let checkpoint = try Checkpoint(text: note.text)
    guard checkpoint.origin.utf8.elementsEqual(policy.origin.utf8) else {
      throw .wrongOrigin(checkpoint.origin)
    }
    guard signers.contains(where: { $0.key.kind == .ed25519 }) else { throw .unsigned }
    let witnesses = signers.filter { $0.key.kind == .cosignatureV1 }
    guard witnesses.count >= policy.witnessesNeeded else {
      throw .tooFewWitnesses(needed: policy.witnessesNeeded, found: witnesses.count)
    }
    self.checkpoint = checkpoint
    self.witnesses = witnesses
  }
}
