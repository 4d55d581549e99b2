// SPDX-License-Identifier: Apache-2.0
//
// `exeat audit witness`: follows somebody else's log and countersigns its checkpoints.

import ArgumentParser
import AuditTrail
import Federation
import FoundationEssentials
import LocalKeys

/// `exeat audit witness`.
struct AuditWitnessCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "witness",
    abstract: "Follow another server's log, and countersign what continues it.",
    discussion: """
      Remembers the newest checkpoint in --state, demands a proof that the next one continues it, and writes that one
      with a signature of its own (C2SP cosignature/v1). A log that was rewritten is not signed; both of its checkpoints
      are kept, and the command ends with status 1. An older checkpoint is not signed either, and waited out. The first run makes the witness's key.
      """
  )

  @Option(help: ArgumentHelp("The log's URL, or a folder.", valueName: "url|folder")) var log: String
  @Option(
    help: ArgumentHelp("The log's verifier key, or a file with it; may be repeated.", valueName: "key|file")
  )
  var verifierKey: [String] = []
  @Option(help: "The folder of the witness's state.") var state: String
  @Option(help: "The witness's private key. Default: `key` in the state.") var key: String?
  @Option(help: "The name of a witness whose key is made. Default: the host's name.") var name: String?
  @Option(name: .shortAndLong, help: "The countersigned checkpoint. Default: `cosigned` in the state.")
  var output: String?
  @Flag(help: "Look once, and end.") var once = false
  @Option(help: "How long to wait between two looks: `10s`, `5m`.") var interval = "10s"
  @Option(help: "A PEM file of the CAs to trust. Default: AWS_CA_BUNDLE, SSL_CERT_FILE.") var caFile: String?

  func run() async throws {
    let seconds = try Self.seconds(interval)
    let policy = try LogTrust.policy(LogTrust.logKeys(verifierKey))
    try LogDisk.makeFolder(state, mode: 0o700)
    let lock = try FolderLock(state, option: "--state")
    defer { withExtendedLifetime(lock) {} }
    let secret = try witnessKey(at: key ?? state + "/key")
    let witness = Witness(
      state: state,
      policy: policy,
      key: secret,
      verifierKey: try Self.verifierKey(of: secret),
      output: output ?? state + "/cosigned"
    )
    Console.out("witness \(witness.verifierKey.text)")
    let once = self.once
    try await LogLocation.withLog(at: log, caFile: caFile) { source throws(CommandFailure) in
      var signed: UInt64?
      while true {
        do {
          let size = try await witness.look(at: source, now: Assembly.systemClock.now)
          if size != signed { Console.out("signed \(size) records") }
          signed = size
        } catch let contradiction as Witness.Contradiction {
          throw contradiction.failure
        } catch {
          let failure = Self.failure(error)
          guard !once else { throw failure }
          // What may pass, like a log that cannot be reached, is tried again.
          Console.error(failure)
        }
        guard !once, (try? await Task.sleep(for: .seconds(seconds))) != nil else { return }
      }
    }
  }

  private func witnessKey(at path: String) throws(CommandFailure) -> WitnessKey {
    do throws(KeyEncryptionKeyError) {
      return try WitnessKey.load(from: path)
    } catch .notFound {
      let name = name ?? ProcessInfo.processInfo.hostName
      do throws(KeyEncryptionKeyError) {
        return try WitnessKey.generate(name: name, at: path)
      } catch {
        throw .failed("--key: cannot make \(path): \(error)")
      }
    } catch {
      throw .failed("--key: cannot use \(path): \(error)")
    }
  }

  private static func verifierKey(of key: WitnessKey) throws(CommandFailure) -> NoteVerifierKey {
    do throws(AuditTrailError) {
      return try NoteVerifierKey(name: key.name, kind: .cosignatureV1, publicKey: key.publicKey)
    } catch {
      throw .usage("--name: `\(key.name)` cannot name a key: no spaces, no `+`")
    }
  }

  private static func failure(_ error: any Error) -> CommandFailure {
    switch error {
    case let failure as CommandFailure: failure
    case let error as AuditTrailError:
      .failed("the checkpoint is not acceptable: \(AuditTrailWords.text(error))")
    default: .failed(String(describing: error))
    }
  }

  /// `10s`, `5m`, `1h`: 1 second to a day.
  private static func seconds(_ text: String) throws(CommandFailure) -> Int {
    guard let seconds = durationSeconds(text), (1...86_400).contains(seconds) else {
      throw .usage("--interval: `\(text)` is not a time of 1s to 24h")
    }
    return seconds
  }
}
