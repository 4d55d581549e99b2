// SPDX-License-Identifier: Apache-2.0
//
// Writes a batch in one transaction on the one connection that writes. Owns the sequence of the audit log and what
// happens after an error; refuses to know who waits.
// Source: SQLite, "Savepoints", "Response To Errors Within A Transaction".

import AuditTrail
import Federation
import GRDB
import IdentityModel

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

  /// Runs `body` in a transaction of its own; what it wrote is durable on return.
  ///
  /// Throws what `body` throws, and then nothing of it was written; otherwise as `write` fails.
  mutating func maintain<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
    do {
      try requireFiles()
      let connection = try connected()
      let value = try connection.inDatabase { db in
        var value: Value?
        try db.inTransaction(.immediate) {
          value = try body(db)
          return .commit
        }
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
  mutating func advanceHistory() throws(StoreError) -> Int {
    // In a variable of its own: `maintain` changes the writer itself.
    var feed = feed
    let count = try maintain { db in try EventIndex.advance(db, &feed) }
    self.feed = feed
    return count
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

// MARK: - One transaction

private func transact(
  _ batch: [PendingWrite],
  _ db: Database,
  _ memory: inout RevisionMemory,
  _ fresh: inout [HistoryRow]
) throws -> [Result<Void, StoreError>] {
  var results: [Result<Void, StoreError>] = []
  results.reserveCapacity(batch.count)
  try db.inTransaction(.immediate) {
    try memory.transactionBegan(db)
    // INVARIANT: the sequence goes on from what the table holds, never from memory: a commit that was reported as
    // failed may have become durable.
    let newest = try Int64.fetchOne(
      db.cachedStatement(sql: "SELECT coalesce(max(sequence), 0) FROM audit")
    )
    guard var sequence = newest else { throw StoreError.corrupted("the audit log has no maximum") }
    for write in batch {
      do {
        try perform(write, sequence: sequence + 1, db, &memory)
        for (index, row) in write.rows.enumerated() {
          fresh.append(
            HistoryRow(
              sequence: sequence + 1 + Int64(index),
              eventTime: row.eventTime,
              entry: row.history
            )
          )
        }
        sequence += Int64(write.rows.count)
        results.append(.success(()))
      } catch let error as StoreError {
        results.append(.failure(error))
      } catch let error as DatabaseError where error.undoesOneStatementOnly && db.isInsideTransaction {
        results.append(.failure(.corrupted("the schema refused the write: \(error.summary)")))
      }
    }
    return .commit
  }
  return results
}

private func perform(
  _ write: PendingWrite,
  sequence: Int64,
  _ db: Database,
  _ memory: inout RevisionMemory
) throws {
  let change = write.change ?? Change()
  if let requirements = change.requirementsAlone, write.rows.count == 1 {
    // Nothing to undo when one fails, so no savepoint; and what is read here no savepoint undoes.
    for (key, precondition) in requirements {
      let state = try memory.state(of: key) { try read(key, db) }
      guard state == precondition else { throw StoreError.preconditionFailed(key) }
    }
    return try append(write, sequence: sequence, db)
  }
  for part in change.writes { memory.forget(part.key) }
  try db.inSavepoint {
    for part in change.writes { try perform(part, sequence: sequence, db) }
    try append(write, sequence: sequence, db)
    return .commit
  }
}

private func append(_ write: PendingWrite, sequence: Int64, _ db: Database) throws {
  let statement = try db.cachedStatement(
    sql: """
      INSERT INTO audit (sequence, event_id, event_time, account, event_source, event_name, json)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      """
  )
  for (index, row) in write.rows.enumerated() {
    try statement.execute(
      arguments: [
        sequence + Int64(index), row.eventID, row.eventTime, row.account, row.eventSource, row.eventName,
        row.json,
      ])
  }
}

// INVARIANT: a revision is never used twice at one key, also not by a record that was deleted and made again: a new
// record starts with the sequence of the audit record that it is written with, and that only grows.
private func perform(_ write: Change.Write, sequence: Int64, _ db: Database) throws {
  switch write {
  case .put(let key, let account, let body, .absent):
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO record (kind, id, account, revision, body) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (kind, id) DO NOTHING
        """
    )
    try statement.execute(
      arguments: [
        key.kind.name, identifier(key), account.description, sequence, text(body, of: "a record's body"),
      ])
    try requireOneChange(of: key, db)

  case .put(let key, let account, let body, .revision(let revision)):
    let statement = try db.cachedStatement(
      sql: """
        UPDATE record SET account = ?, revision = max(revision + 1, ?), body = ?
        WHERE kind = ? AND id = ? AND revision = ?
        """
    )
    try statement.execute(
      arguments: [
        account.description, sequence, text(body, of: "a record's body"), key.kind.name, identifier(key),
        revision,
      ])
    try requireOneChange(of: key, db)

  case .delete(let key, let revision):
    let statement = try db.cachedStatement(
      sql: "DELETE FROM record WHERE kind = ? AND id = ? AND revision = ?"
    )
    try statement.execute(arguments: [key.kind.name, identifier(key), revision])
    try requireOneChange(of: key, db)

  case .require(let key, let precondition):
    guard try read(key, db) == precondition else { throw StoreError.preconditionFailed(key) }

  case .requireNone(let kind, let prefix):
    let key = RecordKey(kind, prefix)
    let statement = try db.cachedStatement(
      sql: """
        SELECT EXISTS (SELECT 1 FROM record WHERE kind = ?1 AND id >= ?2 AND (?3 IS NULL OR id < ?3))
        """
    )
    let arguments: StatementArguments = [kind.name, try identifier(key), endOfPrefix(prefix)]
    guard try Bool.fetchOne(statement, arguments: arguments) == false else {
      throw StoreError.preconditionFailed(key)
    }
  }
}

private func read(_ key: RecordKey, _ db: Database) throws -> Precondition {
  let statement = try db.cachedStatement(sql: "SELECT revision FROM record WHERE kind = ? AND id = ?")
  let found = try Int64.fetchOne(statement, arguments: [key.kind.name, identifier(key)])
  return found.map(Precondition.revision) ?? .absent
}

extension Change {
  /// The requirements of a change that writes nothing; `nil` of one that writes.
  fileprivate var requirementsAlone: [(RecordKey, Precondition)]? {
    var requirements: [(RecordKey, Precondition)] = []
    for write in writes {
      guard case .require(let key, let precondition) = write else { return nil }
      requirements.append((key, precondition))
    }
    return requirements
  }
}

extension Change.Write {
  fileprivate var key: RecordKey {
    switch self {
    case .put(let key, _, _, _), .delete(let key, _), .require(let key, _): key
    case .requireNone(let kind, let prefix): RecordKey(kind, prefix)
    }
  }
}

private func requireOneChange(of key: RecordKey, _ db: Database) throws {
  guard db.changesCount == 1 else { throw StoreError.preconditionFailed(key) }
}

// SECURITY: text is bound as a C string, which ends at U+0000: `alice\0x` would become `alice`.
private func identifier(_ key: RecordKey) throws(StoreError) -> String {
  guard !key.id.utf8.contains(0), !key.kind.name.utf8.contains(0) else {
    throw .corrupted("U+0000 in a record key of kind `\(key.kind.name)`")
  }
  return key.id
}
