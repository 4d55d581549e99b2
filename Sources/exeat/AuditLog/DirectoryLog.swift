// SPDX-License-Identifier: Apache-2.0
//
// A log as a folder of files, as a mirror leaves it or a web server serves it. Source: C2SP tlog-tiles.

import AuditTrail

#if canImport(Glibc)
  import Glibc
#endif

/// A log in a folder.
struct DirectoryLog: LogSource {
  /// The folder.
  let path: String

  init(_ path: String) {
    self.path = path
  }

  var name: String { path }

  var holdsRecords: Bool { access("\(path)/tile/entries", F_OK) == 0 }

  func file(_ resource: LogResource) async throws(CommandFailure) -> [UInt8]? {
    let limit =
      switch resource {
      case .checkpoint: SignedNote.maximumBytes
      case .tile: Tile.fullWidth * MerkleHash.byteCount
      case .entries: Tile.fullWidth * (EntryBundle.maximumEntryBytes + 2)
      }
    return try LogDisk.read("\(path)/\(resource.path)", limit: limit)
  }

  // Segments that are wholly gone. One of which a part is there was not pruned: its first record is missing.
  func prunedRecords(ofTree size: UInt64) async throws(CommandFailure) -> UInt64 {
    var pruned: UInt64 = 0
    while pruned + LogSegment.records <= size {
      let bundles = pruned / 256..<(pruned + LogSegment.records) / 256
      guard !bundles.contains(where: { has($0, inTree: size) }) else { break }
      pruned += LogSegment.records
    }
    return pruned
  }

  func gaps(inTree size: UInt64) async throws(CommandFailure) -> [Range<UInt64>] {
    let beginning = try await prunedRecords(ofTree: size)
    return try RecordGaps.read(path).filter { $0.upperBound <= size && $0.lowerBound >= beginning }
  }

  // SECURITY: what is there is read, whatever the file of the gaps says.
  func objection(toTree size: UInt64) async throws(CommandFailure) -> LogFinding? {
    for gap in try await gaps(inTree: size) {
      let bundles = gap.lowerBound / 256..<gap.upperBound / 256
      guard !bundles.contains(where: { has($0, inTree: size) }) else {
        return LogFinding(
          .log,
          "has records among \(gap.lowerBound + 1) to \(gap.upperBound), which \(path)/\(RecordGaps.name) says are gone"
        )
      }
    }
    return nil
  }

  func place(of id: String, inTree size: UInt64) async throws(CommandFailure) -> UInt64? {
    try await scan(for: id, inTree: size)
  }

  private func has(_ bundle: UInt64, inTree size: UInt64) -> Bool {
    let width = EntryBundles.width(bundle, inTree: size)
    return [width, Tile.fullWidth].contains { width in
      access("\(path)/\(LogResource.entries(index: bundle, width: width).path)", F_OK) == 0
    }
  }
}

/// A run of records that retention takes away at once.
enum LogSegment {
  /// The records of a segment: a full tile of level 1.
  static let records: UInt64 = 65_536
}

// MARK: - Looking for a record

extension LogSource {
  /// Reads the log from its newest record back, and says where the record is that `id` names.
  func scan(for id: String, inTree size: UInt64) async throws(CommandFailure) -> UInt64? {
    let needle = Array(id.utf8)
    for bundle in (0..<EntryBundles.count(inTree: size)).reversed() {
      let width = EntryBundles.width(bundle, inTree: size)
      guard let (entries, _) = try await entries(ofBundle: bundle, width: width) else { continue }
      for (offset, entry) in entries.enumerated().reversed() {
        // An id has no character that JSON escapes, so a record without these bytes is not the one.
        guard contains(entry, needle), let record = try? LoggedRecord(entry), record.isCalled(id) else {
          continue
        }
        return bundle * 256 + UInt64(offset)
      }
    }
    return nil
  }

  private func contains(_ entry: [UInt8], _ needle: [UInt8]) -> Bool {
    guard let first = needle.first else { return true }
    return entry.withUnsafeBytes { entry in
      needle.withUnsafeBytes { needle in
        guard let start = entry.baseAddress, let pattern = needle.baseAddress else { return false }
        var offset = 0
        while offset + needle.count <= entry.count,
          let hit = memchr(start + offset, Int32(first), entry.count - needle.count + 1 - offset)
        {
          if memcmp(hit, pattern, needle.count) == 0 { return true }
          offset = UnsafeRawPointer(hit) - start + 1
        }
        return false
      }
    }
  }
}
