// SPDX-License-Identifier: Apache-2.0
//
// The store on SQLite. Owns how a store is opened, the loop that makes writes durable, and its end; refuses to know
// what records mean. One process writes to a store at a time; any number read.

package import AuditTrail
import Dispatch
package import Federation
import GRDB
import Synchronization

/// A store in one SQLite file, or in memory.
///
/// Writes wait in a queue for `run()`, which writes all that wait in one transaction and flushes them to disk
/// together. Until `run()` is called they wait; once the store is shut down they fail with `unavailable`.
package final class SQLiteStore: Sendable {
  /// The settings of the writing connection, read back from it when it was opened.
  package let settings: ConnectionSettings

  let reader: SQLiteReader
  private let writer: Mutex<BatchWriter>
  private let queue: CommitQueue
  private let lock: StoreLock?
  // As urgent as commits: while it has the connection that writes, they wait for it.
  private let upkeep = DispatchQueue(label: "exeat.store.upkeep", qos: commitUrgency)

  private static let commitUrgency = DispatchQoS.userInitiated

  private init(
    settings: ConnectionSettings,
    reader: any DatabaseReader,
    writer: BatchWriter,
    gatherMicroseconds: Int,
    lock: StoreLock?
  ) {
    self.settings = settings
    self.reader = SQLiteReader(reader)
    self.writer = Mutex(writer)
    self.queue = CommitQueue(window: GatherWindow(lengthMicroseconds: gatherMicroseconds))
    self.lock = lock
  }

  /// Moves all that waits to disk, again and again, until the task is cancelled or `shutDown` is called.
  ///
  /// Returns when everything that was handed over before that is durable (or has failed); the store file is then
  /// free for another server. Once in the life of a store: throws `unavailable` while it runs already.
  ///
  /// `together` runs what tells the callers of a batch that it is durable, all in one, so that whoever carries them on
  /// need not be woken for each.
  package func run(
    together: @escaping @Sendable (() -> Void) -> Void = { $0() }
  ) async throws(StoreError) {
    guard try queue.start() else { return }
    // Commits block. They get a thread of their own instead of one of the few that run tasks.
    let thread = DispatchQueue(label: "exeat.store.commit", qos: Self.commitUrgency)
    await withTaskCancellationHandler {
      await withCheckedContinuation { ended in
        thread.async {
          self.serve(together)
          ended.resume()
        }
      }
    } onCancel: {
      queue.stop()
    }
  }

  private func serve(_ together: (() -> Void) -> Void) {
    while let batch = queue.next() {
      let results = writer.withLock { $0.write(batch.map(\.write)) }
      queue.batchEnded(batch)
      together {
        for (item, result) in zip(batch, results) { item.done.resume(returning: result) }
      }
    }
    release()
  }

  /// Takes no more writes and lets `run()` return once those that wait are durable.
  ///
  /// Safe to call from anywhere, more than once. When `run()` was never called, those that wait fail with `unavailable`.
  package func shutDown() {
    if queue.stop() { release() }
  }

  /// Runs `body` in a transaction of its own on the one connection that writes, behind the requests' own batches;
  /// what it wrote is durable on return.
  ///
  /// `body` holds every write of the house up while it runs: a few milliseconds at most. Throws what `body` throws,
  /// as a `StoreError`, and then nothing of it was written; `unavailable` once the store is shut down.
  func maintain<Value: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws(StoreError) -> Value {
    try await maintaining { writer throws(StoreError) in try writer.maintain(body) }
  }

  /// The same with the writer itself.
  func maintaining<Value: Sendable>(
    _ body: @escaping @Sendable (inout BatchWriter) throws(StoreError) -> Value
  ) async throws(StoreError) -> Value {
    let result: Result<Value, StoreError> = await withCheckedContinuation { done in
      upkeep.async {
        let result = self.writer.withLock { writer in
          Result { () throws(StoreError) in try body(&writer) }
        }
        done.resume(returning: result)
      }
    }
    return try result.get()
  }

  private func release() {
    writer.withLock { $0.end() }
    lock?.release()
  }

  /// Runs the store while `body` works with it, then shuts it down: for a command that writes and ends.
  @discardableResult
  package func running<Value>(
    _ body: () async throws -> Value
  ) async throws -> Value {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await self.run() }
      let result: Result<Value, any Error>
      do {
        result = .success(try await body())
      } catch {
        result = .failure(error)
      }
      shutDown()
      try await group.waitForAll()
      return try result.get()
    }
  }
}

// MARK: - Opening

