// SPDX-License-Identifier: Apache-2.0
//
// Checks proofs against roots that are trusted for another reason: a checkpoint's signature. Step by step as
// RFC 9162 §2.1.3.2 and §2.1.4.2 write the checks of RFC 6962's proofs down.

/// Checks inclusion and consistency proofs.
package enum ProofVerification {
  /// Passes when the leaf is in the tree.
  ///
  /// - Parameters:
  ///   - leaf: the hash of the leaf.
  ///   - index: the leaf's place, from 0.
  ///   - size: the size of the tree.
  ///   - proof: the audit path, from the leaf's sibling upwards.
  ///   - root: the root that is trusted.
  /// - Throws: `AuditTrailError.noSuchLeaf`, `.proofOfWrongLength` or `.rootDiffers`.
  package static func inclusion(
    of leaf: MerkleHash,
    at index: UInt64,
    inTree size: UInt64,
    proof: [MerkleHash],
    root: MerkleHash
  ) throws(AuditTrailError) {
    // 1. "Compare leaf_index from the inclusion proof against tree_size."
    guard index < size else { throw .noSuchLeaf(index: index, size: size) }
    // 2. and 3. "Set fn to leaf_index and sn to tree_size − 1. Set r to hash."
    var path = Path(first: index, last: size - 1)
    var result = leaf
    // 4. "For each value p in the inclusion_path array"
    for hash in proof {
      switch path.next() {
      case .end: throw .proofOfWrongLength(expected: path.length, count: proof.count)
      case .left: result = .node(hash, result)
      case .right: result = .node(result, hash)
      }
    }
    // 5. "Compare sn to 0. Compare r against the root_hash."
    guard path.isAtRoot else { throw .proofOfWrongLength(expected: path.length, count: proof.count) }
    guard result == root else { throw .rootDiffers }
  }

  /// Passes when the tree of `new` leaves begins with the tree of `old` leaves.
  ///
  /// - Parameters:
  ///   - old: the size of the older tree, at least 1.
  ///   - oldRoot: the root of the older tree that is trusted.
  ///   - new: the size of the newer tree.
  ///   - newRoot: the root of the newer tree that is trusted.
  ///   - proof: the proof.
  /// - Throws: `AuditTrailError.sizesOutOfOrder`, `.nothingToProve` (from the empty tree), `.proofOfWrongLength`,
  ///   `.oldRootDiffers` or `.rootDiffers`.
  package static func consistency(
    from old: UInt64,
    _ oldRoot: MerkleHash,
    to new: UInt64,
    _ newRoot: MerkleHash,
    proof: [MerkleHash]
  ) throws(AuditTrailError) {
    guard old <= new else { throw .sizesOutOfOrder(old: old, new: new) }
    guard old > 0 else { throw .nothingToProve }
    guard old < new else {
      guard proof.isEmpty else { throw .proofOfWrongLength(expected: 0, count: proof.count) }
      guard oldRoot == newRoot else { throw .rootDiffers }
      return
    }
    // 3. and 4. "Set fn to first − 1 and sn to second − 1. If LSB(fn) is set, then right-shift both fn and sn equally
    // until LSB(fn) is not set."
    var path = Path(first: old - 1, last: new - 1)
    path.skipOnes()
    // 2. "If first is an exact power of 2, then prepend first_hash to the consistency_path array."
    var rest = proof[...]
    let isComplete = old & (old - 1) == 0
    let length = isComplete ? path.length : path.length + 1
    guard proof.count == length, let start = isComplete ? oldRoot : rest.popFirst() else {
      throw .proofOfWrongLength(expected: length, count: proof.count)
    }
    // 5. and 6. "Set both fr and sr to the first value. For each subsequent value c"
    var oldResult = start
    var newResult = start
    for hash in rest {
      switch path.next() {
      case .end:
        throw .proofOfWrongLength(expected: length, count: proof.count)
      case .left:
        oldResult = .node(hash, oldResult)
        newResult = .node(hash, newResult)
      case .right:
        newResult = .node(newResult, hash)
      }
    }
    // 7. "verify that the fr calculated is equal to the first_hash supplied, that the sr calculated is equal to the
    // second_hash supplied, and that sn is 0."
    guard path.isAtRoot else { throw .proofOfWrongLength(expected: length, count: proof.count) }
    guard oldResult == oldRoot else { throw .oldRootDiffers }
    guard newResult == newRoot else { throw .rootDiffers }
  }
}

// The way from a node up to the root: `fn` and `sn` of RFC 9162.
private struct Path {
  enum Sibling {
    // There is none: this is the root.
    case end
    case left
    case right
  }

  private var first: UInt64
  private var last: UInt64
  /// How many siblings there are from where the path began.
  private(set) var length: Int

  init(first: UInt64, last: UInt64) {
    self.first = first
    self.last = last
    length = Path.count(first, last)
  }

  var isAtRoot: Bool { last == 0 }

  /// Shifts off the ones at the low end of `fn`.
  mutating func skipOnes() {
    let ones = (~first).trailingZeroBitCount
    first >>= ones
    last >>= ones
    length = Path.count(first, last)
  }

  /// Goes one node up.
  mutating func next() -> Sibling {
    guard last != 0 else { return .end }
    guard first & 1 == 1 || first == last else {
      first >>= 1
      last >>= 1
      return .right
    }
    // "If LSB(fn) is not set, then right-shift both fn and sn equally until either LSB(fn) is set or fn is 0": levels on
    // which the right edge has no sibling; `fn` is not 0 here. Then both once more.
    let levels = first.trailingZeroBitCount + 1
    first >>= levels
    last >>= levels
    return .left
  }

  private static func count(_ first: UInt64, _ last: UInt64) -> Int {
    // Below the top bit in which they differ each level has a sibling; above it only where `first` is a right child.
    let inner = 64 - (first ^ last).leadingZeroBitCount
    return inner + (inner == 64 ? 0 : (first >> inner).nonzeroBitCount)
  }
}
