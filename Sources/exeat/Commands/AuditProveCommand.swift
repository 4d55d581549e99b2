// SPDX-License-Identifier: Apache-2.0
//
// `exeat audit prove` and `exeat audit verify-proof`: one record, and that it is in the log, as one file.
// Source: C2SP tlog-proof.

import ArgumentParser
import AuditTrail
import Federation
import StrictJSON

/// `exeat audit prove`.
struct AuditProveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prove",
    abstract: "Make a proof that a record is in the log, with the record in it.",
    discussion: """
      The proof is a file of the form c2sp.org/tlog-proof@v1 that `exeat audit verify-proof` checks without the log.
      It holds the record, as `extra`: give it only to who may read that. A record that the checkpoint does not cover
      yet is waited for, up to 5 seconds.
      """
  )

  @Argument(help: "The `jti` of a token, or the `eventID` of a record.") var id: String
  @OptionGroup var location: LogLocation
  @OptionGroup var trust: LogTrust
  @Option(name: .shortAndLong, help: "The file to write. Default: standard output.") var output: String?

  func run() async throws {
    guard (1...128).contains(id.utf8.count), id.utf8.allSatisfy(Self.isIDByte) else {
      throw CommandFailure.usage("`\(id)` is neither a `jti` nor an `eventID`")
    }
    let policy = try LogTrust.policy(
      trust.logKeys(fallback: location.keyFile),
      witnesses: trust.witnessKeys()
    )
    let (file, verified) = try await location.withLog { source throws(CommandFailure) in
      try await Self.proof(of: id, source, policy)
    }
    let number = file.index + 1
    if let output {
      try LogDisk.write(file.bytes, to: output, isPrivate: true)
      Console.out(Console.printable("record \(number) of \(verified.checkpoint.size): \(output)"))
    } else {
      try Console.out(file.bytes)
    }
  }

  /// Makes a proof, and checks it as whoever gets it will.
  static func proof(
    of id: String,
    _ source: any LogSource,
    _ policy: CheckpointPolicy
  ) async throws(CommandFailure) -> (InclusionProofFile, VerifiedCheckpoint) {
    guard source.holdsRecords else {
      throw .failed("\(source.name): there are no records to look `\(id)` up in")
    }
    let (index, note, size) = try await covered(id, source, policy)
    guard let record = try await source.record(at: index, inTree: size) else {
      throw .failed("\(source.name): record \(index + 1) is not here")
    }
    var hashes = TileHashes(source, size: size)
    do {
      let proof = try await hashes.proof(ProofPlan.inclusion(of: index, inTree: size))
      let file = InclusionProofFile(index: index, proof: proof, checkpoint: note, extra: record)
      let verified = try file.verify(record, policy: policy)
      guard try LoggedRecord(record).isCalled(id) else { throw AuditTrailError.malformedRecord }
      return (file, verified)
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      throw .failed(
        "\(source.name): record \(index + 1) cannot be proved: "
          + ((error as? AuditTrailError).map(AuditTrailWords.text) ?? String(describing: error)),
        hint: "`exeat audit verify` says what is wrong with the log"
      )
    }
  }

  // The record's place, and a checkpoint that covers it.
  private static func covered(
    _ id: String,
    _ source: any LogSource,
    _ policy: CheckpointPolicy
  ) async throws(CommandFailure) -> (index: UInt64, note: [UInt8], size: UInt64) {
    let end = ContinuousClock.now + .seconds(5)
    var hasSaidSo = false
    while true {
      let note = try await source.checkpoint()
      let size = try VerifiedCheckpoint(note: note, from: source.name, policy: policy).checkpoint.size
      guard let index = try await source.place(of: id, inTree: size) else {
        throw .failed("\(source.name): no record is called `\(id)`, and none of a token that is")
      }
      if index < size { return (index, note, size) }
      guard ContinuousClock.now < end else {
        throw .failed(
          "record \(index + 1) is not covered by the checkpoint of \(size) records yet",
          hint: "is the server running?"
        )
      }
      if !hasSaidSo { Console.note("exeat: note: waiting for a checkpoint that covers record \(index + 1)") }
      hasSaidSo = true
      // Cancelled, it asks again at once, until the time is over.
      try? await Task.sleep(for: .milliseconds(100))
    }
  }

  /// Letters, digits and hyphens: what ids are made of.
  private static func isIDByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}

/// `exeat audit verify-proof`.
struct AuditVerifyProofCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify-proof",
    abstract: "Check a proof that a record is in the log, without the log."
  )

  @Argument(help: "The file that `exeat audit prove` made; `-` reads standard input.") var file: String
  @OptionGroup var trust: LogTrust
  @Flag(help: "Print the record, as it is in the log.") var json = false

  func run() async throws {
    let policy = try LogTrust.policy(trust.logKeys(), witnesses: trust.witnessKeys())
    let proof = try ProvedRecord(reading: file, policy: policy)
    guard !json else {
      Console.out(String(decoding: proof.record, as: UTF8.self))
      return
    }
    Console.out(
      Console.printable(
        "ok: record \(proof.index + 1) of \(proof.checkpoint.checkpoint.size) of \(policy.origin)"
      )
    )
    Console.out(AuditLine.text(proof.record))
  }
}

/// A record that a proof file proves to be in a log.
struct ProvedRecord {
  /// Its place, from 0.
  let index: UInt64
  /// Its JSON.
  let record: [UInt8]
  /// The checkpoint that covers it.
  let checkpoint: VerifiedCheckpoint

  /// Reads and checks a proof file; `-` is standard input.
  init(reading path: String, policy: CheckpointPolicy) throws(CommandFailure) {
    let limit = InclusionProofFile.maximumBytes
    let bytes =
      path == "-" ? try StandardInput.read(limit: limit) : try StandardInput.read(file: path, limit: limit)
    let name = path == "-" ? "standard input" : path
    let file: InclusionProofFile
    do throws(AuditTrailError) {
      file = try InclusionProofFile(parsing: bytes)
    } catch {
      throw .failed("\(name) proves nothing: \(AuditTrailWords.text(error))")
    }
    try self.init(file, from: name, policy: policy)
  }

  /// Checks a proof that came from `name`.
  init(_ file: InclusionProofFile, from name: String, policy: CheckpointPolicy) throws(CommandFailure) {
    do throws(AuditTrailError) {
      guard let record = file.extra else { throw .malformedProof }
      checkpoint = try file.verify(record, policy: policy)
      _ = try LoggedRecord(record)
      self.record = record
      index = file.index
    } catch {
      throw .failed("\(name) proves nothing: \(AuditTrailWords.text(error))")
    }
  }
}
