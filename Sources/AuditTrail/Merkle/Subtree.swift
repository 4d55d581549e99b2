// SPDX-License-Identifier: Apache-2.0
//
// Complete subtrees: the nodes that never change once all their leaves are there, and so the only ones that anybody
// keeps. Source: RFC 6962 §2.1.

/// A complete subtree: 2^height leaves from `index` · 2^height on.
package struct Subtree: Hashable, Sendable {
  /// The levels above the leaves, 0...63; a leaf has none.
  package let height: Int
  /// How many subtrees of this height lie to the left.
  package let index: UInt64

  /// Names the subtree; `nil` when it would reach beyond leaf 2^64 − 1.
  package init?(height: Int, index: UInt64) {
    guard (0...63).contains(height), index <= UInt64.max >> height else { return nil }
    self.height = height
    self.index = index
  }

  init(known height: Int, _ index: UInt64) {
    self.height = height
    self.index = index
  }

  /// The complete subtrees, left to right, whose leaves are exactly `leaves`, each as large as its place allows.
  ///
  /// For the ranges that RFC 6962 splits a tree into, their hashes fold from the right to MTH(D[leaves]).
  static func covering(_ leaves: Range<UInt64>) -> [Subtree] {
    var cover: [Subtree] = []
    var start = leaves.lowerBound
    while start < leaves.upperBound {
      let room = 63 - (leaves.upperBound - start).leadingZeroBitCount
      let height = min(start.trailingZeroBitCount, room)
      cover.append(Subtree(known: height, start >> height))
      start += 1 << height
    }
    return cover
  }
}
