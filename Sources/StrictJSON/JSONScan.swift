// SPDX-License-Identifier: Apache-2.0
//
// The quick look at a JSON text of the plain kind: one pass that checks every byte and notes where each value stands, and
// makes no value. What is out of the ordinary (escapes, many members, many values for its length, anything wrong) is none
// of its business: it says so, and JSONReader has the word. It must never pass what JSONReader refuses or reads otherwise.

/// A plain JSON text that was checked whole, and the places of its values.
///
/// A place is a number that `JSONScan` gave out; 0 is the value that the text is.
package struct JSONScan: Sendable {
  /// What stands at a place.
  package enum Kind: UInt8, Sendable {
    /// `null`
    case null
    /// `true`
    case yes
    /// `false`
    case no
    /// A number.
    case number
    /// A string without escapes; its place covers what is between the quotation marks.
    case string
    /// An array; its elements follow.
    case array
    /// An object; its names and values follow in turns.
    case object
  }

  struct Mark {
    let kind: Kind
    let start: UInt16
    var end: UInt16
    /// The mark after this value and everything in it; in a container that is open, the mark of the one around it.
    var next: UInt16
  }

  private let text: [UInt8]
  private let marks: [Mark]

  /// Looks at `text`; `nil` when that is JSONReader's to read or to refuse.
  package init?(_ text: [UInt8], maximumDepth: Int = 32) {
    guard text.count < Int(UInt16.max) else { return nil }
    var isPlain = false
    // Tokens have a value for every ten bytes or so.
    let marks = [Mark](unsafeUninitializedCapacity: text.count / 6 + 16) { buffer, count in
      var scanner = Scanner(room: buffer.count)
      isPlain = scanner.scan(text.span, maximumDepth: maximumDepth, into: buffer)
      count = scanner.count
    }
    guard isPlain else { return nil }
    self.text = text
    self.marks = marks
  }

  /// What stands at `place`.
  package func kind(at place: Int) -> Kind { marks[place].kind }

  /// The place after the value at `place` and everything in it: that of the next element, or of the next name.
  package func next(after place: Int) -> Int { Int(marks[place].next) }

  /// The value of the member of the object at `place` whose name has exactly the bytes of `name`.
  package func member(_ name: String, of place: Int) -> Int? {
    var name = name
    return name.withUTF8 { name in
      text.withUnsafeBufferPointer { text in
        marks.withUnsafeBufferPointer { marks in
          let end = Int(marks[place].next)
          var member = place + 1
          while member < end {
            let mark = marks[member]
            if Int(mark.end - mark.start) == name.count {
              var index = 0
              while index < name.count, text[Int(mark.start) + index] == name[index] { index += 1 }
              if index == name.count { return member + 1 }
            }
            member = Int(marks[member + 1].next)
          }
          return nil
        }
      }
    }
  }

  /// Whether `isGood` says so of every member of the object at `place`: of its name, where that lies, and of the place of
  /// its value.
  package func allMembers(
    of place: Int,
    areGood isGood: (_ name: UnsafeBufferPointer<UInt8>, _ value: Int) -> Bool
  ) -> Bool {
    text.withUnsafeBufferPointer { text in
      let end = next(after: place)
      var member = place + 1
      while member < end {
        let mark = marks[member]
        let name = UnsafeBufferPointer(rebasing: text[Int(mark.start)..<Int(mark.end)])
        guard isGood(name, member + 1) else { return false }
        member = next(after: member + 1)
      }
      return true
    }
  }

  /// The bytes of what stands at `place`.
  package func bytes(at place: Int) -> ArraySlice<UInt8> {
    text[Int(marks[place].start)..<Int(marks[place].end)]
  }

  /// Whether `isGood` says so of the bytes of what stands at `place`, where they lie.
  package func bytes(at place: Int, areGood isGood: (UnsafeBufferPointer<UInt8>) -> Bool) -> Bool {
    let mark = marks[place]
    return text.withUnsafeBufferPointer {
      isGood(UnsafeBufferPointer(rebasing: $0[Int(mark.start)..<Int(mark.end)]))
    }
  }

  /// The value at `place`, as JSONReader reads it.
  package func value(at place: Int) -> JSONValue {
    switch marks[place].kind {
    case .null: return .null
    case .yes: return .bool(true)
    case .no: return .bool(false)
    case .number: return .number(JSONNumber(text: String(decoding: bytes(at: place), as: UTF8.self)))
    case .string: return .string(String(decoding: bytes(at: place), as: UTF8.self))
    case .array:
      var elements: [JSONValue] = []
      var element = place + 1
      while element < next(after: place) {
        elements.append(value(at: element))
        element = next(after: element)
      }
      return .array(elements)
    case .object: return .object(object(at: place))
    }
  }

  /// The object at `place`, where one stands.
  package func object(at place: Int) -> JSONObject {
    var members: [JSONObject.Member] = []
    var member = place + 1
    while member < next(after: place) {
      let name = String(decoding: bytes(at: member), as: UTF8.self)
      members.append(JSONObject.Member(name, value(at: member + 1)))
      member = next(after: member + 1)
    }
    return JSONObject(members)
  }
}

