// SPDX-License-Identifier: Apache-2.0
//
// `exeat audit mirror`: copies a log into a folder that needs nothing else to be checked.

import ArgumentParser
import AuditTrail

/// `exeat audit mirror`.
struct AuditMirrorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mirror",
    abstract: "Copy the log into a folder, and check it on the way.",
    discussion: """
      The first run copies everything, each later one what is new. From a data directory with the records; from a URL
      the hashes only, for a server gives out no records. A log that does not continue what the folder has is refused.
      """
  )

  @OptionGroup var location: LogLocation
  @Option(help: "The folder to copy into.") var to: String
  @Option(
    help: ArgumentHelp("The log's verifier key, or a file with it; may be repeated.", valueName: "key|file")
  )
  var verifierKey: [String] = []

  func run() async throws {
    let keys = try LogTrust.logKeys(verifierKey, fallback: location.keyFile)
    let mirror = LogMirror(folder: DirectoryLog(to), policy: try LogTrust.policy(keys))
    let outcome = try await location.withLog { source throws(CommandFailure) in
      try LogDisk.makeFolder(to)
      let lock = try FolderLock(to, option: "--to")
      defer { withExtendedLifetime(lock) {} }
      return try await mirror.follow(source, progress: LogProgress(isShown: Console.isErrorTerminal))
    }
    var line = "\(to): \(outcome.now) records"
    line += outcome.now == outcome.before ? ", nothing new" : ", \(outcome.now - outcome.before) of them new"
    if outcome.withoutRecords >= outcome.now, outcome.now > 0 {
      line += "; hashes only"
    } else if outcome.withoutRecords > 0 {
      line += "; of records 1 to \(outcome.withoutRecords) only the hashes were there"
    }
    for gap in outcome.gaps {
      line += "; records \(gap.lowerBound + 1) to \(gap.upperBound) were gone before they were copied"
    }
    Console.out(Console.printable(line))
  }
}
