// SPDX-License-Identifier: Apache-2.0
//
// Reads the agent's file strictly: a name that nobody knows, a value of another kind, an empty value is an error that
// says where it stands. Refuses to know what the names mean. Source: YAML 1.2.

import Yams

/// Why a file describes no agent.
package enum AgentFileError: Error, Hashable, Sendable {
  /// The text is not YAML: the parser's words.
  case notYAML(String)
  /// A value must be a mapping: where, as in `files[0].token`.
  case notMapping(String)
  /// A name that is not known there.
  case unknown(String)
  /// A name that must stand there does not.
  case missing(String)
  /// A value cannot be one: where and why.
  case malformed(String, String)
}

/// A mapping and where it stands.
struct AgentMapping {
  let path: String
  private let members: [String: Node]

  /// The mapping that `text` is.
  init(text: String) throws(AgentFileError) {
    let node: Node?
    do {
      node = try Yams.compose(yaml: text)
    } catch {
      throw .notYAML(String(String(describing: error).prefix { !$0.isNewline }))
    }
    guard let node else { throw .notMapping("the file") }
    try self.init(node, path: "")
  }

  init(_ node: Node, path: String) throws(AgentFileError) {
    guard let mapping = node.mapping else { throw .notMapping(path.isEmpty ? "the file" : path) }
    var members: [String: Node] = [:]
    for (key, value) in mapping {
      guard let name = key.scalar?.string else {
        throw .malformed(path.isEmpty ? "the file" : path, "a name is no text")
      }
      members[name] = value
    }
    self.path = path
    self.members = members
  }

  /// The names that stand there, in the order of their bytes.
  var names: [String] { members.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }

  func place(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  func refuseUnknown(but known: Set<String>) throws(AgentFileError) {
    for name in names where !known.contains(name) { throw .unknown(place(name)) }
  }

  func mapping(_ name: String) throws(AgentFileError) -> AgentMapping? {
    guard let node = members[name] else { return nil }
    return try AgentMapping(node, path: place(name))
  }

  func mappings(_ name: String) throws(AgentFileError) -> [AgentMapping] {
    guard let node = members[name] else { return [] }
    guard let sequence = node.sequence else { throw .malformed(place(name), "it is not a list") }
    var found: [AgentMapping] = []
    for (index, element) in sequence.enumerated() {
      found.append(try AgentMapping(element, path: "\(place(name))[\(index)]"))
    }
    return found
  }

  func text(_ name: String) throws(AgentFileError) -> String? {
    guard let node = members[name] else { return nil }
    return try text(node, place(name))
  }

  func required(_ name: String) throws(AgentFileError) -> String {
    guard let text = try text(name) else { throw .missing(place(name)) }
    return text
  }

  /// One text, or a list of texts.
  func texts(_ name: String) throws(AgentFileError) -> [String] {
    guard let node = members[name] else { return [] }
    guard let sequence = node.sequence else { return [try text(node, place(name))] }
    var found: [String] = []
    for (index, element) in sequence.enumerated() {
      found.append(try text(element, "\(place(name))[\(index)]"))
    }
    return found
  }

  func number(_ name: String, _ range: ClosedRange<Int>) throws(AgentFileError) -> Int? {
    guard let text = try text(name) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw .malformed(place(name), "it is not a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func flag(_ name: String) throws(AgentFileError) -> Bool {
    switch try text(name) {
    case nil, "false": return false
    case "true": return true
    default: throw .malformed(place(name), "it is neither true nor false")
    }
  }

  private func text(_ node: Node, _ place: String) throws(AgentFileError) -> String {
    guard let text = node.scalar?.string else { throw .malformed(place, "it is not a single value") }
    guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
      throw .malformed(place, "it is empty or holds a control character")
    }
    return text
  }
}