/// One pass over one text.
///
/// Every function is `false` for what it does not take.
private struct Scanner {
  // Beyond this, looking through the names one by one is not the way.
  private static let maximumMembers = 32
  private static let none = UInt16.max

  let room: Int
  private(set) var count = 0
  private var position = 0
  /// The bytes of all strings, laid upon each other eight at a time.
  private var everyByte: UInt64 = 0

  init(room: Int) {
    self.room = room
  }

  mutating func scan(
    _ text: Span<UInt8>,
    maximumDepth: Int,
    into marks: UnsafeMutableBufferPointer<JSONScan.Mark>
  ) -> Bool {
    var open = Self.none
    var depth = 0
    skipWhitespace(text)
    while true {
      // A value begins here.
      guard position < text.count, count < room else { return false }
      let first = text[position]
      if first == UInt8(ascii: "\"") {
        guard string(text, marks) else { return false }
      } else if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
        let isObject = first == UInt8(ascii: "{")
        guard depth < maximumDepth else { return false }
        depth += 1
        let place = count
        add(isObject ? .object : .array, from: position, to: position, next: open, marks)
        open = UInt16(place)
        position += 1
        skipWhitespace(text)
        guard position < text.count else { return false }
        // "{" and "[" lie two before "}" and "]".
        guard text[position] == first + 2 else {
          if isObject { guard name(text, of: place, marks) else { return false } }
          continue
        }
        open = close(open, marks)
        depth -= 1
      } else {
        guard plainScalar(text, first, marks) else { return false }
      }
      // A value is complete: close every container that ends here.
      closing: while true {
        skipWhitespace(text)
        guard open != Self.none else { return position == text.count && isUTF8(text) }
        guard position < text.count else { return false }
        let isObject = marks[Int(open)].kind == .object
        if text[position] == UInt8(ascii: ",") {
          position += 1
          skipWhitespace(text)
          if isObject { guard name(text, of: Int(open), marks) else { return false } }
          break closing
        }
        guard text[position] == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { return false }
        open = close(open, marks)
        depth -= 1
      }
    }
  }

  /// Ends the container at `place`, whose last byte is the next one; returns the one around it.
  private mutating func close(
    _ place: UInt16,
    _ marks: UnsafeMutableBufferPointer<JSONScan.Mark>
  ) -> UInt16 {
    position += 1
    let outer = marks[Int(place)].next
    marks[Int(place)].end = UInt16(position)
    marks[Int(place)].next = UInt16(count)
    return outer
  }

  private mutating func add(
    _ kind: JSONScan.Kind,
    from start: Int,
    to end: Int,
    next: UInt16,
    _ marks: UnsafeMutableBufferPointer<JSONScan.Mark>
  ) {
    marks.initializeElement(
      at: count,
      to: JSONScan.Mark(kind: kind, start: UInt16(start), end: UInt16(end), next: next)
    )
    count += 1
  }

  /// `"name" :` and the white space after it; the name is not yet one of the object at `place`.
  private mutating func name(
    _ text: Span<UInt8>,
    of place: Int,
    _ marks: UnsafeMutableBufferPointer<JSONScan.Mark>
  ) -> Bool {
    guard position < text.count, text[position] == UInt8(ascii: "\""), count < room else { return false }
    let own = count
    guard string(text, marks) else { return false }
    let length = marks[own].end - marks[own].start
    var earlier = place + 1
    var members = 1
    while earlier < own {
      members += 1
      let mark = marks[earlier]
      if mark.end - mark.start == length {
        var index = 0
        while index < Int(length), text[Int(mark.start) + index] == text[Int(marks[own].start) + index] {
          index += 1
        }
        guard index < Int(length) else { return false }
      }
      earlier = Int(marks[earlier + 1].next)
    }
    guard members <= Self.maximumMembers else { return false }
    skipWhitespace(text)
    guard position < text.count, text[position] == UInt8(ascii: ":") else { return false }
    position += 1
    skipWhitespace(text)
    return true
  }

  /// A string without escapes; its opening quotation mark is the next byte, and there is room for its mark.
  private mutating func string(
    _ text: Span<UInt8>,
    _ marks: UnsafeMutableBufferPointer<JSONScan.Mark>
  ) -> Bool {
    let start = position + 1
    var end = start
    while end + 8 <= text.count {
      let word = UInt64(littleEndian: text.bytes.unsafeLoadUnaligned(fromByteOffset: end, as: UInt64.self))
      let length = Self.plainLength(word)
      guard length == 8 else {
        everyByte |= word & (1 << UInt64(8 * length) - 1)
        end += length
        break
      }
      everyByte |= word
      end += 8
    }
    // Either the byte that is not plain is the next one, or fewer than eight are left.
    while end < text.count, text[end] >= 0x20, text[end] != UInt8(ascii: "\""),
      text[end] != UInt8(ascii: "\\")
    {
      everyByte |= UInt64(text[end])
      end += 1
    }
    guard end < text.count, text[end] == UInt8(ascii: "\"") else { return false }
    add(.string, from: start, to: end, next: UInt16(count + 1), marks)
    position = end + 1
    return true
  }

  /// How many bytes of `word`, the lowest first, are no quotation mark, no backslash and no control character.
  ///
  /// A byte is zero when taking one from it borrows from its top bit; a borrow reaches higher bytes only from a byte that
  /// was found, so the lowest that is found is one.
  private static func plainLength(_ word: UInt64) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quotation = word ^ (ones &* 0x22)
    let backslash = word ^ (ones &* 0x5C)
    let found =
      ((quotation &- ones) & ~quotation | (backslash &- ones) & ~backslash | (word &- ones &* 0x20) & ~word)
      & (ones &* 0x80)
    return found.trailingZeroBitCount / 8
  }

  /// A number or a literal; there is room for its mark.
  private mutating func plainScalar(
    _ text: Span<UInt8>,
    _ first: UInt8,
    _ marks: UnsafeMutableBufferPointer<JSONScan.Mark>
  ) -> Bool {
    let start = position
    let kind: JSONScan.Kind
    switch first {
    case UInt8(ascii: "t"):
      guard literal("true", text) else { return false }
      kind = .yes
    case UInt8(ascii: "f"):
      guard literal("false", text) else { return false }
      kind = .no
    case UInt8(ascii: "n"):
      guard literal("null", text) else { return false }
      kind = .null
    default:
      guard number(text) else { return false }
      kind = .number
    }
    add(kind, from: start, to: position, next: UInt16(count + 1), marks)
    return true
  }

  private mutating func literal(_ word: StaticString, _ text: Span<UInt8>) -> Bool {
    for index in 0..<word.utf8CodeUnitCount {
      guard position < text.count, text[position] == word.utf8Start[index] else { return false }
      position += 1
    }
    return true
  }

  /// RFC 8259 §6: `[ minus ] int [ frac ] [ exp ]`.
  private mutating func number(_ text: Span<UInt8>) -> Bool {
    if text[position] == UInt8(ascii: "-") { position += 1 }
    if position < text.count, text[position] == UInt8(ascii: "0") {
      position += 1
    } else {
      guard digits(text) else { return false }
    }
    if position < text.count, text[position] == UInt8(ascii: ".") {
      position += 1
      guard digits(text) else { return false }
    }
    if position < text.count, text[position] | 0x20 == UInt8(ascii: "e") {
      position += 1
      if position < text.count, text[position] == UInt8(ascii: "+") || text[position] == UInt8(ascii: "-") {
        position += 1
      }
      guard digits(text) else { return false }
    }
    return true
  }

  private mutating func digits(_ text: Span<UInt8>) -> Bool {
    let start = position
    while position < text.count, text[position] >= UInt8(ascii: "0"), text[position] <= UInt8(ascii: "9") {
      position += 1
    }
    return position > start
  }

  private mutating func skipWhitespace(_ text: Span<UInt8>) {
    while position < text.count {
      let byte = text[position]
      guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
      position += 1
    }
  }

  /// Outside of strings every byte was one of ASCII.
  private func isUTF8(_ text: Span<UInt8>) -> Bool {
    everyByte & 0x8080_8080_8080_8080 == 0
      || text.withUnsafeBufferPointer { String(validating: $0, as: UTF8.self) != nil }
  }
}
