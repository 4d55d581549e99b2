// SPDX-License-Identifier: Apache-2.0
//
// Checks a log from its first record to its last: each is strict JSON and the one that its tile was made of, the tiles
// make each other, and all of them the root that was signed. Reads some bundles ahead, on as many cores as there are, and
// holds no more than these, whatever the size of the log. Stops at the first thing that is wrong.

import AuditTrail
import Synchronization

/// Takes what was found to be right, on its way: a mirror.
protocol LogSink: Sendable {
  /// A bundle whose records are those of their tile; `entries` is `nil` when they are not there.
  func take(bundle index: UInt64, entries: [[UInt8]]?, hashes: [MerkleHash]) throws(CommandFailure)
  /// A tile above level 0 that is what the tiles below it make.
  func take(_ tile: Tile, hashes: [MerkleHash]) throws(CommandFailure)
}

/// A check of a whole log.
struct LogCheck {
  /// The log.
  let source: any LogSource
  /// The head of the log, from a signed checkpoint.
  let checkpoint: Checkpoint
  /// How many records at the beginning are not to be read, by whole bundles: pruned, or all of them where only hashes are
  /// at hand.
  let withoutRecords: UInt64
  /// Runs of records after these that are not to be read; each begins and ends with a bundle.
  var gaps: [Range<UInt64>] = []
  /// Where the check begins.
  var start = TreeState()
  /// Who takes what is right.
  var sink: (any LogSink)?
  /// Who is told how far the check has come.
  var progress = LogProgress(isShown: false)

  // What was read of one bundle.
  private struct Read: Sendable {
    let index: UInt64
    let hashes: [MerkleHash]?
    // Of records that are gone, `nil`.
    let entries: [[UInt8]]?
    let leaves: [MerkleHash]
    let isWhole: Bool
    // The first entry that is no record.
    let unreadable: Int?
    // The number of the first record that its store files under something else.
    var misfiled: UInt64?
  }

  /// How many records it does not read: of a bundle it reads all or, when none is to be read, nothing.
  var unreadRecords: UInt64 { gaps.reduce(unreadBeginning) { $0 + UInt64($1.count) } }

  private var unreadBeginning: UInt64 {
    withoutRecords >= checkpoint.size ? checkpoint.size : withoutRecords / 256 * 256
  }

  /// Checks everything, up to the first thing that is wrong.
  ///
  /// - Returns: what is wrong; `nil` when nothing is.
  func run() async throws(CommandFailure) -> LogFinding? {
    if source.holdsRecords, let finding = try await source.unsealedRecord(ofPruned: withoutRecords) {
      return finding
    }
    if let finding = try await source.objection(toTree: checkpoint.size) { return finding }
    var audit: LogAudit
    do throws(AuditTrailError) {
      audit = try LogAudit(continuing: start)
    } catch {
      throw .failed("\(source.name): \(AuditTrailWords.text(error))")
    }
    var finding: LogFinding?
    do {
      finding = try await readAll { read in
        if let finding = try await check(read, &audit) { return finding }
        let size = audit.tree.size
        for level in 1..<7 where size % (256 << (8 * UInt64(level))) == 0 {
          if let finding = try await checkTile(level, audit) { return finding }
        }
        progress.show(size, of: checkpoint.size)
        return nil
      }
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      throw .failed(String(describing: error))
    }
    progress.end()
    if let finding { return finding }
    // The tiles that are not full.
    for level in 1..<8 where (checkpoint.size >> (8 * UInt64(level))) % 256 != 0 {
      if let finding = try await checkTile(level, audit) { return finding }
    }
    do throws(AuditTrailError) {
      try audit.finish(checkpoint)
    } catch {
      return LogFinding(
        .log,
        "is not the one that was signed: its records and hashes agree, but were rewritten together"
      )
    }
    return nil
  }

  // MARK: Steps

  private func check(_ read: Read, _ audit: inout LogAudit) async throws(CommandFailure) -> LogFinding? {
    let first = read.index * 256
    guard
      let tile = Tile(
        level: 0,
        index: read.index,
        width: EntryBundles.width(read.index, inTree: checkpoint.size)
      )
    else { return nil }
    let diagnosis = LogDiagnosis(source: source, checkpoint: checkpoint)
    let path = LogResource.tile(tile).path
    guard let hashes = read.hashes else {
      // What the records say themselves is the better answer, if there are any.
      guard read.entries != nil, read.leaves.count == tile.width else {
        return LogFinding(.tile(path), "is missing, or not \(tile.width) hashes")
      }
      let finding = try await diagnosis.recordsDiffer(
        at: first,
        "may have been changed",
        tile: tile,
        hashes: nil,
        leaves: read.leaves
      )
      guard case .tile = finding.place else {
        return LogFinding(.tile(path), "is missing, or not \(tile.width) hashes")
      }
      return LogFinding(.tile(path), "is missing, or not \(tile.width) hashes; its records are as logged")
    }
    var leaves = read.leaves
    if read.entries == nil {
      leaves = hashes
    } else {
      let same = zip(leaves, hashes).prefix { $0 == $1 }.count
      if let unreadable = read.unreadable, unreadable < same {
        return LogFinding(
          .record(first + UInt64(unreadable) + 1),
          "is the one that was logged, but is not a line of strict JSON with what each record has"
        )
      }
      if same < tile.width {
        return try await diagnosis.recordsDiffer(
          at: first + UInt64(same),
          same < leaves.count
            ? "is not the one that was logged" : "is missing, or its bundle was damaged there",
          tile: tile,
          hashes: hashes,
          leaves: leaves
        )
      }
      guard read.isWhole else {
        let bundle = LogResource.entries(index: read.index, width: tile.width).path
        return LogFinding(.tile(bundle), "holds more than its \(tile.width) records, which are as logged")
      }
    }
    if let misfiled = read.misfiled {
      return LogFinding(
        .record(misfiled),
        "is the one that was logged, but the store files it under another account, time, id, service or action"
      )
    }
    do throws(AuditTrailError) {
      try audit.add(bundle: read.index, leaves: leaves, hashes: hashes)
    } catch {
      throw .failed("\(source.name): \(AuditTrailWords.text(error))")
    }
    try sink?.take(bundle: read.index, entries: read.entries, hashes: hashes)
    return nil
  }

