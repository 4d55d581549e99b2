// SPDX-License-Identifier: Apache-2.0
//
// Copies a log into a folder, from where the folder's own checkpoint ends: only what was found to be right, and the
// checkpoint last, so that what the folder's checkpoint counts is always there. A log that does not continue the folder's
// checkpoint is refused, and its checkpoint kept as evidence. Source: C2SP tlog-tiles.

import AuditTrail

/// A folder that follows a log.
struct LogMirror {
  /// The folder.
  let folder: DirectoryLog
  /// Whose word on the log is taken.
  let policy: CheckpointPolicy

  /// What a copy did.
  struct Outcome: Sendable {
    /// The size that the folder had.
    let before: UInt64
    /// The size that it has.
    let now: UInt64
    /// How many records at the beginning were not there to be copied.
    let withoutRecords: UInt64
    /// Runs of records that the folder does not have, after others that it has.
    let gaps: [Range<UInt64>]
  }

  /// Brings the folder up to the log's checkpoint.
  ///
  /// Throws when anything is wrong with the log or the folder; then the folder's checkpoint is as it was.
  func follow(_ source: any LogSource, progress: LogProgress) async throws(CommandFailure) -> Outcome {
    let note = try await source.checkpoint()
    let next = try VerifiedCheckpoint(note: note, from: source.name, policy: policy).checkpoint
    var last: Checkpoint?
    if let kept = try await folder.file(.checkpoint) {
      last = try VerifiedCheckpoint(note: kept, from: folder.name, policy: policy).checkpoint
    }
    let old = last?.size ?? 0
    let start = try await resume(last)
    if let last,
      let contradiction = try await LogContinuity.contradiction(from: last, to: next, source, seen: folder)
    {
      let evidence = "\(folder.path)/refused-checkpoint"
      try LogDisk.write(note, to: evidence, isDurable: true)
      throw .failed(
        "\(source.name) does not continue \(folder.path)/checkpoint: \(contradiction)",
        hint: "both are signed: keep \(folder.path)/checkpoint and \(evidence) as evidence"
      )
    }
    let withoutRecords = source.holdsRecords ? try await source.prunedRecords(ofTree: next.size) : next.size
    let sourceGaps = source.holdsRecords ? try await source.gaps(inTree: next.size) : []
    // Hashes are anybody's; records are the business of whoever reads audit logs.
    try LogDisk.makeFolder("\(folder.path)/tile")
    if withoutRecords < next.size { try LogDisk.makeFolder("\(folder.path)/tile/entries", mode: 0o700) }
    let sink = MirrorSink(folder: folder, oldSize: old)
    let check = LogCheck(
      source: source,
      checkpoint: next,
      withoutRecords: withoutRecords,
      gaps: sourceGaps,
      start: start,
      sink: sink,
      progress: progress
    )
    if let finding = try await check.run() {
      throw .failed("\(source.name) is bad: \(finding.text)", hint: "\(folder.path) keeps what it had")
    }
    // What the checkpoint counts is on the disk before it, and so is what is missing.
    LogDisk.flush()
    let missing = source.holdsRecords ? [0..<withoutRecords] + sourceGaps : []
    let gaps = try remember(missing, from: start.size, old: old)
    try LogDisk.write(note, to: "\(folder.path)/\(LogResource.checkpoint.path)", isDurable: true)
    removePartial(old: old, new: next.size, missing: missing)
    return Outcome(before: old, now: next.size, withoutRecords: withoutRecords, gaps: gaps)
  }

  // Whole segments at the beginning are seen to be gone. What is gone after records that the folder has is written down.
  private func remember(
    _ missing: [Range<UInt64>],
    from start: UInt64,
    old: UInt64
  ) throws(CommandFailure) -> [Range<UInt64>] {
    let written = try RecordGaps.read(folder.path)
    var gaps = written.filter { $0.upperBound <= old }
    for run in missing {
      let lower = max(run.lowerBound, start)
      guard lower > 0, lower < run.upperBound else { continue }
      if let last = gaps.last, last.upperBound == lower {
        gaps[gaps.count - 1] = last.lowerBound..<run.upperBound
      } else {
        gaps.append(lower..<run.upperBound)
      }
    }
    if gaps != written { try RecordGaps.write(gaps, folder.path) }
    return gaps
  }

  // The tree up to the last full bundle, from the folder's own tiles, which must be those of its checkpoint.
  private func resume(_ last: Checkpoint?) async throws(CommandFailure) -> TreeState {
    guard let last, last.size > 0 else { return TreeState() }
    let damaged = CommandFailure.failed(
      "\(folder.path): its hashes are not those of its checkpoint",
      hint: "see `exeat audit verify --mirror`; or mirror to a new folder"
    )
    var hashes = TileHashes(folder, size: last.size)
    guard try await hashes.root(ofFirst: last.size) == last.root else { throw damaged }
    let size = last.size / 256 * 256
    var edge: [MerkleHash] = []
    for subtree in TreeState.subtrees(ofTree: size) { edge.append(try await hashes.hash(of: subtree)) }
    guard let tree = try? TreeState(size: size, edge: edge) else { throw damaged }
    return tree
  }

  // Partial files of the old tree that the new one has wider. Records stay that nobody has any more.
  private func removePartial(old: UInt64, new: UInt64, missing: [Range<UInt64>]) {
    let now = Set(Tile.partial(ofTree: new))
    for tile in Tile.partial(ofTree: old) where !now.contains(tile) {
      var resources = [LogResource.tile(tile)]
      if tile.level == 0, !missing.contains(where: { $0.contains(tile.index * 256) }) {
        resources.append(.entries(index: tile.index, width: tile.width))
      }
      for resource in resources { LogDisk.remove("\(folder.path)/\(resource.path)") }
    }
  }
}

/// Writes what was found to be right into the folder.
private struct MirrorSink: LogSink {
  let folder: DirectoryLog
  let oldSize: UInt64

  func take(bundle index: UInt64, entries: [[UInt8]]?, hashes: [MerkleHash]) throws(CommandFailure) {
    if let entries {
      let bytes: [UInt8]
      do throws(AuditTrailError) {
        bytes = try EntryBundle.bytes(of: entries)
      } catch {
        throw .failed(AuditTrailWords.text(error))
      }
      try write(bytes, .entries(index: index, width: hashes.count), isPrivate: true)
    }
    guard let tile = Tile(level: 0, index: index, width: hashes.count) else { return }
    try write(Tile.bytes(of: hashes), .tile(tile))
  }

  func take(_ tile: Tile, hashes: [MerkleHash]) throws(CommandFailure) {
    // The hashes before the first that was checked now stand in the folder already.
    let there = oldSize >> (8 * UInt64(tile.level))
    if there > tile.index * 256,
      let old = Tile(level: tile.level, index: tile.index, width: Int(there - tile.index * 256))
    {
      let bytes = try LogDisk.read("\(folder.path)/\(LogResource.tile(old).path)", limit: 8192)
      guard let bytes, let row = try? old.hashes(in: bytes), hashes.starts(with: row) else {
        throw .failed("\(LogResource.tile(tile).path) does not begin with what \(folder.path) has of it")
      }
    }
    try write(Tile.bytes(of: hashes), .tile(tile))
  }

  private func write(
    _ bytes: [UInt8],
    _ resource: LogResource,
    isPrivate: Bool = false
  ) throws(CommandFailure) {
    try LogDisk.write(bytes, to: "\(folder.path)/\(resource.path)", isPrivate: isPrivate)
  }
}
