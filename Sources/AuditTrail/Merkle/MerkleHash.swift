// SPDX-License-Identifier: Apache-2.0
//
// The hash of a leaf or a node, and how one is made. Leaves and nodes are told apart by their first byte, so that no
// entry can pass for a node. Source: RFC 6962 §2.1.

import Crypto

/// The hash of a leaf, or of a tree.
///
/// Shape: 32 octets of SHA-256.
package struct MerkleHash: Hashable, Sendable {
  /// The number of octets.
  package static let byteCount = 32

  /// The hash of the tree without leaves: SHA-256 of nothing.
  package static let emptyTree = MerkleHash(SHA256().finalize())

  // The octets as they stand in memory; four words, so that a hash is no allocation. Not SIMD4: its alignment of 32 bytes
  // is more than the frame of an async function has, and Swift 6.3 frees such a frame at another address than it got.
  private struct Words: Hashable, Sendable {
    var first: UInt64 = 0
    var second: UInt64 = 0
    var third: UInt64 = 0
    var fourth: UInt64 = 0
  }

  private let words: Words

  /// Takes exactly 32 octets; `nil` for any other number.
  package init?(_ octets: some Collection<UInt8>) {
    guard octets.count == Self.byteCount else { return nil }
    var words = Words()
    withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: octets) }
    self.words = words
  }

  private init(_ digest: SHA256.Digest) {
    words = digest.withUnsafeBytes { $0.loadUnaligned(as: Words.self) }
  }

  /// The hash of a leaf that holds `entry`: SHA-256 of 0x00 and the entry.
  package static func leaf(_ entry: [UInt8]) -> MerkleHash {
    var hasher = SHA256()
    withUnsafeBytes(of: UInt8(0x00)) { hasher.update(bufferPointer: $0) }
    entry.withUnsafeBytes { hasher.update(bufferPointer: $0) }
    return MerkleHash(hasher.finalize())
  }

  /// The hash of a tree of two trees: SHA-256 of 0x01 and both hashes.
  package static func node(_ left: MerkleHash, _ right: MerkleHash) -> MerkleHash {
    var hasher = SHA256()
    withUnsafeBytes(of: UInt8(0x01)) { hasher.update(bufferPointer: $0) }
    withUnsafeBytes(of: left.words) { hasher.update(bufferPointer: $0) }
    withUnsafeBytes(of: right.words) { hasher.update(bufferPointer: $0) }
    return MerkleHash(hasher.finalize())
  }

  /// The octets.
  package var bytes: [UInt8] {
    withUnsafeBytes(of: words) { Array($0) }
  }

  /// The hash of trees side by side, the largest first, as the right edge of a tree is made: MTH of all their leaves.
  ///
  /// `nil` without a tree.
  static func folded(_ trees: some BidirectionalCollection<MerkleHash>) -> MerkleHash? {
    guard var root = trees.last else { return nil }
    for left in trees.dropLast().reversed() { root = .node(left, root) }
    return root
  }
}
