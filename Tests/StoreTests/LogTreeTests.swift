// SPDX-License-Identifier: Apache-2.0
//
// The tree that follows the audit log: what it is made of, in what steps it grows, and that it goes on after any of them.

import AuditTrail
import Federation
import GRDB
import StoreSQLite
import Testing

/// MTH of RFC 6962 §2.1, written down as it stands there.
func merkleTreeHash(_ leaves: ArraySlice<MerkleHash>) -> MerkleHash {
  guard let first = leaves.first else { return .emptyTree }
  guard leaves.count > 1 else { return first }
  var split = 1
  while split * 2 < leaves.count { split *= 2 }
  let middle = leaves.startIndex + split
  return .node(merkleTreeHash(leaves[..<middle]), merkleTreeHash(leaves[middle...]))
}

/// Appends `count` records, many at a time.
func fill(_ store: SQLiteStore, _ count: Int) async throws {
  try await withThrowingTaskGroup(of: Void.self) { group in
    for _ in 0..<count { group.addTask { try await store.append(event()) } }
    try await group.waitForAll()
  }
}

/// The leaves of all records, read page by page.
func leaves(of log: any AuditLogReader) async throws -> [MerkleHash] {
  var leaves: [MerkleHash] = []
  while true {
    let page = try await log.entries(after: Int64(leaves.count), limit: 1000)
    if page.isEmpty { return leaves }
    leaves += page.map { .leaf($0.json) }
  }
}

/// Takes all records into the tree.
func growFully(_ store: any LogTreeStore, slice: Int = 4096) async throws {
  while try await store.growLogTree(atMost: slice) > 0 {}
}

@Suite struct LogTreeTests {
  private func expectTree(_ store: any LogTreeReader, over leaves: [MerkleHash]) async throws {
    let tree = try await store.logTree()
    #expect(tree.state.size == UInt64(leaves.count))
    #expect(tree.state.root == merkleTreeHash(leaves[...]))
    for tile in Tile.all(ofTree: tree.state.size) {
      let width = 1 << (8 * tile.level)
      let first = Int(tile.index) * 256
      let expected = (first..<(first + tile.width)).map {
        merkleTreeHash(leaves[($0 * width)..<(($0 + 1) * width)])
      }
      #expect(try await store.hashes(of: tile) == expected, "\(tile)")
    }
  }

  @Test func `before the first record it is the empty tree, without tiles`() async throws {
    try await SQLiteStore.inMemory().withRunning { store in
      #expect(try await store.growLogTree(atMost: 10) == 0)
      let tree = try await store.logTree()
      #expect(tree == StoredTree(state: TreeState(), floor: 0, records: 0))
      #expect(tree.state.root == .emptyTree)
      for level in 0..<8 {
        let tile = try #require(Tile(level: level, index: 0, width: 1))
        #expect(try await store.hashes(of: tile) == nil)
      }
      #expect(try await store.entries(inBundle: 0, width: 1) == nil)
    }
  }

  @Test(arguments: [1, 255, 256, 257, 700])
  func `its hashes are those of RFC 6962 over the records`(count: Int) async throws {
    try await SQLiteStore.inMemory().withRunning { store in
      try await fill(store, count)
      try await growFully(store)
      try await expectTree(store, over: try await leaves(of: store))
    }
  }

  @Test(arguments: [1, 100, 256, 4096])
  func `it is the same tree in whatever steps it grew`(slice: Int) async throws {
    try await SQLiteStore.inMemory().withRunning { store in
      try await fill(store, 300)
      #expect(try await store.growLogTree(atMost: slice) == min(slice, 300))
      try await growFully(store, slice: slice)
      try await fill(store, 215)
      try await growFully(store, slice: slice)
      try await expectTree(store, over: try await leaves(of: store))
    }
  }

  @Test func `it goes on after a restart between any two steps`() async throws {
    try await withStoreFile { path in
      for round in 0..<6 {
        let store = try SQLiteStore.open(at: path)
        try await store.running {
          // A tree that is behind, then one that has caught up, then further records.
          if round % 2 == 0 {
            try await fill(store, 90)
          } else {
            _ = try await store.growLogTree(atMost: 130)
          }
        }
        let beside = try SQLiteStore.openReadOnly(at: path)
        let size = Int(try await beside.logTree().state.size)
        try await expectTree(beside, over: Array(try await leaves(of: beside).prefix(size)))
      }
      let store = try SQLiteStore.open(at: path)
      try await store.running {
        try await growFully(store)
        let leaves = try await leaves(of: store)
        #expect(leaves.count == 270)
        try await expectTree(store, over: leaves)
      }
    }
  }

