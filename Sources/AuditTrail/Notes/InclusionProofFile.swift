// SPDX-License-Identifier: Apache-2.0
//
// A proof that a record is in a log, as one file that needs nothing else than the keys to be checked.
// Source: C2SP tlog-proof.

/// An inclusion proof together with the checkpoint that it leads to.
///
/// Shape: the text `c2sp.org/tlog-proof@v1`; file names end in `.tlog-proof`.
package struct InclusionProofFile: Hashable, Sendable {
  /// The place of the record in the log, from 0.
  package let index: UInt64
  /// The audit path, from the record's sibling upwards.
  package let proof: [MerkleHash]
  /// The signed checkpoint, byte for byte.
  package let checkpoint: [UInt8]
  /// What else the maker put in; nobody vouches for it.
  package let extra: [UInt8]?

  /// The longest proof that is read, in bytes.
  package static let maximumBytes = SignedNote.maximumBytes + 65_536

  /// Gathers the parts.
  package init(index: UInt64, proof: [MerkleHash], checkpoint: [UInt8], extra: [UInt8]? = nil) {
    self.index = index
    self.proof = proof
    self.checkpoint = checkpoint
    self.extra = extra
  }

  /// Reads the text form.
  ///
  /// - Throws: `AuditTrailError.malformedProof`; the checkpoint is not looked at.
  package init(parsing bytes: [UInt8]) throws(AuditTrailError) {
    guard bytes.count <= Self.maximumBytes else { throw .malformedProof }
    var rest = bytes[...]
    func line() throws(AuditTrailError) -> String {
      guard let end = rest.firstIndex(of: UInt8(ascii: "\n")),
        let line = String(validating: rest[..<end], as: UTF8.self)
      else { throw .malformedProof }
      rest = rest[(end + 1)...]
      return line
    }
    guard try line().utf8.elementsEqual(header.utf8) else { throw .malformedProof }
    var next = try line()
    var extra: [UInt8]?
    if next.utf8.starts(with: "extra ".utf8) {
      extra = Base64.decode(Substring(next.utf8.dropFirst(6)))
      guard extra != nil else { throw .malformedProof }
      next = try line()
    }
    guard next.utf8.starts(with: "index ".utf8),
      let index = canonicalDecimal(Substring(next.utf8.dropFirst(6)))
    else {
      throw .malformedProof
    }
    var proof: [MerkleHash] = []
    while true {
      next = try line()
      if next.isEmpty { break }
      // No tree is higher than 64 levels.
      guard proof.count < 64, let hash = Base64.decode(next).flatMap({ MerkleHash($0) }) else {
        throw .malformedProof
      }
      proof.append(hash)
    }
    self.init(index: index, proof: proof, checkpoint: Array(rest), extra: extra)
  }

  /// The text form.
  package var bytes: [UInt8] {
    var lines = [header]
    if let extra { lines.append("extra \(Base64.encode(extra))") }
    lines.append("index \(index)")
    lines += proof.map { Base64.encode($0.bytes) }
    return Array((lines.map { $0 + "\n" }.joined() + "\n").utf8) + checkpoint
  }

  /// Passes when `entry` is in the log at `index`, by a checkpoint that `policy` takes.
  ///
  /// - Throws: `AuditTrailError` of the checkpoint or of the proof.
  /// - Returns: the checkpoint that the proof leads to.
  @discardableResult
  package func verify(
    _ entry: [UInt8],
    policy: CheckpointPolicy
  ) throws(AuditTrailError) -> VerifiedCheckpoint {
    let verified = try VerifiedCheckpoint(note: checkpoint, policy: policy)
    try ProofVerification.inclusion(
      of: .leaf(entry),
      at: index,
      inTree: verified.checkpoint.size,
      proof: proof,
      root: verified.checkpoint.root
    )
    return verified
  }
}

private let header = "c2sp.org/tlog-proof@v1"
