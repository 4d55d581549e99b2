// SPDX-License-Identifier: Apache-2.0
//
// The order in which a checkpoint comes to be, with each step failing in turn; and the logs that are not continued.

import AuditTrail
import Federation
import IdentityModel
import LocalKeys
import StoreSQLite
import Synchronization
import Testing

/// A log with all that it is made of.
private struct Bench {
  let steps = Steps()
  let store: MemoryLog
  let keeper: FaultyKeeper
  let signer: FaultySigner
  let incidents = Incidents()

  init() {
    store = MemoryLog(steps)
    keeper = FaultyKeeper(steps)
    signer = FaultySigner(steps: steps)
  }

  /// The log as the next start of the server finds it.
  func start(fork: String? = nil) async -> TransparencyLog {
    let log = TransparencyLog(
      store: store,
      keeper: keeper,
      signer: signer,
      diagnostics: incidents.diagnostics
    )
    await log.open(origin: "sts.example.test/log", fork: fork)
    return log
  }

  func checkpoint(_ note: [UInt8]?, origin: String = "sts.example.test/log") throws -> Checkpoint {
    let key = try NoteVerifierKey(name: origin, kind: .ed25519, publicKey: signer.publicKey)
    return try VerifiedCheckpoint(
      note: try #require(note),
      policy: CheckpointPolicy(origin: origin, logKeys: [key])
    ).checkpoint
  }

  func breakCheckpoint() {
    keeper.note.withLock { note in
      var broken = note ?? []
      broken[30] ^= 1
      note = broken
    }
  }

  var kept: [UInt8]? { keeper.note.withLock { $0 } }
}

/// The incidents that were reported.
private final class Incidents: Sendable {
  private let causes = Mutex<[String]>([])
  var all: [String] { causes.withLock { $0 } }
  var diagnostics: Diagnostics {
    Diagnostics { incident in self.causes.withLock { $0.append(incident.cause) } }
  }
}

@Suite struct TransparencyLogTests {
  @Test func `before the first record there is a checkpoint of the empty tree`() async throws {
    let bench = Bench()
    let log = await bench.start()
    #expect(log.fault == nil)
    let checkpoint = try bench.checkpoint(log.checkpoint)
    #expect(checkpoint.size == 0)
    #expect(log.checkpoint == bench.kept)
    #expect(bench.keeper.key.withLock { $0 } == log.verifierKey?.text)
  }

  @Test func `a checkpoint is read back, proved, signed, kept, and then served`() async throws {
    let bench = Bench()
    let log = await bench.start()
    bench.store.append(5)
    bench.steps.forget()
    #expect(await log.step())
    #expect(bench.steps.taken == ["grow", "read tree", "sign", "write checkpoint", "sync folder"])
    #expect(log.checkpoint == bench.kept)
    let checkpoint = try bench.checkpoint(log.checkpoint)
    #expect(checkpoint.size == 5)
    #expect(checkpoint.root == bench.store.content.withLock { $0.tree.root })
  }

  @Test func `without new records nothing is signed`() async {
    let bench = Bench()
    let log = await bench.start()
    bench.store.append(1)
    await log.step()
    bench.steps.forget()
    #expect(await log.step() == false)
    #expect(bench.steps.taken == ["grow"])
  }

  @Test func `a step that need not sign leaves the tree for the next one that does`() async throws {
    let bench = Bench()
    let log = await bench.start()
    bench.store.append(3)
    #expect(await log.step(signs: false) == false)
    #expect(log.publishedSize == 0)
    #expect(await log.step())
    #expect(log.publishedSize == 3)
  }

