// SPDX-License-Identifier: Apache-2.0
//
// Random mutations of a log: each is found, and the first record that is not what it was is named. 500 of them, or as
// many as EXEAT_MUTATIONS says; the seed is fixed, so a mutation that is not found can be looked at again.

import AuditTrail
import Federation
import Foundation
import Synchronization
import Testing

/// SplitMix64: random enough, and the same each time.
///
/// Source: Steele, Lea, Flood, OOPSLA 2014.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}

@Suite(.timeLimit(.minutes(20))) struct LogMutationTests {
  private enum Mutation: CaseIterable {
    case flip, drop, swap, truncate, insert, replace, flipHash, flipUpperHash
  }

  /// What was done, and what must be said of it.
  private func mutate(
    _ content: inout MemoryLog.Content,
    _ random: inout SplitMix
  ) -> (Mutation, expected: LogFault) {
    let count = content.records.count
    let index = Int.random(in: 0..<count, using: &random)
    let mutation = Mutation.allCases.randomElement(using: &random) ?? .flip
    switch mutation {
    case .flip:
      let byte = Int.random(in: 0..<content.records[index].count, using: &random)
      content.records[index][byte] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case .drop:
      content.records.remove(at: index)
      guard index < count - 1 else {
        return (mutation, .rolledBack(records: UInt64(count - 1), checkpoint: UInt64(count)))
      }
    case .swap:
      let other = (index + Int.random(in: 1..<count, using: &random)) % count
      content.records.swapAt(index, other)
      return (mutation, .recordDiffers(index: UInt64(min(index, other))))
    case .truncate:
      content.records.removeSubrange(index...)
      return (mutation, .rolledBack(records: UInt64(index), checkpoint: UInt64(count)))
    case .insert:
      content.records.insert(Array("{}".utf8), at: index)
    case .replace:
      content.records[index] = Array("{\"record\":0}".utf8)
    case .flipHash:
      // Nobody can tell whether the hash was changed or the record, but where.
      content.hashes[0][index] = .leaf(content.records[index] + [0])
    case .flipUpperHash:
      let upper = Int.random(in: 0..<content.hashes[1].count, using: &random)
      content.hashes[1][upper] = .leaf([1])
      return (mutation, .tileDiffers(level: 1, index: UInt64(upper)))
    }
    return (mutation, .recordDiffers(index: UInt64(index)))
  }

  @Test func `every mutation is found, and its place is named`() async throws {
    let rounds = ProcessInfo.processInfo.environment["EXEAT_MUTATIONS"].flatMap { Int($0) } ?? 500
    let count = 600
    let log = MemoryLog(count: count)
    let sound = log.content.withLock { $0 }
    let checkpoint = try Checkpoint(origin: "log", size: UInt64(count), root: sound.tree.root)
    #expect(await fault(of: log, checkpoint) == nil)
    var random = SplitMix(state: 6962)
    var found = 0
    for round in 0..<rounds {
      let (mutation, expected) = log.content.withLock { content in
        content = sound
        return mutate(&content, &random)
      }
      let fault = await fault(of: log, checkpoint)
      if fault == expected {
        found += 1
      } else {
        Issue.record("round \(round): \(mutation) gave \(String(describing: fault)) instead of \(expected)")
      }
    }
    #expect(found == rounds)
    print("\(found) of \(rounds) random mutations of a log of \(count) records found, with their place")
  }

  private func fault(of log: MemoryLog, _ checkpoint: Checkpoint) async -> LogFault? {
    do throws(LogFault) {
      let tree: StoredTree
      do { tree = try await log.logTree() } catch { return .corrupted("\(error)") }
      let inspection = LogInspection(tree, in: log)
      try await inspection.requireRecords(0..<min(tree.state.size, tree.records))
      try await inspection.requireContinuation(of: checkpoint)
      return nil
    } catch {
      return error
    }
  }
}
