// SPDX-License-Identifier: Apache-2.0
//
// What a sink receives, whatever fails and whenever the process ends: the whole log, in order, and never a position
// beyond what was accepted. The store is the real one; sinks and the keeping of positions fail where a test says.

import AuditTrail
import Federation
import IdentityModel
import StoreSQLite
import Synchronization
import Testing

/// Fails at the steps that it is told, then not any more.
private final class Sink: AuditExportSink {
  enum Step {
    case accept
    /// Nothing got there.
    case refuse
    /// The first half got there, and nobody said so.
    case loseHalf
    /// Everything got there, and nobody said so.
    case loseAnswer
  }

  let name = "test"
  private let received = Mutex<[Int64]>([])
  private let script: Mutex<[Step]>
  private let broken: Mutex<Bool>

  init(_ script: [Step] = [], isBroken: Bool = false) {
    self.script = Mutex(script)
    self.broken = Mutex(isBroken)
  }

  var sequences: [Int64] { received.withLock { $0 } }
  /// The highest sequence up to which everything was received.
  var accepted: Int64 { sequences.reduce(0) { $1 == $0 + 1 ? $1 : $0 } }

  func repair() { broken.withLock { $0 = false } }

  func deliver(_ entries: [AuditLogEntry]) async throws(AuditExportError) {
    let step = script.withLock { $0.isEmpty ? .accept : $0.removeFirst() }
    guard !broken.withLock({ $0 }), step != .refuse else { throw .unavailable("down") }
    let count = step == .loseHalf ? entries.count / 2 : entries.count
    received.withLock { $0 += entries.prefix(count).map(\.sequence) }
    if step != .accept { throw .unavailable("cut off") }
  }
}

/// The store's positions, whose keeping fails at the steps that it is told.
private final class Positions: ProgressStore {
  enum Step {
    case keep
    /// Nothing was written.
    case refuse
    /// It was written, and the store could not say so.
    case loseAnswer
  }

  private let store: SQLiteStore
  private let sink: Sink
  private let script: Mutex<[Step]>
  /// Positions that were handed over beyond what the sink had.
  let ahead = Mutex<[Int64]>([])

  init(_ store: SQLiteStore, _ sink: Sink, _ script: [Step] = []) {
    self.store = store
    self.sink = sink
    self.script = Mutex(script)
  }

  func progress(of name: String) async throws(StoreError) -> [UInt8]? { try await store.progress(of: name) }

  func progressNames() async throws(StoreError) -> [String] { try await store.progressNames() }

  func setProgress(of name: String, _ body: [UInt8]?) async throws(StoreError) {
    let digits = (body ?? []).filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    let position = Int64(String(decoding: digits, as: UTF8.self)) ?? .max
    if position > sink.accepted { ahead.withLock { $0.append(position) } }
    let step = script.withLock { $0.isEmpty ? .keep : $0.removeFirst() }
    guard step != .refuse else { throw .unavailable("disk full") }
    try await store.setProgress(of: name, body)
    if step == .loseAnswer { throw .unavailable("I/O error") }
  }
}

private func record(_ number: Int) -> AuditRecord {
  AuditRecord(
    operatorEvent: "Test",
    account: nil,
    now: Instant(seconds: 1_800_000_000 + Int64(number)),
    entropy: .system
  )
}

private func withLog(of count: Int, _ body: (SQLiteStore) async throws -> Void) async throws {
  let store = try SQLiteStore.inMemory()
  try await store.running {
    for number in 0..<count { try await store.append(record(number)) }
    try await body(store)
  }
}

private let quick = ExportPace(
  gather: .milliseconds(1),
  afterFailure: { _ in .milliseconds(1) },
  batchRecords: 7,
  batchBytes: 1 << 20
)