  // The heart of it: whatever fails, what is served was kept, and what comes next continues what was kept.
  @Test(
    arguments: ["grow", "read tree", "read checkpoint", "sign", "write checkpoint", "sync folder"],
    [false, true]
  )
  func `each step may fail, and no history forks`(_ failing: String, restarts: Bool) async throws {
    let bench = Bench()
    var log = await bench.start()
    var seen: [Checkpoint] = [try bench.checkpoint(log.checkpoint)]
    for round in 1...6 {
      bench.store.append(100 * round)
      bench.steps.fail(round % 2 == 1 ? failing : nil)
      let served = log.checkpoint
      let isNew = await log.step()
      if failing != "read checkpoint" { #expect(isNew == (round % 2 == 0)) }
      if !isNew { #expect(log.checkpoint == served, "what could not be kept is served") }
      if let kept = bench.kept { seen.append(try bench.checkpoint(kept)) }
      seen.append(try bench.checkpoint(log.checkpoint))
      bench.steps.fail(nil)
      if restarts { log = await bench.start() }
      #expect(log.fault == nil)
    }
    #expect(await log.step() == false || log.publishedSize == 2100)
    #expect(log.publishedSize == 2100)
    // All that anybody can have seen is one history.
    let tree = bench.store.content.withLock { $0 }
    for checkpoint in seen {
      var prefix = TreeState()
      for record in tree.records.prefix(Int(checkpoint.size)) { prefix.append(.leaf(record)) }
      #expect(prefix.root == checkpoint.root)
    }
  }

  @Test func `a failure is reported once, and again after it was gone`() async {
    let bench = Bench()
    let log = await bench.start()
    for _ in 0..<2 {
      bench.store.append(1)
      bench.steps.fail("write checkpoint")
      for _ in 0..<3 { await log.step() }
      bench.steps.fail(nil)
      await log.step()
    }
    #expect(bench.incidents.all.count == 2)
  }

  @Test func `a start that could not look does so later, and lets nothing be appended until then`()
    async throws
  {
    let bench = Bench()
    bench.steps.fail("read checkpoint")
    let log = await bench.start()
    #expect(log.fault?.mayPass == true)
    #expect(log.checkpoint == nil)
    await #expect(throws: StoreError.self) { try await GuardedLog(Refusing(), log).append(record()) }
    bench.steps.fail(nil)
    await log.step()
    #expect(log.fault == nil)
  }

  @Test func `the name of a log stays when the server's changes`() async throws {
    let bench = Bench()
    _ = await bench.start()
    let log = TransparencyLog(
      store: bench.store,
      keeper: bench.keeper,
      signer: bench.signer,
      diagnostics: bench.incidents.diagnostics
    )
    await log.open(origin: "other.example.test/log")
    #expect(log.fault == nil)
    #expect(log.verifierKey?.name == "sts.example.test/log")
  }
}

// MARK: - Not continued

extension TransparencyLogTests {
  /// A log of 700 records under a checkpoint, tampered with by `tamper`, and what the next start says.
  private func faultAfter(_ tamper: (Bench) -> Void) async -> (fault: LogFault?, bench: Bench) {
    let bench = Bench()
    let log = await bench.start()
    bench.store.append(700)
    await log.step()
    tamper(bench)
    bench.steps.forget()
    let next = await bench.start()
    if next.fault != nil {
      #expect(!bench.steps.taken.contains("sign") && !bench.steps.taken.contains("write checkpoint"))
      #expect(await next.step() == false)
      #expect(next.checkpoint == nil)
      await #expect(throws: StoreError.self) { try await GuardedLog(Refusing(), next).append(record()) }
      await #expect(throws: StoreError.self) {
        try await GuardedLog(Refusing(), next).commit(Change(), recording: record())
      }
      #expect(bench.incidents.all == ["\(next.fault?.description ?? "")"])
    }
    return (next.fault, bench)
  }

  @Test func `an untouched log is continued`() async {
    #expect(await faultAfter { _ in }.fault == nil)
  }

  @Test func `a changed record is named`() async {
    let fault = await faultAfter { $0.store.content.withLock { $0.records[300][3] ^= 1 } }.fault
    #expect(fault == .recordDiffers(index: 300))
    #expect(fault?.description.hasPrefix("record 301 is not") == true)
  }

  @Test func `a store that was rolled back is found, with the first record that is gone`() async {
    let older = MemoryLog(count: 650).content.withLock { $0 }
    let fault = await faultAfter { $0.store.content.withLock { $0 = older } }.fault
    #expect(fault == .rolledBack(records: 650, checkpoint: 700))
    #expect(fault?.description.hasPrefix("record 651 is gone") == true)
  }

  @Test func `records that are gone from behind the tree are found`() async {
    let fault = await faultAfter { $0.store.content.withLock { $0.records.removeLast(10) } }.fault
    #expect(fault == .rolledBack(records: 690, checkpoint: 700))
  }

  @Test func `a store that was rewritten, tree and all, is found`() async {
    let fault = await faultAfter { bench in
      bench.store.content.withLock { content in
        content.records[20] = Array("{}".utf8)
        content.tree = TreeState()
        content.hashes = []
      }
      bench.store.grow(700)
    }.fault
    #expect(fault == .historyDiffers(from: 700, to: 700))
  }

  @Test func `records that were deleted below a floor that was only written are found`() async {
    let fault = await faultAfter { $0.store.content.withLock { $0.floor = 512 } }.fault
    #expect(fault == .floorNotSealed(floor: 512, sealed: 0))
    #expect(fault?.description.hasPrefix("record 1 is gone") == true)
    let further = await faultAfter { bench in
      bench.keeper.sealed.withLock { $0 = 256 }
      bench.store.content.withLock { $0.floor = 512 }
    }.fault
    #expect(further == .floorNotSealed(floor: 512, sealed: 256))
  }

  @Test func `records that were sealed may be gone, wherever their files are`() async {
    let fault = await faultAfter { bench in
      bench.keeper.sealed.withLock { $0 = 512 }
      bench.store.content.withLock { $0.floor = 512 }
    }.fault
    #expect(fault == nil)
  }

  @Test func `a floor that is written under a running server stops it`() async {
    let bench = Bench()
    let log = await bench.start()
    bench.store.append(300)
    await log.step()
    bench.store.content.withLock { $0.floor = 256 }
    bench.store.append(1)
    #expect(await log.step() == false)
    #expect(log.fault == .floorNotSealed(floor: 256, sealed: 0))
    #expect(log.publishedSize == 300)
  }

  @Test func `a changed hash above the records is found`() async {
    let fault = await faultAfter { bench in
      bench.store.content.withLock { $0.hashes[1][1] = .leaf([]) }
    }.fault
    #expect(fault == .tileDiffers(level: 1, index: 1))
  }

  @Test func `a lost, foreign or broken checkpoint is not replaced by a new one`() async throws {
    let lost = await faultAfter { $0.keeper.note.withLock { $0 = nil } }.fault
    #expect(lost == .checkpointMissing(records: 700))
    let broken = await faultAfter { $0.breakCheckpoint() }.fault
    guard case .checkpointRefused = broken else {
      Issue.record("\(String(describing: broken))")
      return
    }
    let other = Bench()
    _ = await other.start()
    let foreign = await faultAfter { bench in bench.keeper.note.withLock { $0 = other.kept } }.fault
    #expect(foreign == .checkpointRefused(.unsigned))
  }

  @Test func `a lost checkpoint and an emptied store do not begin the log anew`() async {
    let fault = await faultAfter { bench in
      bench.keeper.note.withLock { $0 = nil }
      bench.store.content.withLock { $0 = MemoryLog.Content() }
    }.fault
    #expect(fault == .checkpointMissing(records: 0))
  }

  @Test func `without its key a log is not continued`() async {
    let bench = Bench()
    _ = await bench.start()
    let log = TransparencyLog(
      store: bench.store,
      keeper: bench.keeper,
      signer: nil,
      diagnostics: bench.incidents.diagnostics
    )
    await log.open(origin: "sts.example.test/log")
    #expect(log.fault == .keyMissing)
  }

  @Test func `a tree that is changed under a running server stops it`() async {
    let bench = Bench()
    let log = await bench.start()
    bench.store.append(300)
    await log.step()
    bench.store.content.withLock { $0.records[7] = [] }
    bench.store.content.withLock { content in
      content.tree = TreeState()
      content.hashes = []
    }
    bench.store.append(1)
    let served = log.checkpoint
    #expect(await log.step() == false)
    #expect(log.fault == .historyDiffers(from: 300, to: 301))
    #expect(log.checkpoint == served)
    #expect(bench.kept == served)
  }
}

// MARK: - Under another name

extension TransparencyLogTests {
  @Test func `in so many words a log goes on under another name, over the records that there are`()
    async throws
  {
    let (fault, bench) = await faultAfter { $0.store.content.withLock { $0.records[300] = Array("{}".utf8) } }
    #expect(fault != nil)
    let old = bench.kept
    let name = "sts.example.test/log/20261121T000000Z"
    let log = await bench.start(fork: name)
    #expect(log.fault == nil)
    await log.settle()
    let checkpoint = try bench.checkpoint(log.checkpoint, origin: name)
    #expect(checkpoint.size == 700)
    #expect(bench.keeper.copies.withLock { $0["20261121T000000Z"] } == old)
    #expect(bench.keeper.key.withLock { $0 } == log.verifierKey?.text)
    #expect(log.verifierKey?.name == name)
    // And stays so.
    #expect(await bench.start().verifierKey?.name == name)
  }

