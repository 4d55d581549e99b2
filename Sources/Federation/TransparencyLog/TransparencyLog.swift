// SPDX-License-Identifier: Apache-2.0
//
// The Merkle log of this server: grows the tree behind the records, proves that it continues what was signed before, and
// only then signs, keeps and serves the next checkpoint, in this order. Knows no SQL, no files, no private key.
// Source: docs/decisions/0017; C2SP tlog-checkpoint, tlog-tiles.

package import AuditTrail
import Synchronization

/// The log.
///
/// INVARIANT: what is served was kept, what was kept was signed, and what was signed continues everything that was kept
/// before. After a fault nothing is signed and nothing appended any more.
package final class TransparencyLog: Sendable {
  /// How many of the newest records are hashed anew at the start, beside those in tiles that still grow.
  package static let recordsCheckedAtStart: UInt64 = 65_536
  /// The most records that one step takes into the tree.
  package static let slice = 4096

  private struct State {
    var names: (origin: String, fork: String?)?
    var isOpening = false
    var published: PublishedCheckpoint?
    var fault: LogFault? = .unavailable("the log has not been opened yet")
    /// Whether `published` is surely what is kept.
    var isKeptKnown = false
    /// How many records may have left the store, as it was looked up last.
    var sealedRecords: UInt64 = 0
    /// Whether the tree may be larger than `published`.
    var isBehind = true
    var reported: String?
  }

  private let store: any LogTreeStore
  private let keeper: any CheckpointKeeper
  private let signer: (any LogSigner)?
  private let diagnostics: Diagnostics
  private let state = Mutex(State())

  /// Gathers the parts; `signer` is `nil` when the log's key is gone.
  package init(
    store: any LogTreeStore,
    keeper: any CheckpointKeeper,
    signer: (any LogSigner)?,
    diagnostics: Diagnostics
  ) {
    self.store = store
    self.keeper = keeper
    self.signer = signer
    self.diagnostics = diagnostics
  }

  // MARK: - What it is now

  /// Why nothing is signed and appended; `nil` when all is well.
  package var fault: LogFault? { state.withLock { $0.fault } }

  /// The newest checkpoint, as it is served.
  package var checkpoint: [UInt8]? { state.withLock { $0.published?.note } }

  /// How many records the newest checkpoint is over.
  package var publishedSize: UInt64 { state.withLock { $0.published?.checkpoint.size ?? 0 } }

  /// The key by which checkpoints are checked; its name is the log's origin.
  ///
  /// `nil` before `open`.
  package var verifierKey: NoteVerifierKey? { state.withLock { $0.published?.key } }

  /// The hashes of a tile, up to the newest checkpoint; `nil` when there is none.
  package func tile(_ tile: Tile) async throws(StoreError) -> [UInt8]? {
    let hashes = tile.level < 8 ? publishedSize >> (8 * UInt64(tile.level)) : 0
    guard tile.index <= hashes / 256, tile.index * 256 + UInt64(tile.width) <= hashes else { return nil }
    return try await store.hashes(of: tile).map { Tile.bytes(of: $0) }
  }

  // MARK: - Opening

  /// Opens the log for signing, or finds out why it must not be continued: then `fault` says it, and it is reported.
  ///
  /// Does nothing while another call does it.
  ///
  /// - Parameters:
  ///   - origin: the name of a log that begins now; one that was begun keeps its own.
  ///   - fork: the name under which a log that must not be continued goes on; `nil` leaves it alone.
  /// - Returns: false when `fork` was given for a log without a fault.
  @discardableResult
  package func open(origin: String, fork: String? = nil) async -> Bool {
    // INVARIANT: one at a time: two that fork would each begin a tree. `step` tries again only what has been tried.
    let isOpening = state.withLock { state in
      defer { state.isOpening = true }
      return state.isOpening
    }
    guard !isOpening else { return true }
    defer {
      state.withLock { state in
        state.isOpening = false
        state.names = (origin, fork)
      }
    }
    do {
      try await resume(origin)
      return fork == nil
    } catch {
      guard let fork, !error.mayPass else {
        fail(error)
        return true
      }
      do {
        try await begin(fork, after: error)
      } catch {
        fail(error)
      }
      return true
    }
  }

  private func resume(_ origin: String) async throws(LogFault) {
    let tree = try await faults { () async throws(StoreError) in try await store.logTree() }
    guard let note = try await keptNote() else {
      let wasNamed = try await faults { () async throws(StoreError) in try await keeper.verifierKey() } != nil
      guard tree.state.size == 0, !wasNamed else { throw .checkpointMissing(records: tree.state.size) }
      return try await beginTree(origin)
    }
    let published = try check(note)
    let inspection = LogInspection(tree, in: store)
    try await inspection.requireContinuation(of: published.checkpoint)
    try await requireSealed(tree.floor)
    try await inspection.requireRecords(Self.range(toCheck: tree))
    // Before the first checkpoint it may have been lost with a crash.
    try await faults { () async throws(StoreError) in try await keeper.keep(verifierKey: published.key.text) }
    open(published)
  }

  /// The leaves that are hashed anew at the start: whole bundles, none that has left the store.
  private static func range(toCheck tree: StoredTree) -> Range<UInt64> {
    let size = tree.state.size
    let first = size > recordsCheckedAtStart ? (size - recordsCheckedAtStart) / 256 * 256 : 0
    return min(max(first, tree.floor), size)..<size
  }

  private func begin(_ origin: String, after fault: LogFault) async throws(LogFault) {
    let previous = (try? await keptNote()).flatMap { note in try? SignedNote(parsing: note).text }
    let names = [previous.flatMap { try? Checkpoint(text: $0).origin }, verifierKey?.name]
    guard !names.contains(where: { $0?.utf8.elementsEqual(origin.utf8) == true }) else { throw fault }
    // INVARIANT: until the new checkpoint has taken the place of the old one, the next start finds the same fault again:
    // the old name is never signed for with another history.
    try await faults { () async throws(StoreError) in
      try await keeper.keepCopy(suffix: origin.split(separator: "/").last.map(String.init) ?? origin)
      try await store.beginLogTree()
    }
    let floor = try await faults { () async throws(StoreError) in try await store.logTree().floor }
    try await beginTree(origin, without: floor)
    diagnostics.report(
      Incident(
        .notice,
        what: "continue the log that was; it goes on as `\(origin)`",
        cause: fault.description
      )
    )
  }

  // `floor`: so many of the oldest records may be gone from now on.
  private func beginTree(_ origin: String, without floor: UInt64 = 0) async throws(LogFault) {
    let published = try sign(origin, TreeState())
    try await faults { () async throws(StoreError) in
      try await keeper.keep(checkpoint: published.note)
      try await keeper.keep(verifierKey: published.key.text)
      try await keeper.keep(sealedRecords: floor)
    }
    open(published)
  }

  private func open(_ published: PublishedCheckpoint) {
    state.withLock { state in
      state.published = published
      state.fault = nil
      state.isKeptKnown = true
    }
  }
}