/// Runs `export` until `isDone`, then ends it as a stop of the server would.
private func run(
  _ export: AuditExport,
  until isDone: @escaping @Sendable () -> Bool
) async throws {
  try await withThrowingTaskGroup(of: Void.self) { tasks in
    tasks.addTask { await export.run() }
    let deadline = ContinuousClock.now.advanced(by: .seconds(300))
    while !isDone() {
      guard ContinuousClock.now < deadline else {
        Issue.record("the export did not come to its end within 300 s")
        break
      }
      try await Task.sleep(for: .milliseconds(1))
    }
    tasks.cancelAll()
  }
}

/// In order, nothing left out; what comes again is no news.
private func expectWhole(_ sequences: [Int64], _ count: Int, _ comment: Comment? = nil) {
  var next: Int64 = 1
  for sequence in sequences {
    if sequence == next { next += 1 }
    #expect(sequence < next, comment)
  }
  #expect(next == Int64(count) + 1, comment)
}

struct AuditExportTests {
  @Test func `a sink gets the log in order, once, and goes on after a restart`() async throws {
    try await withLog(of: 20) { store in
      let sink = Sink()
      let first = AuditExport(sink: sink, log: store, store: store, pace: quick) { _ in }
      try await run(first) { first.kept == 20 }
      #expect(sink.sequences == Array(1...20))
      try await store.append(record(20))
      let second = AuditExport(sink: sink, log: store, store: store, pace: quick) { _ in }
      try await run(second) { second.kept == 21 }
      #expect(sink.sequences == Array(1...21))
    }
  }

  @Test func `whatever fails at a step, all of the log arrives in order, and no position runs ahead`()
    async throws
  {
    let sinkSteps: [[Sink.Step]] = [
      [.refuse], [.loseHalf], [.loseAnswer], [.accept, .refuse], [.accept, .loseHalf],
      [.accept, .loseAnswer], [.refuse, .loseHalf, .loseAnswer, .refuse],
    ]
    let positionSteps: [[Positions.Step]] = [
      [], [.refuse], [.loseAnswer], [.keep, .refuse], [.keep, .loseAnswer], [.refuse, .refuse, .loseAnswer],
    ]
    for sinkScript in sinkSteps {
      for positionScript in positionSteps {
        try await withLog(of: 20) { store in
          let sink = Sink(sinkScript)
          let positions = Positions(store, sink, positionScript)
          let export = AuditExport(sink: sink, log: store, store: positions, pace: quick) { _ in }
          try await run(export) { export.kept == 20 }
          let comment: Comment = "\(sinkScript) \(positionScript)"
          expectWhole(sink.sequences, 20, comment)
          #expect(positions.ahead.withLock { $0 } == [], comment)
        }
      }
    }
  }

  @Test func `ended at any moment and started again, all of the log arrives in order`() async throws {
    try await withLog(of: 60) { store in
      var generator = SystemRandomNumberGenerator()
      let sink = Sink()
      let positions = Positions(store, sink)
      var kept: Int64 = 0
      // Each life of the export ends wherever it is; the last one comes to the end of the log.
      for _ in 0..<40 where kept < 60 {
        let export = AuditExport(sink: sink, log: store, store: positions, pace: quick) { _ in }
        let target = Int64.random(in: 0...14, using: &generator)
        let goal = min(60, kept + target)
        try await run(export) { sink.sequences.last ?? 0 >= goal }
        kept = max(kept, export.kept ?? 0)
      }
      let last = AuditExport(sink: sink, log: store, store: positions, pace: quick) { _ in }
      try await run(last) { last.kept == 60 }
      expectWhole(sink.sequences, 60)
      #expect(positions.ahead.withLock { $0 } == [])
    }
  }

