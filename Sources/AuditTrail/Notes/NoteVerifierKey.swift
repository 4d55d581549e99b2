// SPDX-License-Identifier: Apache-2.0
//
// A public key that signs notes: of a log, or of a witness that countersigns a log's checkpoints. Private keys are
// never here: whoever holds one signs the bytes that this file names. Source: C2SP signed-note, tlog-cosignature.

import Crypto

/// A name, an Ed25519 public key, and what its signatures mean.
package struct NoteVerifierKey: Hashable, Sendable {
  /// What the key signs; the raw value is the signature type of signed-note.
  package enum Kind: UInt8, Hashable, Sendable {
    /// The text of a note, as its author.
    case ed25519 = 0x01
    /// A checkpoint and the time at which it was the newest consistent one: a witness (`cosignature/v1`).
    case cosignatureV1 = 0x04
  }

  /// The name, such as `audit.example.com/log`: not empty, no Unicode spaces, no `+`.
  package let name: String
  /// What the key signs.
  package let kind: Kind
  /// The public key: 32 octets, RFC 8032 §5.1.5.
  package let publicKey: [UInt8]
  /// SHA-256(name ‖ 0x0A ‖ kind ‖ public key), the first four octets: a hint, no proof.
  package let keyID: UInt32

  /// Gathers the parts.
  ///
  /// - Throws: `AuditTrailError.malformedVerifierKey` for a name or key that is none.
  package init(name: String, kind: Kind, publicKey: [UInt8]) throws(AuditTrailError) {
    guard isNoteKeyName(name), publicKey.count == 32,
      (try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey)) != nil
    else { throw .malformedVerifierKey }
    self.name = name
    self.kind = kind
    self.publicKey = publicKey
    let digest = SHA256.hash(data: Array(name.utf8) + [0x0A, kind.rawValue] + publicKey)
    keyID = digest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// Reads the text form: `<name>+<key id, 8 hexadecimal digits>+<base64 of kind and public key>`.
  ///
  /// - Throws: `AuditTrailError.malformedVerifierKey`, also when the key id is not the one of the key.
  package init(text: some StringProtocol) throws(AuditTrailError) {
    let parts = Substring(text).utf8.split(
      separator: UInt8(ascii: "+"),
      maxSplits: 2,
      omittingEmptySubsequences: false
    ).map(Substring.init)
    guard parts.count == 3, let encoded = Base64.decode(parts[2]), let type = encoded.first,
      let kind = Kind(rawValue: type)
    else { throw .malformedVerifierKey }
    try self.init(name: String(parts[0]), kind: kind, publicKey: Array(encoded.dropFirst()))
    guard parts[1].utf8.elementsEqual(keyIDText.utf8) else { throw .malformedVerifierKey }
  }

  /// The text form.
  package var text: String {
    "\(name)+\(keyIDText)+\(Base64.encode([kind.rawValue] + publicKey))"
  }

  private var keyIDText: String {
    hexadecimal(keyIDOctets)
  }

  var keyIDOctets: [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: keyID >> $0) }
  }
}

// MARK: - Signing and checking

extension NoteVerifierKey {
  /// What an author signs: the text of the note itself, with its final line feed.
  package static func signedBytes(_ text: String) -> [UInt8] {
    Array(text.utf8)
  }

  /// What a witness signs: `cosignature/v1`, the time, and the text of the checkpoint.
  ///
  /// - Parameters:
  ///   - text: the text of the note, with its final line feed.
  ///   - seconds: the time of signing, since the Epoch.
  /// - Returns: the message.
  package static func cosignedBytes(_ text: String, seconds: UInt64) -> [UInt8] {
    Array("cosignature/v1\ntime \(seconds)\n\(text)".utf8)
  }

  /// The signature line that carries `signature`.
  ///
  /// - Parameters:
  ///   - signature: 64 octets over `signedBytes`, or over `cosignedBytes` of a witness.
  ///   - seconds: the time that a witness signed; an author's signature has none.
  /// - Throws: `AuditTrailError.malformedPart` when the key has another kind or the signature another length.
  /// - Returns: the line.
  package func signatureLine(
    _ signature: [UInt8],
    seconds: UInt64? = nil
  ) throws(AuditTrailError) -> NoteSignature {
    guard signature.count == 64, (seconds != nil) == (kind == .cosignatureV1) else {
      throw .malformedPart("signature")
    }
    let time = seconds.map { seconds in
      stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: seconds >> UInt64($0)) }
    }
    return NoteSignature(name: name, keyID: keyID, octets: (time ?? []) + signature)
  }

  /// Whether `signature`, which names this key, is good; and the time that a witness says.
  func check(_ signature: NoteSignature, over text: String) -> (isGood: Bool, seconds: UInt64?) {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else {
      return (false, nil)
    }
    switch kind {
    case .ed25519:
      guard signature.octets.count == 64 else { return (false, nil) }
      return (key.isValidSignature(signature.octets, for: Self.signedBytes(text)), nil)
    case .cosignatureV1:
      guard signature.octets.count == 72 else { return (false, nil) }
      let seconds = signature.octets.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      // "It MUST NOT exceed 2^63 - 1".
      guard seconds <= UInt64(Int64.max) else { return (false, nil) }
      let message = Self.cosignedBytes(text, seconds: seconds)
      return (key.isValidSignature(Array(signature.octets.dropFirst(8)), for: message), seconds)
    }
  }
}

/// Whether `name` may name a key: not empty, no Unicode spaces, no `+`, no control characters.
func isNoteKeyName(_ name: some StringProtocol) -> Bool {
  !name.isEmpty
    && name.unicodeScalars.allSatisfy {
      !$0.properties.isWhitespace && $0 != "+" && $0.value >= 0x20
    }
}
