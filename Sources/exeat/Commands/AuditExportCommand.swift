// SPDX-License-Identifier: Apache-2.0
//
// `exeat audit export`: records as lines of JSON on standard output, from the store itself, beside a running server.

import ArgumentParser
import AuditTrail
import Federation
import IdentityModel
import StoreSQLite
import StrictJSON

/// `exeat audit export`.
struct AuditExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write records to standard output, one line of JSON each.",
    discussion: """
      Reads the store directly; the server may be running. A bound is a place in the log (1 is the first record) or a
      time in UTC (2026-11-21T14:00:00Z, or 2026-11-21): --since is where it begins, --until where it ends, itself left
      out. So the --until of one export is the --since of the next.
      """
  )

  @Option(help: "The data directory.") var dataDir: String
  @Option(help: "The first record, or the earliest time.") var since: String?
  @Option(help: "The record, or the time, before which to end.") var until: String?
  @Option(help: "Only records of this account.") var account: String?
  @Option(help: "`cloudtrail` (default) or `ocsf`.") var format: String?
  @Flag(name: .shortAndLong, help: "Go on with new records as they come.") var follow = false

  func run() async throws {
    let since = try self.since.map { try Bound($0, option: "--since") }
    let until = try self.until.map { try Bound($0, option: "--until") }
    let account = try self.account.map { text in
      guard let account = AccountID(text) else {
        throw CommandFailure.usage("--account: `\(text)` is not an account id")
      }
      return account
    }
    guard let format = format.map(ExportFormat.init(rawValue:)) ?? .cloudtrail else {
      throw CommandFailure.usage("--format: `\(self.format ?? "")` is not cloudtrail or ocsf")
    }
    let selection = Selection(since: since, until: until, account: account)
    do {
      let log = try SQLiteStore.openReadOnly(at: DataDirectory(dataDir).store)
      var after = selection.startsAfter
      while true {
        let entries = try await log.entries(after: after, limit: 500)
        let within = entries.prefix { !selection.endsBefore($0) }
        try Console.out(try format.lines(of: try within.filter { try selection.holds($0) }).joined())
        if within.count < entries.count { return }
        if let last = entries.last {
          after = last.sequence
        } else {
          guard follow else { return }
          try await Task.sleep(for: .milliseconds(250))
        }
      }
    } catch is CancellationError {
      return
    } catch let error as AuditExportError {
      throw CommandFailure.failed("\(error)")
    } catch {
      throw CommandFailure(startError: error)
    }
  }
}

/// A place in the log, or a time.
private enum Bound {
  case sequence(Int64)
  case time(Instant)

  init(_ text: String, option: String) throws(CommandFailure) {
    if let sequence = Int64(text), sequence >= 1 {
      self = .sequence(sequence)
    } else if let time = Instant(rfc3339: text) ?? Instant(rfc3339: text + "T00:00:00Z") {
      self = .time(time)
    } else {
      throw .usage(
        "\(option): `\(text)` is neither a place in the log nor a time",
        hint: "for example 1, 2026-11-21, 2026-11-21T14:00:00Z"
      )
    }
  }
}

/// Which records are asked for.
private struct Selection {
  let since: Bound?
  let until: Bound?
  let account: AccountID?

  var startsAfter: Int64 {
    if case .sequence(let sequence)? = since { sequence - 1 } else { 0 }
  }

  /// Whether nothing from `entry` on is asked for; times do not rise steadily along the log, so they end nothing.
  func endsBefore(_ entry: AuditLogEntry) -> Bool {
    if case .sequence(let sequence)? = until { entry.sequence >= sequence } else { false }
  }

  func holds(_ entry: AuditLogEntry) throws(AuditExportError) -> Bool {
    var earliest: Instant?
    var end: Instant?
    if case .time(let time)? = since { earliest = time }
    if case .time(let time)? = until { end = time }
    guard earliest != nil || end != nil || account != nil else { return true }
    guard let record = (try? JSONReader.read(entry.json))?.object,
      let time = record["eventTime"]?.string.flatMap({ Instant(rfc3339: $0) })
    else { throw .malformedRecord(sequence: entry.sequence) }
    if let earliest, time < earliest { return false }
    if let end, time >= end { return false }
    guard let account else { return true }
    return record["recipientAccountId"]?.string.map { AccountID($0) == account } ?? false
  }
}
