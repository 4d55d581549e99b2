// SPDX-License-Identifier: Apache-2.0
//
// Which condition keys a document asks for. Source: AWS IAM API, GetContextKeysForCustomPolicy.

extension PolicyDocument {
  /// The condition keys and policy variables that the document uses.
  ///
  /// As it spells them, in the order of the text; keys that differ only in ASCII case are one, in its first spelling.
  package var contextKeys: [String] {
    var keys = KeyList()
    for statement in statements { keys.append(contentsOf: statement.keys(withDefaults: true)) }
    return keys.spellings
  }
}

extension Statement {
  /// The keys of conditions and the variables; those with a default too, when asked.
  func keys(withDefaults: Bool) -> [ConditionKey] {
    func variables(_ templates: [Template]) -> [ConditionKey] {
      templates.flatMap(\.variables).filter { withDefaults || !$0.hasDefault }.map(\.key)
    }
    return variables(resources?.patterns.flatMap(\.templates) ?? [])
      + conditions.flatMap { [$0.key] + variables($0.operands.flatMap(\.templates)) }
  }
}

/// Condition keys, each once.
struct KeyList {
  private(set) var spellings: [String] = []
  private var seen: Set<ConditionKey> = []

  mutating func append(contentsOf keys: [ConditionKey]) {
    for key in keys where seen.insert(key).inserted { spellings.append(key.spelling) }
  }
}