extension SQLiteStore {
  /// An empty store that is gone with the process.
  package static func inMemory() throws(StoreError) -> SQLiteStore {
    try storeErrors {
      let database = try DatabaseQueue(configuration: .store())
      try Schema.migrator.migrate(database)
      return SQLiteStore(
        settings: try database.inDatabase(ConnectionSettings.init(reading:)),
        reader: database,
        writer: BatchWriter(.memory(database), connection: database),
        gatherMicroseconds: 0,
        lock: nil
      )
    }
  }

  /// Makes an empty store at `path`, mode 0600.
  ///
  /// Throws `unavailable` when there is anything at `path`, and leaves it alone.
  package static func create(at path: String) throws(StoreError) {
    let file = try StoreFile(creating: path)
    do {
      try storeErrors {
        let lock = try StoreLock(of: file)
        let database = try DatabaseQueue.writer(to: file)
        try Schema.migrator.migrate(database)
        try database.close()
        try file.syncFolder()
        lock.release()
      }
    } catch {
      file.remove()
      throw error
    }
  }

  /// Opens the store at `path` for the one server that writes to it, and brings it to this release's format.
  ///
  /// Throws `unavailable` when there is none, when another server has it, when its format is newer than this
  /// release, or when commits would not be durable; `corrupted` when it is something else. A file that is refused
  /// is not changed.
  package static func open(at path: String) throws(StoreError) -> SQLiteStore {
    let file = try StoreFile(existing: path)
    return try storeErrors {
      let lock = try StoreLock(of: file)
      try identify(file)
      let writer = try DatabaseQueue.writer(to: file)
      try Schema.migrator.migrate(writer)
      // Readers have connections of their own and keep them when the writer's is replaced after an error. This also
      // keeps SQLite from removing the WAL, so that a missing one was removed by somebody else.
      let readers = try DatabasePool(path: file.path, configuration: .store(readonly: true))
      return SQLiteStore(
        settings: try writer.inDatabase(ConnectionSettings.init(reading:)),
        reader: readers,
        writer: BatchWriter(.file(try OpenFiles(of: file, lock: lock)), connection: writer),
        gatherMicroseconds: 1000,
        lock: lock
      )
    }
  }

  /// Whether a server runs on the store at `path`.
  package static func isInUse(at path: String) -> Bool {
    guard let file = try? StoreFile(existing: path) else { return false }
    return StoreLock.isHeld(of: file)
  }

  /// Opens the store at `path` for reading only, beside the server that writes to it.
  ///
  /// Throws as `open` does, except that it needs no lock.
  package static func openReadOnly(at path: String) throws(StoreError) -> SQLiteReader {
    let file = try StoreFile(existing: path)
    return try storeErrors {
      try identify(file)
      return SQLiteReader(try DatabasePool(path: file.path, configuration: .store(readonly: true)))
    }
  }

  private static func identify(_ file: StoreFile) throws {
    do {
      let database = try DatabaseQueue(path: file.path, configuration: .store(readonly: true))
      try database.inDatabase { db in try Schema.identify(db, path: file.path) }
      try database.close()
    } catch DatabaseError.SQLITE_NOTADB {
      throw StoreError.corrupted("`\(file.path)` is not an Exeat store")
    }
  }
}

private func storeErrors<Value>(_ body: () throws -> Value) throws(StoreError) -> Value {
  do {
    return try body()
  } catch {
    throw StoreError(error)
  }
}

// MARK: - Seams

extension SQLiteStore: RecordReader, RecordWriter, AuditSink, AuditLogReader {
  package func record(at key: RecordKey) async throws(StoreError) -> StoredRecord? {
    try await reader.record(at: key)
  }

  package func records(
    of kind: RecordKind,
    prefix: String,
    after: String?,
    limit: Int
  ) async throws(StoreError) -> [StoredRecord] {
    try await reader.records(of: kind, prefix: prefix, after: after, limit: limit)
  }

  package func entries(
    after sequence: Int64,
    limit: Int
  ) async throws(StoreError) -> [AuditLogEntry] {
    try await reader.entries(after: sequence, limit: limit)
  }

  package func lastSequence() async throws(StoreError) -> Int64 {
    try await reader.lastSequence()
  }

  /// Durable on return; written also when the calling task is cancelled.
  ///
  /// Throws `unavailable` as the seam says, when 10,000 writes wait, and after `shutDown`; `corrupted` when the
  /// schema refuses `record` (its event id is in the log already), which then was not written.
  package func append(_ record: AuditRecord) async throws(StoreError) {
    try await queue.submit(PendingWrite(nil, recording: record))
  }

  /// Durable on return; written also when the calling task is cancelled.
  ///
  /// Throws as `append` does; `corrupted` also for a record whose key, account or body the schema refuses.
  package func commit(_ change: Change, recording record: AuditRecord) async throws(StoreError) {
    try await queue.submit(PendingWrite(change, recording: record))
  }
}
