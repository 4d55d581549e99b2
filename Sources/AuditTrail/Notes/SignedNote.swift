// SPDX-License-Identifier: Apache-2.0
//
// A text with the signatures of one or more keys below it. Reads strictly and says who signed; refuses to know what
// the text means. Source: C2SP signed-note.

/// One signature line of a note.
package struct NoteSignature: Hashable, Sendable {
  /// The name of the key.
  package let name: String
  /// The key id.
  package let keyID: UInt32
  /// What follows the key id: of an author the signature, of a witness the time and the signature.
  package let octets: [UInt8]

  init(name: String, keyID: UInt32, octets: [UInt8]) {
    self.name = name
    self.keyID = keyID
    self.octets = octets
  }

  // Without its line feed.
  fileprivate var line: String {
    let id: [UInt8] = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: keyID >> $0) }
    return "\u{2014} \(name) \(Base64.encode(id + octets))"
  }

  fileprivate init?(line: Substring) {
    // By bytes: a combining character may follow a space, and only that space is the separator.
    let parts = line.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map(
      Substring.init
    )
    guard parts.count == 3, parts[0].utf8.elementsEqual("\u{2014}".utf8), isNoteKeyName(parts[1]),
      let encoded = Base64.decode(parts[2]), encoded.count > 4
    else { return nil }
    name = String(parts[1])
    keyID = encoded.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    octets = Array(encoded.dropFirst(4))
  }
}

/// A text and its signatures, none of them checked.
package struct SignedNote: Hashable, Sendable {
  /// The most signatures that a note may carry here; signed-note asks for 16.
  package static let maximumSignatures = 100
  /// The longest note that is read, in bytes.
  package static let maximumBytes = 1 << 20

  /// The text with its final line feed.
  ///
  /// SECURITY: nothing in it is true before `signers(among:)` has returned.
  package let text: String
  /// The signature lines, in order.
  package private(set) var signatures: [NoteSignature]

  /// Gathers the parts.
  ///
  /// - Throws: `AuditTrailError.malformedNote` for a text that no note may have.
  package init(text: String, signatures: [NoteSignature] = []) throws(AuditTrailError) {
    guard text.utf8.last == lineFeed, text.utf8.first != nil else { throw .malformedNote(offset: 0) }
    if let offset = firstControl(Array(text.utf8)) { throw .malformedNote(offset: offset) }
    self.text = text
    self.signatures = signatures
  }

  /// Reads a note: a text that ends in a line feed, an empty line, one signature line or more.
  ///
  /// - Throws: `AuditTrailError.malformedNote` with the offset of the first line that is wrong, or `.noteTooLarge`.
  package init(parsing bytes: [UInt8]) throws(AuditTrailError) {
    guard bytes.count <= Self.maximumBytes else { throw .noteTooLarge }
    guard String(validating: bytes, as: UTF8.self) != nil else { throw .malformedNote(offset: 0) }
    if let offset = firstControl(bytes) { throw .malformedNote(offset: offset) }
    // "the text is separated from the signatures by the last empty line in the note"
    let separator = bytes.indices.dropFirst().last { bytes[$0] == lineFeed && bytes[$0 - 1] == lineFeed }
    guard let separator, bytes.last == lineFeed, separator + 1 < bytes.count else {
      throw .malformedNote(offset: bytes.count)
    }
    var signatures: [NoteSignature] = []
    var start = separator + 1
    while start < bytes.count, let end = bytes[start...].firstIndex(of: lineFeed) {
      guard signatures.count < Self.maximumSignatures else { throw .noteTooLarge }
      let line = String(decoding: bytes[start..<end], as: UTF8.self)
      guard let signature = NoteSignature(line: line[...]) else { throw .malformedNote(offset: start) }
      signatures.append(signature)
      start = end + 1
    }
    try self.init(text: String(decoding: bytes[..<separator], as: UTF8.self), signatures: signatures)
  }

  /// Adds a signature below the others.
  package mutating func append(_ signature: NoteSignature) {
    signatures.append(signature)
  }

  /// The note as it is written.
  package var bytes: [UInt8] {
    Array((text + "\n" + signatures.map { $0.line + "\n" }.joined()).utf8)
  }
}

// MARK: - Who signed

extension SignedNote {
  /// A key that has signed.
  package struct Signer: Hashable, Sendable {
    /// The key.
    package let key: NoteVerifierKey
    /// When a witness signed, in seconds since the Epoch; `nil` of an author.
    package let seconds: UInt64?
  }

  /// Which of `keys` have signed, each once, in the order of the note.
  ///
  /// Signatures of other keys are passed over, also when they share a name or an id with one of these.
  ///
  /// - Throws: `AuditTrailError.badSignature` when a line that names one of `keys` does not verify, `.unsigned` when no
  ///   line does, or `.ambiguousKey` when two of `keys` cannot be told apart.
  package func signers(among keys: [NoteVerifierKey]) throws(AuditTrailError) -> [Signer] {
    for (position, key) in keys.enumerated() {
      guard !keys[..<position].contains(where: { $0.isNamed(key.name, key.keyID) }) else {
        throw .ambiguousKey(name: key.name)
      }
    }
    var signers: [Signer] = []
    for signature in signatures {
      guard let key = keys.first(where: { $0.isNamed(signature.name, signature.keyID) }) else { continue }
      let (isGood, seconds) = key.check(signature, over: text)
      guard isGood else { throw .badSignature(name: key.name) }
      if !signers.contains(where: { $0.key == key }) { signers.append(Signer(key: key, seconds: seconds)) }
    }
    guard !signers.isEmpty else { throw .unsigned }
    return signers
  }
}

extension NoteVerifierKey {
  fileprivate func isNamed(_ name: String, _ keyID: UInt32) -> Bool {
    self.keyID == keyID && self.name.utf8.elementsEqual(name.utf8)
  }
}

private let lineFeed = UInt8(ascii: "\n")

// The offset of the first ASCII control character but the line feed.
private func firstControl(_ bytes: [UInt8]) -> Int? {
  bytes.firstIndex { $0 < 0x20 && $0 != lineFeed }
}
