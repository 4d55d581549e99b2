// SPDX-License-Identifier: Apache-2.0

import AuditTrail
import Testing

struct TileTests {
  @Test(
    arguments: [
      (LogResource.checkpoint, "checkpoint"),
      (.entries(index: 1_234_067, width: 256), "tile/entries/x001/x234/067"),
      (.entries(index: 0, width: 17), "tile/entries/000.p/17"),
      (.entries(index: 999, width: 1), "tile/entries/999.p/1"),
      (.entries(index: 1000, width: 255), "tile/entries/x001/000.p/255"),
      // More than 2^32 tiles, and the largest number there is.
      (.entries(index: 1 << 33, width: 256), "tile/entries/x008/x589/x934/592"),
      (.entries(index: .max, width: 256), "tile/entries/x018/x446/x744/x073/x709/x551/615"),
    ]
  )
  func `a file has one path, and the path one file`(resource: LogResource, path: String) {
    #expect(resource.path == path)
    #expect(LogResource(path: path) == resource)
  }

  @Test func `a tile's path names its level`() throws {
    let tile = try #require(Tile(level: 1, index: 70_000, width: 3))
    #expect(LogResource.tile(tile).path == "tile/1/x070/000.p/3")
    #expect(LogResource(path: "tile/1/x070/000.p/3") == .tile(tile))
    #expect(LogResource(path: "tile/63/000") == Tile(level: 63, index: 0).map { .tile($0) })
    #expect(Tile(level: 64, index: 0) == nil)
    #expect(Tile(level: 0, index: 0, width: 0) == nil)
    #expect(Tile(level: 0, index: 0, width: 257) == nil)
  }

  @Test(
    arguments: [
      "", "/checkpoint", "checkpoint/", "Checkpoint", "tile", "tile/", "tile/0", "tile/0/", "tile/64/000",
      "tile/00/000",
      "tile/-1/000", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/x000/001", "tile/0/x001",
      "tile/0/001/002",
      "tile/0/x01/002", "tile/0/X001/002", "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0",
      "tile/0/000.p/256",
      "tile/0/000.p/01", "tile/0/000.p/1/", "tile/0/000/1", "tile/0/000.P/1", "tile/8/0/000",
      "tile/entries/../000",
      "tile/entries/x018/x446/x744/x073/x709/x551/616", "tile/entries/x999/x999/x999/x999/x999/x999/999",
      "tile/entries/00a", "tile/entries/٠٠٠", "tile/entries/+01", "tile/Entries/000", "tile//000",
    ]
  )
  func `any other path is none`(path: String) {
    #expect(LogResource(path: path) == nil)
  }

