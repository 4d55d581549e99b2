// SPDX-License-Identifier: Apache-2.0
//
// Names become unique ids when a trust policy is stored: who takes a deleted name later gains nothing by it. Refuses to
// know who exists. Source: IAM User Guide, policy element Principal ("transforms the ARN to the unique principal ID").

extension PolicyDocument {
  /// The ARNs of users, roles, sessions and federated users that `Principal` and `NotPrincipal` name.
  ///
  /// Each once, in the order of the text, as it is written; accounts and their roots are not among them.
  package var principalARNs: [String] {
    var seen: Set<[UInt8]> = []
    return statements.flatMap { $0.principals?.patterns ?? [] }.compactMap { pattern in
      guard case .arn(let bytes) = pattern, seen.insert(bytes).inserted else { return nil }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  /// The document with unique ids in place of `principalARNs`.
  ///
  /// A name without an id never gives and never spares: in an Allow, and in `NotPrincipal`, it means nobody from then
  /// on; in a Deny with `Principal` it stays the name that it is, and strikes whoever holds it.
  ///
  /// - Parameter uniqueIDs: the id for each ARN, compared byte for byte: `AIDA…`, `AROA…`, `AROA…:session`, and `A:N`
  ///   for a federated user.
  /// - Returns: the bound document; its `source` is the text as it was.
  package func binding(_ uniqueIDs: [String: String]) -> PolicyDocument {
    var ids: [[UInt8]: [UInt8]] = [:]
    for (arn, id) in uniqueIDs { ids[Array(arn.utf8)] = Array(id.utf8) }
    return PolicyDocument(
      kind: kind,
      version: version,
      statements: statements.map { $0.binding(ids) },
      source: source,
      origin: origin
    )
  }
}

extension Statement {
  fileprivate func binding(_ ids: [[UInt8]: [UInt8]]) -> Statement {
    guard let principals else { return self }
    // The stricter of the two meanings.
    let staysName = (effect == .deny) != principals.isNegated
    let patterns = principals.patterns.map { pattern -> PrincipalPattern in
      guard case .arn(let arn) = pattern else { return pattern }
      if let id = ids[arn] { return .uniqueID(id) }
      return staysName ? pattern : .nobody(arn)
    }
    return Statement(
      sid: sid,
      effect: effect,
      principals: Listed(patterns, negated: principals.isNegated),
      actions: actions,
      resources: resources,
      conditions: conditions
    )
  }
}
