// SPDX-License-Identifier: Apache-2.0
//
// A place in the bytes of a document, and the smallest things that can stand there: white space, names, values,
// references, text. Knows nothing of elements. Source: XML 1.0 (fifth edition) §2.3, §2.4, §2.11, §3.3.3, §4.1.

/// A place in a document that is known to be UTF-8 of allowed characters.
struct XMLCursor {
  /// A name with at most one colon: `NCName`, or `NCName:NCName`.
  struct QualifiedName {
    let range: Range<Int>
    let colon: Int?
  }

  let bytes: [UInt8]
  var position = 0

  var isAtEnd: Bool { position >= bytes.count }

  /// The byte at the place; `nil` at the end.
  var next: UInt8? { byte(after: 0) }

  func byte(after distance: Int) -> UInt8? {
    position + distance < bytes.count ? bytes[position + distance] : nil
  }

  func starts(with text: String) -> Bool {
    bytes[min(position, bytes.count)...].starts(with: text.utf8)
  }

  /// Steps over `text`, when it stands here.
  mutating func take(_ text: String) -> Bool {
    guard starts(with: text) else { return false }
    position += text.utf8.count
    return true
  }

  /// Steps over everything up to `end` and over `end` too; returns what came before it.
  mutating func take(upTo end: String) throws(XMLReadError) -> ArraySlice<UInt8> {
    let start = position
    while !isAtEnd {
      if starts(with: end) {
        defer { position += end.utf8.count }
        return bytes[start..<position]
      }
      position += 1
    }
    throw .notWellFormed(offset: start)
  }

  /// Steps over white space; whether there was any.
  @discardableResult mutating func skipSpace() -> Bool {
    let start = position
    while let next, isXMLSpace(next) { position += 1 }
    return position > start
  }

  // "[25] Eq ::= S? '=' S?"
  mutating func equalsSign() throws(XMLReadError) {
    skipSpace()
    guard take("=") else { throw .notWellFormed(offset: position) }
    skipSpace()
  }

  /// Steps over a quotation mark and returns it.
  mutating func quote() throws(XMLReadError) -> String {
    if take("\"") { return "\"" }
    if take("'") { return "'" }
    throw .notWellFormed(offset: position)
  }

  // MARK: Names

  /// Namespaces §3: "[7] QName ::= PrefixedName | UnprefixedName".
  mutating func qualifiedName() throws(XMLReadError) -> QualifiedName {
    let first = try localName()
    guard next == UInt8(ascii: ":") else { return QualifiedName(range: first, colon: nil) }
    let colon = position
    position += 1
    return QualifiedName(range: first.lowerBound..<(try localName().upperBound), colon: colon)
  }

  /// Namespaces §3: "[4] NCName ::= Name - (Char* ':' Char*)".
  mutating func localName() throws(XMLReadError) -> Range<Int> {
    let start = position
    while let (scalar, length) = scalar,
      position == start ? startsXMLName(scalar) : continuesXMLName(scalar)
    { position += length }
    guard position > start else { throw .notWellFormed(offset: start) }
    return start..<position
  }

  /// The character at the place and its length in bytes.
  private var scalar: (Unicode.Scalar, Int)? {
    guard let first = next else { return nil }
    if first < 0x80 { return (Unicode.Scalar(first), 1) }
    // INVARIANT: the bytes are UTF-8 and the place is between two characters, so that this decodes one.
    var decoder = UTF8()
    var rest = bytes[position...].prefix(4).makeIterator()
    guard case .scalarValue(let scalar) = decoder.decode(&rest) else { return nil }
    return (scalar, UTF8.width(scalar))
  }

  // MARK: Text

  /// Reads text up to the next `<` or the end.
  ///
  /// "[14] CharData ::= [^<&]* - ([^<&]* ']]>' [^<&]*)"
  mutating func characterData(into text: inout [UInt8]) throws(XMLReadError) {
    while let next, next != UInt8(ascii: "<") {
      switch next {
      case UInt8(ascii: "&"): try reference(into: &text)
      case UInt8(ascii: "]") where starts(with: "]]>"): throw .notWellFormed(offset: position)
      case 0x0D:
        text.append(0x0A)
        position += byte(after: 1) == 0x0A ? 2 : 1
      default:
        text.append(next)
        position += 1
      }
    }
  }

  /// Reads the rest of a value whose opening `quote` was read, and the closing one.
  ///
  /// "[10] AttValue ::= '"' ([^<&"] | Reference)* '"' | ..."; §3.3.3, as of the type CDATA: white space that stands there
  /// itself is a space, and a line end is one.
  mutating func attributeValue(_ quote: String) throws(XMLReadError) -> [UInt8] {
    var value: [UInt8] = []
    while !take(quote) {
      switch next {
      case nil, UInt8(ascii: "<"): throw .notWellFormed(offset: position)
      case UInt8(ascii: "&"): try reference(into: &value)
      case 0x0D where byte(after: 1) == 0x0A:
        value.append(0x20)
        position += 2
      case .some(let byte):
        value.append(isXMLSpace(byte) ? 0x20 : byte)
        position += 1
      }
    }
    return value
  }

  /// §2.11: "translating both the two-character sequence #xD #xA and any #xD that is not followed by #xA to a single #xA
  /// character".
  func withLineFeeds(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    for index in text.indices {
      if text[index] == 0x0A, index > text.startIndex, text[index - 1] == 0x0D { continue }
      result.append(text[index] == 0x0D ? 0x0A : text[index])
    }
    return result
  }

  // "[66] CharRef ::= '&#' [0-9]+ ';' | '&#x' [0-9a-fA-F]+ ';'", of a `Char`; §4.6, the five predefined entities.
  private mutating func reference(into text: inout [UInt8]) throws(XMLReadError) {
    let start = position
    position += 1
    guard take("#") else {
      let name = bytes[try localName()]
      guard take(";") else { throw .notWellFormed(offset: start) }
      let entities = ["lt": "<", "gt": ">", "amp": "&", "quot": "\"", "apos": "'"]
      guard let entity = entities.first(where: { name.elementsEqual($0.key.utf8) }) else {
        throw .unknownEntity(offset: start)
      }
      text += entity.value.utf8
      return
    }
    let radix: UInt32 = take("x") ? 16 : 10
    var value: UInt32 = 0
    var digits = 0
    while let next, let digit = Character(Unicode.Scalar(next)).hexDigitValue, digit < radix {
      value = min(value * radix + UInt32(digit), 0x11_0000)
      digits += 1
      position += 1
    }
    guard digits > 0, take(";"), let scalar = Unicode.Scalar(value), let encoded = UTF8.encode(scalar),
      firstForbidden(in: encoded) == nil
    else { throw .notWellFormed(offset: start) }
    text += encoded
  }
}