// MARK: - Work

extension TransparencyLog {
  /// Grows the tree and signs, until the task is cancelled.
  ///
  /// The tree follows the records in about `interval`; while it grows there is a checkpoint at least every second.
  package func run(interval: Duration = .milliseconds(200)) async {
    let clock = ContinuousClock()
    var signed = clock.now - .seconds(1)
    while !Task.isCancelled {
      let isDue = clock.now - signed >= .milliseconds(800) - interval
      if await step(signs: isDue) { signed = clock.now }
      try? await clock.sleep(for: interval)
    }
  }

  /// Takes what records there are into the tree and, when it `signs`, puts a checkpoint over them.
  ///
  /// - Returns: whether there is a new checkpoint.
  @discardableResult
  package func step(signs: Bool = true) async -> Bool {
    guard await isOpen() else { return false }
    do {
      // One slice at a time, so that a tree that is far behind is signed on its way.
      let count = try await faults { () async throws(StoreError) in
        try await store.growLogTree(atMost: Self.slice)
      }
      let isBehind = state.withLock { state in
        if count > 0 { state.isBehind = true }
        return state.isBehind
      }
      guard isBehind, signs || count == Self.slice else { return false }
      let isNew = try await publish()
      state.withLock { state in
        state.reported = nil
        state.isBehind = false
      }
      return isNew
    } catch {
      fail(error)
      return false
    }
  }

  /// Follows the records to their end, and signs.
  package func settle() async {
    guard fault == nil, !Task.isCancelled else { return }
    while let count = try? await store.growLogTree(atMost: Self.slice), count > 0 {
      state.withLock { $0.isBehind = true }
    }
    await step()
  }

