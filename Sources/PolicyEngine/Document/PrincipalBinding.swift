// SPDX-License-Identifier: Apache-2.0
//
// Names in a trust policy mean the unique ids that they had when it was stored: who takes a deleted name later gains
// nothing by it. Refuses to know who exists. Source: IAM User Guide, policy element Principal.

extension PolicyDocument {
  /// The document with unique ids in place of the ARNs that it names principals by.
  ///
  /// A name without an id never gives and never spares: in an Allow, and in `NotPrincipal`, it means nobody; in a Deny
  /// with `Principal` it stays the name that it is, and strikes whoever holds it.
  ///
  /// - Parameter uniqueIDs: the id for each ARN, compared byte for byte: `AIDA…`, `AROA…`, `AROA…:session`.
  /// - Returns: a document that decides by ids.
  package func binding(_ uniqueIDs: [String: String]) -> PolicyDocument {
    var ids: [[UInt8]: [UInt8]] = [:]
    for (arn, id) in uniqueIDs { ids[Array(arn.utf8)] = Array(id.utf8) }
    return PolicyDocument(kind: kind, statements: statements.map { $0.binding(ids) })
  }

  private init(kind: PolicyKind, statements: [Statement]) {
    self.kind = kind
    self.statements = statements
  }
}

extension Statement {
  fileprivate func binding(_ ids: [[UInt8]: [UInt8]]) -> Statement {
    guard let principals else { return self }
    // The stricter of the two meanings.
    let staysName = (effect == .deny) != principals.isNegated
    let patterns = principals.patterns.compactMap { pattern -> PrincipalPattern? in
      guard case .arn(let arn) = pattern else { return pattern }
      if let id = ids[arn] { return .uniqueID(id) }
      return staysName ? pattern : nil
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
