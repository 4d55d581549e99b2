// SPDX-License-Identifier: Apache-2.0
//
// A start tag whose attributes were read, and the resolving of its names. Source: Namespaces in XML 1.0 (third edition)
// §2.2, §3, §5, §6.

/// The name and attributes of an element, with prefixes not yet resolved.
struct XMLStartTag {
  private static let xml = XMLNamespace("xml", "http://www.w3.org/XML/1998/namespace")
  private static let xmlns = "http://www.w3.org/2000/xmlns/"

  let name: XMLCursor.QualifiedName
  private var attributes: [(name: XMLCursor.QualifiedName, value: String)] = []
  private var declarations: [(namespace: XMLNamespace, offset: Int)] = []

  init(name: XMLCursor.QualifiedName) {
    self.name = name
  }

  /// Takes an attribute, or the declaration that it is.
  mutating func add(
    _ name: XMLCursor.QualifiedName,
    _ value: String,
    _ limits: XMLLimits,
    _ cursor: XMLCursor
  ) throws(XMLReadError) {
    let offset = name.range.lowerBound
    let (prefix, local) = cursor.parts(of: name)
    guard same(prefix, "xmlns") || (prefix.isEmpty && same(local, "xmlns")) else {
      attributes.append((name, value))
      return
    }
    let namespace = XMLNamespace(prefix.isEmpty ? "" : local, value)
    guard value.utf8.count <= limits.namespaceName else { throw .forbiddenDeclaration(offset: offset) }
    try check(namespace, offset)
    guard !declarations.contains(where: { same($0.namespace.prefix, namespace.prefix) }) else {
      throw .duplicateAttribute(offset: offset)
    }
    declarations.append((namespace, offset))
  }

  // §3: "The prefix xml ... MAY, but need not, be declared, and MUST NOT be bound to any other namespace name. ... The
  // prefix xmlns ... MUST NOT be declared. ... Other prefixes MUST NOT be bound to [these namespace names], and [they]
  // MUST NOT be declared as the default namespace." §2.2: "the empty string ... cannot be used as a namespace name".
  //
  // DEVIATION: a relative URI is deprecated there and cannot be canonicalised (Canonical XML 1.0 §1.3): refused here.
  private func check(_ namespace: XMLNamespace, _ offset: Int) throws(XMLReadError) {
    let isXML = same(namespace.uri, Self.xml.uri)
    guard same(namespace.prefix, "xml") == isXML, !same(namespace.prefix, "xmlns"),
      !same(namespace.uri, Self.xmlns),
      namespace.uri.isEmpty ? namespace.prefix.isEmpty : hasScheme(namespace.uri)
    else { throw .forbiddenDeclaration(offset: offset) }
  }

  /// The element, with names resolved.
  func element(
    within outer: [XMLNamespace],
    _ limits: XMLLimits,
    _ cursor: XMLCursor
  ) throws(XMLReadError) -> XMLElement {
    let offset = name.range.lowerBound
    let scope = extended(outer)
    guard scope.count <= limits.attributes else {
      throw .tooManyAttributes(limit: limits.attributes, offset: offset)
    }
    let (prefix, local) = cursor.parts(of: name)
    guard let namespace = resolve(prefix, scope) else { throw .undeclaredPrefix(offset: offset) }
    var element = XMLElement(
      name: XMLName(namespace: namespace, local: local),
      attributes: [],
      children: [],
      scope: scope
    )
    for (name, value) in attributes {
      let offset = name.range.lowerBound
      let (prefix, local) = cursor.parts(of: name)
      // §6.2: "Default namespace declarations do not apply directly to attribute names".
      guard let namespace = prefix.isEmpty ? XMLNamespace.none : resolve(prefix, scope) else {
        throw .undeclaredPrefix(offset: offset)
      }
      let resolved = XMLName(namespace: namespace, local: local)
      guard !element.attributes.contains(where: { $0.name.matches(resolved) }) else {
        throw .duplicateAttribute(offset: offset)
      }
      element.attributes.append(XMLAttribute(name: resolved, value: XMLText(checked: value)))
    }
    return element
  }

  private func extended(_ outer: [XMLNamespace]) -> [XMLNamespace] {
    guard !declarations.isEmpty else { return outer }
    let kept = outer.filter { old in
      !declarations.contains { same($0.namespace.prefix, old.prefix) }
    }
    return kept + declarations.map(\.namespace).filter { !$0.uri.isEmpty && !same($0.prefix, "xml") }
  }

  private func resolve(_ prefix: String, _ scope: [XMLNamespace]) -> XMLNamespace? {
    if same(prefix, "xml") { return Self.xml }
    if let namespace = scope.first(where: { same($0.prefix, prefix) }) { return namespace }
    return prefix.isEmpty ? XMLNamespace.none : nil
  }
}

extension XMLCursor {
  /// The prefix, empty when there is none, and the local part.
  func parts(of name: QualifiedName) -> (prefix: String, local: String) {
    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
    guard let colon = name.colon else { return ("", text(name.range)) }
    return (text(name.range.lowerBound..<colon), text((colon + 1)..<name.range.upperBound))
  }
}

/// RFC 3986 §3.1: whether `uri` begins with a scheme and its colon.
func hasScheme(_ uri: String) -> Bool {
  guard let colon = uri.utf8.firstIndex(of: UInt8(ascii: ":")) else { return false }
  for (index, byte) in uri.utf8[..<colon].enumerated() {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): continue
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
      if index == 0 { return false }
    default: return false
    }
  }
  return colon > uri.utf8.startIndex
}
