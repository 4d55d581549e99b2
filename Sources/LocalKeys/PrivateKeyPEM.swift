// SPDX-License-Identifier: Apache-2.0
//
// The one private key in a PEM text, as octets. Reads the envelope alone: what is in it is for others to judge.
// Source: RFC 7468 §3, §10, §11; RFC 1421 §4.6 for the old encrypted form.

import Federation
import TokenFormats

/// A private key out of its envelope.
struct PrivateKeyPEM {
  /// What the label says that the octets are.
  enum Format: String {
    /// PrivateKeyInfo, RFC 5208.
    case pkcs8 = "PRIVATE KEY"
    /// RSAPrivateKey, RFC 8017 A.1.2.
    case pkcs1 = "RSA PRIVATE KEY"
    /// ECPrivateKey, RFC 5915.
    case sec1 = "EC PRIVATE KEY"
  }

  let format: Format
  /// The DER; the caller's to wipe.
  var der: [UInt8]

  /// Reads `text`; a block of EC parameters before the key, as OpenSSL writes it, is passed over.
  ///
  /// Throws `unsuitable` when there is no key, more than one, an encrypted one, or one of another kind.
  init(_ text: [UInt8]) throws(TokenSignerError) {
    guard text.count <= Self.maximumBytes else { throw .unsuitable("the text is longer than 16 KiB") }
    var found: (format: Format, der: [UInt8])?
    var lines = text.split(omittingEmptySubsequences: true) { $0 == 0x0A || $0 == 0x0D }[...]
    func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
      var line = line
      while line.last == 0x20 || line.last == 0x09 { line.removeLast() }
      return line
    }
    while let line = lines.popFirst().map(trimmed) {
      guard let label = Self.label(line, "-----BEGIN ") else {
        guard line.isEmpty else { throw .unsuitable("there is something besides a PEM private key") }
        continue
      }
      var body: [UInt8] = []
      defer { wipe(&body) }
      var isClosed = false
      while !isClosed, let line = lines.popFirst().map(trimmed) {
        if let end = Self.label(line, "-----END ") {
          guard end.utf8.elementsEqual(label.utf8) else {
            throw .unsuitable("the PEM text ends with another label")
          }
          isClosed = true
        } else if line.contains(UInt8(ascii: ":")) {
          throw .unsuitable("the key is encrypted: decrypt it first")
        } else {
          body += line
        }
      }
      guard isClosed else { throw .unsuitable("the PEM text has no end line") }
      if label.utf8.elementsEqual("EC PARAMETERS".utf8) { continue }
      guard found == nil else { throw .unsuitable("there is more than one key") }
      found = try Self.content(label, body)
    }
    guard let found else { throw .unsuitable("there is no PEM private key") }
    self.format = found.format
    self.der = found.der
  }

  private static func content(
    _ label: String,
    _ body: [UInt8]
  ) throws(TokenSignerError) -> (format: Format, der: [UInt8]) {
    guard !label.utf8.elementsEqual("ENCRYPTED PRIVATE KEY".utf8) else {
      throw .unsuitable("the key is encrypted: decrypt it first")
    }
    guard !label.hasSuffix("PUBLIC KEY") else { throw .unsuitable("it is a public key, not a private one") }
    guard !label.utf8.elementsEqual("CERTIFICATE".utf8) else {
      throw .unsuitable("it is a certificate, not a private key")
    }
    guard let format = Format(rawValue: label) else {
      throw .unsuitable("a PEM text with this label is not a private key in PKCS#8")
    }
    guard let der = base64(body) else { throw .unsuitable("the PEM text is not base 64") }
    return (format, der)
  }

  private static func base64(_ text: [UInt8]) -> [UInt8]? {
    guard text.count % 4 == 0, !text.contains(where: { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") })
    else { return nil }
    var translated = text
    defer { wipe(&translated) }
    for index in translated.indices {
      if translated[index] == UInt8(ascii: "+") { translated[index] = UInt8(ascii: "-") }
      if translated[index] == UInt8(ascii: "/") { translated[index] = UInt8(ascii: "_") }
    }
    for _ in 0..<2 where translated.last == UInt8(ascii: "=") { translated.removeLast() }
    return Base64URL.decode(utf8: translated)
  }

  private static func label(_ line: ArraySlice<UInt8>, _ prefix: String) -> String? {
    let dashes = Array("-----".utf8)
    guard line.starts(with: prefix.utf8), line.count > prefix.utf8.count + dashes.count,
      line.suffix(dashes.count).elementsEqual(dashes)
    else { return nil }
    return String(validating: line.dropFirst(prefix.utf8.count).dropLast(dashes.count), as: UTF8.self)
  }

  private static let maximumBytes = 16_384
}
