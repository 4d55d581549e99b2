// SPDX-License-Identifier: Apache-2.0
//
// What the Merkle log of a server is made of: where its key and its checkpoint are, what it is called, and what the
// operator said about a log that must not be continued.

import AuditTrail
import Federation
import IdentityModel
import LocalKeys
import Logging
import StoreSQLite

/// The parts of a server's Merkle log.
struct LogPlan: Sendable {
  /// What the operator has to say for a log to go on under another name.
  static let forkSentence = "I accept a new audit log origin"

  let keeper: any CheckpointKeeper
  /// The log's key; `nil` when it is gone.
  let signer: (any LogSigner)?
  /// The name of a log that begins.
  private(set) var origin = "localhost/log"
  private let acceptsFork: Bool
  private let retentionDays: Int?
  private let segments: String?

  private init(keeper: any CheckpointKeeper, signer: any LogSigner) {
    self.keeper = keeper
    self.signer = signer
    acceptsFork = false
    retentionDays = nil
    segments = nil
  }

  /// A log that is gone with the process.
  static func ephemeral(_ url: PublicURL) -> LogPlan {
    LogPlan(keeper: CheckpointMemory(), signer: LogSigningKey.ephemeral()).named(url)
  }

  /// The log of a data directory; makes the key when there has never been a log.
  init(
    _ settings: Settings,
    _ directory: DataDirectory,
    _ store: SQLiteStore,
    acceptedFork: String?
  ) async throws(CommandFailure) {
    if let acceptedFork, !acceptedFork.utf8.elementsEqual(Self.forkSentence.utf8) {
      throw .usage("--accept-audit-fork: `\(acceptedFork)` is not `\(Self.forkSentence)`")
    }
    acceptsFork = acceptedFork != nil
    retentionDays = try settings.parsed("audit-retention", expected: "a number of days, 1 to 36500") {
      Int($0).flatMap { (1...36_500).contains($0) ? $0 : nil }
    }
    segments = directory.logSegments
    keeper = CheckpointFolder(directory.log)
    signer = try await Self.key(settings["log-key"]?.text ?? directory.logKey, directory, store, keeper)
  }

  /// The same, named after the origin that the world sees.
  func named(_ url: PublicURL) -> LogPlan {
    var plan = self
    plan.origin = (url.port.map { "\(url.host):\($0)" } ?? url.host) + "/log"
    return plan
  }

  static func key(
    _ path: String,
    _ directory: DataDirectory,
    _ store: SQLiteStore,
    _ keeper: any CheckpointKeeper
  ) async throws(CommandFailure) -> (any LogSigner)? {
    do {
      return try LogSigningKey.load(from: path)
    } catch .notFound {
      do {
        // A key that is made now could not have signed what is there.
        guard try await keeper.checkpoint() == nil, try await keeper.verifierKey() == nil,
          try await store.logTree().state.size == 0
        else { return nil }
        var made = DataDirectory.Made()
        try directory.createLogFolder(&made)
        return try LogSigningKey.generate(at: path)
      } catch let error as KeyEncryptionKeyError {
        throw .failed("--log-key: cannot make \(path): \(error)")
      } catch {
        throw CommandFailure(startError: error)
      }
    } catch {
      throw .failed("--log-key: \(path) is not usable: \(error)")
    }
  }

  /// Opens `log`, and says by which key it can be checked.
  func open(_ log: TransparencyLog, _ logger: Logger) async throws(CommandFailure) {
    let fork = acceptsFork ? "\(origin)/\(Assembly.systemClock.now().basicFormat)" : nil
    guard await log.open(origin: origin, fork: fork) else {
      throw .failed(
        "--accept-audit-fork: there is nothing wrong with the audit log",
        hint: "start without it: left in place it would accept whatever comes next"
      )
    }
    if let fault = log.fault {
      logger.error(
        "the audit log is not continued: documents are served, API calls are refused",
        metadata: ["cause": "\(fault)"]
      )
    } else if let key = log.verifierKey {
      logger.info("audit log", metadata: ["verifierKey": "\(key.text)"])
    }
  }

  /// What lets old records go; `nil` when they are kept.
  func retention(
    _ store: SQLiteStore,
    _ log: TransparencyLog,
    _ followers: LogFollowers,
    _ clock: WallClock,
    _ diagnostics: Diagnostics
  ) -> Retention? {
    guard let retentionDays, let segments else { return nil }
    return Retention(
      sealer: SegmentArchive(store, folder: segments, keeper: keeper),
      log: log,
      days: retentionDays,
      clock: clock,
      diagnostics: diagnostics,
      taken: { min(try await followers.taken(), UInt64(max(0, try await store.eventHistoryPosition()))) }
    )
  }
}
