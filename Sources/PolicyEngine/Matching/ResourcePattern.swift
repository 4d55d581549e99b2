// SPDX-License-Identifier: Apache-2.0
//
// Resources: `*`, or an ARN with wildcards and variables, compared byte for byte (case-sensitive, no Unicode
// normalisation). Source: IAM User Guide, policy element Resource; AWS managed policies for variables in the region
// and the account.

/// One value of `Resource` or `NotResource`, compiled.
enum ResourcePattern: Hashable, Sendable {
  /// `*`
  case everything
  /// An ARN.
  case arn([Template])

  /// Source: AWS General Reference, Amazon Resource Names; botocore, `partitions.json`.
  private static let partitions: Set<[UInt16]> = Set(
    [
      "*", "aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f",
    ].map { name in name == "*" ? [Glob.anyRun] : name.utf8.map(UInt16.init) }
  )

  /// Compiles `text`.
  ///
  /// With `isTolerant` the partition and the service may hold wildcards.
  init(_ text: String, version: LanguageVersion, isTolerant: Bool) throws(PolicyDocumentError) {
    guard !text.utf8.elementsEqual("*".utf8) else {
      self = .everything
      return
    }
    guard text.utf8.starts(with: "arn:".utf8) else { throw .resourceNotARN(text) }
    let template = try Template(text, wildcards: true, version: version)
    let parts = template.split(maximumColons: 5)
    guard parts.count > 2 else { throw .resourceVendor(text) }
    guard let partition = parts[1].constant?.units,
      isTolerant || ResourcePattern.partitions.contains(partition)
    else {
      let written = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
      throw .resourcePartition(String(Substring(written[1])), resource: text)
    }
    guard let service = parts[2].constant?.units, !service.isEmpty,
      isTolerant || service.allSatisfy({ $0 < Glob.anyRun })
    else { throw .resourceVendor(text) }
    guard parts.count == 6 else { throw .resourceParts(text) }
    if service.elementsEqual("iam".utf8.map(UInt16.init)), parts[3].constant?.units != [] {
      throw .resourceRegion(text)
    }
    self = .arn(parts)
  }

  /// Whether the pattern covers `resource`; `nil` when a variable has no value in `context`.
  func matches(_ resource: ARNParts?, in context: RequestContext) -> Bool? {
    switch self {
    case .everything:
      true
    case .arn(let parts):
      // A request on `*` names no resource: only `*` covers it.
      resource.map { ARNPattern.parts(parts).filledIn(from: context).matches($0) } ?? false
    }
  }
}

extension ResourcePattern {
  /// The templates of the parts; none for `*`.
  var templates: [Template] {
    if case .arn(let parts) = self { parts } else { [] }
  }
}
