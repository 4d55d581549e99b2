// SPDX-License-Identifier: Apache-2.0
//
// A tree that grows, in as little as it takes to go on: its right edge. Refuses to know where entries and tiles are
// kept: it says which subtrees have become complete, and forgets them. Source: RFC 6962 §2.1; C2SP tlog-tiles.

/// An append-only tree, as its size and its right edge.
///
/// 64 hashes at most, whatever the size: enough to append and to tell the root.
package struct TreeState: Hashable, Sendable {
  /// The number of leaves.
  package private(set) var size: UInt64
  /// The hashes of the complete subtrees that make the tree, left to right: one for each bit of `size` that is one.
  package private(set) var edge: [MerkleHash]

  /// The tree without leaves.
  package init() {
    size = 0
    edge = []
  }

  /// Goes on from what was kept.
  ///
  /// - Parameters:
  ///   - size: the number of leaves.
  ///   - edge: the hashes of `TreeState.subtrees(ofTree: size)`, in order.
  /// - Throws: `AuditTrailError.edgeOfWrongLength`.
  package init(size: UInt64, edge: [MerkleHash]) throws(AuditTrailError) {
    guard edge.count == size.nonzeroBitCount else {
      throw .edgeOfWrongLength(size: size, count: edge.count)
    }
    self.size = size
    self.edge = edge
  }

  /// The complete subtrees on the right edge of a tree of `size` leaves, left to right.
  package static func subtrees(ofTree size: UInt64) -> [Subtree] {
    Subtree.covering(0..<size)
  }

  /// Adds a leaf: one hash of a node on average, 63 at worst.
  ///
  /// - Parameters:
  ///   - leaf: `MerkleHash.leaf` of the entry.
  ///   - completed: called with each subtree that is complete from now on, from the leaf itself upwards.
  package mutating func append(
    _ leaf: MerkleHash,
    completed: (Subtree, MerkleHash) -> Void = { _, _ in }
  ) {
    var hash = leaf
    var subtree = Subtree(known: 0, size)
    completed(subtree, hash)
    // A left neighbour of the same height is on the edge as long as the bit of that height is one.
    while subtree.index & 1 == 1 {
      hash = .node(edge.removeLast(), hash)
      subtree = Subtree(known: subtree.height + 1, subtree.index >> 1)
      completed(subtree, hash)
    }
    edge.append(hash)
    size += 1
  }

  /// MTH of all leaves.
  package var root: MerkleHash {
    MerkleHash.folded(edge) ?? .emptyTree
  }
}
