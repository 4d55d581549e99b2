// SPDX-License-Identifier: Apache-2.0
//
// Reads the XML of an AWS Query answer: nested elements with text at the leaves. Far less than XML 1.0, on purpose:
// no DOCTYPE, no comments, no CDATA, no processing instructions, no entities but the five of XML itself; size and
// depth are capped and nothing recurses. Refuses to know what the elements mean.
// Source: XML 1.0 §2–§4; AWS Query protocol, responses.

/// Why a text is not an acceptable answer; `offset` counts bytes.
package enum XMLAnswerError: Error, Hashable, Sendable {
  /// The bytes are not well-formed UTF-8.
  case notUTF8
  /// The text ends where more is needed.
  case unexpectedEnd
  /// Markup that is malformed, or that an answer does not need: DOCTYPE, comment, CDATA, processing instruction.
  case unexpectedMarkup(offset: Int)
  /// Text beside elements, or outside the root.
  case unexpectedText(offset: Int)
  /// An entity or character reference that is malformed or unknown.
  case unknownReference(offset: Int)
  /// Elements are nested deeper than 16.
  case tooDeep(offset: Int)
}

/// The leaves of an XML document.
package struct XMLAnswer: Hashable, Sendable {
  /// A leaf element.
  package struct Leaf: Hashable, Sendable {
    /// The names of the elements from the root to this one, joined with `/`.
    package let path: String
    /// The text, references resolved.
    package let text: String
    /// The place of each element of the path among the children of its parent, from 0.
    let places: [Int]
  }

  /// The leaves, in the order of the document.
  package let leaves: [Leaf]

  /// Reads `bytes`; attributes are read over, prefixes are part of a name.
  ///
  /// - Throws: `XMLAnswerError`, naming the first byte that is wrong.
  package init(_ bytes: [UInt8]) throws(XMLAnswerError) {
    guard String(validating: bytes, as: UTF8.self) != nil else { throw .notUTF8 }
    var reader = XMLReader(bytes: bytes)
    leaves = try reader.document()
  }

  /// The text of the only leaf at `path`; `nil` when there is none or more than one.
  package subscript(_ path: String) -> String? {
    let found = leaves.filter { $0.path.utf8.elementsEqual(path.utf8) }
    return found.count == 1 ? found.first?.text : nil
  }

  /// The elements at `path`, each with what is in it, in the order of the document.
  ///
  /// Paths of leaves begin below the element; one that is a leaf itself has the path ``.
  package func elements(_ path: String) -> [XMLAnswer] {
    let depth = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).count
    let stem = path + "/"
    var found: [(places: ArraySlice<Int>, leaves: [Leaf])] = []
    for leaf in leaves {
      let isItself = leaf.path.utf8.elementsEqual(path.utf8)
      guard isItself || leaf.path.utf8.starts(with: stem.utf8) else { continue }
      let rest = isItself ? "" : String(leaf.path.utf8.dropFirst(stem.utf8.count)) ?? ""
      let below = Leaf(path: rest, text: leaf.text, places: Array(leaf.places.dropFirst(depth)))
      if found.last?.places == leaf.places.prefix(depth) {
        found[found.count - 1].leaves.append(below)
      } else {
        found.append((leaf.places.prefix(depth), [below]))
      }
    }
    return found.map { XMLAnswer(leaves: $0.leaves) }
  }

  private init(leaves: [Leaf]) {
    self.leaves = leaves
  }
}

private struct XMLReader {
  let bytes: [UInt8]
  var position = 0

  private struct Open {
    let name: [UInt8]
    let place: Int
    var text: [UInt8] = []
    var children = 0

    var hasChildren: Bool { children > 0 }
  }

  mutating func document() throws(XMLAnswerError) -> [XMLAnswer.Leaf] {
    try declaration()
    var leaves: [XMLAnswer.Leaf] = []
    var open: [Open] = []
    var rootDone = false
    while position < bytes.count {
      let start = position
      guard bytes[position] == UInt8(ascii: "<") else {
        let text = try text()
        if let last = open.indices.last, !open[last].hasChildren {
          open[last].text += text
        } else if !text.allSatisfy(isBlank) {
          throw .unexpectedText(offset: start)
        }
        continue
      }
      position += 1
      if try peek() == UInt8(ascii: "/") {
        position += 1
        let name = try name()
        skipBlanks()
        try expect(UInt8(ascii: ">"))
        guard let element = open.last, element.name == name else { throw .unexpectedMarkup(offset: start) }
        if !element.hasChildren { leaves.append(leaf(open, element.text)) }
        open.removeLast()
        rootDone = open.isEmpty
        continue
      }
      guard !rootDone else { throw .unexpectedMarkup(offset: start) }
      var place = 0
      if let parent = open.indices.last {
        guard open[parent].text.allSatisfy(isBlank) else { throw .unexpectedText(offset: start) }
        place = open[parent].children
        open[parent].children += 1
      }
      guard open.count < 16 else { throw .tooDeep(offset: start) }
      open.append(Open(name: try name(), place: place))
      try attributes()
      if try peek() == UInt8(ascii: "/") {
        position += 1
        leaves.append(leaf(open, []))
        open.removeLast()
        rootDone = open.isEmpty
      }
      try expect(UInt8(ascii: ">"))
    }
    guard rootDone else { throw .unexpectedEnd }
    return leaves
  }