  @Test func `two that grow it at a time do not grow it twice`() async throws {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      try await store.running {
        try await fill(store, 400)
        await withTaskGroup(of: Void.self) { group in
          for _ in 0..<8 { group.addTask { _ = try? await store.growLogTree(atMost: 50) } }
        }
        try await growFully(store)
        try await expectTree(store, over: try await leaves(of: store))
      }
    }
  }

  @Test func `records that come while it grows are taken next time`() async throws {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      try await store.running {
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask { try await fill(store, 500) }
          group.addTask { for _ in 0..<20 { _ = try await store.growLogTree(atMost: 64) } }
          try await group.waitForAll()
        }
        try await growFully(store)
        let leaves = try await leaves(of: store)
        #expect(leaves.count == 500)
        try await expectTree(store, over: leaves)
      }
    }
  }

  @Test func `a tile is served as narrow as any tree before had it, and never wider than this one has it`()
    async throws
  {
    try await SQLiteStore.inMemory().withRunning { store in
      try await fill(store, 300)
      try await growFully(store)
      let leaves = try await leaves(of: store)
      for (index, width, isThere) in [
        (0, 256, true), (0, 1, true), (0, 255, true), (1, 44, true), (1, 1, true), (1, 45, false),
        (2, 1, false),
      ] {
        let tile = try #require(Tile(level: 0, index: UInt64(index), width: width))
        let first = index * 256
        let expected = isThere ? Array(leaves[first..<(first + width)]) : nil
        #expect(try await store.hashes(of: tile) == expected)
        #expect(
          try await store.entries(inBundle: UInt64(index), width: width)?.map(MerkleHash.leaf) == expected
        )
      }
      let beyond = try #require(Tile(level: 0, index: .max, width: 256))
      #expect(try await store.hashes(of: beyond) == nil)
      #expect(try await store.entries(inBundle: .max, width: 256) == nil)
    }
  }

  @Test func `records that are not in the tree yet are in no bundle`() async throws {
    try await SQLiteStore.inMemory().withRunning { store in
      try await fill(store, 10)
      #expect(try await store.growLogTree(atMost: 4) == 4)
      #expect(try await store.entries(inBundle: 0, width: 4)?.count == 4)
      #expect(try await store.entries(inBundle: 0, width: 5) == nil)
      let tree = try await store.logTree()
      #expect(tree.records == 10)
      #expect(tree.state.size == 4)
    }
  }

  @Test func `resources come as the bytes that C2SP tlog-tiles asks for`() async throws {
    try await withStoreFile { path in
      let store = try SQLiteStore.open(at: path)
      try await store.running {
        try await fill(store, 3)
        try await growFully(store)
      }
      let beside = try SQLiteStore.openReadOnly(at: path)
      let entries = try await beside.entries(after: 0, limit: 3).map(\.json)
      let tile = try #require(LogResource(path: "tile/0/000.p/3"))
      #expect(try await beside.bytes(of: tile) == entries.flatMap { MerkleHash.leaf($0).bytes })
      let bundle = try #require(LogResource(path: "tile/entries/000.p/2"))
      #expect(try await beside.bytes(of: bundle) == EntryBundle.bytes(of: entries.prefix(2)))
      #expect(try await beside.bytes(of: .checkpoint) == nil)
      #expect(try await beside.bytes(of: .entries(index: 0, width: 4)) == nil)
    }
  }

  @Test func `another tree begins empty over the same records`() async throws {
    try await SQLiteStore.inMemory().withRunning { store in
      try await fill(store, 300)
      try await growFully(store)
      let before = try await store.logTree()
      try await store.beginLogTree()
      #expect(try await store.logTree().state == TreeState())
      try await growFully(store)
      #expect(try await store.logTree() == before)
    }
  }
}

// MARK: - Which leaf

extension LogTreeTests {
  @Test func `a record is found by the jti of its token and by its event id`() async throws {
    try await withStoreFile { path in
      let shell = try DatabaseQueue(path: path)
      // What a caller wrote into a record, as in the third, is not what we wrote into it.
      for (sequence, json) in [
        #"{"eventID":"e1"}"#, #"{"responseElements":{"webIdentityTokenId":"4f7a"}}"#,
        #"{"userAgent":"\"webIdentityTokenId\":\"4f7a\"","responseElements":{"webIdentityTokenId":"9b1c"}}"#,
        #"{"eventID":"e4"}"#,
      ].enumerated() {
        try await shell.write { db in
          try db.execute(
            sql: "INSERT INTO audit VALUES (?, ?, 0, NULL, 'sts.amazonaws.com', 'GetWebIdentityToken', ?)",
            arguments: [sequence + 1, "e\(sequence + 1)", json]
          )
        }
      }
      try shell.close()
      let log = try SQLiteStore.openReadOnly(at: path)
      #expect(try await log.leafIndex(ofToken: "4f7a") == 1)
      #expect(try await log.leafIndex(ofToken: "9b1c") == 2)
      #expect(try await log.leafIndex(ofToken: "4f7") == nil)
      #expect(try await log.leafIndex(ofToken: "%") == nil)
      #expect(try await log.leafIndex(ofToken: "") == nil)
      #expect(try await log.leafIndex(ofEvent: "e4") == 3)
      #expect(try await log.leafIndex(ofEvent: "e1") == 0)
      #expect(try await log.leafIndex(ofEvent: "e5") == nil)
    }
  }
}

extension SQLiteStore {
  /// Runs `body` with this store, which runs meanwhile.
  func withRunning(_ body: (SQLiteStore) async throws -> Void) async throws {
    try await running { try await body(self) }
  }
}
