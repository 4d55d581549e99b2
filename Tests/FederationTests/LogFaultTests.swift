// SPDX-License-Identifier: Apache-2.0
//
// The logs that are not continued: changed, rolled back, rewritten, or without what they need.

import AuditTrail
import Federation
import IdentityModel
import LocalKeys
import StoreSQLite
import Synchronization
import Testing

@Suite struct LogFaultTests {
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
    let bench = LogBench()
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
    let other = LogBench()
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
    let bench = LogBench()
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
    let bench = LogBench()
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
