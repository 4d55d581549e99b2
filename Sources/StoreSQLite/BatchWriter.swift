// SPDX-License-Identifier: Apache-2.0
//
// Writes batches on the one connection that writes, and what goes on behind them. Owns what happens after an error; refuses to
// know who waits, and what a write is. Source: SQLite, "Response To Errors Within A Transaction".

import Federation
import GRDB

struct BatchWriter: Sendable {
  enum Target: Sendable {
    case memory(DatabaseQueue)
    case file(OpenFiles)
  }

  private let target: Target
  private var connection: DatabaseQueue?
  private var memory = RevisionMemory()
  private var feed = HistoryFeed()
  /// Why nothing is written any more.
  private var loss: StoreError?

  init(_ target: Target, connection: DatabaseQueue) {
    self.target = target
    self.connection = connection
  }

  /// Writes `batch`, and returns only when what succeeded is durable: one result for each write, in order.
  ///
  /// A write that the schema or a precondition refuses undoes only itself. After any other error every write of
  /// the batch has failed, though it may come to light later. After the loss of a file every write fails.
  mutating func write(_ batch: [PendingWrite]) -> [Result<Void, StoreError>] {
    do {
      try requireFiles()
      let connection = try connected()
      var fresh: [HistoryRow] = []
      let results = try connection.inDatabase { db in try transact(batch, db, &memory, &fresh) }
      // SECURITY: only now is it known that the commit went into the files that the next start will find.
      try requireFiles()
      feed.append(fresh)
      return results
    } catch {
      memory.forgetAll()
      if loss == nil { disconnect() } else { close() }
      return Array(repeating: .failure(StoreError(error).asUnavailable), count: batch.count)
    }
  }

  /// Runs `body` in a transaction of its own; what it wrote is durable on return, or with the next write when it may be `late`.
  ///
  /// Throws what `body` throws, and then nothing of it was written; otherwise as `write` fails.
  mutating func maintain<Value>(
    late: Bool = false,
    _ body: (Database) throws -> Value
  ) throws(StoreError) -> Value {
    do {
      try requireFiles()
      let connection = try connected()
      let value = try connection.inDatabase { db in
        var value: Value?
        func transact() throws {
          try db.inTransaction(.immediate) {
            value = try body(db)
            return .commit
          }
        }
        if late { try db.withoutFlush(transact) } else { try transact() }
        return value
      }
      try requireFiles()
      guard let value else { throw StoreError.unavailable("the transaction did not run") }
      return value
    } catch {
      memory.forgetAll()
      if loss == nil { disconnect() } else { close() }
      throw StoreError(error)
    }
  }

  /// Takes a few records into the event history; how many there were.
  ///
  /// Not flushed: what a crash takes from the history is taken in again from the log, and whatever is flushed later is
  /// behind it in SQLite's log.
  mutating func advanceHistory() throws(StoreError) -> Int {
    // In a variable of its own: `maintain` changes the writer itself.
    var feed = feed
    let count = try maintain(late: true) { db in try EventIndex.advance(db, &feed) }
    self.feed = feed
    return count
  }

  /// Moves what is left in SQLite's log into the store file, as far as readers allow: when nothing is left, the next
  /// write begins the log anew.
  mutating func moveRestOfLog() {
    guard case .file(let files) = target, loss == nil, let connection else { return }
    do {
      guard try files.lostPath() == nil else { return }
      _ = try connection.inDatabase { db in try db.checkpoint(.passive) }
    } catch DatabaseError.SQLITE_BUSY {
      // Somebody else moves it, like an operator's shell. It is asked for again after the next write.
    } catch {
      memory.forgetAll()
      disconnect()
    }
  }

  /// Ends the life of the store: everything after it fails.
  mutating func end() {
    close()
    if loss == nil { loss = .unavailable("the store is shut down") }
  }

  /// Moves the WAL into the store file, as far as readers and what lies beside it allow; closes the connection.
  ///
  /// In memory it does nothing.
  mutating func close() {
    guard case .file(let files) = target else { return }
    if (try? files.mayCheckpoint()) == true {
      _ = try? connection?.inDatabase { db in try db.checkpoint(.truncate) }
    }
    disconnect()
  }

  private mutating func connected() throws -> DatabaseQueue {
    if let connection { return connection }
    guard case .file(let files) = target else { throw StoreError.unavailable("the store is closed") }
    let connection = try DatabaseQueue.writer(to: files.store)
    self.connection = connection
    return connection
  }

  // INVARIANT: a loss is final. To open what is there now would go on without the records in the lost file.
  private mutating func requireFiles() throws(StoreError) {
    if let loss { throw loss }
    guard case .file(let files) = target, let path = try files.lostPath() else { return }
    let loss = StoreError.lost(path)
    self.loss = loss
    throw loss
  }

  // INVARIANT: after an error nothing that the connection remembers is believed: the next batch opens a new one.
  private mutating func disconnect() {
    guard case .file = target else { return }
    try? connection?.close()
    connection = nil
  }
}
