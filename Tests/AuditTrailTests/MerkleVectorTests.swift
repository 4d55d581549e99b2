// SPDX-License-Identifier: Apache-2.0
//
// The proofs of transparency-dev/merkle (Apache-2.0), good and bad, read from shared/vectors.

import AuditTrail
import Foundation
import StrictJSON
import Testing

private let vectors = sharedVectors("merkle-transparency-dev")

@Suite(.enabled(if: vectors != nil, "shared/vectors/merkle-transparency-dev is not beside the checkout"))
struct MerkleVectorTests {
  private func cases(_ kind: String) throws -> [(name: String, content: JSONObject)] {
    let folder = try #require(vectors).appending(path: "testdata/\(kind)")
    let names = try #require(FileManager.default.enumerator(atPath: folder.path)).compactMap { $0 as? String }
    return try names.filter { $0.hasSuffix(".json") }.sorted().map { name in
      let text = try Data(contentsOf: folder.appending(path: name))
      return (name, try #require(JSONReader.read(text).object))
    }
  }

  private func number(_ value: JSONValue?) throws -> UInt64 {
    guard case .number(let number)? = value else { throw AuditTrailError.malformedProof }
    return try #require(UInt64(number.text))
  }

  // A hash of another length than 32 octets is refused before any check: by its type.
  private func hash(_ value: JSONValue?) throws -> MerkleHash {
    let text = try #require(value?.string)
    let octets = try #require(Data(base64Encoded: text))
    // Where a vector says that its root does not matter, any hash stands for it: the same for the same text.
    if octets.starts(with: Array("don't care".utf8)) { return .leaf(Array(octets)) }
    guard let hash = MerkleHash(Array(octets)) else { throw AuditTrailError.malformedProof }
    return hash
  }

  private func proof(_ value: JSONValue?) throws -> [MerkleHash] {
    try (value?.array ?? []).map { try hash($0) }
  }

  @Test func `inclusion proofs are judged as their vectors say`() throws {
    let all = try cases("inclusion")
    #expect(all.count == 98)
    for (name, content) in all {
      var refusal: AuditTrailError?
      do {
        try ProofVerification.inclusion(
          of: hash(content["leafHash"]),
          at: number(content["leafIdx"]),
          inTree: number(content["treeSize"]),
          proof: proof(content["proof"]),
          root: hash(content["root"])
        )
      } catch let error as AuditTrailError {
        refusal = error
      }
      #expect((refusal != nil) == content["wantErr"]?.bool, "\(name): \(String(describing: refusal))")
    }
  }

  @Test func `consistency proofs are judged as their vectors say`() throws {
    let all = try cases("consistency")
    #expect(all.count == 98)
    for (name, content) in all {
      var refusal: AuditTrailError?
      do {
        try ProofVerification.consistency(
          from: number(content["size1"]),
          hash(content["root1"]),
          to: number(content["size2"]),
          hash(content["root2"]),
          proof: proof(content["proof"])
        )
      } catch let error as AuditTrailError {
        refusal = error
      }
      #expect((refusal != nil) == content["wantErr"]?.bool, "\(name): \(String(describing: refusal))")
    }
  }

  @Test func `the plans make the good proofs of the vectors from their eight leaves`() throws {
    // The leaves of the vectors: transparency-dev/merkle testonly/constants.go, as RFC 6962's reference implementation.
    let leaves: [[UInt8]] = [
      [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43],
      Array(0x50...0x57), Array(0x60...0x6F),
    ]
    let tree = SmallTree(leaves.map { MerkleHash.leaf($0) })
    for (name, content) in try cases("inclusion") where name.hasSuffix("/happy-path.json") {
      let plan = try ProofPlan.inclusion(of: number(content["leafIdx"]), inTree: number(content["treeSize"]))
      #expect(try plan.proof(tree.hash) == proof(content["proof"]), "\(name)")
    }
    for (name, content) in try cases("consistency") where name.hasSuffix("/happy-path.json") {
      let plan = try ProofPlan.consistency(from: number(content["size1"]), to: number(content["size2"]))
      #expect(try plan.proof(tree.hash) == proof(content["proof"]), "\(name)")
    }
  }
}
