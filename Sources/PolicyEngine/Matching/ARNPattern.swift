// SPDX-License-Identifier: Apache-2.0
//
// ARNs compared part by part: five parts between colons, and the rest. A wildcard or a variable stays inside its
// part, so that no value can shift the account into another place. Source: IAM User Guide, ARN condition operators;
// AWS General Reference, Amazon Resource Names.

/// The bytes of an ARN, cut into its six parts.
struct ARNParts: Hashable, Sendable {
  let parts: [ArraySlice<UInt8>]

  /// Cuts `text`; `nil` when it does not begin with `arn:` or has fewer than six parts.
  init?(_ text: [UInt8]) {
    guard text.starts(with: "arn:".utf8) else { return nil }
    let parts = text.split(separator: UInt8(ascii: ":"), maxSplits: 5, omittingEmptySubsequences: false)
    guard parts.count == 6 else { return nil }
    self.parts = parts
  }
}

/// A pattern of ARNs.
enum ARNPattern: Hashable, Sendable {
  /// `*`: every ARN.
  case any
  /// Six parts.
  case parts([Template])
  /// One variable that holds a whole ARN.
  case variable(Template)

  /// Compiles `text`; `nil` when it is no pattern of ARNs.
  init?(_ text: String, version: LanguageVersion) throws(PolicyDocumentError) {
    let template = try Template(text, wildcards: true, version: version)
    if template.pieces == [.units([Glob.anyRun])] {
      self = .any
      return
    }
    if template.pieces.count == 1, case .variable = template.pieces[0] {
      self = .variable(template)
      return
    }
    let parts = template.split(maximumColons: 5)
    guard parts.count == 6, parts[0].pieces == [.units("arn".utf8.map(UInt16.init))] else { return nil }
    self = .parts(parts)
  }

  /// The templates of the parts.
  var templates: [Template] {
    switch self {
    case .any: []
    case .parts(let templates): templates
    case .variable(let template): [template]
    }
  }

  /// The pattern with its variables filled in, those that have a value.
  func filledIn(from context: RequestContext) -> ARNPattern {
    switch self {
    case .any: self
    case .parts(let templates):
      templates.contains { $0.constant == nil } ? .parts(templates.map { $0.filledIn(from: context) }) : self
    case .variable(let template): .variable(template.filledIn(from: context))
    }
  }

  /// Whether `arn` fits; `nil` when a variable is not filled in.
  func matches(_ arn: ARNParts) -> Bool? {
    switch self {
    case .any:
      return true
    case .parts(let templates):
      var isUnresolved = false
      for (template, part) in zip(templates, arn.parts) {
        guard let glob = template.constant else {
          isUnresolved = true
          continue
        }
        guard glob.matches(part) else { return false }
      }
      return isUnresolved ? nil : true
    case .variable(let template):
      guard let glob = template.constant else { return nil }
      return glob.matches(ArraySlice(arn.parts.joined(separator: [UInt8(ascii: ":")])))
    }
  }
}
