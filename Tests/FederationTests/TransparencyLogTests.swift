// SPDX-License-Identifier: Apache-2.0
//
// The order in which a checkpoint comes to be, with each step failing in turn.

import AuditTrail
import Federation
import IdentityModel
import LocalKeys
import StoreSQLite
import Synchronization
import Testing

@Suite struct TransparencyLogTests {
  @Test func `before the first record there is a checkpoint of the empty tree`() async throws {
    let bench = LogBench()
    let log = await bench.start()
    #expect(log.fault == nil)
    let checkpoint = try bench.checkpoint(log.checkpoint)
    #expect(checkpoint.size == 0)
    #expect(log.checkpoint == bench.kept)
    #expect(bench.keeper.key.withLock { $0 } == log.verifierKey?.text)
  }

  @Test func `a checkpoint is read back, proved, signed, kept, and then served`() async throws {
    let bench = LogBench()
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
    let bench = LogBench()
    let log = await bench.start()
    bench.store.append(1)
    await log.step()
    bench.steps.forget()
    #expect(await log.step() == false)
    #expect(bench.steps.taken == ["grow"])
  }

  @Test func `a step that need not sign leaves the tree for the next one that does`() async throws {
    let bench = LogBench()
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
    let bench = LogBench()
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
    let bench = LogBench()
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
    let bench = LogBench()
    bench.steps.fail("read checkpoint")
    let log = await bench.start()
    #expect(log.fault?.mayPass == true)
    #expect(log.checkpoint == nil)
    await #expect(throws: StoreError.self) { try await GuardedLog(TakingStore(), log).append(logRecord()) }
    bench.steps.fail(nil)
    await log.step()
    #expect(log.fault == nil)
  }

  @Test func `the name of a log stays when the server's changes`() async throws {
    let bench = LogBench()
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
