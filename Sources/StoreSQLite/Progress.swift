// SPDX-License-Identifier: Apache-2.0
//
// The notes of those who follow the audit log: how far they have come. Refuses to know what the notes say.

package import Federation
import GRDB

extension SQLiteReader: ProgressReader {
  package func progress(of name: String) async throws(StoreError) -> [UInt8]? {
    guard !name.utf8.contains(0) else { return nil }
    return try await read { db in
      try String.fetchOne(
        db.cachedStatement(sql: "SELECT body FROM progress WHERE name = ?"),
        arguments: [name]
      ).map { Array($0.utf8) }
    }
  }
}

extension SQLiteReader {
  fileprivate func progressNames() async throws(StoreError) -> [String] {
    try await read { db in try String.fetchAll(db, sql: "SELECT name FROM progress ORDER BY name") }
  }
}

extension SQLiteStore {
  /// The names of everything that is noted down, in the order of their bytes.
  package func progressNames() async throws(StoreError) -> [String] {
    try await reader.progressNames()
  }
}

extension SQLiteStore: ProgressStore {
  package func progress(of name: String) async throws(StoreError) -> [UInt8]? {
    try await reader.progress(of: name)
  }

  /// Durable on return.
  ///
  /// Throws `corrupted` when `name` or `body` is not text without U+0000 of the length that the seam names.
  package func setProgress(of name: String, _ body: [UInt8]?) async throws(StoreError) {
    let name = try text(Array(name.utf8), of: "a name of progress")
    guard let body else {
      return try await maintain { db in
        try db.execute(sql: "DELETE FROM progress WHERE name = ?", arguments: [name])
      }
    }
    guard (1...1024).contains(name.utf8.count), (1...1_048_576).contains(body.count) else {
      throw .corrupted("progress `\(name.prefix(64))` of \(body.count) bytes has no room")
    }
    let text = try text(body, of: "progress")
    try await maintain { db in
      try db.execute(
        sql: """
          INSERT INTO progress (name, body) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body
          """,
        arguments: [name, text]
      )
    }
  }
}
