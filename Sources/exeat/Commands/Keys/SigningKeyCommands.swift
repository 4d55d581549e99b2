// SPDX-License-Identifier: Apache-2.0
//
// `exeat keys list`, `rotate`, `revoke`, `import`, `suspend`, `resume`, `revoke-tokens`, `export-public`: an account's
// signing keys, by API.

import ArgumentParser
import FederationClient
import IdentityModel
import LocalKeys
import StrictJSON
import TokenFormats

/// `exeat keys list`.
struct KeysListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Print the signing keys of the account: which sign, what comes next, and when."
  )

  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var client: ClientOptions

  func run() async throws {
    let keys = try await client.callingKeys { client in try await client.list() }
    SigningKeyTable.print(keys, json: json)
  }
}

/// `exeat keys rotate`.
struct KeysRotateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate",
    abstract: "Make successors of the keys that sign; they are published at once and sign later."
  )

  @Option(help: "Of this algorithm only, RS256 or ES384.") var algorithm: String?
  @Option(
    help: "How long a successor is published before it signs: 36h, 7d. Default: the server's least."
  )
  var overlap: String?
  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var client: ClientOptions

  func run() async throws {
    let seconds = try overlap.map { text throws(CommandFailure) in try Overlap.seconds(text) }
    let keys = try await client.callingKeys { client in
      try await client.rotate(algorithm: algorithm, overlapSeconds: seconds)
    }
    SigningKeyTable.print(keys, json: json)
  }
}

/// `exeat keys revoke`.
struct KeysRevokeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke",
    abstract: "Take a key out of the key set at once and never sign with it again.",
    discussion: """
      The only key of its algorithm gets a successor first. A verifier that keeps the key set may accept tokens of the \
      revoked key until it fetches the set again.
      """
  )

  @Argument(help: "The key id (kid).") var keyId: String
  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var client: ClientOptions

  func run() async throws {
    let done = try await client.callingKeys { client in try await client.revoke(keyId) }
    guard !json else {
      var members = done.keys.json
      if let successor = done.successorKeyID { members.append(.init("SuccessorKeyId", .string(successor))) }
      members.append(.init("SuccessorWasMade", .bool(done.successorWasMade)))
      return Console.out(JSONValue.object(JSONObject(members)).text(isOneLine: true))
    }
    Console.out("revoked \(Console.printable(keyId))")
    if let successor = done.successorKeyID.map(Console.printable) {
      Console.out(
        done.successorWasMade ? "a successor was made and signs: \(successor)" : "\(successor) signs"
      )
    }
    Console.note(
      "verifiers that keep the key set accept the revoked key until they fetch the set again: in 5 minutes where they go by "
        + "its Cache-Control; copies that were exported or uploaded are to be replaced now"
    )
  }
}

/// `exeat keys import`.
struct KeysImportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Hand the server a private key that was made elsewhere.",
    discussion: """
      PEM, PKCS#8, not encrypted: RSA of 2048 to 4096 bits with the exponent 65537, or P-384. It goes over https or to \
      this machine only. Remove the file afterwards.
      """
  )

  @Argument(help: "The file, which nobody else can read; `-` is standard input.") var file: String
  @Option(
    help: "How long the key is published before it signs: 36h, 7d. Default: the server's least."
  )
  var overlap: String?
  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var client: ClientOptions

  func run() async throws {
    let seconds = try overlap.map { text throws(CommandFailure) in try Overlap.seconds(text) }
    let key = try read()
    let keys = try await client.calling(.iam) { query, credential in
      guard query.isConfidential else {
        throw CommandFailure.failed(
          "a private key is not sent over plain http",
          hint: "name the server with https, or run this on the server's machine"
        )
      }
      return try await SigningKeyClient(query, credential: credential).importKey(key, overlapSeconds: seconds)
    }
    SigningKeyTable.print(keys, json: json)
  }

  private func read() throws(CommandFailure) -> Secret {
    guard !file.utf8.elementsEqual("-".utf8) else { return Secret(try StandardInput.read(limit: 16_384)) }
    do throws(KeyEncryptionKeyError) {
      return try PrivateKeyFile.read(at: file)
    } catch {
      switch error {
      case .permissionsTooOpen(let mode):
        throw .failed(
          "`\(file)` can be read by others (mode \(String(mode, radix: 8)))",
          hint: "a key that others had is better made anew; else `chmod 600` first"
        )
      case .malformed: throw .failed("`\(file)` is longer than 16384 octets")
      default: throw .failed("`\(file)` cannot be read: \(error)")
      }
    }
  }
}

