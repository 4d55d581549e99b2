// SPDX-License-Identifier: Apache-2.0
//
// The event history on SQLite: an index over what the audit log holds, filled behind the request path and caught up with
// before it is asked. Owns its two tables; refuses to be believed: what it finds is compared with the record itself.

import AuditTrail
import Dispatch
package import Federation
import GRDB
import IdentityModel

enum EventIndex {
  // A row for each attribute's value of each record, under a hash of the two: values of one hash differ now and then,
  // so that whoever reads compares. Within an account, so that nobody's choice of names slows another account. Event ids
  // have no rows, which would stand all over the file: an id says its time.
  static let migration = """
    CREATE TABLE history (
      account INTEGER NOT NULL,
      attribute INTEGER NOT NULL,
      event_time INTEGER NOT NULL,
      sequence INTEGER NOT NULL,
      PRIMARY KEY (account, attribute, event_time, sequence)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE history_position (
      only INTEGER PRIMARY KEY CHECK (only = 1),
      sequence INTEGER NOT NULL CHECK (sequence >= 0)
    ) STRICT;

    INSERT INTO history_position (only, sequence) VALUES (1, 0);
    """

  /// The most records that one transaction takes in: about a millisecond, for which requests wait.
  static let step = 64

  /// Takes in up to `step` records, from `feed` or else from the log; how many there were.
  static func advance(_ db: Database, _ feed: inout HistoryFeed) throws -> Int {
    let position = try position(db)
    let known = feed.rows(after: position, limit: step)
    let rows = try known.isEmpty ? read(db, after: position)[...] : known
    guard let last = rows.last else { return 0 }
    for row in rows {
      guard case .known(let account, let attributes) = row.entry, !attributes.isEmpty else { continue }
      let insert = try db.cachedStatement(sql: insertion(ofAttributes: attributes.count))
      let values = [account, row.eventTime, row.sequence] + attributes
      try insert.execute(arguments: StatementArguments(values.map(\.databaseValue)))
    }
    try db.execute(sql: "UPDATE history_position SET sequence = ?", arguments: [last.sequence])
    return rows.count
  }

  private static func read(_ db: Database, after position: Int64) throws -> [HistoryRow] {
    let found = try Row.fetchCursor(
      db.cachedStatement(
        sql: """
          SELECT sequence, event_time, json FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?
          """
      ),
      arguments: [position, step]
    )
    var rows: [HistoryRow] = []
    while let row = try found.next() {
      guard let sequence = Int64.fromDatabaseValue(row[0]), let time = Int64.fromDatabaseValue(row[1]) else {
        throw StoreError.corrupted("an audit log entry breaks the schema")
      }
      // Whoever is nobody's caller has no history, and a record that is none cannot be shown.
      let summary = String.fromDatabaseValue(row[2]).flatMap { try? EventSummary(Array($0.utf8)) }
      let entry = summary.map { HistoryEntry($0) } ?? .nobodys
      rows.append(HistoryRow(sequence: sequence, eventTime: time, entry: entry))
    }
    return rows
  }

  // All rows of a record at once: a statement costs more than the row it inserts. Every record has an event name, a source
  // and says whether it only reads, so that there is a row.
  private static func insertion(ofAttributes count: Int) -> String {
    let rows = (4..<(4 + count)).map { "(?1, ?\($0), ?2, ?3)" }.joined(separator: ", ")
    return
      "INSERT INTO history (account, attribute, event_time, sequence) VALUES \(rows) ON CONFLICT DO NOTHING"
  }

  /// The last record that was taken in.
  static func position(_ db: Database) throws -> Int64 {
    let sequence = try Int64.fetchOne(db.cachedStatement(sql: "SELECT sequence FROM history_position"))
    guard let sequence else { throw StoreError.corrupted("the event history has no position") }
    return sequence
  }

  /// FNV-1a of the attribute's name, U+0000 and the value.
  ///
  /// Source: draft-eastlake-fnv.
  static func hash(_ attribute: LookupAttribute, _ value: String) -> Int64 {
    var state: UInt64 = 0xCBF2_9CE4_8422_2325
    func take(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    for byte in attribute.rawValue.utf8 { take(byte) }
    take(0)
    for byte in value.utf8 { take(byte) }
    return Int64(bitPattern: state)
  }
}

// MARK: - Filling

/// What one transaction took into the event history.
package struct EventHistoryStep: Sendable {
  /// The pause when there is nothing left to take in.
  static let rest = Duration.milliseconds(250)
  /// Half of what the feed holds: with a history that is further behind, it would run over.
  private static let longestLag = HistoryFeed.limit / 2

  /// How many records there were to take in.
  let lag: Int64
  /// How many it took in.
  let records: Int
  /// How long it held the one connection that writes.
  let duration: Duration

  /// Gathers the parts.
  package init(lag: Int64, records: Int, duration: Duration) {
    self.lag = lag
    self.records = records
    self.duration = duration
  }

  /// How long to wait before the next one.
  package var pause: Duration {
    guard records < lag else { return Self.rest }
    // Of the time of the one connection that writes three quarters are the requests', unless they fill the log faster
    // than that.
    return lag > Self.longestLag ? .zero : duration * 3
  }
}

extension SQLiteStore {
  /// Keeps the event history near the end of the log until the task is cancelled.
  ///
  /// A failure is tried again: the log itself does not depend on it.
  package func keepEventHistory() async {
    while !Task.isCancelled {
      let pause = (try? await advanceEventHistory())?.pause ?? EventHistoryStep.rest
      if pause > .zero { try? await Task.sleep(for: pause) }
    }
  }

