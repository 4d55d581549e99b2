// SPDX-License-Identifier: Apache-2.0
//
// The revisions that the one writer read, so that the requirements of the next token cost no query. Owns when they
// are believed; refuses to learn from writes, which may be undone.
// Source: SQLite, "PRAGMA data_version".

import Federation
import GRDB

/// What `SELECT` found, as long as only this connection writes and nothing fails.
///
/// INVARIANT: an entry is what the record is now, as the connection sees it. Entries are read where the transaction
/// holds no write that a savepoint could undo, are dropped before the record is written, and are dropped together
/// when another connection wrote or a transaction failed.
struct RevisionMemory: Sendable {
  /// The most entries; with one more it starts again.
  static let limit = 4096

  /// A record key as the store compares it: by bytes.
  private struct Key: Hashable {
    let key: RecordKey

    static func == (left: Key, right: Key) -> Bool {
      left.key.id.utf8.elementsEqual(right.key.id.utf8)
        && left.key.kind.name.utf8.elementsEqual(right.key.kind.name.utf8)
    }

    // Equal bytes are equal strings, so they hash alike.
    func hash(into hasher: inout Hasher) {
      hasher.combine(key.id)
    }
  }

  private var states: [Key: Precondition] = [:]
  private var dataVersion: Int64?

  /// Forgets everything if another connection has written; to be called when the transaction has begun.
  mutating func transactionBegan(_ db: Database) throws {
    let version = try Int64.fetchOne(db.cachedStatement(sql: "PRAGMA data_version"))
    if version != dataVersion { states.removeAll(keepingCapacity: true) }
    dataVersion = version
  }

  /// Forgets everything.
  mutating func forgetAll() {
    states.removeAll(keepingCapacity: true)
    dataVersion = nil
  }

  /// Forgets the record at `key`, which is about to be written.
  mutating func forget(_ key: RecordKey) {
    states[Key(key: key)] = nil
  }

  /// The state of the record at `key`, from memory or else by `read`.
  mutating func state(of key: RecordKey, read: () throws -> Precondition) throws -> Precondition {
    let key = Key(key: key)
    if let known = states[key] { return known }
    let found = try read()
    if states.count >= RevisionMemory.limit { states.removeAll(keepingCapacity: true) }
    states[key] = found
    return found
  }
}
