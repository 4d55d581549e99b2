// SPDX-License-Identifier: Apache-2.0
//
// Lists among the parameters: `Audience.member.1`, `Tags.member.1.Key`. Elements count from 1 without a gap, in any
// order of arrival; an SDK's empty list is `Tags=`. Source: contract §1.4, §9.5; botocore serialize.py.

package import IdentityModel

extension ParameterReader {
  /// A list of strings that must be sent with an element; an empty list counts as not sent, as AWS counts it.
  ///
  /// `memberLength` is in UTF-16 code units. Elements keep their order and may repeat.
  package mutating func requiredStringList(
    _ name: String,
    count: ClosedRange<Int>,
    memberLength: ClosedRange<Int>,
    memberPattern: ParameterPattern? = nil
  ) -> [String] {
    let list = optionalStringList(
      name,
      count: 0...count.upperBound,
      memberLength: memberLength,
      memberPattern: memberPattern
    )
    guard let list = required(name, list?.isEmpty == true ? nil : list) else { return [] }
    if list.count < count.lowerBound { violateShort(name, shown(list), count.lowerBound) }
    return list
  }

  /// A list of strings that may be sent; `nil` when it was not.
  ///
  /// `memberLength` is in UTF-16 code units.
  package mutating func optionalStringList(
    _ name: String,
    count: ClosedRange<Int>,
    memberLength: ClosedRange<Int>,
    memberPattern: ParameterPattern? = nil
  ) -> [String]? {
    guard let elements = elements(name, .scalar) else { return nil }
    let list = (0..<elements).compactMap { scalar(wireName(name, $0 + 1)) }
    if list.count > count.upperBound { violateLong(name, shown(list), count.upperBound) }
    if list.count < count.lowerBound { violateShort(name, shown(list), count.lowerBound) }
    let areValid = list.allSatisfy { member in
      memberLength.contains(member.utf16.count) && memberPattern?.matches(member) ?? true
    }
    if !areValid {
      var constraint =
        "Member must have length less than or equal to \(memberLength.upperBound), "
        + "Member must have length greater than or equal to \(memberLength.lowerBound)"
      if let memberPattern {
        constraint += ", Member must satisfy regular expression pattern: \(memberPattern.text)"
      }
      violate(name, shown(list), "Member must satisfy constraint: [\(constraint)]")
    }
    return list
  }

  /// A list of structures; empty when none was sent.
  ///
  /// - Parameters:
  ///   - name: the name of the list.
  ///   - count: how many elements it may have. A longer list is refused without a look at its elements.
  ///   - type: the name of the structure in the message of a list that is too long.
  ///   - members: the names of the structure's members in that message.
  ///   - element: reads one element; names are those of the structure's members.
  /// - Returns: the elements, in order.
  package mutating func structureList<Element>(
    _ name: String,
    count: ClosedRange<Int>,
    type: String,
    members: [String],
    element: (inout ParameterReader) -> Element
  ) -> [Element] {
    let elements = elements(name, .structure) ?? 0
    guard count.contains(elements) else {
      let list = shown(
        (0..<elements).map { index in
          let fields = members.map { member in
            "\(lowerCamel(member))=\(scalar("\(wireName(name, index + 1)).\(member)") ?? "null")"
          }
          return "\(type)(\(fields.joined(separator: ", ")))"
        }
      )
      if elements > count.upperBound {
        violateLong(name, list, count.upperBound)
      } else {
        violateShort(name, list, count.lowerBound)
      }
      return []
    }
    return (0..<elements).map { index in
      var reader = ParameterReader(
        parameters,
        wirePrefix: "\(wirePrefix)\(wireName(name, index + 1)).",
        pathPrefix: "\(path(name)).\(index + 1).member."
      )
      reader.findings = findings
      defer { findings = reader.findings }
      return element(&reader)
    }
  }

  /// A list of tags: key 1–128 and value 0–256 UTF-16 code units of AWS's tag characters; empty when none was sent.
  ///
  /// Doubled keys are not looked for: that is a rule of the action, with an error of its own.
  package mutating func tagList(_ name: String = "Tags", count: ClosedRange<Int> = 0...50) -> [Tag] {
    structureList(name, count: count, type: "Tag", members: ["Key", "Value"]) { tag in
      Tag(
        key: tag.requiredString("Key", length: 1...128, pattern: .tagKey),
        value: tag.requiredString("Value", length: 0...256, pattern: .tagValue)
      )
    }
  }
}

extension ParameterReader {
  /// A list of tags that must be sent with an element; an empty list counts as not sent.
  ///
  /// The tags are as `tagList` reads them.
  package mutating func requiredTagList(_ name: String = "Tags", count: ClosedRange<Int> = 0...50) -> [Tag] {
    let sent = elements(name, .structure)
    let tags = tagList(name, count: count)
    return required(name, (sent ?? 0) == 0 ? nil : tags) ?? []
  }
}

// MARK: - Findings

extension ParameterReader {
  private func shown(_ elements: some Sequence<String>) -> String {
    "'[\(elements.joined(separator: ", "))]'"
  }

  private mutating func violateLong(_ name: String, _ list: String, _ maximum: Int) {
    violate(name, list, "Member must have length less than or equal to \(maximum)")
  }

  private mutating func violateShort(_ name: String, _ list: String, _ minimum: Int) {
    violate(name, list, "Member must have length greater than or equal to \(minimum)")
  }
}

// MARK: - The protocol

extension ParameterReader {
  private enum ElementKind {
    // `Audience.member.1`
    case scalar
    // `Tags.member.1.Key`
    case structure
  }

  /// The name of the element at `index`, counted from 1.
  private func wireName(_ list: String, _ index: Int) -> String {
    "\(list).member.\(index)"
  }

  /// How many elements the list has; `nil` when it was not sent.
  ///
  /// A list that is not one is malformed and empty.
  private mutating func elements(_ name: String, _ kind: ElementKind) -> Int? {
    let itself = scalar(name)
    let stem = wirePrefix + name + ".member."
    // Which of the elements were sent. INVARIANT: an index is at most `QueryParameters.maximumCount`.
    var sent: [Bool] = []
    for parameter in parameters.names where parameter.utf8.starts(with: stem.utf8) {
      let rest = parameter.utf8.dropFirst(stem.utf8.count)
      let digits = rest.prefix { $0 != UInt8(ascii: ".") }
      guard let index = listIndex(digits), (digits.endIndex == rest.endIndex) == (kind == .scalar) else {
        malformed("`\(wirePrefix)\(name)` must be a list of \(kind == .scalar ? "strings" : "structures")")
        return 0
      }
      while sent.count < index { sent.append(false) }
      sent[index - 1] = true
    }
    guard sent.allSatisfy({ $0 }) else {
      malformed("`\(wirePrefix)\(name)` must count its elements from 1 without a gap")
      return 0
    }
    guard itself == nil || itself?.isEmpty == true && sent.isEmpty else {
      malformed("`\(wirePrefix)\(name)` must be a list")
      return 0
    }
    return itself == nil && sent.isEmpty ? nil : sent.count
  }
}