  private func advanceEventHistory() async throws(StoreError) -> EventHistoryStep {
    let lag = try await reader.eventHistoryLag()
    guard lag > 0 else { return EventHistoryStep(lag: 0, records: 0, duration: .zero) }
    return try await maintaining { writer throws(StoreError) in
      // The time of the transaction alone: who waits for the writer takes none of it.
      let clock = ContinuousClock()
      let begin = clock.now
      let records = try writer.advanceHistory()
      return EventHistoryStep(lag: lag, records: records, duration: begin.duration(to: clock.now))
    }
  }

  /// Takes in what is left; gives up on a log that is far ahead, which the keeper works through.
  private func catchUpEventHistory() async throws(StoreError) {
    // A step ends early at a record that has to be read from the log: what is left says the lag alone.
    for _ in 0..<64 {
      let step = try await advanceEventHistory()
      if step.records >= step.lag { return }
    }
  }
}

// MARK: - Asking

extension SQLiteStore {
  /// The last record that the event history has taken in.
  package func eventHistoryPosition() async throws(StoreError) -> Int64 {
    try await reader.eventHistoryPosition()
  }
}

extension SQLiteStore: EventHistory {
  package func events(_ query: EventQuery) async throws(StoreError) -> [HistoricalEvent] {
    try await catchUpEventHistory()
    return try await reader.events(query)
  }
}

extension SQLiteReader {
  /// The last record that the event history has taken in: what comes after it is still needed.
  package func eventHistoryPosition() async throws(StoreError) -> Int64 {
    try await read { db in try EventIndex.position(db) }
  }

  /// How many records are not in the event history yet.
  fileprivate func eventHistoryLag() async throws(StoreError) -> Int64 {
    try await read { db in
      let last = try Int64.fetchOne(db.cachedStatement(sql: "SELECT coalesce(max(sequence), 0) FROM audit"))
      return try (last ?? 0) - EventIndex.position(db)
    }
  }

  fileprivate func events(_ query: EventQuery) async throws(StoreError) -> [HistoricalEvent] {
    guard query.limit > 0 else { return [] }
    return try await read { db in
      switch query.attribute {
      case .eventID: return try SQLiteReader.event(query, db)
      case .some(let attribute): return try SQLiteReader.events(query, attribute, query.value, db)
      case nil: return try SQLiteReader.everyEvent(query, db)
      }
    }
  }

  // Every event either only reads or does not.
  private static func everyEvent(_ query: EventQuery, _ db: Database) throws -> [HistoricalEvent] {
    var events = try events(query, .readOnly, "false", db) + events(query, .readOnly, "true", db)
    events.sort { left, right in
      (left.position.eventTime, left.position.sequence) > (right.position.eventTime, right.position.sequence)
    }
    return Array(events.prefix(query.limit))
  }

  /// The one event whose id is asked for, among those of its millisecond.
  private static func event(_ query: EventQuery, _ db: Database) throws -> [HistoricalEvent] {
    guard let time = EventSummary.time(ofEventID: query.value) else { return [] }
    let moment = EventQuery(
      account: query.account,
      attribute: nil,
      value: "",
      start: max(time, query.start ?? time),
      end: min(time, query.end ?? time),
      after: query.after,
      limit: .max
    )
    return try everyEvent(moment, db).filter { $0.summary.has(.eventID, query.value) }
  }

  private static func events(
    _ query: EventQuery,
    _ attribute: LookupAttribute,
    _ value: String,
    _ db: Database
  ) throws -> [HistoricalEvent] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT history.event_time, history.sequence, audit.json
        FROM history CROSS JOIN audit ON audit.sequence = history.sequence
        WHERE history.account = ?1 AND history.attribute = ?2
          AND history.event_time BETWEEN ?3 AND ?4
          AND (history.event_time, history.sequence) < (?5, ?6)
        ORDER BY history.event_time DESC, history.sequence DESC
        """
    )
    let after = query.after ?? EventPosition(eventTime: Instant(milliseconds: .max), sequence: .max)
    let end = min(query.end?.milliseconds ?? .max, after.eventTime.milliseconds)
    let rows = try Row.fetchCursor(
      statement,
      arguments: [
        Int64(query.account.description), EventIndex.hash(attribute, value),
        query.start?.milliseconds ?? .min, end, after.eventTime.milliseconds, after.sequence,
      ]
    )
    var events: [HistoricalEvent] = []
    while events.count < query.limit, let row = try rows.next() {
      guard let time = Int64.fromDatabaseValue(row[0]), let sequence = Int64.fromDatabaseValue(row[1]),
        let json = String.fromDatabaseValue(row[2])
      else { throw StoreError.corrupted("an entry of the event history breaks the schema") }
      // SECURITY: the index is a hint. Whose event it is, and what is in it, the record says.
      let bytes = Array(json.utf8)
      guard let summary = try? EventSummary(bytes), summary.recipientAccountID == query.account,
        summary.has(attribute, value)
      else { continue }
      let position = EventPosition(eventTime: Instant(milliseconds: time), sequence: sequence)
      events.append(HistoricalEvent(position: position, summary: summary, json: bytes))
    }
    return events
  }
}
