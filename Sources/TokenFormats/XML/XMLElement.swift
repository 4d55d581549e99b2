// SPDX-License-Identifier: Apache-2.0
//
// XML as a tree with its names resolved. The same tree is what is written of our own and what is read of a stranger's.
// Knows no comments and no document types. Source: XML Information Set §2; Namespaces in XML 1.0 §2.1.

/// A namespace with the prefix that stands for it.
package struct XMLNamespace: Sendable {
  /// The prefix; empty for the default namespace.
  package let prefix: String
  /// The namespace name; empty for none.
  package let uri: String

  /// Pairs a prefix with a namespace.
  package init(_ prefix: String, _ uri: String) {
    self.prefix = prefix
    self.uri = uri
  }

  /// No namespace, and no prefix.
  static let none = XMLNamespace("", "")
}

/// The name of an element or attribute.
package struct XMLName: Sendable {
  /// The namespace; of an attribute without a prefix, none.
  package let namespace: XMLNamespace
  /// The part after the prefix: an `NCName`.
  package let local: String

  /// Whether it is the name `local` in the namespace of `namespace`, byte for byte, whatever the prefix.
  package func matches(_ local: String, in namespace: XMLNamespace) -> Bool {
    same(self.local, local) && same(self.namespace.uri, namespace.uri)
  }

  /// Whether both are one name, whatever the prefixes.
  func matches(_ other: XMLName) -> Bool {
    matches(other.local, in: other.namespace)
  }
}

/// An attribute; a declaration of a namespace is none.
package struct XMLAttribute: Sendable {
  /// The name.
  package let name: XMLName
  /// The value, normalised.
  package let value: XMLText

  /// Makes an attribute in no namespace; `local` is an `NCName`.
  package init(_ local: String, _ value: XMLText) {
    self.init(name: XMLName(namespace: .none, local: local), value: value)
  }

  init(name: XMLName, value: XMLText) {
    self.name = name
    self.value = value
  }
}

/// What stands in an element.
package enum XMLNode: Sendable {
  /// An element.
  case element(XMLElement)
  /// Character data; two of them never stand side by side in what was read.
  case text(XMLText)
  /// A processing instruction: its target, and what follows the white space after it.
  case processingInstruction(target: String, data: String)
  /// An element that is in exclusive canonical form already, from its own `<` to its own `>`.
  ///
  /// INVARIANT: its ancestors do not visibly use the prefixes that it declares.
  case canonical([UInt8])
}

/// An element.
package struct XMLElement: Sendable {
  /// The name.
  package let name: XMLName
  /// The attributes, in the order of the document; no two have the same name.
  package var attributes: [XMLAttribute]
  /// The content, in order.
  package var children: [XMLNode]
  /// Every namespace in scope, each prefix once; empty in what is to be written, which only has those that names use.
  package let scope: [XMLNamespace]

  /// Makes an element to be written; `local` is an `NCName`.
  package init(
    _ namespace: XMLNamespace,
    _ local: String,
    _ attributes: [XMLAttribute] = [],
    _ children: [XMLNode] = []
  ) {
    self.init(
      name: XMLName(namespace: namespace, local: local),
      attributes: attributes,
      children: children,
      scope: []
    )
  }

  /// Makes an element to be written that holds `text` alone.
  package init(
    _ namespace: XMLNamespace,
    _ local: String,
    _ attributes: [XMLAttribute] = [],
    text: XMLText
  ) {
    self.init(namespace, local, attributes, [.text(text)])
  }

  init(name: XMLName, attributes: [XMLAttribute], children: [XMLNode], scope: [XMLNamespace]) {
    self.name = name
    self.attributes = attributes
    self.children = children
    self.scope = scope
  }
}

// MARK: - Looking

extension XMLElement {
  /// Whether it is the element `local` of `namespace`.
  package func matches(_ local: String, in namespace: XMLNamespace) -> Bool {
    name.matches(local, in: namespace)
  }

  /// The value of the attribute `local` in no namespace.
  package func attribute(_ local: String) -> String? {
    attributes.first { $0.name.matches(local, in: .none) }?.value.string
  }

  /// The child elements, in order.
  package var elements: [XMLElement] {
    children.compactMap { child in
      if case .element(let element) = child { element } else { nil }
    }
  }

  /// The child elements `local` of `namespace`, in order.
  package func elements(_ local: String, in namespace: XMLNamespace) -> [XMLElement] {
    elements.filter { $0.matches(local, in: namespace) }
  }

  /// The whole text, of an element that holds nothing else; `nil` otherwise.
  ///
  /// SECURITY: a comment within the text does not end it, as it does not in the canonical form that is signed.
  package var text: String? {
    var text = ""
    for child in children {
      guard case .text(let part) = child else { return nil }
      text += part.string
    }
    return text
  }
}
