// SPDX-License-Identifier: Apache-2.0
//
// `exeat audit seal`: moves old records from the store into files, by whole segments, while no server runs.

import ArgumentParser
import Federation
import IdentityModel
import LocalKeys
import StoreSQLite

/// `exeat audit seal`.
struct AuditSealCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "seal",
    abstract: "Move old records from the store into files.",
    discussion: """
      Whole segments of 65,536 records go to DATA-DIR/log/segments, are read back and checked against the tree, and only \
      then leave the store. The tree stays: proofs can still be made. The server must be stopped; a running one does the \
      same with --audit-retention. Records that a trail or an export has still to take stay.
      """
  )

  @Option(help: "The data directory.") var dataDir: String
  @Option(help: "Seal records before this time, as in 2026-01-31 or 2026-01-31T12:00:00Z.") var before: String
  @Option(
    help: "An export that is given up: its position is forgotten, and holds nothing back. May be repeated."
  )
  var forgetExport: [String] = []
  @Option(help: "The file of the audit log's key. Default DATA-DIR/log/key.") var logKey: String?

  func run() async throws {
    guard let instant = Instant(rfc3339: before) ?? Instant(rfc3339: before + "T00:00:00Z") else {
      throw CommandFailure.usage("--before: `\(before)` is not a date or a time in UTC")
    }
    let directory = DataDirectory(dataDir)
    let store = try directory.openStore()
    let keeper = CheckpointFolder(directory.log)
    let keyPath = logKey ?? directory.logKey
    do {
      try await store.running {
        guard try await keeper.checkpoint() != nil else {
          throw CommandFailure.failed("the audit log has no checkpoint yet", hint: "start the server once")
        }
        let log = TransparencyLog(
          store: store,
          keeper: keeper,
          signer: try await LogPlan.key(keyPath, directory, store, keeper),
          diagnostics: Diagnostics { _ in }
        )
        await log.open(origin: "localhost/log")
        await log.settle()
        if let fault = log.fault { throw CommandFailure.failed("the audit log is not sound: \(fault)") }
        for name in forgetExport {
          let progress = "export/\(name)"
          guard try await store.progress(of: progress) != nil else {
            throw CommandFailure.failed(
              "--forget-export: there is no export named `\(Console.printable(name))`"
            )
          }
          try await store.setProgress(of: progress, nil)
        }
        let followers = LogFollowers(
          directory: Directory(reader: store, writer: store, sealer: LocalKeys(keyEncryptionKey: nil)),
          progress: store,
          sinks: try await store.progressNames().compactMap(LogFollowers.sink(ofProgress:))
        )
        let taken = try await followers.taken()
        let archive = SegmentArchive(store, folder: directory.logSegments, keeper: keeper)
        var count = 0
        while let leaves = try await archive.sealOldestSegment(
          before: instant,
          among: min(log.publishedSize, taken)
        ) {
          Console.out(
            "records \(leaves.lowerBound + 1) to \(leaves.upperBound) are in \(archive.path(of: leaves))"
          )
          count += 1
        }
        if count == 0 {
          Console.note("no whole segment of \(SegmentArchive.segmentSize) records is that old")
          if taken < log.publishedSize {
            Console.note("records after \(taken) are held for a trail or an export that has not taken them")
          }
        }
      }
    } catch {
      throw CommandFailure(startError: error)
    }
  }
}
