// SPDX-License-Identifier: Apache-2.0
//
// Moves what commits put into SQLite's write-ahead log into the store file, on a connection and a thread of its own: no commit
// copies pages, or waits until the store file is flushed. Owns when that is done; refuses to write anything else.
// Source: SQLite, "Write-Ahead Logging", "Checkpointing" and "Avoiding Excessively Large WAL Files";
// docs/decisions/0035-checkpoints-beside-commits.md.

import Dispatch
import GRDB
import Synchronization

final class Checkpointer: Sendable {
  /// The pages in the log, 16 MB, beyond which it is to begin anew.
  static let fullLog = 4096
  /// The time from a commit to the move of what it wrote: a page that is written many times is moved once.
  private static let rest = DispatchTimeInterval.milliseconds(200)

  private let files: OpenFiles
  private let connection: Mutex<DatabaseQueue?>
  private let isDue = Atomic(false)
  private let hasEnded = Atomic(false)
  private let queue = DispatchQueue(label: "exeat.store.checkpoint", qos: .utility)

  /// Works on `connection`, which nobody else uses.
  init(files: OpenFiles, connection: DatabaseQueue) {
    self.files = files
    self.connection = Mutex(connection)
  }

  /// Notes that something was written.
  ///
  /// `finish` is called when the log is full and little of it is left to be moved. It is to have the connection that writes move
  /// the rest, so that its next commit begins the log anew, and to return at once.
  func noteCommit(finish: @escaping @Sendable () -> Void) {
    guard !isDue.exchange(true, ordering: .relaxed) else { return }
    queue.asyncAfter(deadline: .now() + Self.rest) { self.work(finish) }
  }

  /// Waits for what is under way; nothing is moved after it.
  func end() {
    hasEnded.store(true, ordering: .relaxed)
    queue.sync { disconnect() }
  }

  private func work(_ finish: () -> Void) {
    isDue.store(false, ordering: .relaxed)
    guard !hasEnded.load(ordering: .relaxed) else { return }
    // A full log a second time: what was written during the first is moved in the second.
    guard let pages = move(), pages > Self.fullLog, move() != nil else { return }
    finish()
  }

  /// Moves what is in the log by now, as far as readers allow; how many pages are in it, `nil` when that failed.
  ///
  /// What was not moved stays in the log, and is tried again after the next commit.
  private func move() -> Int? {
    do {
      // SECURITY: what to do with a log that was removed or replaced is the writer's affair (`BatchWriter.close`).
      guard try files.lostPath() == nil else { return nil }
      let connection = try connected()
      return try connection.inDatabase { db in try db.checkpoint(.passive).walFrameCount }
    } catch DatabaseError.SQLITE_BUSY {
      // Somebody else moves it, like an operator's shell.
      return nil
    } catch {
      disconnect()
      return nil
    }
  }

  private func connected() throws -> DatabaseQueue {
    try connection.withLock { connection in
      if let connection { return connection }
      let fresh = try DatabaseQueue.writer(to: files.store)
      connection = fresh
      return fresh
    }
  }

  private func disconnect() {
    connection.withLock { connection in
      try? connection?.close()
      connection = nil
    }
  }
}