  @Test func `a sink that refuses stands still alone, says so, and goes on when it can`() async throws {
    try await withLog(of: 20) { store in
      let (bad, good) = (Sink(isBroken: true), Named("good"))
      let notices = Mutex<[ExportNotice]>([])
      let gauges = Gauges()
      let exports = [
        AuditExport(sink: bad, log: store, store: store, pace: quick) { notice in
          notices.withLock { $0.append(notice) }
        },
        AuditExport(sink: good, log: store, store: store, pace: quick) { _ in },
      ]
      let all = AuditExports(exports, log: store, gauges: gauges)
      let isShown: @Sendable (String) -> Bool = { line in
        gauges.lines.contains { $0.utf8.elementsEqual(line.utf8) }
      }
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { await all.run() }
        try await waitUntil {
          isShown("exeat_audit_export_lag_records{sink=\"test\"} 20")
            && isShown("exeat_audit_export_lag_records{sink=\"good\"} 0")
        }
        #expect(notices.withLock { $0.first } == .stalled(sink: "test", cause: .unavailable("down")))
        bad.repair()
        try await waitUntil { isShown("exeat_audit_export_lag_records{sink=\"test\"} 0") }
        tasks.cancelAll()
      }
      expectWhole(bad.sequences, 20)
      guard case .resumed(sink: "test", failures: _)? = notices.withLock({ $0.last }) else {
        Issue.record("the sink goes on, and nobody was told")
        return
      }
    }
  }

  @Test func `a batch holds no more bytes than it may, and a record that is longer goes alone`() async throws
  {
    try await withLog(of: 5) { store in
      let length = try await store.entries(after: 0, limit: 1)[0].json.count
      for (limit, sizes) in [(length * 2 + 1, [2, 2, 1]), (length - 1, [1, 1, 1, 1, 1])] {
        var pace = quick
        pace.batchBytes = limit
        let sink = Named("of \(limit)")
        let export = AuditExport(sink: sink, log: store, store: store, pace: pace) { _ in }
        try await run(export) { export.kept == 5 }
        #expect(sink.batches.withLock { $0 } == sizes)
      }
    }
  }

  @Test func `a store that is older than what was exported is said to be, and its new records are exported`()
    async throws
  {
    try await withLog(of: 3) { store in
      try await store.setProgress(of: "export/test", Array(#"{"accepted":50}"#.utf8))
      let sink = Sink()
      let notices = Mutex<[ExportNotice]>([])
      let export = AuditExport(sink: sink, log: store, store: store, pace: quick) { notice in
        notices.withLock { $0.append(notice) }
      }
      try await run(export) { export.kept == 3 }
      try await store.append(record(3))
      try await run(export) { export.kept == 4 }
      #expect(sink.sequences == [4])
      #expect(notices.withLock { $0 } == [.rolledBack(sink: "test", kept: 50, last: 3)])
    }
  }

  @Test(arguments: ["{}", #"{"accepted":-1}"#, #"{"accepted":1.5}"#, #"{"accepted":"1"}"#, "[1]"])
  func `a position that cannot be read stops the export, which says so`(body: String) async throws {
    try await withLog(of: 3) { store in
      try await store.setProgress(of: "export/test", Array(body.utf8))
      let sink = Sink()
      let notices = Mutex<[ExportNotice]>([])
      let export = AuditExport(sink: sink, log: store, store: store, pace: quick) { notice in
        notices.withLock { $0.append(notice) }
      }
      try await run(export) { notices.withLock { !$0.isEmpty } }
      #expect(notices.withLock { $0.first } == .stalled(sink: "test", cause: .malformedPosition))
      #expect(sink.sequences == [])
    }
  }

  @Test func `a label cannot break out of a line of the metrics`() {
    let gauges = Gauges()
    gauges.set(.auditExportLag, label: "a\"b\\c\nd", 1)
    #expect(gauges.lines.last == #"exeat_audit_export_lag_records{sink="a\"b\\c\nd"} 1"#)
  }
}

/// Accepts everything and notes the size of each batch.
private final class Named: AuditExportSink {
  let name: String
  let batches = Mutex<[Int]>([])

  init(_ name: String) {
    self.name = name
  }

  func deliver(_ entries: [AuditLogEntry]) async throws(AuditExportError) {
    batches.withLock { $0.append(entries.count) }
  }
}

private func waitUntil(_ isTrue: @Sendable () -> Bool) async throws {
  let deadline = ContinuousClock.now.advanced(by: .seconds(300))
  while !isTrue() {
    try #require(ContinuousClock.now < deadline, "it did not happen within 300 s")
    try await Task.sleep(for: .milliseconds(2))
  }
}
