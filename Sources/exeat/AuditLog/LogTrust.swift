// SPDX-License-Identifier: Apache-2.0
//
// Whose word on a log a command takes: keys that the operator named. Nothing in the log itself, and nothing beside it,
// makes a key trusted, but for the key in a data directory that the operator points at and the command names.

import ArgumentParser
import AuditTrail

/// The options that name keys.
struct LogTrust: ParsableArguments {
  @Option(
    help: ArgumentHelp("The log's verifier key, or a file with it; may be repeated.", valueName: "key|file")
  )
  var verifierKey: [String] = []
  @Option(
    help: ArgumentHelp(
      "A witness that must have signed: its verifier key, or a file; may be repeated.",
      valueName: "key|file"
    )
  )
  var witness: [String] = []

  /// The keys of the log, as `logKeys(_:fallback:)`.
  func logKeys(fallback: String? = nil) throws(CommandFailure) -> [NoteVerifierKey] {
    try Self.logKeys(verifierKey, fallback: fallback)
  }

  /// The keys of the log that `--verifier-key` names.
  ///
  /// - Parameters:
  ///   - values: the values of the option.
  ///   - fallback: a file that is taken when no key was named; standard error says so.
  /// - Throws: when a value is no key of a log, or there is none.
  /// - Returns: the keys, at least one.
  static func logKeys(
    _ values: [String],
    fallback: String? = nil
  ) throws(CommandFailure) -> [NoteVerifierKey] {
    guard values.isEmpty else { return try keys(values, option: "--verifier-key", .ed25519) }
    guard let fallback, let text = try LogDisk.read(fallback, limit: 4096) else {
      throw .usage(
        "no key of the log is named",
        hint:
          "give --verifier-key, with the key that the log's operator published or that you wrote down before"
      )
    }
    let keys = try keys(in: text, fallback, .ed25519)
    Console.note(
      "exeat: note: the log's key was taken from \(fallback): who can write there can rewrite the log; "
        + "--verifier-key trusts a key that you kept"
    )
    return keys
  }

  /// The keys of the witnesses.
  func witnessKeys() throws(CommandFailure) -> [NoteVerifierKey] {
    try Self.keys(witness, option: "--witness", .cosignatureV1)
  }

  /// Takes a checkpoint that one of `logKeys` and every one of `witnessKeys` has signed; the log has the name of its key.
  static func policy(
    _ logKeys: [NoteVerifierKey],
    witnesses witnessKeys: [NoteVerifierKey] = []
  ) throws(CommandFailure) -> CheckpointPolicy {
    guard let origin = logKeys.first?.name,
      logKeys.allSatisfy({ $0.name.utf8.elementsEqual(origin.utf8) })
    else { throw .usage("--verifier-key: the keys are of logs with different names") }
    do throws(AuditTrailError) {
      return try CheckpointPolicy(
        origin: origin,
        logKeys: logKeys,
        witnessKeys: witnessKeys,
        witnessesNeeded: witnessKeys.count
      )
    } catch {
      throw .usage("--witness: a key stands twice, or is also the log's")
    }
  }

  /// The keys that an option names, each as a text or as a file.
  static func keys(
    _ values: [String],
    option: String,
    _ kind: NoteVerifierKey.Kind
  ) throws(CommandFailure) -> [NoteVerifierKey] {
    var keys: [NoteVerifierKey] = []
    for value in values {
      if let key = try? NoteVerifierKey(text: value) {
        keys.append(try require(key, kind, "\(option): `\(value)`"))
      } else if let text = try LogDisk.read(value, limit: 4096) {
        keys += try Self.keys(in: text, "\(option): \(value)", kind)
      } else {
        throw .usage("\(option): `\(value)` is neither a verifier key nor a file")
      }
    }
    return keys
  }

  /// The keys in a file, one a line.
  private static func keys(
    in text: [UInt8],
    _ name: String,
    _ kind: NoteVerifierKey.Kind
  ) throws(CommandFailure) -> [NoteVerifierKey] {
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
    guard !lines.isEmpty else { throw .failed("\(name) holds no verifier key") }
    var keys: [NoteVerifierKey] = []
    for line in lines {
      guard let key = try? NoteVerifierKey(text: line) else {
        throw .failed("\(name) holds a line that is not a verifier key")
      }
      keys.append(try require(key, kind, name))
    }
    return keys
  }

  private static func require(
    _ key: NoteVerifierKey,
    _ kind: NoteVerifierKey.Kind,
    _ name: String
  ) throws(CommandFailure) -> NoteVerifierKey {
    guard key.kind == kind else {
      throw .usage(
        kind == .ed25519
          ? "\(name) is the key of a witness, not of a log" : "\(name) is not the key of a witness"
      )
    }
    return key
  }
}

extension VerifiedCheckpoint {
  /// Checks the signatures of a checkpoint that came from `name`.
  init(note: [UInt8], from name: String, policy: CheckpointPolicy) throws(CommandFailure) {
    do throws(AuditTrailError) {
      try self.init(note: note, policy: policy)
    } catch {
      throw .failed("the checkpoint of \(name) is not acceptable: \(AuditTrailWords.text(error))")
    }
  }
}
