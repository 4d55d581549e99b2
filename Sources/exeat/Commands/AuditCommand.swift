// SPDX-License-Identifier: Apache-2.0
//
// `exeat audit`, and `exeat audit tail`: the newest records, from the store itself, beside a running server.

import ArgumentParser
import Federation
import StoreSQLite

/// `exeat audit`.
struct AuditCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Read the audit log, and check that nobody rewrote it.",
    subcommands: [
      AuditTailCommand.self, AuditExportCommand.self, AuditVerifyCommand.self, AuditMirrorCommand.self,
      AuditProveCommand.self, AuditVerifyProofCommand.self, AuditWitnessCommand.self, AuditSealCommand.self,
    ]
  )
}

/// `exeat audit tail`.
struct AuditTailCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tail",
    abstract: "Print the newest records.",
    discussion: "Reads the store directly; the server may be running."
  )

  @Option(help: "The data directory.") var dataDir: String
  @Option(name: .shortAndLong, help: "How many records; 0 for all.") var number = 20
  @Flag(name: .shortAndLong, help: "Go on with new records as they come.") var follow = false
  @Flag(help: "Print each record as a line of JSON.") var json = false

  func run() async throws {
    guard number >= 0 else { throw CommandFailure.usage("--number: \(number) is negative") }
    do {
      let log = try SQLiteStore.openReadOnly(at: DataDirectory(dataDir).store)
      let last = try await log.lastSequence()
      var after = number == 0 ? 0 : max(0, last - Int64(number))
      repeat {
        let entries = try await log.entries(after: after, limit: 500)
        for entry in entries {
          Console.out(json ? String(decoding: entry.json, as: UTF8.self) : AuditLine.text(entry.json))
          after = entry.sequence
        }
        if entries.isEmpty {
          guard follow else { return }
          try await Task.sleep(for: .milliseconds(250))
        }
      } while true
    } catch let failure as CommandFailure {
      throw failure
    } catch is CancellationError {
      return
    } catch {
      throw CommandFailure(startError: error)
    }
  }
}
