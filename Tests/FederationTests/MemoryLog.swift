// SPDX-License-Identifier: Apache-2.0
//
// A log in memory whose every part can be made to fail or be tampered with: what the tests of the Merkle log hold it
// against. The tree is made with AuditTrail's own parts; StoreTests hold the real store against RFC 6962.

import AuditTrail
import Federation
import LocalKeys
import Synchronization

/// Records and their tree.
final class MemoryLog: LogTreeStore {
  struct Content: Sendable {
    var records: [[UInt8]] = []
    var tree = TreeState()
    /// By level: the hashes of all complete subtrees of the level's height.
    var hashes: [[MerkleHash]] = []
    var floor: UInt64 = 0
  }

  let content = Mutex(Content())
  /// What happened, and what is to fail, by the name of the step.
  let steps: Steps
  /// Until this ends, the next look at the tree waits.
  let hold = Mutex<AsyncStream<Void>?>(nil)

  init(_ steps: Steps = Steps()) {
    self.steps = steps
  }

  /// Appends `count` records and takes them into the tree.
  convenience init(count: Int) {
    self.init()
    append(count)
    grow(count)
  }

  func append(_ count: Int) {
    content.withLock { content in
      for _ in 0..<count { content.records.append(Array("{\"record\":\(content.records.count + 1)}".utf8)) }
    }
  }

  @discardableResult
  func grow(_ limit: Int) -> Int {
    content.withLock { content in
      let start = Int(content.tree.size)
      let end = min(content.records.count, start + limit)
      guard start < end else { return 0 }
      for record in content.records[start..<end] {
        var hashes = content.hashes
        content.tree.append(.leaf(record)) { subtree, hash in
          guard subtree.height % 8 == 0 else { return }
          if hashes.count == subtree.height / 8 { hashes.append([]) }
          hashes[subtree.height / 8].append(hash)
        }
        content.hashes = hashes
      }
      return end - start
    }
  }

  func growLogTree(atMost limit: Int) async throws(StoreError) -> Int {
    try steps.take("grow")
    return grow(limit)
  }

  func beginLogTree() async throws(StoreError) {
    try steps.take("begin")
    content.withLock { content in
      content.tree = TreeState()
      content.hashes = []
    }
  }

  func logTree() async throws(StoreError) -> StoredTree {
    try steps.take("read tree")
    let held = hold.withLock { hold in
      defer { hold = nil }
      return hold
    }
    if let held { for await _ in held {} }
    return content.withLock {
      StoredTree(state: $0.tree, floor: $0.floor, records: UInt64($0.records.count))
    }
  }

  func hashes(of tile: Tile) async throws(StoreError) -> [MerkleHash]? {
    content.withLock { content in
      guard tile.level < content.hashes.count else { return nil }
      let first = Int(tile.index) * 256
      guard first + tile.width <= content.hashes[tile.level].count else { return nil }
      return Array(content.hashes[tile.level][first..<(first + tile.width)])
    }
  }

  func entries(inBundle index: UInt64, width: Int) async throws(StoreError) -> [[UInt8]]? {
    let found: [[UInt8]]? = content.withLock { content in
      let first = Int(index) * 256
      guard first + width <= content.records.count else { return nil }
      return Array(content.records[first..<(first + width)])
    }
    return found
  }

  func leafIndex(ofToken jti: String) async throws(StoreError) -> UInt64? { nil }
  func leafIndex(ofEvent eventID: String) async throws(StoreError) -> UInt64? { nil }
}

/// Steps in the order in which they were taken; one of them can be made to fail.
final class Steps: Sendable {
  private struct State {
    var taken: [String] = []
    var failing: String?
  }

  private let state = Mutex(State())

  var taken: [String] { state.withLock { $0.taken } }

  func fail(_ name: String?) { state.withLock { $0.failing = name } }

  func forget() { state.withLock { $0.taken = [] } }

  func take(_ name: String) throws(StoreError) {
    let fails = state.withLock { state in
      state.taken.append(name)
      return state.failing == name
    }
    if fails { throw .unavailable("no space left at `\(name)`") }
  }
}

/// A place for the checkpoint that fails before or after it took one.
final class FaultyKeeper: CheckpointKeeper {
  private let steps: Steps
  let note = Mutex<[UInt8]?>(nil)
  let key = Mutex<String?>(nil)
  let copies = Mutex<[String: [UInt8]]>([:])
  let sealed = Mutex<UInt64>(0)

  init(_ steps: Steps) {
    self.steps = steps
  }

  func checkpoint() async throws(StoreError) -> [UInt8]? {
    try steps.take("read checkpoint")
    return note.withLock { $0 }
  }

  func keep(checkpoint note: [UInt8]) async throws(StoreError) {
    try steps.take("write checkpoint")
    self.note.withLock { $0 = note }
    try steps.take("sync folder")
  }

  func verifierKey() async throws(StoreError) -> String? {
    try steps.take("read verifier key")
    return key.withLock { $0 }
  }

  func keep(verifierKey text: String) async throws(StoreError) {
    try steps.take("write verifier key")
    key.withLock { $0 = text }
  }

  func sealedRecords() async throws(StoreError) -> UInt64 {
    try steps.take("read sealed records")
    return sealed.withLock { $0 }
  }

  func keep(sealedRecords count: UInt64) async throws(StoreError) {
    try steps.take("write sealed records")
    sealed.withLock { $0 = max($0, count) }
  }

  func keepCopy(suffix: String) async throws(StoreError) {
    try steps.take("copy checkpoint")
    let note = note.withLock { $0 }
    copies.withLock { $0[suffix] = note }
  }
}

/// A signer that can be made to fail, or to sign something else.
struct FaultySigner: LogSigner {
  let key = LogSigningKey.ephemeral()
  let steps: Steps

  var publicKey: [UInt8] { key.publicKey }

  func sign(_ message: [UInt8]) throws(TokenSignerError) -> [UInt8] {
    do {
      try steps.take("sign")
    } catch {
      throw .failed("no signature")
    }
    return try key.sign(message)
  }
}
