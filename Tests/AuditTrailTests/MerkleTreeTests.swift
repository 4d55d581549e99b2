// SPDX-License-Identifier: Apache-2.0

import AuditTrail
import Testing

struct MerkleTreeTests {
  @Test func `a growing tree has the root of RFC 6962 at every size`() throws {
    let small = SmallTree(count: 300)
    var tree = TreeState()
    #expect(tree.root == .emptyTree)
    for size in 1...300 {
      var completed: [Subtree] = []
      tree.append(small.leaves[size - 1]) { subtree, hash in
        completed.append(subtree)
        #expect(hash == small.hash(subtree))
      }
      #expect(tree.size == UInt64(size))
      #expect(tree.root == small.root(0..<size))
      #expect(completed.count == size.trailingZeroBitCount + 1)
      #expect(tree.edge == TreeState.subtrees(ofTree: UInt64(size)).map(small.hash))
      #expect(try ProofPlan.root(ofTree: UInt64(size)).proof(small.hash) == [tree.root])
      // What is kept is enough to go on.
      #expect(try TreeState(size: tree.size, edge: tree.edge) == tree)
    }
  }

  @Test func `the empty tree has the hash of nothing`() {
    #expect(hex(MerkleHash.emptyTree) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      hex(MerkleHash.leaf([])) == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
  }

  @Test func `every inclusion proof up to 300 leaves is RFC 6962's, and verifies`() throws {
    let small = SmallTree(count: 300)
    for size in 1...300 {
      let root = small.root(0..<size)
      for index in 0..<size {
        let plan = try ProofPlan.inclusion(of: UInt64(index), inTree: UInt64(size))
        let proof = plan.proof(small.hash)
        #expect(proof == small.path(index, 0..<size))
        #expect(try plan.proof(from: plan.subtrees.map(small.hash)) == proof)
        try ProofVerification.inclusion(
          of: small.leaves[index],
          at: UInt64(index),
          inTree: UInt64(size),
          proof: proof,
          root: root
        )
      }
    }
  }

  @Test func `every consistency proof up to 130 leaves, and to 300, is RFC 6962's, and verifies`() throws {
    let small = SmallTree(count: 300)
    for new in Array(1...130) + [255, 256, 257, 300] {
      for old in 1...new {
        let plan = try ProofPlan.consistency(from: UInt64(old), to: UInt64(new))
        let proof = plan.proof(small.hash)
        #expect(proof == small.subproof(old, 0..<new))
        try ProofVerification.consistency(
          from: UInt64(old),
          small.root(0..<old),
          to: UInt64(new),
          small.root(0..<new),
          proof: proof
        )
      }
    }
  }

