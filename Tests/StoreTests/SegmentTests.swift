// SPDX-License-Identifier: Apache-2.0
//
// Retention: what has to be true before a record leaves the store, and what is still there afterwards.

import AuditTrail
import Federation
import Foundation
import GRDB
import IdentityModel
import StoreSQLite
import Testing

@Suite struct SegmentTests {
  /// Later than every record of `event()`.
  private static let later = Instant(seconds: 1_900_000_000)

  /// An archive in `folder` that counts what it sealed in `folder` with `.log` behind its name.
  private func archive(of store: SQLiteStore, _ folder: String, size: UInt64 = 512) -> SegmentArchive {
    SegmentArchive(store, folder: folder, keeper: CheckpointFolder(folder + ".log"), size: size)
  }

  /// A store of 1,100 records, all in the tree, with an archive of segments of 512.
  private func withArchive(
    _ body: (SQLiteStore, SegmentArchive, _ path: String) async throws -> Void
  ) async throws {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      try await store.running {
        try await fill(store, 1100)
        try await growFully(store)
        try await body(store, self.archive(of: store, path + ".segments"), path)
      }
    }
  }

  @Test func `the oldest segment goes to a file, and every proof can still be made`() async throws {
    try await withArchive { store, archive, _ in
      let before = try await leaves(of: store)
      let entries = try await store.entries(inBundle: 0, width: 256)
      #expect(try await archive.sealOldestSegment(before: Self.later, among: 1100) == 0..<512)
      let content = try #require(FileManager.default.contents(atPath: archive.path(of: 0..<512)))
      let sealed = try EntryBundle.entries(in: Array(content), count: 512)
      #expect(sealed.map(MerkleHash.leaf) == Array(before.prefix(512)))
      #expect(Array(sealed.prefix(256)) == entries)

      #expect(try await store.entries(after: 0, limit: 2000).count == 588)
      #expect(try await store.entries(inBundle: 0, width: 256) == nil)
      let tree = try await store.logTree()
      #expect(tree.floor == 512)
      #expect(tree.state.root == merkleTreeHash(before[...]))
      for tile in Tile.all(ofTree: 1100) { #expect(try await store.hashes(of: tile)?.count == tile.width) }
      // The rest is checked as before, from the floor on; nothing is asked of what has left.
      try await LogInspection(tree, in: store).requireRecords(512..<1100)

      #expect(try await archive.sealOldestSegment(before: Self.later, among: 1100) == 512..<1024)
      #expect(try await archive.sealOldestSegment(before: Self.later, among: 1100) == nil)
      try await store.append(event("next"))
      #expect(try await store.lastSequence() == 1101)
      try await growFully(store)
      #expect(try await store.logTree().state.size == 1101)
    }
  }

  @Test func `a segment stays that is young, not signed for, not whole, or the newest`() async throws {
    try await withArchive { store, archive, path in
      #expect(
        try await archive.sealOldestSegment(before: Instant(seconds: 1_776_757_030), among: 1100) == nil
      )
      #expect(try await archive.sealOldestSegment(before: Self.later, among: 511) == nil)
      let whole = self.archive(of: store, path + ".segments", size: 1280)
      #expect(try await whole.sealOldestSegment(before: Self.later, among: 1100) == nil)
      try await fill(store, 180)
      try await growFully(store)
      #expect(
        try await whole.sealOldestSegment(before: Self.later, among: 1280) == nil,
        "the newest record went"
      )
      #expect(try await store.lastSequence() == 1280)
      #expect(try await store.logTree().floor == 0)
    }
  }

  @Test func `a segment whose records are not those of the tree stays where it is`() async throws {
    try await withArchive { store, archive, path in
      try await tamper(path, "UPDATE audit SET json = '{}' WHERE sequence = 77")
      await #expect(throws: StoreError.self) {
        try await archive.sealOldestSegment(before: Self.later, among: 1100)
      }
      #expect(try await store.logTree().floor == 0)
      #expect(try await store.entries(after: 0, limit: 2000).count == 1100)
      #expect(!FileManager.default.fileExists(atPath: archive.path(of: 0..<512)))
    }
  }

  @Test func `what a crash left below the floor goes at the next look`() async throws {
    try await withArchive { store, archive, path in
      let shell = try DatabaseQueue(path: path)
      try await shell.write { db in try db.execute(sql: "UPDATE retention SET floor = 512") }
      try shell.close()
      try await CheckpointFolder(path + ".segments.log").keep(sealedRecords: 512)
      #expect(try await store.entries(after: 0, limit: 1).map(\.sequence) == [513])
      #expect(try await archive.sealOldestSegment(before: Instant(seconds: 0), among: 1100) == nil)
      let count = try await DatabaseQueue(path: path).read { db in
        try Int.fetchOne(db, sql: "SELECT count(*) FROM audit")
      }
      #expect(count == 588)
    }
  }

  @Test func `a floor that nothing was sealed for takes nothing away`() async throws {
    try await withArchive { store, archive, path in
      try await CheckpointFolder(path + ".segments.log").keep(sealedRecords: 256)
      let shell = try DatabaseQueue(path: path)
      try await shell.write { db in try db.execute(sql: "UPDATE retention SET floor = 512") }
      try shell.close()
      await #expect(throws: StoreError.self) {
        try await archive.sealOldestSegment(before: Self.later, among: 1100)
      }
      let count = try await DatabaseQueue(path: path).read { db in
        try Int.fetchOne(db, sql: "SELECT count(*) FROM audit")
      }
      #expect(count == 1100)
    }
  }

  @Test func `what was sealed is counted outside the store before the floor rises`() async throws {
    try await withArchive { store, archive, path in
      let folder = path + ".segments.log"
      try FileManager.default.createDirectory(
        atPath: folder + "/retention.new",
        withIntermediateDirectories: true
      )
      await #expect(throws: StoreError.self) {
        try await archive.sealOldestSegment(before: Self.later, among: 1100)
      }
      #expect(try await store.logTree().floor == 0)
      #expect(try await store.entries(after: 0, limit: 2000).count == 1100)
      try FileManager.default.removeItem(atPath: folder + "/retention.new")
      #expect(try await archive.sealOldestSegment(before: Self.later, among: 1100) == 0..<512)
      #expect(FileManager.default.contents(atPath: folder + "/retention") == Data("512\n".utf8))
    }
  }

  @Test func `after a floor within a segment the next one ends where it always would`() async throws {
    try await withArchive { store, archive, path in
      try await CheckpointFolder(path + ".segments.log").keep(sealedRecords: 256)
      let shell = try DatabaseQueue(path: path)
      try await shell.write { db in try db.execute(sql: "UPDATE retention SET floor = 256") }
      try shell.close()
      #expect(try await archive.sealOldestSegment(before: Self.later, among: 1100) == 256..<512)
    }
  }

  @Test func `a segment that was written before a crash is written again`() async throws {
    try await withArchive { _, archive, _ in
      let path = archive.path(of: 0..<512)
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent,
        withIntermediateDirectories: true
      )
      for stale in [path, path + ".new"] {
        #expect(FileManager.default.createFile(atPath: stale, contents: Data([1])))
      }
      #expect(try await archive.sealOldestSegment(before: Self.later, among: 1100) == 0..<512)
      #expect(try #require(FileManager.default.contents(atPath: path)).count > 512)
      #expect(!FileManager.default.fileExists(atPath: path + ".new"))
    }
  }

  @Test func `a folder that cannot be written keeps every record in the store`() async throws {
    try await withArchive { store, _, path in
      #expect(FileManager.default.createFile(atPath: path + ".file", contents: nil))
      let archive = self.archive(of: store, path + ".file")
      await #expect(throws: StoreError.self) {
        try await archive.sealOldestSegment(before: Self.later, among: 1100)
      }
      let floor = try await store.logTree().floor
      #expect(floor == 0)
    }
  }

  @Test func `a log whose old records have left begins anew from their hashes`() async throws {
    try await withArchive { store, archive, _ in
      let root = try await store.logTree().state.root
      #expect(try await archive.sealOldestSegment(before: Self.later, among: 1100) == 0..<512)
      try await store.beginLogTree()
      try await growFully(store, slice: 300)
      let tree = try await store.logTree()
      #expect(tree.state.size == 1100)
      #expect(tree.state.root == root)
    }
  }

  @Test func `a log that began anew and came nowhere begins from the hashes of the one before`() async throws
  {
    try await withArchive { store, archive, path in
      let root = try await store.logTree().state.root
      #expect(try await archive.sealOldestSegment(before: Self.later, among: 1100) == 0..<512)
      try await store.beginLogTree()
      try await store.beginLogTree()
      let shell = try DatabaseQueue(path: path)
      #expect(
        try await shell.read { db in try Int.fetchOne(db, sql: "SELECT max(epoch) FROM log_tree") } == 2
      )
      #expect(try await store.growLogTree(atMost: 256) == 256)
      // This one has the first tile, and not the second.
      try await store.beginLogTree()
      #expect(
        try await shell.read { db in try Int.fetchOne(db, sql: "SELECT max(epoch) FROM log_tree") } == 3
      )
      try shell.close()
      try await growFully(store)
      let tree = try await store.logTree()
      #expect(tree.state.size == 1100)
      #expect(tree.state.root == root)
    }
  }
}

