// SPDX-License-Identifier: Apache-2.0
//
// Records and hashes that disagree: which of them was changed. The signed root says what a tile must hold, as long as
// the tiles between are right (TileLineage).

import AuditTrail

/// Tells what was changed.
struct LogDiagnosis {
  let source: any LogSource
  let checkpoint: Checkpoint

  /// The records of a bundle and its tile of level 0 disagree, first at `index`.
  ///
  /// - Parameters:
  ///   - index: the place of the first record that differs or is not there.
  ///   - problem: what is wrong with that record, if it is the record: `is missing`.
  ///   - tile: the bundle's tile.
  ///   - hashes: what the tile holds; `nil` when it cannot be read.
  ///   - leaves: the hashes of the records that are there.
  /// - Throws: when a tile cannot be read.
  /// - Returns: what was changed.
  func recordsDiffer(
    at index: UInt64,
    _ problem: String,
    tile: Tile,
    hashes: [MerkleHash]?,
    leaves: [MerkleHash]
  ) async throws(CommandFailure) -> LogFinding {
    let path = LogResource.tile(tile).path
    let numbers = tile.index * 256 + 1...tile.index * 256 + UInt64(tile.width)
    switch try await judge(tile, hashes, leaves) {
    case .tileIsRight: return LogFinding(.record(index + 1), problem)
    case .contentIsRight:
      return LogFinding(
        .tile(path),
        "was changed; records \(numbers.lowerBound) to \(numbers.upperBound) are as logged"
      )
    case .bothAreWrong:
      return LogFinding(.records(numbers), "was changed, and with it the file that would tell which, \(path)")
    case .unknown:
      return LogFinding(
        .record(index + 1),
        "\(problem), or its hash in \(path) was changed: the tiles do not lead to the root that was signed"
      )
    }
  }

  /// A tile above level 0 is not what the tiles below it make.
  ///
  /// - Parameters:
  ///   - tile: the tile.
  ///   - hashes: what it holds; `nil` when it cannot be read.
  ///   - due: what it must hold by the tiles below.
  ///   - index: the place of the first hash that differs, among those of the level.
  /// - Throws: when a tile cannot be read.
  /// - Returns: what was changed.
  func tileDiffers(
    _ tile: Tile,
    hashes: [MerkleHash]?,
    due: [MerkleHash],
    at index: UInt64
  ) async throws(CommandFailure) -> LogFinding {
    let path = LogResource.tile(tile).path
    let height = UInt64(8 * tile.level)
    let numbers = index << height + 1...(index + 1) << height
    switch try await judge(tile, hashes, due) {
    case .tileIsRight:
      return LogFinding(.records(numbers), "was changed, and with it the files of hashes below \(path)")
    case .contentIsRight:
      return LogFinding(.tile(path), "is missing or was changed; the records below it are as logged")
    case .bothAreWrong, .unknown:
      return LogFinding(
        .records(numbers),
        "or \(path) was changed: the tiles do not lead to the root that was signed"
      )
    }
  }

  private enum Judgement {
    case tileIsRight, contentIsRight, bothAreWrong, unknown
  }

  private func judge(
    _ tile: Tile,
    _ hashes: [MerkleHash]?,
    _ content: [MerkleHash]
  ) async throws(CommandFailure) -> Judgement {
    guard let lineage = TileLineage(of: tile, inTree: checkpoint.size) else { return .unknown }
    var known: [Tile: [MerkleHash]] = [:]
    for other in lineage.tiles where other != tile { known[other] = try await source.hashes(of: other) }
    func isRight(_ row: [MerkleHash]?) -> Bool? {
      guard let row, row.count == tile.width else { return false }
      known[tile] = row
      switch lineage.verdict(known, root: checkpoint.root) {
      case .proved: return true
      case .folds(let hash): return (try? Tile.hash(folding: row)) == hash
      case .unknown: return nil
      }
    }
    let (isTileRight, isContentRight) = (isRight(hashes), isRight(content))
    if isTileRight == true { return .tileIsRight }
    if isContentRight == true { return .contentIsRight }
    return isTileRight == nil || isContentRight == nil ? .unknown : .bothAreWrong
  }
}
