// SPDX-License-Identifier: Apache-2.0
//
// Where the parameters of one structure come from: a form of AWS Query, or an object of AWS JSON. The only place that
// knows how either spells a string, a number, a list or a structure; `ParameterReader` asks here and words the answers.
// Source: contract §1.4, §9.5; AWS Query and AWS JSON 1.1 protocols (botocore serialize.py).

import IdentityModel
import StrictJSON

/// The parameters of an action, or of a structure among them.
enum ParameterSource: Sendable {
  /// The pairs of a form whose names begin with `prefix`, such as `Tags.member.1.`.
  case form(QueryParameters, prefix: String)
  /// The members of an object.
  case object(JSONObject)

  /// What was found under a name.
  enum Found<Value> {
    /// Nothing; in JSON also `null`.
    case absent
    /// A value of the type that was asked for.
    case value(Value)
    /// Something else, and what a client is told of it.
    case malformed(String)
  }
}

// MARK: - Scalars

extension ParameterSource {
  /// A string.
  func string(_ name: String) -> Found<String> {
    scalar(name) { value in
      if let text = value.string { .value(text) } else { .malformed(mismatch(value, "a String")) }
    }
  }

  /// The decimal digits of an integer, with an optional minus sign.
  func integer(_ name: String) -> Found<String> {
    let found = scalar(name) { value in
      if case .number(let number) = value {
        .value(number.text)
      } else {
        .malformed(mismatch(value, "an Integer"))
      }
    }
    guard case .value(let text) = found, !isInteger(text) else { return found }
    switch self {
    case .form(_, let prefix): return .malformed("`\(prefix + name)` must be an integer")
    case .object: return .malformed("NUMBER_VALUE can not be converted to an Integer")
    }
  }

  /// A truth value: `true`, `false`, `1` or `0` (XML Schema, boolean) in a form.
  func boolean(_ name: String) -> Found<Bool> {
    switch self {
    case .form(let parameters, let prefix):
      switch parameters[prefix + name] {
      case nil: .absent
      case "true", "1": .value(true)
      case "false", "0": .value(false)
      default: .malformed("boolean must follow xsd1.1 definition")
      }
    case .object(let object):
      switch object[name] {
      case nil, .null: .absent
      case .bool(let value): .value(value)
      case .some(let value): .malformed(mismatch(value, "a Boolean"))
      }
    }
  }

  /// A point in time: ISO 8601 in UTC, or in JSON also seconds since the Epoch with any fraction.
  func timestamp(_ name: String) -> Found<Instant> {
    switch self {
    case .form(let parameters, let prefix):
      guard let text = parameters[prefix + name] else { return .absent }
      return Instant(rfc3339: text).map { .value($0) } ?? .malformed("`\(prefix + name)` must be a timestamp")
    case .object(let object):
      guard let value = object[name], value != .null else { return .absent }
      let instant: Instant? =
        switch value {
        case .number(let seconds): milliseconds(ofSeconds: seconds).map { Instant(milliseconds: $0) }
        case .string(let text): Instant(rfc3339: text)
        default: nil
        }
      return instant.map { .value($0) } ?? .malformed(mismatch(value, "a Timestamp"))
    }
  }

  private func scalar(
    _ name: String,
    _ read: (JSONValue) -> Found<String>
  ) -> Found<String> {
    switch self {
    case .form(let parameters, let prefix):
      parameters[prefix.isEmpty ? name : prefix + name].map { .value($0) } ?? .absent
    case .object(let object):
      switch object[name] {
      case nil, .null: .absent
      case .some(let value): read(value)
      }
    }
  }
}

// MARK: - Lists, structures, maps

extension ParameterSource {
  /// A list of strings.
  func strings(_ name: String) -> Found<[String]> {
    switch self {
    case .form(let parameters, let prefix):
      return elements(parameters, prefix, name, .scalar).map { count in
        (0..<count).compactMap { parameters[prefix + "\(name).member.\($0 + 1)"] }
      }
    case .object(let object):
      return array(object[name]) { element in
        if let text = element.string { .value(text) } else { .malformed(mismatch(element, "a String")) }
      }
    }
  }

  /// A list of structures.
  func structures(_ name: String) -> Found<[ParameterSource]> {
    switch self {
    case .form(let parameters, let prefix):
      return elements(parameters, prefix, name, .structure).map { count in
        (0..<count).map { .form(parameters, prefix: prefix + "\(name).member.\($0 + 1).") }
      }
    case .object(let object):
      return array(object[name]) { element in
        if let object = element.object { .value(.object(object)) } else { .malformed(notAStructure(element)) }
      }
    }
  }

