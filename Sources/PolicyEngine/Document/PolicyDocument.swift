// SPDX-License-Identifier: Apache-2.0
//
// A policy document, parsed and compiled once, evaluated many times. It cannot be made from a text that could be
// misread. Refuses to know who is asking.

import StrictJSON

/// A policy document.
///
/// Shape: JSON, UTF-8, at most 131,072 bytes (the longest `PolicyDocument` that the IAM API takes; the quotas, which
/// are smaller, belong to the actions that store policies). Source: IAM User Guide, grammar of the JSON policy
/// language.
package struct PolicyDocument: Hashable, Sendable {
  /// The longest text, in bytes.
  ///
  /// Source: botocore, `policyDocumentType`.
  package static let maximumBytes = 131_072
  /// How deep a text may nest: document, list, statement, conditions, keys, values are six.
  static let maximumDepth = 8

  /// What the document is for.
  package let kind: PolicyKind
  /// The statements in the order of the text; at least one.
  package let statements: [Statement]
  /// The text, UTF-8, as it was given.
  package let source: [UInt8]
  /// The version of the language that the text is written in.
  let version: LanguageVersion
  /// Where the text begins in the file that it stands in.
  let origin: SourcePosition

  /// Parses and compiles a document.
  ///
  /// - Parameters:
  ///   - json: the text, UTF-8.
  ///   - kind: what the document is for; decides which elements are legal.
  /// - Throws: `PolicyDocumentError`, the first thing that is wrong in the order of the text's elements.
  package init(json: [UInt8], kind: PolicyKind) throws(PolicyDocumentError) {
    try self.init(json: json, parser: PolicyParser(kind: kind, isTolerant: false), origin: .start)
  }

  init(json: [UInt8], parser: PolicyParser, origin: SourcePosition) throws(PolicyDocumentError) {
    let value: JSONValue
    do {
      value = try JSONReader.read(
        json,
        maximumBytes: PolicyDocument.maximumBytes,
        maximumDepth: PolicyDocument.maximumDepth
      )
    } catch {
      throw .json(error)
    }
    let (version, statements) = try parser.document(value)
    self.init(kind: parser.kind, version: version, statements: statements, source: json, origin: origin)
  }

  init(
    kind: PolicyKind,
    version: LanguageVersion,
    statements: [Statement],
    source: [UInt8],
    origin: SourcePosition
  ) {
    self.kind = kind
    self.version = version
    self.statements = statements
    self.source = source
    self.origin = origin
  }
}

/// A policy document and the name by which a decision refers to it.
package struct NamedPolicy: Hashable, Sendable {
  /// The policy's ARN, or the name of an inline policy.
  package let identifier: String
  /// The document.
  package let document: PolicyDocument

  /// Pairs `identifier` and `document`.
  package init(identifier: String, document: PolicyDocument) {
    self.identifier = identifier
    self.document = document
  }
}
