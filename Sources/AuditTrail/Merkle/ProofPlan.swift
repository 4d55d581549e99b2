// SPDX-License-Identifier: Apache-2.0
//
// Which hashes a proof is made of. A plan names the complete subtrees that it needs, so that whoever keeps hashes (a
// database, tiles on a disk, a mirror behind HTTP) fetches them at leisure, and then puts the proof together.
// Source: RFC 6962 §2.1.1, §2.1.2.

/// What has to be known for an inclusion proof, a consistency proof or a root.
package struct ProofPlan: Hashable, Sendable {
  /// The complete subtrees whose hashes are needed, in order; none stands twice.
  package let subtrees: [Subtree]
  // How many of them, one after the other, fold into each hash of the proof.
  private let runs: [Int]

  private init(_ ranges: [Range<UInt64>]) {
    let covers = ranges.map(Subtree.covering)
    subtrees = covers.flatMap { $0 }
    runs = covers.map(\.count)
  }

  /// The audit path of a leaf: PATH(index, D[size]).
  ///
  /// - Throws: `AuditTrailError.noSuchLeaf`.
  package static func inclusion(of index: UInt64, inTree size: UInt64) throws(AuditTrailError) -> ProofPlan {
    guard index < size else { throw .noSuchLeaf(index: index, size: size) }
    // From the root down: the half without the leaf joins the proof, the other one is looked at next.
    var ranges: [Range<UInt64>] = []
    var tree = 0..<size
    while tree.upperBound - tree.lowerBound > 1 {
      let middle = split(tree)
      if index < middle {
        ranges.append(middle..<tree.upperBound)
        tree = tree.lowerBound..<middle
      } else {
        ranges.append(tree.lowerBound..<middle)
        tree = middle..<tree.upperBound
      }
    }
    return ProofPlan(ranges.reversed())
  }

  /// The proof that a tree of `new` leaves continues one of `old`: PROOF(old, D[new]).
  ///
  /// - Throws: `AuditTrailError.sizesOutOfOrder`, or `.nothingToProve` from the empty tree.
  package static func consistency(from old: UInt64, to new: UInt64) throws(AuditTrailError) -> ProofPlan {
    guard old <= new else { throw .sizesOutOfOrder(old: old, new: new) }
    guard old > 0 else { throw .nothingToProve }
    // SUBPROOF: the part that holds the end of the old tree is looked at next, until it ends there itself.
    var ranges: [Range<UInt64>] = []
    var tree = 0..<new
    while tree.upperBound > old {
      let middle = split(tree)
      if old <= middle {
        ranges.append(middle..<tree.upperBound)
        tree = tree.lowerBound..<middle
      } else {
        ranges.append(tree.lowerBound..<middle)
        tree = middle..<tree.upperBound
      }
    }
    // The old tree itself is known to whoever checks.
    if tree.lowerBound > 0 { ranges.append(tree) }
    return ProofPlan(ranges.reversed())
  }

  /// The root of a tree that is not empty.
  ///
  /// - Throws: `AuditTrailError.nothingToProve` for a tree without leaves.
  package static func root(ofTree size: UInt64) throws(AuditTrailError) -> ProofPlan {
    guard size > 0 else { throw .nothingToProve }
    return ProofPlan([0..<size])
  }

  /// The proof from the hashes of `subtrees`, in their order; of a plan for a root, the root alone.
  ///
  /// - Throws: `AuditTrailError.proofOfWrongLength` when there are not as many.
  package func proof(from hashes: [MerkleHash]) throws(AuditTrailError) -> [MerkleHash] {
    guard hashes.count == subtrees.count else {
      throw .proofOfWrongLength(expected: subtrees.count, count: hashes.count)
    }
    var rest = hashes[...]
    return runs.compactMap { count in
      defer { rest = rest.dropFirst(count) }
      return MerkleHash.folded(rest.prefix(count))
    }
  }

  /// The proof from hashes that `hash` looks up.
  package func proof<Failure: Error>(
    _ hash: (Subtree) throws(Failure) -> MerkleHash
  ) throws(Failure) -> [MerkleHash] {
    var next = subtrees[...]
    var proof: [MerkleHash] = []
    for count in runs {
      var run: [MerkleHash] = []
      for subtree in next.prefix(count) { run.append(try hash(subtree)) }
      next = next.dropFirst(count)
      if let folded = MerkleHash.folded(run) { proof.append(folded) }
    }
    return proof
  }

  // Where RFC 6962 splits a tree of more than one leaf: the largest power of two smaller than its size goes left.
  private static func split(_ tree: Range<UInt64>) -> UInt64 {
    let size = tree.upperBound - tree.lowerBound
    return tree.lowerBound + 1 << (63 - (size - 1).leadingZeroBitCount)
  }
}
