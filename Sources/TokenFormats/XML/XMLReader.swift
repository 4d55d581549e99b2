// SPDX-License-Identifier: Apache-2.0
//
// Reads a stranger's XML: exactly the well-formed documents of XML 1.0 with namespaces, in UTF-8, that have no document
// type. It expands nothing, fetches nothing, corrects nothing and does not call itself. Source: XML 1.0 (fifth edition);
// Namespaces in XML 1.0 (third edition).

import IdentityModel

/// The most that is read of a document.
package struct XMLLimits: Hashable, Sendable {
  /// The longest text.
  ///
  /// Unit: bytes.
  package var bytes: Int
  /// How deep elements may be nested; the root has depth 1.
  package var depth: Int
  /// The most elements.
  package var elements: Int
  /// The most attributes and declarations of one element, and the most namespaces in scope.
  package var attributes: Int
  /// The longest namespace name.
  ///
  /// Unit: bytes. SECURITY: one that is declared once is compared, and written into the canonical form, for each of the
  /// elements that use it with a few bytes.
  package var namespaceName: Int

  /// Gathers the limits.
  package init(
    bytes: Int = 1 << 20,
    depth: Int = 32,
    elements: Int = 20_000,
    attributes: Int = 64,
    namespaceName: Int = 256
  ) {
    self.bytes = bytes
    self.depth = depth
    self.elements = elements
    self.attributes = attributes
    self.namespaceName = namespaceName
  }
}

