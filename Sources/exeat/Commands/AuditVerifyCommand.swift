// SPDX-License-Identifier: Apache-2.0
//
// `exeat audit verify`: checks a whole log against its signed checkpoint, and against one that was kept elsewhere.

import ArgumentParser
import AuditTrail
import IdentityModel
import StrictJSON

/// `exeat audit verify`.
struct AuditVerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check that every record is the one that was logged.",
    discussion: """
      Reads the whole log once: each record is strict JSON and leads, through the tiles of hashes, to the root that
      the log's key has signed. Names the first record that is not as it was logged. Needs nothing but files.
      """
  )

  @OptionGroup var location: LogLocation
  @OptionGroup var trust: LogTrust
  @Option(
    help: ArgumentHelp("A checkpoint that was kept elsewhere: the log must continue it.", valueName: "file")
  )
  var checkpoint: String?
  @Flag(help: "Check the tree of hashes where no records are at hand.") var hashesOnly = false
  @Flag(help: "Fail when retention has taken records away.") var complete = false
  @Flag(help: "Print JSON.") var json = false

  func run() async throws {
    let logKeys = try trust.logKeys(fallback: location.keyFile)
    let witnessKeys = try trust.witnessKeys()
    let report = try await location.withLog { source throws(CommandFailure) in
      try await LogReport(
        source,
        logKeys: logKeys,
        witnessKeys: witnessKeys,
        kept: try checkpoint.map { path throws(CommandFailure) in (path, try LogReport.keptCheckpoint(path))
        },
        hashesOnly: hashesOnly,
        complete: complete
      )
    }
    Console.out(json ? String(decoding: report.json, as: UTF8.self) : report.text)
    if let finding = report.finding { throw CommandFailure.failed("the log is bad: \(finding.text)") }
  }
}

/// What a verification found.
struct LogReport {
  /// What the log's checkpoint says.
  let head: VerifiedCheckpoint
  /// What the kept checkpoint says.
  let kept: VerifiedCheckpoint?
  /// The runs of records that were taken away by retention.
  let pruned: [Range<UInt64>]
  /// Whether records were read at all.
  let readRecords: Bool
  /// How many records were read, where nothing is wrong.
  let checkedRecords: UInt64
  /// How many records are there that the checkpoint does not cover; `nil` when that is not known.
  let uncovered: UInt64?
  /// The first thing that is wrong.
  let finding: LogFinding?

  /// Checks everything.
  init(
    _ source: any LogSource,
    logKeys: [NoteVerifierKey],
    witnessKeys: [NoteVerifierKey],
    kept: (path: String, note: [UInt8])?,
    hashesOnly: Bool,
    complete: Bool
  ) async throws(CommandFailure) {
    // Witnesses vouch for the checkpoint that was kept, where there is one: it is what they signed.
    let alone = try LogTrust.policy(logKeys)
    let witnessed = try LogTrust.policy(logKeys, witnesses: witnessKeys)
    head = try VerifiedCheckpoint(
      note: try await source.checkpoint(),
      from: source.name,
      policy: kept == nil ? witnessed : alone
    )
    self.kept = try kept.map { kept throws(CommandFailure) in
      try VerifiedCheckpoint(note: kept.note, from: kept.path, policy: witnessed)
    }
    let size = head.checkpoint.size
    // An empty log has no folder of records.
    readRecords = (source.holdsRecords || size == 0) && !hashesOnly
    guard readRecords || hashesOnly else {
      throw .failed(
        "\(source.name): there are no records, only hashes",
        hint: "--hashes-only checks the tree alone, without a record"
      )
    }
    let beginning = readRecords ? try await source.prunedRecords(ofTree: size) : 0
    let gaps = readRecords ? try await source.gaps(inTree: size) : []
    pruned = (beginning > 0 ? [0..<beginning] : []) + gaps
    if complete, let run = pruned.first {
      throw .failed(
        "\(source.name): records \(run.lowerBound + 1) to \(run.upperBound) are not here (retention), "
          + "and --complete was given"
      )
    }
    uncovered = try await source.recordCount().map { $0 > size ? $0 - size : 0 }
    let check = LogCheck(
      source: source,
      checkpoint: head.checkpoint,
      withoutRecords: readRecords ? beginning : size,
      gaps: gaps,
      progress: LogProgress(isShown: Console.isErrorTerminal)
    )
    checkedRecords = size - check.unreadRecords
    if let found = try await check.run() {
      finding = found
    } else if let older = self.kept?.checkpoint {
      finding = try await Self.compare(head.checkpoint, with: older, source)
    } else {
      finding = nil
    }
  }

