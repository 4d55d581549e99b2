// SPDX-License-Identifier: Apache-2.0
//
// The ini form of ~/.aws/config and ~/.aws/credentials: sections, properties, one level of nesting. Reads it as the
// AWS CLI does and refuses what the AWS CLI refuses. Refuses to know what a profile is. Errors name a line and never
// its text, for the text may be a secret.
// Source: AWS SDKs and Tools Reference Guide, shared config and credentials files.

import IdentityModel

/// Why a text is not an acceptable ini file; `line` counts from 1.
package enum INIError: Error, Hashable, Sendable {
  /// The bytes are not well-formed UTF-8, or hold a NUL.
  case notText
  /// The line is neither a section, nor a property, nor a comment.
  case malformed(line: Int)
  /// A property stands before the first section.
  case outsideSection(line: Int)
  /// The section was there before.
  case duplicateSection(line: Int)
  /// The property was in the same section before.
  case duplicateProperty(line: Int)
}

/// An ini file.
package struct INIFile: Hashable, Sendable {
  /// A `[section]` with its properties.
  package struct Section: Hashable, Sendable {
    /// What stands between the brackets, trimmed.
    package let name: String
    fileprivate var properties: [Property] = []

    /// The value of the property `name` (lower case); `nil` when it is absent or empty.
    package subscript(_ name: String) -> String? {
      guard let text = property(name)?.text, !text.isEmpty else { return nil }
      return text
    }

    /// The value that is nested as `inner = value` under the property `name`, both in lower case.
    package func nested(_ name: String, _ inner: String) -> String? {
      property(name)?.nested.first { $0.name.utf8.elementsEqual(inner.utf8) }?.text
    }

    private func property(_ name: String) -> Property? {
      properties.first { $0.name.utf8.elementsEqual(name.utf8) }
    }
  }

  fileprivate struct Property: Hashable, Sendable {
    let name: String
    var text: String
    var nested: [Property] = []
  }

  /// The sections, in the order of the file.
  package private(set) var sections: [Section] = []

  /// Reads `bytes`.
  ///
  /// A `#` or `;` that begins a line begins a comment; one inside a value belongs to the value, as the AWS CLI reads
  /// it. A line that is indented deeper than its property continues the value, or nests under it when the property's
  /// own value is empty.
  ///
  /// - Throws: `INIError`, naming the first line that is wrong.
  package init(_ bytes: [UInt8]) throws(INIError) {
    guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else { throw .notText }
    // How deep the property that is still open is indented; `nil` right after a section line.
    var openIndentation: Int?
    for (index, line) in text.utf8.split(
      separator: UInt8(ascii: "\n"),
      omittingEmptySubsequences: false
    ).enumerated() {
      let content = trimmed(line)
      guard let first = content.utf8.first, first != UInt8(ascii: "#"), first != UInt8(ascii: ";") else {
        continue
      }
      let indentation = line.prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.count
      if let open = openIndentation, indentation > open {
        try continueProperty(content, line: index + 1)
      } else if first == UInt8(ascii: "[") {
        try openSection(content, line: index + 1)
        openIndentation = nil
      } else {
        try addProperty(content, line: index + 1)
        openIndentation = indentation
      }
    }
  }

  /// The section with exactly the bytes of `name`.
  package func section(_ name: String) -> Section? {
    sections.first { $0.name.utf8.elementsEqual(name.utf8) }
  }

  private mutating func openSection(_ content: Substring, line: Int) throws(INIError) {
    guard let end = content.lastIndex(of: "]") else { throw .malformed(line: line) }
    let rest = trimmed(content[content.index(after: end)...].utf8)
    let name = String(trimmed(content[..<end].dropFirst().utf8))
    guard !name.isEmpty, rest.isEmpty || rest.hasPrefix("#") || rest.hasPrefix(";") else {
      throw .malformed(line: line)
    }
    guard section(name) == nil else { throw .duplicateSection(line: line) }
    sections.append(Section(name: name))
  }

  private mutating func addProperty(_ content: Substring, line: Int) throws(INIError) {
    guard let last = sections.indices.last else { throw .outsideSection(line: line) }
    let property = try parseProperty(content, separators: ["=", ":"], line: line)
    try append(property, to: &sections[last].properties, line: line)
  }

  private mutating func continueProperty(_ content: Substring, line: Int) throws(INIError) {
    guard let last = sections.indices.last, let open = sections[last].properties.indices.last else {
      throw .outsideSection(line: line)
    }
    if sections[last].properties[open].text.isEmpty {
      let property = try parseProperty(content, separators: ["="], line: line)
      try append(property, to: &sections[last].properties[open].nested, line: line)
    } else {
      sections[last].properties[open].text += "\n" + content
    }
  }
}

private func parseProperty(
  _ content: Substring,
  separators: Set<Character>,
  line: Int
) throws(INIError) -> INIFile.Property {
  guard let separator = content.firstIndex(where: { separators.contains($0) }) else {
    throw .malformed(line: line)
  }
  let name = asciiLowercased(trimmed(content[..<separator].utf8))
  guard !name.isEmpty else { throw .malformed(line: line) }
  return INIFile.Property(name: name, text: String(trimmed(content[content.index(after: separator)...].utf8)))
}

private func append(
  _ property: INIFile.Property,
  to properties: inout [INIFile.Property],
  line: Int
) throws(INIError) {
  guard !properties.contains(where: { $0.name.utf8.elementsEqual(property.name.utf8) }) else {
    throw .duplicateProperty(line: line)
  }
  properties.append(property)
}

/// `text` without spaces, tabs and carriage returns at its ends.
private func trimmed(_ text: Substring.UTF8View) -> Substring {
  func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
  let start = text.firstIndex { !isBlank($0) } ?? text.endIndex
  let end = text[start...].lastIndex { !isBlank($0) }.map { text.index(after: $0) } ?? start
  return Substring(text[start..<end])
}
