// SPDX-License-Identifier: Apache-2.0
//
// A log's promise that the record of a token is in it, as it travels in the token's own header: what is signed, how it
// is spelled, and how a relying party checks it. Refuses to know who holds the log's key, and what a Merkle tree is.
// Source: docs/decisions/0018-token-transparency.md.

import Crypto
package import IdentityModel

/// Why a promise is not acceptable.
package enum TransparencyPromiseError: Error, Hashable, Sendable {
  /// The text is not canonical base64url of 88 octets, or its time is beyond the year 9999.
  case malformed
  /// The promise is of another log than the one that is trusted.
  case otherLog
  /// The signature is not the log's over this token.
  case signatureInvalid
  /// The promise was made later than now, leeway included.
  case madeInTheFuture(Instant)
}

/// A log whose promises are taken.
package struct PromisingLog: Hashable, Sendable {
  /// The log id: the first 16 octets of SHA-256 over the text of the log's verifier key.
  package let id: [UInt8]
  /// The log's Ed25519 public key: 32 octets, RFC 8032 §5.1.5.
  package let publicKey: [UInt8]

  /// Names a log by its key.
  ///
  /// - Parameters:
  ///   - verifierKey: the text form of the key, `<name>+<key id>+<base64>`, as C2SP signed-note has it.
  ///   - publicKey: the key that the text spells; whoever parsed the text vouches for that.
  package init?(verifierKey: String, publicKey: [UInt8]) {
    guard (try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey)) != nil else { return nil }
    id = Array(SHA256.hash(data: Array(verifierKey.utf8)).prefix(16))
    self.publicKey = publicKey
  }
}

/// What a promise says of a token: all of it but the header's other members and the signature, which come later.
package struct PromisedToken: Hashable, Sendable {
  /// The `alg`.
  package let algorithm: SigningAlgorithm
  /// The `kid`; without control characters, so that it stays on its line.
  package let keyID: String
  /// SHA-256 of the payload segment as it stands in the token, 64 lower-case hexadecimal digits.
  ///
  /// The record of the token holds it as `additionalEventData.tokenPayloadSha256`.
  package let payloadSha256: String

  /// Describes a token that is still to be signed.
  package init(algorithm: SigningAlgorithm, keyID: KeyID, payload: [UInt8]) {
    self.algorithm = algorithm
    self.keyID = keyID.description
    payloadSha256 = Self.digest(Base64URL.encode(payload))
  }

  /// Describes a token that was verified with the key `keyID` and `algorithm`.
  ///
  /// `nil` when `token` is not three parts, or its `kid` holds a control character.
  package init?(_ token: String, algorithm: SigningAlgorithm, keyID: String) {
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, keyID.utf8.allSatisfy({ $0 >= 0x20 }) else { return nil }
    self.algorithm = algorithm
    self.keyID = keyID
    payloadSha256 = Self.digest(parts[1])
  }

  private static func digest(_ segment: some StringProtocol) -> String {
    hexadecimal(SHA256.hash(data: Array(segment.utf8)))
  }
}

/// A log's signed promise.
package struct TransparencyPromise: Hashable, Sendable {
  /// The header member that carries a promise.
  package static let headerMember = "tlog"
  /// How long after its time a promise must be kept: from then on the leaf is in the log.
  ///
  /// Unit: seconds.
  package static let dueSeconds: Int64 = 60

  /// The id of the log: 16 octets.
  package let logID: [UInt8]
  /// When the promise was made.
  ///
  /// Unit: milliseconds, from 1970 to the end of the year 9999.
  package let time: Instant
  /// The log's signature over `signedBytes`: 64 octets.
  package let signature: [UInt8]

  /// Gathers the parts.
  ///
  /// - Throws: `TransparencyPromiseError.malformed` for a signature that has not 64 octets, or an impossible time.
  package init(log: PromisingLog, time: Instant, signature: [UInt8]) throws(TransparencyPromiseError) {
    try self.init(log.id, time, signature)
  }

  /// Reads what `text` writes.
  ///
  /// - Throws: `TransparencyPromiseError.malformed`.
  package init(parsing text: some StringProtocol) throws(TransparencyPromiseError) {
    guard let octets = Base64URL.decode(text), octets.count == 88 else { throw .malformed }
    let milliseconds = octets[16..<24].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let milliseconds = Int64(exactly: milliseconds) else { throw .malformed }
    try self.init(Array(octets[..<16]), Instant(milliseconds: milliseconds), Array(octets[24...]))
  }

  private init(_ logID: [UInt8], _ time: Instant, _ signature: [UInt8]) throws(TransparencyPromiseError) {
    guard signature.count == 64, (0...(maximumNumericDate * 1000 + 999)).contains(time.milliseconds) else {
      throw .malformed
    }
    self.logID = logID
    self.time = time
    self.signature = signature
  }

  /// The value of the header member: log id, time in 8 octets, most significant first, and signature, in base64url.
  package var text: String {
    let milliseconds = time.milliseconds
    let octets = stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: milliseconds >> $0) }
    return Base64URL.encode(logID + octets + signature)
  }

  /// What the log signs: six lines, each with its line feed.
  ///
  /// `exeat-token-promise/v1`, the log id in hexadecimal digits, the time in milliseconds, `alg`, `kid`, and the SHA-256
  /// of the payload segment.
  package static func signedBytes(_ token: PromisedToken, log: PromisingLog, time: Instant) -> [UInt8] {
    let lines = [
      "exeat-token-promise/v1", hexadecimal(log.id), String(time.milliseconds), token.algorithm.rawValue,
      token.keyID, token.payloadSha256,
    ]
    return Array(lines.map { $0 + "\n" }.joined().utf8)
  }

  /// Passes when `log` has promised `token`.
  ///
  /// SECURITY: `log` is one that the relying party was configured with; a key that the token, its issuer or the issuer's
  /// documents name proves nothing here.
  ///
  /// - Throws: the first check that failed.
  package func verify(
    _ token: PromisedToken,
    log: PromisingLog,
    now: Instant,
    leewaySeconds: Int64
  ) throws(TransparencyPromiseError) {
    guard logID == log.id else { throw .otherLog }
    let message = Self.signedBytes(token, log: log, time: time)
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: log.publicKey),
      key.isValidSignature(signature, for: message)
    else { throw .signatureInvalid }
    // Or a log could put off for as long as it likes when the promise is due.
    guard time <= now.advanced(bySeconds: leewaySeconds) else { throw .madeInTheFuture(time) }
  }
}

private func hexadecimal(_ octets: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  return String(decoding: octets.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
