// SPDX-License-Identifier: Apache-2.0
//
// XML for eyes: an element a line, two spaces a level, every character that does not show as a character reference. What
// is laid out so is not what was signed.

import TokenFormats

/// Lays an XML text out.
enum PrettyXML {
  /// `xml`, an element a line; `nil` when it is not XML.
  static func text(_ xml: [UInt8]) -> String? {
    // The reader caps the depth, and with it that of the calls here.
    guard let root = try? XMLReader.read(xml) else { return nil }
    return lines(root, indent: "", within: [])
  }

  private static func lines(
    _ element: XMLElement,
    indent: String,
    within outer: [XMLNamespace]
  ) -> String {
    let name = qualified(element.name)
    let tag = indent + "<" + name + declarations(element.scope, within: outer) + attributes(element)
    guard !element.children.isEmpty else { return tag + "/>" }
    if let text = element.text { return tag + ">" + escaped(text) + "</\(name)>" }
    let deeper = indent + "  "
    let content = element.children.compactMap { child -> String? in
      switch child {
      case .element(let child): lines(child, indent: deeper, within: element.scope)
      case .text(let text): text.string.allSatisfy(\.isWhitespace) ? nil : deeper + escaped(text.string)
      case .processingInstruction(let target, let data): "\(deeper)<?\(escaped(target)) \(escaped(data))?>"
      case .canonical: nil
      }
    }
    return ([tag + ">"] + content + ["\(indent)</\(name)>"]).joined(separator: "\n")
  }

  private static func declarations(_ scope: [XMLNamespace], within outer: [XMLNamespace]) -> String {
    let new = scope.filter { namespace in
      !outer.contains { isSame($0.prefix, namespace.prefix) && isSame($0.uri, namespace.uri) }
    }
    let isDefaultGone = outer.contains(where: \.prefix.isEmpty) && !scope.contains(where: \.prefix.isEmpty)
    return new.map { " xmlns\($0.prefix.isEmpty ? "" : ":" + escaped($0.prefix))=\"\(escaped($0.uri))\"" }
      .joined()
      + (isDefaultGone ? " xmlns=\"\"" : "")
  }

  private static func attributes(_ element: XMLElement) -> String {
    element.attributes.map { " \(qualified($0.name))=\"\(escaped($0.value.string))\"" }.joined()
  }

  private static func qualified(_ name: XMLName) -> String {
    name.namespace.prefix.isEmpty
      ? escaped(name.local) : escaped(name.namespace.prefix) + ":" + escaped(name.local)
  }

  private static func isSame(_ one: String, _ other: String) -> Bool { one.utf8.elementsEqual(other.utf8) }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default:
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator:
          result += "&#x\(String(scalar.value, radix: 16, uppercase: true));"
        default: result.unicodeScalars.append(scalar)
        }
      }
    }
    return result
  }
}