/// Changes a store behind the back of its triggers.
func tamper(_ path: String, _ sql: String) async throws {
  let shell = try DatabaseQueue(path: path)
  try await shell.write { db in
    let triggers = try String.fetchAll(db, sql: "SELECT name FROM sqlite_master WHERE type = 'trigger'")
    let texts = try String.fetchAll(db, sql: "SELECT sql FROM sqlite_master WHERE type = 'trigger'")
    for trigger in triggers { try db.execute(sql: "DROP TRIGGER \(trigger)") }
    try db.execute(sql: sql)
    for text in texts { try db.execute(sql: text) }
  }
  try shell.close()
}

// MARK: - The checkpoint's folder

@Suite struct CheckpointFolderTests {
  @Test func `a checkpoint is replaced whole, and a copy of it stays`() async throws {
    try await withFolder { folder in
      let keeper = CheckpointFolder(folder + "/log")
      #expect(try await keeper.checkpoint() == nil)
      #expect(try await keeper.verifierKey() == nil)
      try await keeper.keep(checkpoint: [1, 2])
      try await keeper.keepCopy(suffix: "old")
      try await keeper.keep(checkpoint: [3])
      try await keeper.keep(verifierKey: "log+00000000+AA==")
      try await keeper.keep(verifierKey: "log+00000000+AA==")
      let again = CheckpointFolder(folder + "/log")
      #expect(try await again.checkpoint() == [3])
      #expect(try await again.verifierKey() == "log+00000000+AA==")
      #expect(FileManager.default.contents(atPath: folder + "/log/checkpoint.old") == Data([1, 2]))
      let files = try FileManager.default.contentsOfDirectory(atPath: folder + "/log").sorted()
      #expect(files == ["checkpoint", "checkpoint.old", "verifier-key"])
      let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/log/checkpoint")
      #expect(attributes[.posixPermissions] as? Int == 0o600)
    }
  }

