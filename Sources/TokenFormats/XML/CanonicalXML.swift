// SPDX-License-Identifier: Apache-2.0
//
// The only writer of XML for signatures: a tree in, its exclusive canonical form out, so that what we write needs no
// second form to be signed and what a stranger signed is digested as the stranger did. No comments. Source: Exclusive
// XML Canonicalization 1.0 §3; Canonical XML 1.0 §2.3.

/// A tree in exclusive canonical form, without comments.
package struct CanonicalXML: Sendable {
  /// The octets, UTF-8.
  package private(set) var octets: [UInt8] = []
  /// Where in `octets` the child stands that was asked for, or would stand.
  private(set) var mark = 0

  private let inclusivePrefixes: [String]
  /// The declarations in force where the writer stands; the last of a prefix counts.
  private var rendered: [XMLNamespace] = []

  /// Writes `root`.
  ///
  /// Its child at the index `omitted` is left out: the signature of an enveloped one. `mark` will tell the place of its
  /// child at the index `marked`. `inclusivePrefixes` are the `PrefixList` of `InclusiveNamespaces`, in which the empty
  /// prefix is the default namespace.
  package init(
    _ root: XMLElement,
    omitting omitted: Int? = nil,
    marking marked: Int? = nil,
    inclusivePrefixes: [String] = []
  ) {
    self.inclusivePrefixes = inclusivePrefixes
    octets.reserveCapacity(4096)
    write(root, omitting: omitted, marking: marked)
  }

  private mutating func write(_ element: XMLElement, omitting omitted: Int? = nil, marking marked: Int? = nil)
  {
    let depth = rendered.count
    octets.append(UInt8(ascii: "<"))
    writeName(element.name)
    writeDeclarations(element)
    for attribute in inOrder(element.attributes) {
      octets.append(UInt8(ascii: " "))
      writeName(attribute.name)
      octets += "=\"".utf8
      writeValue(attribute.value.string)
      octets.append(UInt8(ascii: "\""))
    }
    octets.append(UInt8(ascii: ">"))
    for (index, child) in element.children.enumerated() {
      if index == marked { mark = octets.count }
      if index == omitted { continue }
      switch child {
      case .element(let element): write(element)
      case .text(let text): writeText(text.string)
      case .processingInstruction(let target, let data):
        octets += "<?".utf8
        octets += target.utf8
        if !data.isEmpty { octets += " ".utf8 }
        octets += data.utf8
        octets += "?>".utf8
      case .canonical(let element): octets += element
      }
    }
    if element.children.count == marked { mark = octets.count }
    octets += "</".utf8
    writeName(element.name)
    octets.append(UInt8(ascii: ">"))
    rendered.removeLast(rendered.count - depth)
  }

  // Exclusive XML Canonicalization 1.0 §3: "2. If the prefix is in the InclusiveNamespaces PrefixList, render it as in
  // Canonical XML. 3. Render each namespace node iff: 1. it is visibly utilized by the element or its attributes, 2. it
  // has not yet been rendered by any output ancestor, or the nearest one that visibly utilizes the prefix does not have
  // the same value. 4. xmlns="" is emitted iff the element visibly utilizes the default namespace, has none, and the
  // nearest output ancestor that does has another."
  private mutating func writeDeclarations(_ element: XMLElement) {
    let start = rendered.count
    declare(element.name.namespace)
    for attribute in element.attributes where !attribute.name.namespace.prefix.isEmpty {
      declare(attribute.name.namespace)
    }
    for prefix in inclusivePrefixes {
      if let namespace = element.scope.last(where: { same($0.prefix, prefix) }) {
        declare(namespace)
      } else if prefix.isEmpty {
        declare(.none)
      }
    }
    if rendered.count > start + 1 {
      rendered[start...].sort { $0.prefix.utf8.lexicographicallyPrecedes($1.prefix.utf8) }
    }
    for namespace in rendered[start...] {
      octets += namespace.prefix.isEmpty ? " xmlns".utf8 : " xmlns:".utf8
      octets += namespace.prefix.utf8
      octets += "=\"".utf8
      writeValue(namespace.uri)
      octets.append(UInt8(ascii: "\""))
    }
  }

  private mutating func declare(_ namespace: XMLNamespace) {
    guard !same(namespace.prefix, "xml") else { return }
    let inForce = rendered.last { same($0.prefix, namespace.prefix) }?.uri ?? ""
    if !same(inForce, namespace.uri) { rendered.append(namespace) }
  }

  /// Canonical XML 1.0 §2.2: by the namespace name, then by the local name; those in no namespace come first.
  private func inOrder(_ attributes: [XMLAttribute]) -> [XMLAttribute] {
    guard attributes.count > 1 else { return attributes }
    return attributes.sorted { left, right in
      same(left.name.namespace.uri, right.name.namespace.uri)
        ? left.name.local.utf8.lexicographicallyPrecedes(right.name.local.utf8)
        : left.name.namespace.uri.utf8.lexicographicallyPrecedes(right.name.namespace.uri.utf8)
    }
  }

  private mutating func writeName(_ name: XMLName) {
    if !name.namespace.prefix.isEmpty {
      octets += name.namespace.prefix.utf8
      octets.append(UInt8(ascii: ":"))
    }
    octets += name.local.utf8
  }

  private mutating func writeText(_ text: String) {
    write(text) { byte in
      switch byte {
      case UInt8(ascii: "&"): "&amp;"
      case UInt8(ascii: "<"): "&lt;"
      case UInt8(ascii: ">"): "&gt;"
      case 0x0D: "&#xD;"
      default: nil
      }
    }
  }

  private mutating func writeValue(_ value: String) {
    write(value) { byte in
      switch byte {
      case UInt8(ascii: "&"): "&amp;"
      case UInt8(ascii: "<"): "&lt;"
      case UInt8(ascii: "\""): "&quot;"
      case 0x09: "&#x9;"
      case 0x0A: "&#xA;"
      case 0x0D: "&#xD;"
      default: nil
      }
    }
  }

  /// Writes `text`, whose bytes between two that `escape` spells otherwise go out at once.
  private mutating func write(_ text: String, _ escape: (UInt8) -> StaticString?) {
    var text = text
    text.withUTF8 { bytes in
      var start = 0
      for (index, byte) in bytes.enumerated() {
        // No character after `>` is spelled otherwise.
        guard byte <= UInt8(ascii: ">"), let spelling = escape(byte) else { continue }
        octets.append(contentsOf: bytes[start..<index])
        spelling.withUTF8Buffer { octets.append(contentsOf: $0) }
        start = index + 1
      }
      octets.append(contentsOf: bytes[start...])
    }
  }
}
