// SPDX-License-Identifier: Apache-2.0
//
// A log that must not be continued goes on under another name, once and in so many words.

import AuditTrail
import Federation
import IdentityModel
import LocalKeys
import StoreSQLite
import Synchronization
import Testing

@Suite struct LogForkTests {
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
    let deadline = ContinuousClock.now + .seconds(300)
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
    let bench = LogBench()
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
