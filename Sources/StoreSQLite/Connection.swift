// SPDX-License-Identifier: Apache-2.0
//
// How a connection is set up, and the proof that it is: the settings are read back, and a connection that would
// acknowledge what is not on disk is refused. Owns the way from SQLite's errors to `StoreError`.
// Source: SQLite, "PRAGMA Statements", "Result and Error Codes"; PRAGMA synchronous = FULL syncs the WAL on commit.

package import Federation
import GRDB

/// The settings of the writing connection, as SQLite reports them.
package struct ConnectionSettings: Hashable, Sendable {
  /// `wal` for a file, `memory` in memory.
  package let journalMode: String
  /// 0 OFF, 1 NORMAL, 2 FULL, 3 EXTRA.
  package let synchronous: Int
  /// Whether foreign keys are enforced.
  package let foreignKeys: Bool

  /// Gathers the parts.
  package init(journalMode: String, synchronous: Int, foreignKeys: Bool) {
    self.journalMode = journalMode
    self.synchronous = synchronous
    self.foreignKeys = foreignKeys
  }

  init(reading db: Database) throws {
    self.init(
      journalMode: try String.fetchOne(db, sql: "PRAGMA journal_mode") ?? "",
      synchronous: try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? -1,
      foreignKeys: try Bool.fetchOne(db, sql: "PRAGMA foreign_keys") ?? false
    )
  }

  /// Throws `unavailable` unless commits on such a connection to a file are durable and foreign keys hold.
  package func requireDurable() throws(StoreError) {
    guard journalMode == "wal", synchronous == 2, foreignKeys else {
      throw .unavailable(
        "the store would not be durable: journal_mode \(journalMode), synchronous \(synchronous), "
          + "foreign_keys \(foreignKeys ? 1 : 0)"
      )
    }
  }
}

extension Configuration {
  static func store(readonly: Bool = false) -> Configuration {
    var configuration = Configuration()
    configuration.label = "exeat.store"
    configuration.readonly = readonly
    configuration.busyMode = .timeout(2)
    configuration.foreignKeysEnabled = true
    // On a bad disk even a rollback can fail and leave its transaction open. Such a connection is thrown away;
    // without this the library ends the process.
    configuration.allowsUnsafeTransactions = true
    configuration.prepareDatabase { db in
      try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF")
    }
    return configuration
  }
}

extension DatabaseQueue {
  /// The one connection that writes to `file`; it must be the file that it was when the store was opened.
  ///
  /// DEVIATION: not the library's pool, which sets `synchronous = NORMAL` and writes to the file when it opens:
  /// reopening must work on a full disk.
  static func writer(to file: StoreFile) throws -> DatabaseQueue {
    try file.requireUnchanged()
    let queue = try DatabaseQueue(path: file.path, configuration: .store())
    try queue.inDatabase { db in
      _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
      try ConnectionSettings(reading: db).requireDurable()
    }
    return queue
  }
}

extension StoreError {
  init(_ error: any Error) {
    switch error {
    case let error as StoreError:
      self = error
    case let error as DatabaseError:
      switch error.resultCode {
      case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupted(error.summary)
      default: self = .unavailable(error.summary)
      }
    case is CancellationError:
      self = .unavailable("the reading task was cancelled")
    default:
      self = .unavailable(String(describing: error))
    }
  }
}

extension StoreError {
  /// The same reason, as a failure that may pass and that may have been none.
  var asUnavailable: StoreError {
    switch self {
    case .corrupted(let reason): .unavailable(reason)
    case .unavailable, .preconditionFailed: self
    }
  }
}

extension DatabaseError {
  // The library's own description holds the SQL.
  var summary: String {
    "sqlite error \(extendedResultCode.rawValue): \(message ?? "no message")"
  }

  /// Whether SQLite undid one statement and the transaction goes on.
  var undoesOneStatementOnly: Bool {
    switch resultCode {
    case .SQLITE_CONSTRAINT, .SQLITE_TOOBIG, .SQLITE_MISMATCH: true
    default: false
    }
  }
}