  @Test(arguments: ["copy checkpoint", "begin", "write checkpoint", "write sealed records"])
  func `a fork that fails half way is still a fault at the next start`(_ failing: String) async {
    let (_, bench) = await faultAfter { $0.store.content.withLock { $0.floor = 512 } }
    bench.steps.fail(failing)
    let half = await bench.start(fork: "sts.example.test/log/2")
    #expect(half.fault != nil)
    bench.steps.fail(nil)
    #expect(await bench.start().fault != nil)
    #expect(await bench.start(fork: "sts.example.test/log/3").fault == nil)
  }

  @Test func `a fork that takes long is made once`() async throws {
    let (_, bench) = await faultAfter { $0.store.content.withLock { $0.records[300] = Array("{}".utf8) } }
    let log = TransparencyLog(
      store: bench.store,
      keeper: bench.keeper,
      signer: bench.signer,
      diagnostics: bench.incidents.diagnostics
    )
    bench.steps.forget()
    let (held, release) = AsyncStream<Void>.makeStream()
    bench.store.hold.withLock { $0 = held }
    async let opened = log.open(origin: "sts.example.test/log", fork: "sts.example.test/log/2")
    let deadline = ContinuousClock.now + .seconds(30)
    while bench.steps.taken.isEmpty, ContinuousClock.now < deadline { await Task.yield() }
    #expect(bench.steps.taken == ["read tree"])
    for _ in 0..<3 { #expect(await log.step() == false) }
    #expect(bench.steps.taken == ["read tree"])
    release.finish()
    #expect(await opened)
    #expect(log.fault == nil)
    #expect(bench.steps.taken.filter { $0 == "begin" }.count == 1)
  }

  @Test func `a log never forks under its own name`() async {
    let (fault, bench) = await faultAfter { $0.store.content.withLock { $0.records[300] = Array("{}".utf8) } }
    #expect(await bench.start(fork: "sts.example.test/log").fault == fault)
  }

  @Test func `a fork of a log without a fault is refused, and nothing of it done`() async {
    let bench = Bench()
    _ = await bench.start()
    let log = TransparencyLog(
      store: bench.store,
      keeper: bench.keeper,
      signer: bench.signer,
      diagnostics: bench.incidents.diagnostics
    )
    #expect(await log.open(origin: "sts.example.test/log", fork: "sts.example.test/log/2") == false)
    #expect(log.verifierKey?.name == "sts.example.test/log")
  }
}

/// Would take everything.
private struct Refusing: AuditSink, RecordWriter {
  func append(_ record: AuditRecord) {}
  func commit(_ change: Change, recording record: AuditRecord) {}
}

private func record() -> AuditRecord {
  AuditRecord(operatorEvent: "Test", account: nil, now: Instant(seconds: 0), entropy: .system)
}
