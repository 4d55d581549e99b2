// SPDX-License-Identifier: Apache-2.0
//
// A Merkle log with all that it is made of, each part of which can be told to fail.

import AuditTrail
import Federation
import IdentityModel
import LocalKeys
import StoreSQLite
import Synchronization
import Testing

/// A log with all that it is made of.
struct LogBench {
  let steps = Steps()
  let store: MemoryLog
  let keeper: FaultyKeeper
  let signer: FaultySigner
  let incidents = LogIncidents()

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
final class LogIncidents: Sendable {
  private let causes = Mutex<[String]>([])
  var all: [String] { causes.withLock { $0 } }
  var diagnostics: Diagnostics {
    Diagnostics { incident in self.causes.withLock { $0.append(incident.cause) } }
  }
}

/// A log of 700 records under a checkpoint, tampered with by `tamper`, and what the next start says.
func faultAfter(_ tamper: (LogBench) -> Void) async -> (fault: LogFault?, bench: LogBench) {
  let bench = LogBench()
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
    await #expect(throws: StoreError.self) { try await GuardedLog(TakingStore(), next).append(logRecord()) }
    await #expect(throws: StoreError.self) {
      try await GuardedLog(TakingStore(), next).commit(Change(), recording: logRecord())
    }
    #expect(bench.incidents.all == ["\(next.fault?.description ?? "")"])
  }
  return (next.fault, bench)
}

/// Would take everything.
struct TakingStore: AuditSink, RecordWriter {
  func append(_ record: AuditRecord) {}
  func commit(_ change: Change, recording record: AuditRecord) {}
}

func logRecord() -> AuditRecord {
  AuditRecord(operatorEvent: "Test", account: nil, now: Instant(seconds: 0), entropy: .system)
}
