// SPDX-License-Identifier: Apache-2.0
//
// The tables, and how they come to be: named migrations, append-only, never edited once released. What can be said
// as a constraint is said here, so that it also holds for a hand with a SQL shell. Refuses to know who reads.
// Source: SQLite, "STRICT Tables", "CREATE TRIGGER", "PRAGMA application_id", "PRAGMA user_version".

import Federation
import GRDB

enum Schema {
  /// `EXEA` in ASCII: says in the file header whose file it is.
  static let applicationID = 0x4558_4541

  /// The store format that this release writes; in the file as `user_version`.
  static var formatVersion: Int { migrations.count }

  /// Brings a store to `formatVersion`.
  ///
  /// Each migration is one transaction and counts the format up by one.
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    for (index, migration) in migrations.enumerated() {
      migrator.registerMigration(migration.name, foreignKeyChecks: .immediate) { db in
        try db.execute(sql: migration.sql)
        try db.execute(sql: "PRAGMA user_version = \(index + 1)")
      }
    }
    return migrator
  }

  /// Throws unless `db` is a store, and not of a newer format than this release knows.
  static func identify(_ db: Database, path: String) throws {
    guard try Int.fetchOne(db, sql: "PRAGMA application_id") == applicationID else {
      throw StoreError.corrupted("`\(path)` is not an Exeat store")
    }
    let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    guard version <= formatVersion else {
      throw StoreError.unavailable(
        "`\(path)` has store format \(version), newer than \(formatVersion), the newest that this release knows"
      )
    }
  }

  private static let migrations: [(name: String, sql: String)] = [
    ("0001-records-and-audit", recordsAndAudit),
    ("0002-progress", progress),
    ("0003-merkle-log", LogSchema.merkleLog),
  ]

  // How far something that follows the audit log has come: not a record of the house, so no audit record is due.
  private static let progress = """
    CREATE TABLE progress (
      name TEXT PRIMARY KEY CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 1024),
      body TEXT NOT NULL CHECK (length(CAST(body AS BLOB)) BETWEEN 1 AND 1048576)
    ) STRICT, WITHOUT ROWID;
    """

  // INVARIANT: `audit.sequence` is 1, 2, 3 … without gaps, and what is in `audit` stays as it is.
  // `audit_appends` carries both: a REPLACE deletes the row it collides with without firing `audit_keeps`, so the
  // insert itself must collide with nothing.
  //
  // Event ids are random UUIDs of our own; an index over them would cost more than the rest of an append.
  //
  // SECURITY: `event_source` and `event_name` hold what a stranger sent and are not constrained further: a call
  // with an odd name must be recordable.
  private static let recordsAndAudit = """
    PRAGMA application_id = \(applicationID);

    CREATE TABLE record (
      kind TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 64 AND kind NOT GLOB '*[^A-Za-z]*'),
      id TEXT NOT NULL CHECK (length(CAST(id AS BLOB)) BETWEEN 1 AND 1024),
      account TEXT NOT NULL CHECK (length(account) = 12 AND account NOT GLOB '*[^0-9]*'),
      revision INTEGER NOT NULL CHECK (revision >= 1),
      body TEXT NOT NULL CHECK (length(CAST(body AS BLOB)) BETWEEN 1 AND 1048576),
      PRIMARY KEY (kind, id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE audit (
      sequence INTEGER PRIMARY KEY CHECK (sequence >= 1),
      event_id TEXT NOT NULL CHECK (length(event_id) BETWEEN 1 AND 64),
      event_time INTEGER NOT NULL,
      account TEXT CHECK (account IS NULL OR (length(account) = 12 AND account NOT GLOB '*[^0-9]*')),
      event_source TEXT NOT NULL,
      event_name TEXT NOT NULL,
      json TEXT NOT NULL CHECK (length(json) >= 2)
    ) STRICT;

    CREATE TRIGGER audit_appends BEFORE INSERT ON audit BEGIN
      SELECT RAISE(ABORT, 'audit: the sequence has no gaps')
        WHERE NEW.sequence IS NOT (SELECT coalesce(max(sequence), 0) + 1 FROM audit);
    END;

    CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN
      SELECT RAISE(ABORT, 'audit: append-only');
    END;

    CREATE TRIGGER audit_keeps BEFORE DELETE ON audit BEGIN
      SELECT RAISE(ABORT, 'audit: append-only');
    END;
    """
}
