// SPDX-License-Identifier: Apache-2.0
//
// The one reader of JSON that a stranger wrote. Strict RFC 8259: UTF-8 without BOM, no duplicate names after
// unescaping, no trailing commas, no lone surrogates; size and depth are capped; no recursion, so that nesting
// cannot exhaust a stack. (Foundation has two JSON parsers that disagree about duplicates: see
// docs/decisions/0004-strict-json.md.)

/// Why a text is not acceptable JSON.
///
/// `offset` counts bytes from the start of the text.
package enum JSONReaderError: Error, Hashable, Sendable {
  /// The text is longer than the cap, in bytes.
  case tooLarge(limit: Int)
  /// Arrays and objects are nested deeper than the cap.
  case tooDeep(limit: Int, offset: Int)
  /// The bytes are not well-formed UTF-8, or begin with a byte order mark.
  case notUTF8
  /// The text ends where more is needed.
  case unexpectedEnd
  /// The byte at `offset` cannot stand there.
  case unexpectedByte(offset: Int)
  /// An escape is malformed or names half of a surrogate pair.
  case badEscape(offset: Int)
  /// The name that ends at `offset` stood in the same object before.
  case duplicateName(String, offset: Int)
}

/// Reads one JSON text.
package struct JSONReader {
  private let bytes: [UInt8]
  private let maximumDepth: Int
  private var position = 0

  /// Reads `text` whole.
  ///
  /// - Parameters:
  ///   - text: the UTF-8 bytes of the JSON text.
  ///   - maximumBytes: the longest text that is read.
  ///   - maximumDepth: how deep arrays and objects may nest; a scalar alone has depth 0.
  /// - Returns: the value that the text spells.
  /// - Throws: `JSONReaderError`, naming the first byte that is wrong.
  package static func read(
    _ text: some Sequence<UInt8>,
    maximumBytes: Int = 1 << 20,
    maximumDepth: Int = 32
  ) throws(JSONReaderError) -> JSONValue {
    let bytes = Array(text)
    guard bytes.count <= maximumBytes else { throw .tooLarge(limit: maximumBytes) }
    guard !bytes.starts(with: [0xEF, 0xBB, 0xBF]), String(validating: bytes, as: UTF8.self) != nil else {
      throw .notUTF8
    }
    var reader = JSONReader(bytes: bytes, maximumDepth: maximumDepth)
    return try reader.document()
  }

  private init(bytes: [UInt8], maximumDepth: Int) {
    self.bytes = bytes
    self.maximumDepth = maximumDepth
  }

  // An array or object that is still open, with what it holds so far. Changed where it stands on the stack: a copy
  // for each element would make the cost of a long array quadratic.
  private struct Open {
    var elements: [JSONValue] = []
    var members: [JSONObject.Member] = []
    var names = SeenNames()
    // The name that waits for its value; `nil` in an array.
    var pending: String?
  }

  private mutating func document() throws(JSONReaderError) -> JSONValue {
    var stack: [Open] = []
    skipWhitespace()
    while true {
      var complete: JSONValue
      switch try peek() {
      case UInt8(ascii: "["):
        guard stack.count < maximumDepth else { throw .tooDeep(limit: maximumDepth, offset: position) }
        position += 1
        skipWhitespace()
        guard try peek() == UInt8(ascii: "]") else {
          stack.append(Open())
          continue
        }
        position += 1
        complete = .array([])
      case UInt8(ascii: "{"):
        guard stack.count < maximumDepth else { throw .tooDeep(limit: maximumDepth, offset: position) }
        position += 1
        skipWhitespace()
        guard try peek() == UInt8(ascii: "}") else {
          var object = Open()
          object.pending = try memberName(&object.names)
          stack.append(object)
          continue
        }
        position += 1
        complete = .object(JSONObject([]))
      default:
        complete = try scalar()
      }
      // A value is complete: give it to the innermost open container, and close every container that ends here.
      closing: while true {
        skipWhitespace()
        guard !stack.isEmpty else {
          guard position == bytes.count else { throw .unexpectedByte(offset: position) }
          return complete
        }
        let innermost = stack.count - 1
        let next = try peek()
        position += 1
        if let name = stack[innermost].pending {
          stack[innermost].members.append(JSONObject.Member(name, complete))
          if next == UInt8(ascii: ",") {
            skipWhitespace()
            stack[innermost].pending = try memberName(&stack[innermost].names)
            break closing
          }
          guard next == UInt8(ascii: "}") else { throw .unexpectedByte(offset: position - 1) }
          complete = .object(JSONObject(stack.removeLast().members))
        } else {
          stack[innermost].elements.append(complete)
          if next == UInt8(ascii: ",") {
            skipWhitespace()
            break closing
          }
          guard next == UInt8(ascii: "]") else { throw .unexpectedByte(offset: position - 1) }
          complete = .array(stack.removeLast().elements)
        }
      }
    }
  }

  /// Reads `"name" :` and the white space after it; adds the name to `seen`, where it must not be yet.
  private mutating func memberName(_ seen: inout SeenNames) throws(JSONReaderError) -> String {
    guard try peek() == UInt8(ascii: "\"") else { throw .unexpectedByte(offset: position) }
    let name = try string()
    guard seen.insert(name) else { throw .duplicateName(name, offset: position) }
    skipWhitespace()
    guard try peek() == UInt8(ascii: ":") else { throw .unexpectedByte(offset: position) }
    position += 1
    skipWhitespace()
    return name
  }

  private mutating func scalar() throws(JSONReaderError) -> JSONValue {
    switch try peek() {
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    default: return .number(try number())
    }
  }

  private mutating func literal(
    _ text: StaticString,
    _ value: JSONValue
  ) throws(JSONReaderError) -> JSONValue {
    for index in 0..<text.utf8CodeUnitCount {
      guard try peek() == text.utf8Start[index] else { throw .unexpectedByte(offset: position) }
      position += 1
    }
    return value
  }

  /// RFC 8259 §6: `[ minus ] int [ frac ] [ exp ]`.
  private mutating func number() throws(JSONReaderError) -> JSONNumber {
    let start = position
    if try peek() == UInt8(ascii: "-") { position += 1 }
    if try peek() == UInt8(ascii: "0") {
      position += 1
    } else {
      try digits()
    }
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      position += 1
      try digits()
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      position += 1
      let sign = try peek()
      if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
      try digits()
    }
    return JSONNumber(text: String(decoding: bytes[start..<position], as: UTF8.self))
  }

  private mutating func digits() throws(JSONReaderError) {
    guard isDigit(try peek()) else { throw .unexpectedByte(offset: position) }
    while position < bytes.count, isDigit(bytes[position]) { position += 1 }
  }

  /// RFC 8259 §7; the opening quotation mark is the next byte.
  private mutating func string() throws(JSONReaderError) -> String {
    position += 1
    let start = position
    while position < bytes.count, bytes[position] >= 0x20, bytes[position] != UInt8(ascii: "\""),
      bytes[position] != UInt8(ascii: "\\")
    { position += 1 }
    // Most strings have no escape in them.
    if position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
      defer { position += 1 }
      return String(decoding: bytes[start..<position], as: UTF8.self)
    }
    var unescaped = Array(bytes[start..<position])
    while true {
      let byte = try peek()
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return String(decoding: unescaped, as: UTF8.self)
      case UInt8(ascii: "\\"):
        position += 1
        try escape(into: &unescaped)
      case 0..<0x20:
        throw .unexpectedByte(offset: position)
      default:
        unescaped.append(byte)
        position += 1
      }
    }
  }

  private mutating func escape(into unescaped: inout [UInt8]) throws(JSONReaderError) {
    let offset = position - 1
    let kind = try peek()
    position += 1
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): unescaped.append(kind)
    case UInt8(ascii: "b"): unescaped.append(0x08)
    case UInt8(ascii: "f"): unescaped.append(0x0C)
    case UInt8(ascii: "n"): unescaped.append(0x0A)
    case UInt8(ascii: "r"): unescaped.append(0x0D)
    case UInt8(ascii: "t"): unescaped.append(0x09)
    case UInt8(ascii: "u"):
      var value = try hexadecimal(offset: offset)
      if (0xD800..<0xDC00).contains(value) {
        guard try peek() == UInt8(ascii: "\\") else { throw .badEscape(offset: offset) }
        position += 1
        guard try peek() == UInt8(ascii: "u") else { throw .badEscape(offset: offset) }
        position += 1
        let low = try hexadecimal(offset: offset)
        guard (0xDC00..<0xE000).contains(low) else { throw .badEscape(offset: offset) }
        value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(value) else { throw .badEscape(offset: offset) }
      unescaped.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
    default:
      throw .badEscape(offset: offset)
    }
  }

  private mutating func hexadecimal(offset: Int) throws(JSONReaderError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      let byte = try peek()
      guard let digit = hexadecimalDigit(byte) else { throw .badEscape(offset: offset) }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  private func peek() throws(JSONReaderError) -> UInt8 {
    guard position < bytes.count else { throw .unexpectedEnd }
    return bytes[position]
  }

  private mutating func skipWhitespace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }
}

private func isDigit(_ byte: UInt8) -> Bool {
  byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
}

private func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}
