// SPDX-License-Identifier: Apache-2.0
//
// Text with policy variables, as a federation config writes down what an assertion says: `${key}`, `${key, 'default'}`
// and the escapes, without wildcards. Which keys there are is the caller's to say.

/// A text with policy variables.
package struct TextTemplate: Sendable {
  private let template: Template

  /// Reads `text`; throws `.variable` when `${` begins nothing that the policy language knows.
  package init(_ text: String) throws(PolicyDocumentError) {
    template = try Template(text, wildcards: false, version: .variables)
  }

  /// The names of its variables as they are written, in order; one that stands twice is there twice.
  package var variables: [String] { template.variables.map(\.key.spelling) }

  /// What it says in `context`.
  ///
  /// A key with several values gives as many texts; of several such keys, every combination.
  ///
  /// - Returns: the texts; none when a key has no value there and no default.
  package func texts(in context: RequestContext) -> [String] {
    var texts: [[UInt8]] = [[]]
    for piece in template.pieces {
      switch piece {
      case .units(let units):
        let bytes = units.map(UInt8.init(truncatingIfNeeded:))
        texts = texts.map { $0 + bytes }
      case .variable(let key, let fallback):
        guard let values = context[key] ?? fallback.map({ [$0] }) else { return [] }
        texts = texts.flatMap { text in values.map { text + $0 } }
      }
    }
    return texts.map { String(decoding: $0, as: UTF8.self) }
  }
}