/// `exeat keys suspend`.
struct KeysSuspendCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "suspend",
    abstract: "Stop all tokens of the account at once."
  )

  @Flag(help: "Publish no key at all: verifiers accept nothing once they fetch the set again.")
  var emptyKeySet = false
  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var client: ClientOptions

  func run() async throws {
    let done = try await client.callingKeys { client in
      try await client.suspend(emptyingKeySet: emptyKeySet)
    }
    guard !json else {
      let members: [JSONObject.Member] = [
        .init("SuspendDate", .string(done.date.rfc3339)), .init("KeySetEmptied", .bool(done.isKeySetEmptied)),
      ]
      return Console.out(JSONValue.object(JSONObject(members)).text(isOneLine: true))
    }
    let keySet = done.isKeySetEmptied ? "the key set is empty" : "the key set is published as before"
    Console.out("suspended since \(done.date.rfc3339); \(keySet)")
    if !done.isKeySetEmptied {
      Console.note(
        "tokens that were issued stay valid until they expire; --empty-key-set takes the keys from verifiers too"
      )
    }
  }
}

/// `exeat keys resume`.
struct KeysResumeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume",
    abstract: "Let the account have tokens again."
  )

  @OptionGroup var client: ClientOptions

  func run() async throws {
    try await client.callingKeys { client in try await client.resume() }
    Console.out("resumed")
  }
}

/// `exeat keys revoke-tokens`.
struct KeysRevokeTokensCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke-tokens",
    abstract: "Mark tokens as revoked in the account's status lists.",
    discussion: "Token status must be on: aws iam enable-outbound-token-status."
  )

  @Option(help: "One token, by its jti.") var tokenId: String?
  @Option(help: "Those of a role, a session or a user, by its ARN.") var principal: String?
  @Option(help: "Those that were issued before this time, as in 2026-07-01T12:00:00Z.") var issuedBefore:
    String?
  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var client: ClientOptions

  func run() async throws {
    let tokens = try chosen()
    let done = try await client.callingKeys { client in try await client.revokeTokens(tokens) }
    guard !json else {
      var members: [JSONObject.Member] = [
        .init("RevokedTokenCount", .number(JSONNumber(Int64(done.revokedCount)))),
        .init("AlreadyRevokedTokenCount", .number(JSONNumber(Int64(done.alreadyRevokedCount)))),
        .init("TokensWithoutStatusCount", .number(JSONNumber(Int64(done.withoutStatusCount)))),
      ]
      if let date = done.alreadyRevokedDate {
        members.append(.init("AlreadyRevokedDate", .string(date.rfc3339)))
      }
      return Console.out(JSONValue.object(JSONObject(members)).text(isOneLine: true))
    }
    for line in Self.lines(done) { Console.out(line) }
    if done.revokedCount + done.alreadyRevokedCount + done.withoutStatusCount == 0 {
      Console.note(
        "no token that can still be used was found: is it the right id, ARN or time, and the right account?"
      )
    }
  }

  private static func lines(_ done: TokenRevocation) -> [String] {
    func tokens(_ count: Int, _ one: String, _ several: String) -> String {
      count == 1 ? "1 token \(one)" : "\(count) tokens \(several)"
    }
    var lines: [String] = []
    let before = done.alreadyRevokedCount
    if done.revokedCount > 0 || before == 0 {
      lines.append(tokens(done.revokedCount, "is revoked", "are revoked"))
    }
    if before > 0 {
      let since = done.alreadyRevokedDate.map { ", at \($0.rfc3339)" } ?? ""
      lines.append(tokens(before, "was revoked already", "were revoked already") + since)
    }
    if done.withoutStatusCount > 0 {
      let without = tokens(done.withoutStatusCount, "has no place", "have no place")
      lines.append(
        "\(without) in a status list, and can be used until \(done.withoutStatusCount == 1 ? "it expires" : "they expire")"
      )
    }
    return lines
  }

  private func chosen() throws(CommandFailure) -> TokensToRevoke {
    switch (tokenId, principal, issuedBefore) {
    case (let id?, nil, nil):
      // SECURITY: who gives the token itself must not find it in an error, or in the record of the call.
      guard !id.utf8.contains(UInt8(ascii: ".")) else {
        throw .usage("--token-id: give the `jti`, as `exeat token --decode` shows it, not the token")
      }
      return .token(id)
    case (nil, let arn?, nil): return .principal(arn)
    case (nil, nil, let text?):
      guard let time = Instant(rfc3339: text) else {
        throw .usage("--issued-before: `\(text)` is not a time such as 2026-07-01T12:00:00Z")
      }
      return .issuedBefore(time)
    default: throw .usage("give exactly one of --token-id, --principal, --issued-before")
    }
  }
}