  private func leaf(_ open: [Open], _ text: [UInt8]) -> XMLAnswer.Leaf {
    XMLAnswer.Leaf(
      path: open.map { String(decoding: $0.name, as: UTF8.self) }.joined(separator: "/"),
      text: String(decoding: text, as: UTF8.self),
      places: open.map(\.place)
    )
  }

  /// XML 1.0 §2.8: the declaration, where there is one, is the first thing in the text.
  private mutating func declaration() throws(XMLAnswerError) {
    if bytes.starts(with: "<?xml ".utf8) {
      guard let end = bytes.firstIndex(of: UInt8(ascii: ">")), bytes[end - 1] == UInt8(ascii: "?") else {
        throw .unexpectedMarkup(offset: 0)
      }
      position = end + 1
    }
  }

  /// XML 1.0 §2.3, ASCII only: a letter or `_`, then letters, digits and `_:.-`.
  private mutating func name() throws(XMLAnswerError) -> [UInt8] {
    let start = position
    while position < bytes.count, isNameByte(bytes[position], first: position == start) { position += 1 }
    guard position > start else { throw .unexpectedMarkup(offset: start) }
    return Array(bytes[start..<position])
  }

  /// XML 1.0 §3.1: white space, name, `=`, quoted value without `<`; any number of times.
  private mutating func attributes() throws(XMLAnswerError) {
    while true {
      let before = position
      skipBlanks()
      let next = try peek()
      if next == UInt8(ascii: ">") || next == UInt8(ascii: "/") { return }
      guard position > before else { throw .unexpectedMarkup(offset: position) }
      _ = try name()
      skipBlanks()
      try expect(UInt8(ascii: "="))
      skipBlanks()
      let quote = try peek()
      guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
        throw .unexpectedMarkup(offset: position)
      }
      position += 1
      while try peek() != quote {
        guard bytes[position] != UInt8(ascii: "<") else { throw .unexpectedMarkup(offset: position) }
        position += 1
      }
      position += 1
    }
  }

  /// Character data up to the next `<` or the end.
  private mutating func text() throws(XMLAnswerError) -> [UInt8] {
    var text: [UInt8] = []
    while position < bytes.count, bytes[position] != UInt8(ascii: "<") {
      if bytes[position] == UInt8(ascii: "&") {
        text += try reference()
      } else {
        text.append(bytes[position])
        position += 1
      }
    }
    return text
  }

  /// XML 1.0 §4.1, §4.6: `&#…;`, `&#x…;`, or one of the five predefined entities.
  private mutating func reference() throws(XMLAnswerError) -> [UInt8] {
    let start = position
    guard let end = bytes[start...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else {
      throw .unknownReference(offset: start)
    }
    let body = String(decoding: bytes[(start + 1)..<end], as: UTF8.self)
    position = end + 1
    switch body {
    case "lt": return [UInt8(ascii: "<")]
    case "gt": return [UInt8(ascii: ">")]
    case "amp": return [UInt8(ascii: "&")]
    case "quot": return [UInt8(ascii: "\"")]
    case "apos": return [UInt8(ascii: "'")]
    default:
      let isHexadecimal = body.utf8.starts(with: "#x".utf8)
      let digits = body.dropFirst(isHexadecimal ? 2 : 1)
      guard body.utf8.first == UInt8(ascii: "#"), !digits.utf8.isEmpty,
        digits.utf8.first != UInt8(ascii: "+"),
        let value = UInt32(digits, radix: isHexadecimal ? 16 : 10), value != 0,
        let scalar = Unicode.Scalar(value), let encoded = UTF8.encode(scalar)
      else { throw .unknownReference(offset: start) }
      return Array(encoded)
    }
  }

  private mutating func expect(_ byte: UInt8) throws(XMLAnswerError) {
    guard try peek() == byte else { throw .unexpectedMarkup(offset: position) }
    position += 1
  }

  private func peek() throws(XMLAnswerError) -> UInt8 {
    guard position < bytes.count else { throw .unexpectedEnd }
    return bytes[position]
  }

  private mutating func skipBlanks() {
    while position < bytes.count, isBlank(bytes[position]) { position += 1 }
  }
}

private func isBlank(_ byte: UInt8) -> Bool {
  byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
}

private func isNameByte(_ byte: UInt8, first: Bool) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
  case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "-"): !first
  default: false
  }
}