  @Test(arguments: [1, 2, 3, 7, 8, 100, 255, 256, 257])
  func `an inclusion proof with any byte changed is refused`(size: Int) throws {
    let small = SmallTree(count: size)
    let root = small.root(0..<size)
    for index in Set([0, size / 2, size - 1]) {
      let proof = small.path(index, 0..<size)
      func refusal(
        leaf: MerkleHash? = nil,
        at place: Int? = nil,
        size other: Int? = nil,
        _ changed: [MerkleHash]? = nil,
        root otherRoot: MerkleHash? = nil
      ) -> AuditTrailError? {
        do {
          try ProofVerification.inclusion(
            of: leaf ?? small.leaves[index],
            at: UInt64(place ?? index),
            inTree: UInt64(other ?? size),
            proof: changed ?? proof,
            root: otherRoot ?? root
          )
          return nil
        } catch {
          return error
        }
      }
      #expect(refusal() == nil)
      for position in proof.indices {
        for byte in 0..<32 {
          var changed = proof
          changed[position] = try flipped(proof[position], byte)
          #expect(refusal(changed) == .rootDiffers)
        }
      }
      for byte in 0..<32 {
        #expect(refusal(leaf: try flipped(small.leaves[index], byte)) == .rootDiffers)
        #expect(refusal(root: try flipped(root, byte)) == .rootDiffers)
      }
      for place in 0...size where place != index { #expect(refusal(at: place) != nil) }
      #expect(refusal(at: size) == .noSuchLeaf(index: UInt64(size), size: UInt64(size)))
      #expect(
        refusal(proof + [root]) == .proofOfWrongLength(expected: proof.count, count: proof.count + 1)
      )
      if !proof.isEmpty {
        #expect(
          refusal(proof.dropLast()) == .proofOfWrongLength(expected: proof.count, count: proof.count - 1)
        )
      }
    }
  }

  @Test(arguments: [(1, 2), (3, 7), (4, 8), (6, 8), (100, 255), (128, 256), (255, 257), (256, 300)])
  func `a consistency proof with any byte changed is refused`(old: Int, new: Int) throws {
    let small = SmallTree(count: 300)
    let roots = (old: small.root(0..<old), new: small.root(0..<new))
    let proof = small.subproof(old, 0..<new)
    func refusal(
      _ changed: [MerkleHash],
      from: Int? = nil,
      _ oldRoot: MerkleHash? = nil,
      to: Int? = nil,
      _ newRoot: MerkleHash? = nil
    ) -> AuditTrailError? {
      do {
        try ProofVerification.consistency(
          from: UInt64(from ?? old),
          oldRoot ?? roots.old,
          to: UInt64(to ?? new),
          newRoot ?? roots.new,
          proof: changed
        )
        return nil
      } catch {
        return error
      }
    }
    #expect(refusal(proof) == nil)
    for position in proof.indices {
      for byte in 0..<32 {
        var changed = proof
        changed[position] = try flipped(proof[position], byte)
        let found = refusal(changed)
        #expect(found == .rootDiffers || found == .oldRootDiffers)
      }
    }
    for byte in 0..<32 {
      // A complete older tree is itself the first hash of the proof, so that the newer root no longer fits.
      let found = refusal(proof, try flipped(roots.old, byte))
      #expect(found == .oldRootDiffers || found == .rootDiffers && old.nonzeroBitCount == 1)
      #expect(refusal(proof, nil, to: nil, try flipped(roots.new, byte)) == .rootDiffers)
    }
    let longer = AuditTrailError.proofOfWrongLength(expected: proof.count, count: proof.count + 1)
    #expect(refusal(proof + [roots.new]) == longer)
    #expect(refusal([roots.old] + proof) == longer)
    let shorter = AuditTrailError.proofOfWrongLength(expected: proof.count, count: proof.count - 1)
    #expect(refusal(Array(proof.dropLast())) == shorter)
    #expect(refusal([], from: new, roots.new) == nil)
    #expect(refusal([], from: new) == .rootDiffers)
    #expect(
      refusal([roots.new], from: new, roots.new) == .proofOfWrongLength(expected: 0, count: 1)
    )
    #expect(refusal(proof, from: 0) == .nothingToProve)
    #expect(refusal(proof, from: new + 1) == .sizesOutOfOrder(old: UInt64(new + 1), new: UInt64(new)))
  }

  @Test func `plans refuse what has no proof`() {
    #expect(throws: AuditTrailError.noSuchLeaf(index: 5, size: 5)) {
      try ProofPlan.inclusion(of: 5, inTree: 5)
    }
    #expect(throws: AuditTrailError.noSuchLeaf(index: 0, size: 0)) {
      try ProofPlan.inclusion(of: 0, inTree: 0)
    }
    #expect(throws: AuditTrailError.sizesOutOfOrder(old: 6, new: 5)) {
      try ProofPlan.consistency(from: 6, to: 5)
    }
    #expect(throws: AuditTrailError.nothingToProve) { try ProofPlan.consistency(from: 0, to: 5) }
    #expect(throws: AuditTrailError.nothingToProve) { try ProofPlan.root(ofTree: 0) }
    #expect(throws: AuditTrailError.proofOfWrongLength(expected: 2, count: 1)) {
      try ProofPlan.inclusion(of: 0, inTree: 3).proof(from: [.emptyTree])
    }
    #expect(throws: AuditTrailError.edgeOfWrongLength(size: 5, count: 1)) {
      try TreeState(size: 5, edge: [.emptyTree])
    }
    #expect(Subtree(height: 64, index: 0) == nil)
    #expect(Subtree(height: 63, index: 2) == nil)
    #expect(MerkleHash(Array(repeating: 0, count: 31)) == nil)
  }

  private static let largeSizes: [UInt64] = [
    1 << 32 - 1, 1 << 32, 1 << 32 + 1, 1 << 40 + 12_345, 1 << 63 - 1, 1 << 63, .max,
  ]

  @Test(arguments: largeSizes)
  func `trees beyond 2^32 prove leaves and continue each other`(size: UInt64) throws {
    // All leaves alike: the hash of a complete subtree follows from its height, so that a tree of any size is at hand.
    var heights = [MerkleHash.leaf([0x2A])]
    while heights.count < 64 { heights.append(.node(heights[heights.count - 1], heights[heights.count - 1])) }
    func root(_ size: UInt64) throws -> MerkleHash {
      try TreeState(size: size, edge: TreeState.subtrees(ofTree: size).map { heights[$0.height] }).root
    }
    let indices: [UInt64] = [0, 1, 1 << 31, 1 << 32 - 2, size / 3, size / 2, size - 2, size - 1]
    for index in indices {
      let proof = try ProofPlan.inclusion(of: index, inTree: size).proof { heights[$0.height] }
      try ProofVerification.inclusion(
        of: heights[0],
        at: index,
        inTree: size,
        proof: proof,
        root: root(size)
      )
    }
    let olds: [UInt64] = [1, 2, 1 << 31 + 7, 1 << 32 - 1, size / 2, size - 1, size]
    for old in olds {
      let proof = try ProofPlan.consistency(from: old, to: size).proof { heights[$0.height] }
      try ProofVerification.consistency(from: old, root(old), to: size, root(size), proof: proof)
    }
    if size < .max {
      var tree = try TreeState(size: size, edge: TreeState.subtrees(ofTree: size).map { heights[$0.height] })
      tree.append(heights[0])
      #expect(try tree.root == root(size + 1))
    }
  }
}

/// The hash with the lowest bit of one byte changed.
func flipped(_ hash: MerkleHash, _ byte: Int) throws -> MerkleHash {
  var octets = hash.bytes
  octets[byte] ^= 1
  return try #require(MerkleHash(octets))
}

private func hex(_ hash: MerkleHash) -> String {
  hash.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
