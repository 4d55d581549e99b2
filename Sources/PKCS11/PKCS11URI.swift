// SPDX-License-Identifier: Apache-2.0
//
// Where a key in a token is: the attributes of a `pkcs11:` URI that choose a token, an object, a module and a file with
// the PIN. Strict: what is not understood is refused, so that no restriction that somebody wrote is passed over.
// Source: RFC 7512 §2.3, §2.4.

/// Why a text is not a usable `pkcs11:` URI.
package enum PKCS11URIError: Error, Hashable, Sendable {
  /// It does not begin with `pkcs11:`.
  case scheme
  /// An attribute is not `name=value`, or holds a character that has to be percent-encoded; its name, or `?`.
  ///
  /// SECURITY: never its value, which may be a PIN.
  case syntax(String)
  /// A percent-encoding is malformed, or the octets are not UTF-8 or hold U+0000.
  case encoding(String)
  /// An attribute that is not understood here.
  case unknown(String)
  /// An attribute is there twice.
  case givenTwice(String)
  /// An attribute is missing.
  case missing(String)
  /// The value of an attribute is of no use: empty, too long, not an absolute path.
  case value(String)
  /// The PIN itself stands in the URI, where everybody sees it.
  case pinInURI
}

/// A parsed `pkcs11:` URI.
package struct PKCS11URI: Hashable, Sendable {
  /// The token's label.
  ///
  /// Shape: 1–32 bytes, as every restriction on a token.
  package let token: String?
  /// The token's serial number.
  package let serial: String?
  /// The token's maker.
  package let manufacturer: String?
  /// The token's model.
  package let model: String?
  /// The object's label.
  package let object: String?
  /// The module, an absolute path.
  package let modulePath: String
  /// The file with the user's PIN, an absolute path.
  package let pinSource: String

  /// Whether `text` is meant as one.
  package static func isOne(_ text: String) -> Bool { text.utf8.starts(with: scheme.utf8) }

  /// Reads `text`; `requiresObject` when it has to name one.
  package init(_ text: String, requiresObject: Bool) throws(PKCS11URIError) {
    guard Self.isOne(text) else { throw .scheme }
    let body = Array(text.utf8.dropFirst(Self.scheme.utf8.count))
    let parts = body.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
    var path = try Self.attributes(parts[0], separator: UInt8(ascii: ";"), Self.pathCharacters)
    var query =
      parts.count == 2
      ? try Self.attributes(parts[1], separator: UInt8(ascii: "&"), Self.queryCharacters) : [:]
    guard query["pin-value"] == nil else { throw .pinInURI }
    token = try Self.restriction("token", in: &path, 32)
    serial = try Self.restriction("serial", in: &path, 16)
    manufacturer = try Self.restriction("manufacturer", in: &path, 32)
    model = try Self.restriction("model", in: &path, 16)
    object = try Self.restriction("object", in: &path, 64)
    guard let module = query.removeValue(forKey: "module-path") else { throw .missing("module-path") }
    guard let source = query.removeValue(forKey: "pin-source") else { throw .missing("pin-source") }
    modulePath = try Self.file(module, "module-path")
    pinSource = try Self.file(source, "pin-source")
    if let unknown = (path.keys.sorted() + query.keys.sorted()).first { throw .unknown(unknown) }
    guard token != nil || serial != nil else { throw .missing("token") }
    guard object != nil || !requiresObject else { throw .missing("object") }
  }

  private static let scheme = "pkcs11:"
  private static let unreserved = "-._~"
  // §2.3: pk11-res-avail, and what only a path or only a query may hold besides.
  private static let pathCharacters = Set((unreserved + ":[]@!$'()*+,=&").utf8)
  private static let queryCharacters = Set((unreserved + ":[]@!$'()*+,=/?|").utf8)

  private static func attributes(
    _ text: ArraySlice<UInt8>,
    separator: UInt8,
    _ allowed: Set<UInt8>
  ) throws(PKCS11URIError) -> [String: String] {
    var result: [String: String] = [:]
    guard !text.isEmpty else { return result }
    for part in text.split(separator: separator, omittingEmptySubsequences: false) {
      guard let equals = part.firstIndex(of: UInt8(ascii: "=")), equals > part.startIndex else {
        throw .syntax("?")
      }
      let name = part[..<equals]
      guard
        name.allSatisfy({ isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") })
      else { throw .syntax("?") }
      let key = String(decoding: name, as: UTF8.self)
      guard result[key] == nil else { throw .givenTwice(key) }
      result[key] = try decoded(part[(equals + 1)...], key, allowed)
    }
    return result
  }

  private static func decoded(
    _ value: ArraySlice<UInt8>,
    _ name: String,
    _ allowed: Set<UInt8>
  ) throws(PKCS11URIError) -> String {
    var octets: [UInt8] = []
    var rest = value
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        guard isLetter(byte) || isDigit(byte) || allowed.contains(byte) else { throw .syntax(name) }
        octets.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(hexadecimal), let low = rest.popFirst().flatMap(hexadecimal)
      else {
        throw .encoding(name)
      }
      octets.append(high << 4 | low)
    }
    guard !octets.contains(0), let text = String(validating: octets, as: UTF8.self) else {
      throw .encoding(name)
    }
    return text
  }

  private static func restriction(
    _ name: String,
    in attributes: inout [String: String],
    _ limit: Int
  ) throws(PKCS11URIError) -> String? {
    guard let value = attributes.removeValue(forKey: name) else { return nil }
    guard (1...limit).contains(value.utf8.count) else { throw .value(name) }
    return value
  }

  /// §2.4: `pin-source` is a path or a `file:` URI.
  private static func file(_ value: String, _ name: String) throws(PKCS11URIError) -> String {
    var path = value[...]
    if path.utf8.starts(with: "file:".utf8) {
      path = path.dropFirst(5)
      if path.utf8.starts(with: "//".utf8) { path = path.dropFirst(2) }
    }
    guard path.utf8.first == UInt8(ascii: "/"), path.utf8.count > 1 else { throw .value(name) }
    return String(path)
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func hexadecimal(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
