// SPDX-License-Identifier: Apache-2.0
//
// Where a log is read: its files, by the names that C2SP tlog-tiles gives them, wherever they are. Nothing that comes
// from here is true before somebody has checked it against a signed checkpoint.

import AuditTrail

/// The files of a log.
protocol LogSource: Sendable {
  /// What messages call it.
  var name: String { get }
  /// Whether records can be read here, and not only their hashes.
  var holdsRecords: Bool { get }

  /// A file; `nil` when there is none.
  func file(_ resource: LogResource) async throws(CommandFailure) -> [UInt8]?

  /// How many records at the beginning of a log of `size` records were taken away by retention: whole segments.
  func prunedRecords(ofTree size: UInt64) async throws(CommandFailure) -> UInt64

  /// The first of the pruned records that were never sealed; `nil` when nothing speaks against them, or nothing tells.
  func unsealedRecord(ofPruned count: UInt64) async throws(CommandFailure) -> LogFinding?

  /// Runs of records after these that retention took before they were copied, in order; each begins with a bundle.
  func gaps(inTree size: UInt64) async throws(CommandFailure) -> [Range<UInt64>]

  /// What cannot be true of what the source says of itself, of a log of `size` records; `nil` when nothing speaks
  /// against it.
  func objection(toTree size: UInt64) async throws(CommandFailure) -> LogFinding?

  /// The number of the first record of a bundle that is filed under another account, time, id, service or action than it
  /// says; `nil` when there is none, or when the source files records under nothing.
  func misfiledRecord(inBundle index: UInt64, width: Int) async throws(CommandFailure) -> UInt64?

  /// How many records there are, the ones included that no checkpoint covers yet; `nil` when only a checkpoint tells.
  func recordCount() async throws(CommandFailure) -> UInt64?

  /// The place of the newest record whose id, or whose token's id, is `id`, among the first `size` records; `nil` when
  /// there is none.
  func place(of id: String, inTree size: UInt64) async throws(CommandFailure) -> UInt64?
}

extension LogSource {
  func unsealedRecord(ofPruned count: UInt64) async throws(CommandFailure) -> LogFinding? { nil }

  func misfiledRecord(inBundle index: UInt64, width: Int) async throws(CommandFailure) -> UInt64? { nil }

  func recordCount() async throws(CommandFailure) -> UInt64? { nil }

  func gaps(inTree size: UInt64) async throws(CommandFailure) -> [Range<UInt64>] { [] }

  func objection(toTree size: UInt64) async throws(CommandFailure) -> LogFinding? { nil }

  /// The signed checkpoint as it is now.
  func checkpoint() async throws(CommandFailure) -> [UInt8] {
    guard let note = try await file(.checkpoint) else {
      throw .failed("\(name): there is no checkpoint")
    }
    return note
  }

  /// The bytes of a tile, from a full one where the partial one is gone; `nil` when there is neither.
  func bytes(of tile: Tile) async throws(CommandFailure) -> [UInt8]? {
    if let bytes = try await file(.tile(tile)) { return bytes }
    guard tile.isPartial, let full = Tile(level: tile.level, index: tile.index),
      let bytes = try await file(.tile(full)), bytes.count == full.width * MerkleHash.byteCount
    else { return nil }
    return Array(bytes.prefix(tile.width * MerkleHash.byteCount))
  }

  /// The hashes of a tile; `nil` when it is not there or is not a tile of that width.
  func hashes(of tile: Tile) async throws(CommandFailure) -> [MerkleHash]? {
    try await bytes(of: tile).flatMap { try? tile.hashes(in: $0) }
  }

  /// The entries of a bundle as far as they can be told apart, and whether that is all of them; `nil` when there is no
  /// such bundle.
  func entries(
    ofBundle index: UInt64,
    width: Int
  ) async throws(CommandFailure) -> (entries: [[UInt8]], isWhole: Bool)? {
    if let bytes = try await file(.entries(index: index, width: width)) {
      return EntryBundle.readable(in: bytes, count: width)
    }
    guard width < Tile.fullWidth,
      let bytes = try await file(.entries(index: index, width: Tile.fullWidth))
    else { return nil }
    let (entries, _) = EntryBundle.readable(in: bytes, count: Tile.fullWidth)
    return (Array(entries.prefix(width)), entries.count >= width)
  }

  /// The record at a place; `nil` when it is not there.
  func record(at index: UInt64, inTree size: UInt64) async throws(CommandFailure) -> [UInt8]? {
    let bundle = index / 256
    let offset = Int(index % 256)
    guard
      let (entries, _) = try await entries(ofBundle: bundle, width: EntryBundles.width(bundle, inTree: size)),
      offset < entries.count
    else { return nil }
    return entries[offset]
  }
}

/// Bundles of entries, one for each tile of level 0.
enum EntryBundles {
  /// How many a log of `size` records has.
  static func count(inTree size: UInt64) -> UInt64 { size / 256 + (size % 256 == 0 ? 0 : 1) }

  /// How many records the one at `index` holds.
  static func width(_ index: UInt64, inTree size: UInt64) -> Int { Int(min(256, size - index * 256)) }
}

/// The hashes that proofs are made of, out of the tiles of a source.
struct TileHashes {
  private let source: any LogSource
  private let size: UInt64
  private var known: [Tile: [MerkleHash]] = [:]

  /// Looks in the tiles of a log of `size` records.
  init(_ source: any LogSource, size: UInt64) {
    self.source = source
    self.size = size
  }

  /// The hash of a complete subtree.
  mutating func hash(of subtree: Subtree) async throws(CommandFailure) -> MerkleHash {
    guard let (tile, range) = Tile.holding(subtree, inTree: size) else {
      throw .failed("\(source.name): the log is too short for this proof")
    }
    if known[tile] == nil { known[tile] = try await source.hashes(of: tile) }
    guard let row = known[tile], let hash = try? Tile.hash(folding: row[range]) else {
      throw .failed("\(source.name): \(LogResource.tile(tile).path) is missing or damaged")
    }
    return hash
  }

  /// The hashes of `plan`, put together.
  mutating func proof(_ plan: ProofPlan) async throws(CommandFailure) -> [MerkleHash] {
    var hashes: [MerkleHash] = []
    for subtree in plan.subtrees { hashes.append(try await hash(of: subtree)) }
    do throws(AuditTrailError) {
      return try plan.proof(from: hashes)
    } catch {
      throw .failed("\(source.name): \(AuditTrailWords.text(error))")
    }
  }

  /// The root of the tree that the first `prefix` records make.
  mutating func root(ofFirst prefix: UInt64) async throws(CommandFailure) -> MerkleHash {
    guard let plan = try? ProofPlan.root(ofTree: prefix), let root = try await proof(plan).first else {
      return .emptyTree
    }
    return root
  }
}
