// SPDX-License-Identifier: Apache-2.0
//
// Whether a stored tree continues a checkpoint, and whether records are those that it was made of. Reads tiles and
// records through the seam, a bundle at a time; changes nothing. Source: RFC 6962 §2.1.2; docs/decisions/0017.

package import AuditTrail

/// Looks at a stored tree.
package struct LogInspection: Sendable {
  /// Reads a bundle of records: of the store, or of a file.
  package typealias Bundles = (_ index: UInt64, _ width: Int) async throws(StoreError) -> [[UInt8]]?

  private let reader: any LogTreeReader
  private let tree: StoredTree

  /// Looks at `tree`, which `reader` just read.
  package init(_ tree: StoredTree, in reader: any LogTreeReader) {
    self.tree = tree
    self.reader = reader
  }

  /// Passes when the tree begins with the tree of `checkpoint`, and the records after that are there.
  ///
  /// - Throws: `LogFault.rolledBack`, `.historyDiffers`, or as reading does.
  package func requireContinuation(of checkpoint: Checkpoint) async throws(LogFault) {
    let size = tree.state.size
    guard checkpoint.size <= size else { throw .rolledBack(records: size, checkpoint: checkpoint.size) }
    guard tree.records >= size else { throw .rolledBack(records: tree.records, checkpoint: size) }
    // Every tree continues the empty one.
    guard checkpoint.size > 0 else { return }
    do {
      let plan = try ProofPlan.consistency(from: checkpoint.size, to: size)
      let proof = try plan.proof(from: try await hashes(of: plan.subtrees))
      try ProofVerification.consistency(
        from: checkpoint.size,
        checkpoint.root,
        to: size,
        tree.state.root,
        proof: proof
      )
    } catch let fault as LogFault {
      throw fault
    } catch {
      throw .historyDiffers(from: checkpoint.size, to: size)
    }
  }

  /// Passes when the records of `range` are those that the tree was made of.
  ///
  /// - Parameters:
  ///   - range: the leaves; begins at a multiple of 256, and ends at one or with the tree.
  ///   - bundles: reads them; from the store when left out.
  /// - Throws: `LogFault.recordDiffers` with the first one that is not, `.tileDiffers` with a hash above them that is
  ///   not theirs, `.rootDiffers`, or as reading does.
  package func requireRecords(_ range: Range<UInt64>, from bundles: Bundles? = nil) async throws(LogFault) {
    do {
      var audit = try LogAudit(continuing: try await state(at: range.lowerBound))
      while audit.tree.size < range.upperBound {
        let index = audit.tree.size / 256
        let width = Int(min(256, range.upperBound - audit.tree.size))
        let entries = try await entries(index, width, bundles)
        audit = try await add(entries, at: index, to: audit)
        try await checkTiles(above: audit, from: range)
      }
      let expected = try await state(at: range.upperBound)
      guard audit.tree == expected else { throw LogFault.rootDiffers(records: range.upperBound) }
    } catch let fault as LogFault {
      throw fault
    } catch AuditTrailError.recordDiffers(let index) {
      throw .recordDiffers(index: index)
    } catch AuditTrailError.tileDiffers(let level, let index) {
      throw .tileDiffers(level: level, index: index)
    } catch {
      throw .corrupted("the records from \(range.lowerBound + 1) on cannot be checked: \(error)")
    }
  }

  private func entries(_ index: UInt64, _ width: Int, _ bundles: Bundles?) async throws(LogFault) -> [[UInt8]]
  {
    do throws(StoreError) {
      let found =
        if let bundles {
          try await bundles(index, width)
        } else {
          try await reader.entries(inBundle: index, width: width)
        }
      guard let found else { throw StoreError.corrupted("audit log entry \(index * 256 + 1) is missing") }
      return found
    } catch {
      throw LogFault(error)
    }
  }

  private func add(_ entries: [[UInt8]], at index: UInt64, to audit: LogAudit) async throws -> LogAudit {
    guard let tile = Tile(level: 0, index: index, width: entries.count) else {
      throw LogFault.corrupted("audit log entry \(index * 256 + 1) is missing")
    }
    var audit = audit
    try audit.add(bundle: index, entries: entries, hashes: try await hashes(of: tile))
    return audit
  }

  // The tiles above, each when the last bundle below it is in: when it is full, or at the end.
  private func checkTiles(above audit: LogAudit, from range: Range<UInt64>) async throws {
    let size = audit.tree.size
    for level in 1..<8 {
      let width = size >> (8 * UInt64(level))
      // Only where a hash of the level was made from records of the range.
      guard width > range.lowerBound >> (8 * UInt64(level)) else { return }
      let isFull = size % (256 << (8 * UInt64(level))) == 0
      guard isFull || size == range.upperBound else { continue }
      let index = (width - 1) / 256
      guard let tile = Tile(level: level, index: index, width: Int(width - index * 256)) else { return }
      try audit.check(tile, hashes: try await hashes(of: tile))
    }
  }

  /// The tree as it was when it had `size` leaves.
  private func state(at size: UInt64) async throws -> TreeState {
    try TreeState(size: size, edge: try await hashes(of: TreeState.subtrees(ofTree: size)))
  }

  private func hashes(of tile: Tile) async throws(LogFault) -> [MerkleHash] {
    do throws(StoreError) {
      guard let hashes = try await reader.hashes(of: tile) else {
        throw StoreError.corrupted("tile \(tile.index) of level \(tile.level) of the log's tree is missing")
      }
      return hashes
    } catch {
      throw LogFault(error)
    }
  }

  private func hashes(of subtrees: [Subtree]) async throws -> [MerkleHash] {
    var known: [Tile: [MerkleHash]] = [:]
    var result: [MerkleHash] = []
    for subtree in subtrees {
      guard let (tile, range) = Tile.holding(subtree, inTree: tree.state.size) else {
        throw LogFault.rootDiffers(records: tree.state.size)
      }
      let hashes: [MerkleHash]
      if let read = known[tile] { hashes = read } else { hashes = try await self.hashes(of: tile) }
      known[tile] = hashes
      result.append(try Tile.hash(folding: hashes[range]))
    }
    return result
  }
}
