// SPDX-License-Identifier: Apache-2.0
//
// Lists in a form: `Audience.member.1`, `Tags.member.1.Key`, `Map.entry.1.key`. Elements count from 1 without a gap, in
// any order of arrival; an SDK's empty list is `Tags=`. Source: contract §9.5; botocore serialize.py, QuerySerializer.

extension ParameterSource {
  enum ElementKind {
    // `Audience.member.1`
    case scalar
    // `Tags.member.1.Key`
    case structure
  }

  /// How many elements a list in a form has.
  func elements(
    _ parameters: QueryParameters,
    _ prefix: String,
    _ name: String,
    _ kind: ElementKind,
    word: String = "member"
  ) -> Found<Int> {
    let itself = parameters[prefix.isEmpty ? name : prefix + name]
    let stem = prefix + name + ".\(word)."
    // Which of the elements were sent. INVARIANT: an index is at most `QueryParameters.maximumCount`.
    var sent: [Bool] = []
    for parameter in parameters.names where parameter.utf8.starts(with: stem.utf8) {
      let rest = parameter.utf8.dropFirst(stem.utf8.count)
      let digits = rest.prefix { $0 != UInt8(ascii: ".") }
      guard let index = listIndex(digits), (digits.endIndex == rest.endIndex) == (kind == .scalar) else {
        return .malformed(
          "`\(prefix)\(name)` must be a list of \(kind == .scalar ? "strings" : "structures")"
        )
      }
      while sent.count < index { sent.append(false) }
      sent[index - 1] = true
    }
    guard sent.allSatisfy({ $0 }) else {
      return .malformed("`\(prefix)\(name)` must count its elements from 1 without a gap")
    }
    guard itself == nil || itself?.isEmpty == true && sent.isEmpty else {
      return .malformed("`\(prefix)\(name)` must be a list")
    }
    return itself == nil && sent.isEmpty ? .absent : .value(sent.count)
  }
}