  /// Reads a checkpoint that somebody kept.
  static func keptCheckpoint(_ path: String) throws(CommandFailure) -> [UInt8] {
    guard let note = try LogDisk.read(path, limit: SignedNote.maximumBytes) else {
      throw .failed("--checkpoint: there is no file \(path)")
    }
    return note
  }

  // Not from the tiles that the check read: those are gone by now.
  private static func compare(
    _ head: Checkpoint,
    with kept: Checkpoint,
    _ source: any LogSource
  ) async throws(CommandFailure) -> LogFinding? {
    guard kept.size <= head.size else {
      return LogFinding(
        .log,
        "has \(head.size) records, and the checkpoint that was kept counts \(kept.size): "
          + "it was rolled back, or this copy is older than that checkpoint"
      )
    }
    guard kept.size > 0, try await LogContinuity.contradiction(from: kept, to: head, source) != nil else {
      return nil
    }
    return LogFinding(
      .records(1...kept.size),
      "was changed since the checkpoint that was kept: the log was rewritten and signed again"
    )
  }

  // MARK: Output

  /// Lines for people.
  var text: String {
    let size = head.checkpoint.size
    var lines = [
      "log        \(head.checkpoint.origin)", "checkpoint \(size) records, root \(root(head.checkpoint))",
    ]
    if finding == nil {
      lines.append(
        readRecords
          ? "ok         \(checkedRecords) records are the ones that were logged"
          : "ok         \(size) hashes make the root; no record was read"
      )
      for run in pruned {
        lines.append(
          "pruned     records \(run.lowerBound + 1) to \(run.upperBound) are not here; "
            + "their hashes are those that were logged"
        )
      }
      if let uncovered, uncovered > 0 {
        lines.append("newer      \(uncovered) records after the checkpoint were not checked")
      }
      if let kept {
        lines.append("kept       the log continues the checkpoint of \(kept.checkpoint.size) records")
      }
      for witness in (kept ?? head).witnesses {
        lines.append(
          "witness    \(witness.key.name) signed \((kept ?? head).checkpoint.size) records at \(time(witness))"
        )
      }
    } else {
      lines.append("BAD        \(finding?.text ?? "")")
    }
    return lines.map(Console.printable).joined(separator: "\n")
  }

  /// The same for programs.
  var json: [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.name("valid")
      writer.bool(finding == nil)
      writer.name("finding")
      if let finding { finding.write(to: &writer) } else { writer.null() }
      writer.member("origin", head.checkpoint.origin)
      writer.member("size", Int64(clamping: head.checkpoint.size))
      writer.member("root", root(head.checkpoint))
      writer.member("recordsChecked", finding == nil ? Int64(clamping: checkedRecords) : 0)
      writer.member("recordsPruned", Int64(clamping: pruned.reduce(0) { $0 + $1.count }))
      writer.name("recordsNotCovered")
      if let uncovered { writer.integer(Int64(clamping: uncovered)) } else { writer.null() }
      writer.name("keptSize")
      if let kept { writer.integer(Int64(clamping: kept.checkpoint.size)) } else { writer.null() }
      writer.name("witnesses")
      writer.array { writer in
        for witness in (kept ?? head).witnesses {
          writer.object { writer in
            writer.member("name", witness.key.name)
            writer.member("time", time(witness))
          }
        }
      }
    }
    return writer.bytes
  }

  private func root(_ checkpoint: Checkpoint) -> String { Base64.encode(checkpoint.root.bytes) }

  private func time(_ witness: SignedNote.Signer) -> String {
    Instant(seconds: Int64(clamping: min(witness.seconds ?? 0, 253_402_300_799))).rfc3339
  }
}
