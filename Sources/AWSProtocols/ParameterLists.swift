// SPDX-License-Identifier: Apache-2.0
//
// Lists, structures and maps among the parameters, with AWS's texts for what is wrong with them.
// Source: contract §1.4, §9.5.

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
    guard let list = found(source.strings(name), instead: []) else { return nil }
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
    if let list = optionalStructureList(name, count: count, type: type, members: members, element: element) {
      return list
    }
    if count.lowerBound > 0 { violateShort(name, shown([]), count.lowerBound) }
    return []
  }

  /// A list of structures that may be sent; `nil` when it was not, which an empty list is not.
  ///
  /// Otherwise as `structureList`.
  package mutating func optionalStructureList<Element>(
    _ name: String,
    count: ClosedRange<Int>,
    type: String,
    members: [String],
    element: (inout ParameterReader) -> Element
  ) -> [Element]? {
    guard let elements = found(source.structures(name), instead: []) else { return nil }
    guard count.contains(elements.count) else {
      let list = shown(
        elements.map { element in
          let fields = members.map { "\(lowerCamel($0))=\(element.shown($0))" }
          return "\(type)(\(fields.joined(separator: ", ")))"
        }
      )
      if elements.count > count.upperBound {
        violateLong(name, list, count.upperBound)
      } else {
        violateShort(name, list, count.lowerBound)
      }
      return []
    }
    return elements.enumerated().map { index, source in
      nested(source, "\(path(name)).\(index + 1).member.", element)
    }
  }

  /// A structure that may be sent; `nil` when it was not.
  ///
  /// - Parameters:
  ///   - name: the name of the structure.
  ///   - members: reads its members; names are those of the members.
  /// - Returns: what `members` made of them.
  package mutating func optionalStructure<Structure>(
    _ name: String,
    members: (inout ParameterReader) -> Structure
  ) -> Structure? {
    guard let source = found(source.structure(name), instead: nil) else { return nil }
    return nested(source, "\(path(name)).", members)
  }

  /// A map of strings that may be sent, in the order of arrival; `nil` when it was not.
  ///
  /// `count` is the number of entries.
  package mutating func optionalStringMap(
    _ name: String,
    count: ClosedRange<Int>
  ) -> [(key: String, value: String)]? {
    guard let map = found(source.map(name), instead: []) else { return nil }
    if !count.contains(map.count) {
      let shown = "'{\(map.map { "\($0.key)=\($0.value)" }.joined(separator: ", "))}'"
      if map.count > count.upperBound {
        violateLong(name, shown, count.upperBound)
      } else {
        violateShort(name, shown, count.lowerBound)
      }
    }
    return map
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
    var isSent = false
    if case .value(let elements) = source.structures(name) { isSent = !elements.isEmpty }
    let tags = tagList(name, count: count)
    return required(name, isSent ? tags : nil) ?? []
  }
}

// MARK: - Findings

extension ParameterReader {
  // Reads a structure with a reader of its own; what it finds wrong is found here.
  private mutating func nested<Structure>(
    _ source: ParameterSource,
    _ pathPrefix: String,
    _ read: (inout ParameterReader) -> Structure
  ) -> Structure {
    var reader = ParameterReader(source, pathPrefix: pathPrefix)
    reader.findings = findings
    defer { findings = reader.findings }
    return read(&reader)
  }

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
