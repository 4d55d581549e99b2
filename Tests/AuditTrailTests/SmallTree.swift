// SPDX-License-Identifier: Apache-2.0
//
// RFC 6962 §2.1 written down as it stands there, by recursion over lists: the yardstick for trees, proofs and tiles.

import AuditTrail

/// Leaves and every hash that RFC 6962 defines over them.
final class SmallTree {
  let leaves: [MerkleHash]
  private var known: [Range<Int>: MerkleHash] = [:]

  init(_ leaves: [MerkleHash]) {
    self.leaves = leaves
  }

  /// Leaves that all differ.
  convenience init(count: Int) {
    self.init((0..<count).map { MerkleHash.leaf(Array("record \($0)".utf8)) })
  }

  /// MTH(D[range]).
  func root(_ range: Range<Int>) -> MerkleHash {
    if range.isEmpty { return .emptyTree }
    if range.count == 1 { return leaves[range.lowerBound] }
    if let hash = known[range] { return hash }
    let middle = range.lowerBound + split(range.count)
    let hash = MerkleHash.node(root(range.lowerBound..<middle), root(middle..<range.upperBound))
    known[range] = hash
    return hash
  }

  /// PATH(index, D[range]).
  func path(_ index: Int, _ range: Range<Int>) -> [MerkleHash] {
    guard range.count > 1 else { return [] }
    let middle = split(range.count)
    let cut = range.lowerBound + middle
    return index < middle
      ? path(index, range.lowerBound..<cut) + [root(cut..<range.upperBound)]
      : path(index - middle, cut..<range.upperBound) + [root(range.lowerBound..<cut)]
  }

  /// SUBPROOF(old, D[range], isComplete).
  func subproof(_ old: Int, _ range: Range<Int>, _ isComplete: Bool = true) -> [MerkleHash] {
    guard old != range.count else { return isComplete ? [] : [root(range)] }
    let middle = split(range.count)
    let cut = range.lowerBound + middle
    return old <= middle
      ? subproof(old, range.lowerBound..<cut, isComplete) + [root(cut..<range.upperBound)]
      : subproof(old - middle, cut..<range.upperBound, false) + [root(range.lowerBound..<cut)]
  }

  /// The hash of a complete subtree.
  func hash(_ subtree: Subtree) -> MerkleHash {
    let width = 1 << subtree.height
    return root((Int(subtree.index) * width)..<((Int(subtree.index) + 1) * width))
  }

  // "let k be the largest power of two smaller than n"
  private func split(_ count: Int) -> Int {
    var power = 1
    while power * 2 < count { power *= 2 }
    return power
  }
}