/// Reads XML.
package struct XMLReader {
  /// An element whose end tag is still to come.
  private struct Open {
    let tag: Range<Int>
    var element: XMLElement
    var text: [UInt8] = []

    mutating func flush() {
      guard !text.isEmpty else { return }
      element.children.append(.text(XMLText(checked: String(decoding: text, as: UTF8.self))))
      text.removeAll(keepingCapacity: true)
    }
  }

  private let limits: XMLLimits
  private var cursor: XMLCursor
  private var open: [Open] = []
  private var root: XMLElement?
  private var count = 0

  private init(_ bytes: [UInt8], _ limits: XMLLimits) {
    self.limits = limits
    self.cursor = XMLCursor(bytes: bytes)
  }

  /// Reads `bytes`, a whole document; a byte order mark may come first.
  ///
  /// - Returns: the root, without comments; references and CDATA sections have become text, line ends line feeds.
  /// - Throws: the first thing wrong with it.
  package static func read(_ bytes: [UInt8], limits: XMLLimits = XMLLimits()) throws(XMLReadError)
    -> XMLElement
  {
    guard bytes.count <= limits.bytes else { throw .tooLong(limit: limits.bytes) }
    guard String(validating: bytes, as: UTF8.self) != nil else { throw .notUTF8 }
    if let offset = firstForbidden(in: bytes) { throw .forbiddenCharacter(offset: offset) }
    var reader = XMLReader(bytes, limits)
    return try reader.document()
  }

  // "[1] document ::= prolog element Misc*"
  private mutating func document() throws(XMLReadError) -> XMLElement {
    if cursor.starts(with: "\u{FEFF}") { cursor.position += 3 }
    try declaration()
    while !cursor.isAtEnd {
      if cursor.next == UInt8(ascii: "<") {
        try markup()
      } else if open.isEmpty {
        guard cursor.skipSpace() else { throw .notWellFormed(offset: cursor.position) }
      } else {
        try cursor.characterData(into: &open[open.count - 1].text)
      }
    }
    guard let root, open.isEmpty else { throw .unclosedElement(offset: cursor.position) }
    return root
  }

  private mutating func markup() throws(XMLReadError) {
    let start = cursor.position
    if cursor.take("<!--") {
      _ = try cursor.take(upTo: "--")
      guard cursor.take(">") else { throw .notWellFormed(offset: cursor.position) }
    } else if cursor.take("<?") {
      try processingInstruction()
    } else if cursor.take("<![CDATA[") {
      guard !open.isEmpty else { throw .notWellFormed(offset: start) }
      let content = try cursor.take(upTo: "]]>")
      open[open.count - 1].text += cursor.withLineFeeds(content)
    } else if cursor.take("<!DOCTYPE") {
      throw .documentType(offset: start)
    } else if cursor.take("</") {
      try endTag(start)
    } else {
      cursor.position += 1
      guard root == nil else { throw .notWellFormed(offset: start) }
      try startTag()
    }
  }

  // "[23] XMLDecl ::= '<?xml' VersionInfo EncodingDecl? SDDecl? S? '?>'"
  private mutating func declaration() throws(XMLReadError) {
    guard cursor.starts(with: "<?xml"), cursor.byte(after: 5).map(isXMLSpace) == true else { return }
    cursor.position += 5
    guard let version = try pseudoAttribute("version") else { throw .notWellFormed(offset: cursor.position) }
    guard version.elementsEqual("1.0".utf8) else { throw .unknownVersion }
    if let encoding = try pseudoAttribute("encoding") {
      guard asciiLowercased(String(decoding: encoding, as: UTF8.self)) == "utf-8" else { throw .notUTF8 }
    }
    if let standalone = try pseudoAttribute("standalone") {
      guard standalone.elementsEqual("yes".utf8) || standalone.elementsEqual("no".utf8) else {
        throw .notWellFormed(offset: cursor.position)
      }
    }
    cursor.skipSpace()
    guard cursor.take("?>") else { throw .notWellFormed(offset: cursor.position) }
  }

  private mutating func pseudoAttribute(_ name: String) throws(XMLReadError) -> ArraySlice<UInt8>? {
    let before = cursor.position
    guard cursor.skipSpace(), cursor.take(name) else {
      cursor.position = before
      return nil
    }
    try cursor.equalsSign()
    return try cursor.take(upTo: try cursor.quote())
  }

  // "[16] PI ::= '<?' PITarget (S (Char* - (Char* '?>' Char*)))? '?>'"; Namespaces §7: no colon in a target.
  private mutating func processingInstruction() throws(XMLReadError) {
    let start = cursor.position
    let target = String(decoding: cursor.bytes[try cursor.localName()], as: UTF8.self)
    guard asciiLowercased(target) != "xml" else { throw .notWellFormed(offset: start) }
    var data: [UInt8] = []
    if cursor.skipSpace() {
      data = cursor.withLineFeeds(try cursor.take(upTo: "?>"))
    } else {
      guard cursor.take("?>") else { throw .notWellFormed(offset: cursor.position) }
    }
    guard !open.isEmpty else { return }
    open[open.count - 1].flush()
    let node = XMLNode.processingInstruction(target: target, data: String(decoding: data, as: UTF8.self))
    open[open.count - 1].element.children.append(node)
  }

  // "[40] STag ::= '<' Name (S Attribute)* S? '>'"; "[44] EmptyElemTag ::= '<' Name (S Attribute)* S? '/>'"
  private mutating func startTag() throws(XMLReadError) {
    let start = cursor.position
    guard open.count < limits.depth else { throw .tooDeep(limit: limits.depth) }
    guard count < limits.elements else { throw .tooManyElements(limit: limits.elements) }
    count += 1
    var tag = XMLStartTag(name: try cursor.qualifiedName())
    var attributes = 0
    var isEmpty = false
    while true {
      let hadSpace = cursor.skipSpace()
      if cursor.take(">") { break }
      if cursor.take("/>") {
        isEmpty = true
        break
      }
      guard hadSpace else { throw .notWellFormed(offset: cursor.position) }
      guard attributes < limits.attributes else {
        throw .tooManyAttributes(limit: limits.attributes, offset: start)
      }
      attributes += 1
      try tag.add(try cursor.qualifiedName(), try attributeValue(), limits, cursor)
    }
    let range = tag.name.range
    let element = try tag.element(within: open.last?.element.scope ?? [], limits, cursor)
    if isEmpty {
      close(element)
    } else {
      open.append(Open(tag: range, element: element))
    }
  }

  private mutating func attributeValue() throws(XMLReadError) -> String {
    try cursor.equalsSign()
    return String(decoding: try cursor.attributeValue(try cursor.quote()), as: UTF8.self)
  }

  // "[42] ETag ::= '</' Name S? '>'", and §3: "The Name in an element's end-tag MUST match the element type in the
  // start-tag."
  private mutating func endTag(_ start: Int) throws(XMLReadError) {
    guard var element = open.popLast() else { throw .notWellFormed(offset: start) }
    let name = try cursor.qualifiedName().range
    guard cursor.bytes[name].elementsEqual(cursor.bytes[element.tag]) else {
      throw .unclosedElement(offset: start)
    }
    cursor.skipSpace()
    guard cursor.take(">") else { throw .notWellFormed(offset: cursor.position) }
    element.flush()
    close(element.element)
  }

  private mutating func close(_ element: XMLElement) {
    guard !open.isEmpty else {
      root = element
      return
    }
    open[open.count - 1].flush()
    open[open.count - 1].element.children.append(.element(element))
  }
}
