// SPDX-License-Identifier: Apache-2.0
//
// The store as the house needs it: typed records by key, read one or a range, written all or nothing together with
// the audit record of the call. Knows no SQL and no kind of record: a new action needs no new code in an engine.

package import AuditTrail
package import IdentityModel

/// A kind of record.
///
/// Shape: 1–64 characters of `[A-Za-z]`, for example `User`.
package struct RecordKind: Hashable, Sendable {
  /// The name in the store; never changes once released.
  package let name: String

  /// Wraps `name`.
  package init(_ name: String) {
    self.name = name
  }
}

/// Where a record stands.
package struct RecordKey: Hashable, Sendable {
  /// The kind.
  package let kind: RecordKind
  /// Unique within the kind; ordered by UTF-8 bytes.
  ///
  /// Shape: 1–1024 bytes, for example `123456789012/alice`.
  package let id: String

  /// Pairs `kind` and `id`.
  package init(_ kind: RecordKind, _ id: String) {
    self.kind = kind
    self.id = id
  }
}

/// A record as it was read.
package struct StoredRecord: Hashable, Sendable {
  /// Where it stands.
  package let key: RecordKey
  /// The account that owns it.
  package let account: AccountID
  /// Grows with each write and is never used twice at one key, also not by a record that was deleted and made again:
  /// what a later write may insist on.
  package let revision: Int64
  /// The content: JSON that the house wrote.
  package let body: [UInt8]

  /// Gathers the parts.
  package init(key: RecordKey, account: AccountID, revision: Int64, body: [UInt8]) {
    self.key = key
    self.account = account
    self.revision = revision
    self.body = body
  }
}

/// What must be true of a record for a write to take place, checked inside the transaction.
package enum Precondition: Hashable, Sendable {
  /// The record does not exist.
  case absent
  /// The record exists with exactly this revision.
  case revision(Int64)
}

/// A set of writes that happen together or not at all.
package struct Change: Hashable, Sendable {
  /// One write.
  package enum Write: Hashable, Sendable {
    /// Creates or replaces the record.
    case put(RecordKey, account: AccountID, body: [UInt8], Precondition)
    /// Removes the record, which must have the revision.
    case delete(RecordKey, revision: Int64)
    /// Writes nothing, and fails the change unless the precondition holds.
    case require(RecordKey, Precondition)
    /// Writes nothing, and fails the change when any record of the kind has an id that begins with the prefix (by
    /// bytes): that nothing refers to what the change deletes.
    case requireNone(RecordKind, prefix: String)
  }

  /// The writes, carried out in order.
  package var writes: [Write]

  /// Starts with `writes`.
  package init(_ writes: [Write] = []) {
    self.writes = writes
  }
}

/// Why the store could not do what was asked.
package enum StoreError: Error, Hashable, Sendable {
  /// A precondition did not hold; nothing was written. The key of `requireNone` is its prefix.
  case preconditionFailed(RecordKey)
  /// An I/O error, a full disk, a lost connection. A write that failed so may still come to light later: nothing
  /// that depends on it may be released, and it is not an error if its audit record is found.
  case unavailable(String)
  /// The store holds something that it should not.
  case corrupted(String)
}

extension StoreError: CustomStringConvertible {
  /// The cause, for the operator.
  package var description: String {
    switch self {
    case .preconditionFailed(let key): "the store already holds \(key.kind.name) `\(key.id)`"
    case .unavailable(let cause): cause
    case .corrupted(let what): "the store is damaged: \(what)"
    }
  }
}

/// Reads records.
package protocol RecordReader: Sendable {
  /// The record at `key`, or `nil`.
  func record(at key: RecordKey) async throws(StoreError) -> StoredRecord?

  /// Up to `limit` records of `kind` whose id begins with `prefix` (by bytes), in ascending byte order of id, from
  /// the first id greater than `after` (or from the start).
  func records(
    of kind: RecordKind,
    prefix: String,
    after: String?,
    limit: Int
  ) async throws(StoreError) -> [StoredRecord]
}

/// Writes records: the ONE write of the house.
package protocol RecordWriter: Sendable {
  /// Carries out `change` and appends `record` to the audit log in one transaction; durable on return.
  ///
  /// Throws `preconditionFailed` when one does not hold: then neither the change nor `record` is written.
  func commit(_ change: Change, recording record: AuditRecord) async throws(StoreError)
}

/// Appends to the audit log.
package protocol AuditSink: Sendable {
  /// Appends `record`; durable on return. Many callers may share one flush to disk; each waits for its own.
  func append(_ record: AuditRecord) async throws(StoreError)
}

/// An audit record with its place in the log.
package struct AuditLogEntry: Hashable, Sendable {
  /// 1, 2, 3 … without gaps, in the order in which records became durable.
  package let sequence: Int64
  /// The record as JSON: one object, UTF-8.
  package let json: [UInt8]

  /// Pairs `sequence` and `json`.
  package init(sequence: Int64, json: [UInt8]) {
    self.sequence = sequence
    self.json = json
  }
}

/// Reads the audit log.
package protocol AuditLogReader: Sendable {
  /// Up to `limit` entries with a sequence greater than `sequence`, in order; those that have left the store, sealed, are
  /// passed over.
  func entries(after sequence: Int64, limit: Int) async throws(StoreError) -> [AuditLogEntry]

  /// The sequence of the newest entry; 0 when there is none.
  func lastSequence() async throws(StoreError) -> Int64
}

/// Reads how far those who follow the audit log have come.
package protocol ProgressReader: Sendable {
  /// What was last written under `name`, or `nil`.
  func progress(of name: String) async throws(StoreError) -> [UInt8]?
}

/// Keeps how far those who follow the audit log have come: deliveries, exports.
///
/// No call of anybody stands behind it, so it leaves no audit record; what a caller asks for goes through
/// `RecordWriter`.
package protocol ProgressStore: ProgressReader {
  /// The names of everything that is noted down, in the order of their bytes.
  func progressNames() async throws(StoreError) -> [String]

  /// Writes `body` under `name`, or removes what is there; durable on return.
  ///
  /// Shape: `name` 1–1024 bytes, for example `trail/123456789012/main`; `body` 1 byte to 1 MiB of UTF-8 text without U+0000.
  func setProgress(of name: String, _ body: [UInt8]?) async throws(StoreError)
}