/// `exeat keys export-public`.
struct KeysExportPublicCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export-public",
    abstract: "Print the public halves of the published keys, for a service that takes an upload."
  )

  /// How public keys are written.
  enum Format: String, ExpressibleByArgument {
    case jwks
    case pem
  }

  @Option(help: "`jwks` (default) or `pem`.") var format = Format.jwks
  @Flag(help: "Those that are no longer published, too.") var all = false
  @OptionGroup var client: ClientOptions

  func run() async throws {
    let keys = try await client.callingKeys { client in try await client.list() }
    // What was taken from verifiers is not handed to one by another way.
    if keys.isEmptied, !all { Console.note("the issuer is suspended, and its key set is empty") }
    let texts = try keys.keys.filter { all || $0.isPublished && !keys.isEmptied }.map {
      key throws(CommandFailure) in
      guard let text = key.publicKey, let publicKey = PublicKey(pem: text),
        publicKey.thumbprint.description.utf8.elementsEqual(key.keyID.utf8)
      else { throw .failed("the answer lacks a usable public key for \(Console.printable(key.keyID))") }
      return (text, publicKey)
    }
    switch format {
    case .jwks: Console.out(String(decoding: JWKSet.render(keys: texts.map(\.1)), as: UTF8.self))
    // What was parsed is PEM and nothing else.
    case .pem: for (text, _) in texts { Console.out(text.hasSuffix("\n") ? String(text.dropLast()) : text) }
    }
  }
}

/// A time that `--overlap` gives.
enum Overlap {
  /// `24h`, `7d` in seconds: a bare number could be hours to one and seconds to another.
  static func seconds(_ text: String) throws(CommandFailure) -> Int {
    guard let seconds = durationSeconds(text) else {
      throw .usage("--overlap: `\(text)` is not a number with s, m, h or d, such as 36h")
    }
    guard seconds > 0 else { throw .usage("--overlap: `\(text)` is no time") }
    return seconds
  }
}

extension ClientOptions {
  /// What `body` makes of calls about signing keys.
  fileprivate func callingKeys<Value>(
    _ body: (SigningKeyClient) async throws -> Value
  ) async throws(CommandFailure) -> Value {
    try await calling(.iam) { query, credential in
      try await body(SigningKeyClient(query, credential: credential))
    }
  }
}