  // The tile of a level that ends with the last bundle.
  private func checkTile(_ level: Int, _ audit: LogAudit) async throws(CommandFailure) -> LogFinding? {
    let count = audit.tree.size >> (8 * UInt64(level))
    guard count > 0, let index = Optional((count - 1) / 256),
      let tile = Tile(level: level, index: index, width: Int(count - index * 256))
    else { return nil }
    let due = audit.dueHashes(level: level)
    // Nothing was added on this level.
    guard !due.isEmpty else { return nil }
    let hashes = try await source.hashes(of: tile)
    let diagnosis = LogDiagnosis(source: source, checkpoint: checkpoint)
    let beginning = tile.index * 256 + UInt64(tile.width - due.count)
    guard let hashes else {
      return try await diagnosis.tileDiffers(tile, hashes: nil, due: due, at: beginning)
    }
    do throws(AuditTrailError) {
      try audit.check(tile, hashes: hashes)
    } catch .tileDiffers(_, let index) {
      return try await diagnosis.tileDiffers(tile, hashes: hashes, due: due, at: index)
    } catch {
      throw .failed("\(source.name): \(LogResource.tile(tile).path): \(AuditTrailWords.text(error))")
    }
    try sink?.take(tile, hashes: hashes)
    return nil
  }

  // MARK: Reading

  // Reads the bundles, several at a time, and hands them on in their order.
  private func readAll(
    _ body: (Read) async throws -> LogFinding?
  ) async throws -> LogFinding? {
    let end = EntryBundles.count(inTree: checkpoint.size)
    var next = start.size / 256
    var due = next
    return try await withThrowingTaskGroup(of: Read.self) { group in
      defer { group.cancelAll() }
      var waiting: [UInt64: Read] = [:]
      while due < end {
        while next < end, next < due + Self.ahead {
          let index = next
          group.addTask { try await read(index) }
          next += 1
        }
        guard let read = try await group.next() else { break }
        waiting[read.index] = read
        while let ready = waiting.removeValue(forKey: due) {
          if let finding = try await body(ready) { return finding }
          due += 1
        }
      }
      return nil
    }
  }

  private static let ahead: UInt64 = 16

  @concurrent private func read(_ index: UInt64) async throws(CommandFailure) -> Read {
    let width = EntryBundles.width(index, inTree: checkpoint.size)
    var hashes: [MerkleHash]?
    if let tile = Tile(level: 0, index: index, width: width) { hashes = try await source.hashes(of: tile) }
    guard index * 256 >= unreadBeginning, !gaps.contains(where: { $0.contains(index * 256) }) else {
      return Read(index: index, hashes: hashes, entries: nil, leaves: [], isWhole: true, unreadable: nil)
    }
    let (entries, isWhole) = try await source.entries(ofBundle: index, width: width) ?? ([], false)
    let unreadable = entries.firstIndex { (try? LoggedRecord($0)) == nil }
    // Only of what is JSON at all can a store tell what it says.
    let isReadable = unreadable == nil && entries.count == width
    return Read(
      index: index,
      hashes: hashes,
      entries: entries,
      leaves: entries.map { MerkleHash.leaf($0) },
      isWhole: isWhole,
      unreadable: unreadable,
      misfiled: isReadable ? try await source.misfiledRecord(inBundle: index, width: width) : nil
    )
  }
}

/// Shows on a terminal how far a check has come; in a pipe, nothing.
final class LogProgress: Sendable {
  private let isShown: Bool
  private let last = Mutex<ContinuousClock.Instant?>(nil)

  init(isShown: Bool) {
    self.isShown = isShown
  }

  /// Shows that `count` of `total` records are checked, a few times a second.
  func show(_ count: UInt64, of total: UInt64) {
    guard isShown else { return }
    let isDue = last.withLock { last in
      let now = ContinuousClock.now
      if let last, now - last < .milliseconds(200) { return false }
      last = now
      return true
    }
    if isDue { Console.status("checked \(count) of \(total) records") }
  }

  /// Takes the line away.
  func end() {
    if isShown, last.withLock({ $0 != nil }) { Console.status("") }
  }
}