  /// Whether there is no fault; what could not be told before is looked at again.
  private func isOpen() async -> Bool {
    let (fault, names) = state.withLock { ($0.fault, $0.names) }
    if let fault, fault.mayPass, let names { await open(origin: names.origin, fork: names.fork) }
    return self.fault == nil
  }

  // The order is the point: see docs/decisions/0017.
  private func publish() async throws(LogFault) -> Bool {
    // 1. What the store holds now, read back.
    let tree = try await faults { () async throws(StoreError) in try await store.logTree() }
    // 2. It continues what was signed last.
    let last = try await lastPublished()
    let inspection = LogInspection(tree, in: store)
    do {
      try await inspection.requireContinuation(of: last.checkpoint)
      try await requireSealed(tree.floor)
    } catch {
      if case .floorNotSealed = error { throw error }
      guard !error.mayPass else { throw error }
      // Which record? If it is one of the newest, they say it.
      try await inspection.requireRecords(Self.range(toCheck: tree))
      throw error
    }
    guard tree.state.size > last.checkpoint.size else {
      // A checkpoint that was kept but never served, because keeping it was reported as failed.
      let isNew = state.withLock { $0.published?.checkpoint } != last.checkpoint
      state.withLock { $0.published = last }
      return isNew
    }
    // 3. Sign.
    let next = try sign(last.key.name, tree.state)
    // 4. Keep it. When that fails, either of the two may be there.
    state.withLock { $0.isKeptKnown = false }
    try await faults { () async throws(StoreError) in try await keeper.keep(checkpoint: next.note) }
    // 5. Only now is it served.
    state.withLock { state in
      state.published = next
      state.isKeptKnown = true
    }
    return true
  }

  private func lastPublished() async throws(LogFault) -> PublishedCheckpoint {
    let (published, isKnown) = state.withLock { ($0.published, $0.isKeptKnown) }
    if isKnown, let published { return published }
    guard let note = try await keptNote() else {
      throw .checkpointMissing(records: published?.checkpoint.size ?? 0)
    }
    let kept = try check(note)
    guard let published else { return kept }
    // What was served is older than what is kept, or the same, or somebody put another file there.
    guard kept.key == published.key, kept.checkpoint.size >= published.checkpoint.size else {
      throw .rolledBack(records: kept.checkpoint.size, checkpoint: published.checkpoint.size)
    }
    return kept
  }

  // SECURITY: below the floor no record is looked for. Only what was sealed may be there, and not the store says what was.
  private func requireSealed(_ floor: UInt64) async throws(LogFault) {
    guard floor > state.withLock({ $0.sealedRecords }) else { return }
    let sealed = try await faults { () async throws(StoreError) in try await keeper.sealedRecords() }
    guard floor <= sealed else { throw .floorNotSealed(floor: floor, sealed: sealed) }
    state.withLock { $0.sealedRecords = sealed }
  }

  private func sign(_ origin: String, _ tree: TreeState) throws(LogFault) -> PublishedCheckpoint {
    guard let signer else { throw .keyMissing }
    return try PublishedCheckpoint(signing: tree, of: origin, with: signer)
  }

  private func check(_ note: [UInt8]) throws(LogFault) -> PublishedCheckpoint {
    guard let signer else { throw .keyMissing }
    return try PublishedCheckpoint(checking: note, of: signer)
  }

  private func keptNote() async throws(LogFault) -> [UInt8]? {
    try await faults { () async throws(StoreError) in try await keeper.checkpoint() }
  }

  private func faults<Value>(
    _ body: () async throws(StoreError) -> Value
  ) async throws(LogFault) -> Value {
    do {
      return try await body()
    } catch {
      throw LogFault(error)
    }
  }

  // A fault that may pass is reported once until something else happens; any other one is final.
  private func fail(_ fault: LogFault) {
    // Cut short by the end of the server: nothing is wrong.
    if Task.isCancelled, fault.mayPass { return }
    let isNews = state.withLock { state in
      defer { state.reported = fault.description }
      if !fault.mayPass || state.published == nil { state.fault = fault }
      return state.reported?.utf8.elementsEqual(fault.description.utf8) != true
    }
    guard isNews else { return }
    diagnostics.report(Incident(what: "continue the Merkle log", cause: fault.description))
  }
}