  @Test func `a tree of 70,000 has the tiles that the specification counts`() {
    let tiles = Tile.all(ofTree: 70_000)
    #expect(tiles.count { $0.level == 0 && !$0.isPartial } == 273)
    #expect(tiles.filter { $0.level == 0 && $0.isPartial } == [Tile(level: 0, index: 273, width: 112)])
    #expect(
      tiles.filter { $0.level > 0 } == [
        Tile(level: 1, index: 0, width: 256), Tile(level: 1, index: 1, width: 17),
        Tile(level: 2, index: 0, width: 1),
      ]
    )
    #expect(Tile.all(ofTree: 0) == [])
    #expect(Tile.all(ofTree: 256) == [Tile(level: 0, index: 0), Tile(level: 1, index: 0, width: 1)])
  }

  @Test func `what a tree grew by is what it has and had not`() {
    for old in [0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 70_000] as [UInt64] {
      for step in [0, 1, 2, 255, 256, 257, 1000, 65_536] as [UInt64] {
        let before = Set(Tile.all(ofTree: old))
        let made = Tile.made(from: old, to: old + step)
        #expect(Set(made) == Set(Tile.all(ofTree: old + step)).subtracting(before), "\(old) + \(step)")
        #expect(Set(made).count == made.count)
      }
    }
    #expect(Tile.made(from: 5, to: 3) == [])
    let far = (1 << 40) - 1 as UInt64
    #expect(
      Tile.made(from: far, to: far + 1) == [
        Tile(level: 0, index: (1 << 32) - 1), Tile(level: 1, index: (1 << 24) - 1),
        Tile(level: 2, index: (1 << 16) - 1), Tile(level: 3, index: 255), Tile(level: 4, index: 0),
        Tile(level: 5, index: 0, width: 1),
      ]
    )
  }

  @Test(arguments: [1, 255, 256, 257, 700, 66_000])
  func `proofs made from tiles are the proofs of the tree`(size: Int) throws {
    // The files of a log, as its writer makes them.
    var tree = TreeState()
    var hashes: [Int: [MerkleHash]] = [:]
    let small = SmallTree(count: size)
    for leaf in small.leaves {
      tree.append(leaf) { subtree, hash in
        if subtree.height % 8 == 0 { hashes[subtree.height / 8, default: []].append(hash) }
      }
    }
    var files: [Tile: [UInt8]] = [:]
    for tile in Tile.all(ofTree: tree.size) {
      let row = try #require(hashes[tile.level])
      let first = Int(tile.index) * 256
      files[tile] = Tile.bytes(of: row[first..<(first + tile.width)])
      #expect(tile.subtrees.map(small.hash) == Array(row[first..<(first + tile.width)]))
    }
    func lookUp(_ subtree: Subtree) throws -> MerkleHash {
      let place = try #require(Tile.holding(subtree, inTree: tree.size))
      let bytes = try #require(files[place.tile], "\(place.tile)")
      return try Tile.hash(folding: place.tile.hashes(in: bytes)[place.hashes])
    }
    for index in Set([0, 1, size / 3, 254, 255, 256, size - 2, size - 1].filter { (0..<size).contains($0) }) {
      let proof = try ProofPlan.inclusion(of: UInt64(index), inTree: tree.size).proof(lookUp)
      #expect(proof == small.path(index, 0..<size))
    }
    for old in Set([1, 2, 100, 256, size / 2, size].filter { (1...size).contains($0) }) {
      let proof = try ProofPlan.consistency(from: UInt64(old), to: tree.size).proof(lookUp)
      #expect(proof == small.subproof(old, 0..<size))
    }
    #expect(try ProofPlan.root(ofTree: tree.size).proof(lookUp) == [tree.root])
    let beyond = try #require(Subtree(height: 0, index: tree.size))
    #expect(Tile.holding(beyond, inTree: tree.size) == nil)
  }

  @Test func `a tile is exactly its hashes`() throws {
    let tile = try #require(Tile(level: 0, index: 0, width: 3))
    let hashes = SmallTree(count: 3).leaves
    let bytes = Tile.bytes(of: hashes)
    #expect(bytes.count == 96)
    #expect(try tile.hashes(in: bytes) == hashes)
    for wrong in [[], Array(bytes.dropLast()), bytes + [0], Array(bytes.dropLast(32))] {
      #expect(throws: AuditTrailError.malformedTile(count: 3)) { try tile.hashes(in: wrong) }
    }
    #expect(throws: AuditTrailError.malformedTile(count: 3)) { try Tile.hash(folding: hashes) }
    #expect(throws: AuditTrailError.malformedTile(count: 0)) { try Tile.hash(folding: [MerkleHash]()) }
  }
}

struct EntryBundleTests {
  @Test func `entries stand behind their lengths`() throws {
    let entries = [Array("one".utf8), [], Array(repeating: 7, count: 65_535)]
    let bytes = try EntryBundle.bytes(of: entries)
    #expect(bytes.starts(with: [0, 3] + Array("one".utf8) + [0, 0, 0xFF, 0xFF, 7]))
    #expect(try EntryBundle.entries(in: bytes, count: 3) == entries)
    #expect(try EntryBundle.entries(in: [], count: 0) == [])
  }

  @Test func `an entry that does not fit, and a bundle that is none, are refused`() throws {
    #expect(throws: AuditTrailError.entryTooLong(bytes: 65_536)) {
      try EntryBundle.bytes(of: [Array(repeating: 0, count: 65_536)])
    }
    let bytes = try EntryBundle.bytes(of: [Array("one".utf8), Array("two".utf8)])
    for end in 0..<bytes.count {
      #expect(throws: AuditTrailError.malformedTile(count: 2)) {
        try EntryBundle.entries(in: Array(bytes[..<end]), count: 2)
      }
    }
    for count in [0, 1, 3] {
      #expect(throws: AuditTrailError.malformedTile(count: count)) {
        try EntryBundle.entries(in: bytes, count: count)
      }
    }
  }
}