  /// A structure.
  func structure(_ name: String) -> Found<ParameterSource> {
    switch self {
    case .form(let parameters, let prefix):
      let stem = prefix + name + "."
      guard parameters.names.contains(where: { $0.utf8.starts(with: stem.utf8) }) else {
        // Its name alone says nothing of it: there is no empty structure in a form.
        return parameters[prefix + name] == nil
          ? .absent : .malformed("`\(prefix + name)` must be a structure")
      }
      guard parameters[prefix + name] == nil else {
        return .malformed("`\(prefix + name)` must be a structure")
      }
      return .value(.form(parameters, prefix: stem))
    case .object(let object):
      switch object[name] {
      case nil, .null: return .absent
      case .object(let value): return .value(.object(value))
      case .some(let value): return .malformed(notAStructure(value))
      }
    }
  }

  /// A map of strings, in the order of arrival; no name stands twice.
  func map(_ name: String) -> Found<[(key: String, value: String)]> {
    switch self {
    case .form(let parameters, let prefix):
      // `Map.entry.1.key`, `Map.entry.1.value`
      return elements(parameters, prefix, name, .structure, word: "entry").flatMap { count in
        var entries: [(key: String, value: String)] = []
        var names: Set<[UInt8]> = []
        for index in 1..<(count + 1) {
          let stem = prefix + "\(name).entry.\(index)."
          guard let key = parameters[stem + "key"], let value = parameters[stem + "value"],
            names.insert(Array(key.utf8)).inserted
          else { return .malformed("`\(prefix + name)` must be a map of strings") }
          entries.append((key, value))
        }
        return .value(entries)
      }
    case .object(let object):
      switch object[name] {
      case nil, .null: return .absent
      case .object(let map):
        var entries: [(key: String, value: String)] = []
        for member in map.members {
          guard let text = member.value.string else { return .malformed(mismatch(member.value, "a String")) }
          entries.append((member.name, text))
        }
        return .value(entries)
      case .some(let value): return .malformed(notAStructure(value))
      }
    }
  }

  /// The text of a member of a structure for the message that shows it; `null` when there is none.
  func shown(_ member: String) -> String {
    switch self {
    case .form(let parameters, let prefix):
      return parameters[prefix + member] ?? "null"
    case .object(let object):
      guard let value = object[member] else { return "null" }
      if let text = value.string { return text }
      var writer = JSONWriter()
      writer.value(value)
      return String(decoding: writer.bytes, as: UTF8.self)
    }
  }

  private func array<Element>(
    _ value: JSONValue?,
    _ read: (JSONValue) -> Found<Element>
  ) -> Found<[Element]> {
    switch value {
    case nil, .null: return .absent
    case .array(let elements):
      var list: [Element] = []
      for element in elements {
        switch read(element) {
        case .value(let element): list.append(element)
        case .malformed(let message): return .malformed(message)
        case .absent: continue
        }
      }
      return .value(list)
    case .some(.object): return .malformed("Start of structure or map found where not expected.")
    case .some: return .malformed("Expected list or null")
    }
  }
}

extension ParameterSource.Found {
  func map<Other>(_ change: (Value) -> Other) -> ParameterSource.Found<Other> {
    flatMap { .value(change($0)) }
  }

  func flatMap<Other>(_ change: (Value) -> ParameterSource.Found<Other>) -> ParameterSource.Found<Other> {
    switch self {
    case .absent: .absent
    case .value(let value): change(value)
    case .malformed(let message): .malformed(message)
    }
  }
}

// MARK: - AWS JSON's words

// As AWS's services word a value of another type, in a `SerializationException`.
private func mismatch(_ value: JSONValue, _ type: String) -> String {
  switch value {
  case .null: "NULL_VALUE can not be converted to \(type)"
  case .bool(let value): "\(value ? "TRUE" : "FALSE")_VALUE can not be converted to \(type)"
  case .number: "NUMBER_VALUE can not be converted to \(type)"
  case .string: "STRING_VALUE can not be converted to \(type)"
  case .array: "Start of list found where not expected"
  case .object: "Start of structure or map found where not expected."
  }
}

private func notAStructure(_ value: JSONValue) -> String {
  if case .array = value { "Start of list found where not expected" } else { "Expected null" }
}

private func isInteger(_ text: String) -> Bool {
  let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
  return !digits.isEmpty && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
}

// Seconds with a fraction, to the millisecond below; `nil` beyond the years 0001 to 9999.
private func milliseconds(ofSeconds number: JSONNumber) -> Int64? {
  guard let seconds = Double(number.text), seconds >= -62_135_596_800, seconds < 253_402_300_800 else {
    return nil
  }
  return Int64((seconds * 1000).rounded())
}