  @Test func `a checkpoint that cannot be written leaves the one before`() async throws {
    try await withFolder { folder in
      let keeper = CheckpointFolder(folder)
      try await keeper.keep(checkpoint: [1])
      try FileManager.default.createDirectory(
        atPath: folder + "/checkpoint.new",
        withIntermediateDirectories: true
      )
      await #expect(throws: StoreError.self) { try await keeper.keep(checkpoint: [2]) }
      #expect(try await keeper.checkpoint() == [1])
    }
  }

  @Test func `what may leave the store only ever becomes more`() async throws {
    try await withFolder { folder in
      let keeper = CheckpointFolder(folder)
      #expect(try await keeper.sealedRecords() == 0)
      try await keeper.keep(sealedRecords: 0)
      #expect(!FileManager.default.fileExists(atPath: folder + "/retention"))
      try await keeper.keep(sealedRecords: 131_072)
      try await keeper.keep(sealedRecords: 65_536)
      #expect(try await CheckpointFolder(folder).sealedRecords() == 131_072)
    }
  }

  @Test(arguments: ["", "\n", "many\n", "-1\n", "+1\n", "99999999999999999999\n"])
  func `what says no number lets nothing leave the store`(content: String) async throws {
    try await withFolder { folder in
      #expect(FileManager.default.createFile(atPath: folder + "/retention", contents: Data(content.utf8)))
      await #expect(throws: StoreError.self) { try await CheckpointFolder(folder).sealedRecords() }
    }
  }

  @Test func `what is no file is no checkpoint`() async throws {
    try await withFolder { folder in
      try FileManager.default.createDirectory(
        atPath: folder + "/checkpoint",
        withIntermediateDirectories: true
      )
      await #expect(throws: StoreError.self) { try await CheckpointFolder(folder).checkpoint() }
    }
  }
}
