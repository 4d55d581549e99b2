// SPDX-License-Identifier: Apache-2.0
//
// One sink and its way through the log: read what follows its position, hand it over, keep the new position, in this
// order and one batch at a time. A sink that refuses waits alone; nobody waits for it. Knows no file and no socket.

import Synchronization

/// How fast a sink is served.
package struct ExportPace: Sendable {
  /// How long to wait for company before a batch that is not full is read; so long a record may wait.
  package var gather: Duration
  /// How long to wait after the failure number `count` in a row, from 1.
  package var afterFailure: @Sendable (_ count: Int) -> Duration
  /// The most records in one batch.
  package var batchRecords: Int
  /// The most bytes of records in one batch, beyond which only a single record goes.
  package var batchBytes: Int

  /// Half a second; a quarter of a second doubled with each failure up to a minute; 1,000 records, 1 MiB.
  package init(
    gather: Duration = .milliseconds(500),
    afterFailure: @escaping @Sendable (_ count: Int) -> Duration = { count in
      .milliseconds(min(60_000, 250 << min(count - 1, 8)))
    },
    batchRecords: Int = 1000,
    batchBytes: Int = 1 << 20
  ) {
    self.gather = gather
    self.afterFailure = afterFailure
    self.batchRecords = batchRecords
    self.batchBytes = batchBytes
  }
}

/// What the operator should know of an export.
package enum ExportNotice: Hashable, Sendable {
  /// It stands still because of `cause`.
  case stalled(sink: String, cause: AuditExportError)
  /// It goes on, after `failures` failures.
  case resumed(sink: String, failures: Int)
  /// The position `kept` lies beyond the newest record `last`: the store is older than what was exported. The export
  /// goes on behind `last`.
  case rolledBack(sink: String, kept: Int64, last: Int64)
}

/// Serves one sink.
///
/// INVARIANT: the kept position is never beyond what the sink accepted, and the sink gets every record behind it, in the
/// order of the log. So nothing is left out, whatever ends the process; a batch may come twice.
package final class AuditExport: Sendable {
  private let sink: any AuditExportSink
  private let log: any AuditLogReader
  private let store: any ProgressStore
  private let pace: ExportPace
  private let report: @Sendable (ExportNotice) -> Void
  private let lastKept = Mutex<Int64?>(nil)

  /// Gathers the parts; nothing happens before `run`.
  package init(
    sink: any AuditExportSink,
    log: any AuditLogReader,
    store: any ProgressStore,
    pace: ExportPace = ExportPace(),
    report: @escaping @Sendable (ExportNotice) -> Void
  ) {
    self.sink = sink
    self.log = log
    self.store = store
    self.pace = pace
    self.report = report
  }

  /// The sink's name.
  package var name: String { sink.name }

  /// The position that is kept; `nil` until it was read.
  package var kept: Int64? { lastKept.withLock { $0 } }

  /// Serves the sink until the task is cancelled.
  package func run() async {
    var position: ExportPosition?
    var failures = 0
    while !Task.isCancelled {
      var pause: Duration?
      do {
        let isFull = try await advance(&position)
        if failures > 0 { report(.resumed(sink: name, failures: failures)) }
        failures = 0
        if !isFull { pause = pace.gather }
      } catch {
        // A batch that was broken off because the server stops is no failure.
        if Task.isCancelled { return }
        failures += 1
        if failures == 1 || failures % 16 == 0 { report(.stalled(sink: name, cause: error)) }
        pause = pace.afterFailure(failures)
      }
      if let pause, (try? await Task.sleep(for: pause)) == nil { return }
    }
  }

  /// Serves one batch; whether it was full, so that more may wait.
  private func advance(_ position: inout ExportPosition?) async throws(AuditExportError) -> Bool {
    var current: ExportPosition
    if let position { current = position } else { current = try await start() }
    defer { position = current }
    // What was accepted and not kept the last time.
    try await keep(&current)
    let (entries, isFull) = try await batch(after: current.accepted)
    guard let last = entries.last else { return false }
    try await sink.deliver(entries)
    current.accepted = last.sequence
    try await keep(&current)
    return isFull
  }

  private func start() async throws(AuditExportError) -> ExportPosition {
    do {
      var position = try ExportPosition(await store.progress(of: ExportPosition.progressName(name)))
      // Read after the position: the log only grows meanwhile.
      let last = try await log.lastSequence()
      if position.kept > last {
        report(.rolledBack(sink: name, kept: position.kept, last: last))
        position.accepted = last
      }
      lastKept.withLock { $0 = position.accepted }
      return position
    } catch let error as AuditExportError {
      throw error
    } catch let error as StoreError {
      throw .store(error)
    } catch {
      throw .unavailable(String(describing: error))
    }
  }

  private func keep(_ position: inout ExportPosition) async throws(AuditExportError) {
    guard position.kept != position.accepted else { return }
    do {
      try await store.setProgress(
        of: ExportPosition.progressName(name),
        ExportPosition.body(position.accepted)
      )
    } catch {
      throw .store(error)
    }
    position.kept = position.accepted
    lastKept.withLock { [kept = position.kept] in $0 = kept }
  }

  private func batch(
    after sequence: Int64
  ) async throws(AuditExportError) -> (entries: [AuditLogEntry], isFull: Bool) {
    let entries: [AuditLogEntry]
    do {
      entries = try await log.entries(after: sequence, limit: pace.batchRecords)
    } catch {
      throw .store(error)
    }
    var bytes = 0
    let fitting = entries.prefix { entry in
      bytes += entry.json.count
      return bytes <= pace.batchBytes
    }
    if fitting.count == entries.count { return (entries, entries.count == pace.batchRecords) }
    return (Array(entries.prefix(max(1, fitting.count))), true)
  }
}
