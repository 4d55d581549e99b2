// SPDX-License-Identifier: Apache-2.0
//
// An explanation in IAM's words. Source: AWS IAM API, `EvaluationResult`; responses recorded from AWS, whose
// `SourcePolicyType` is not one of those that the API reference lists.

import AWSProtocols
import IdentityModel
import PolicyEngine

extension Explanation {
  /// The explanation as `EvaluationResult`.
  func response(of request: PolicyRequest, _ policies: PolicySet) -> ResponseStructure {
    // Of an organization's policies only what denies is told: that every level allows, the detail below says.
    // SECURITY: which policy, and neither where in its text nor which keys it asks for: that is the organization's.
    let told = matched.filter { $0.effect == .deny || !$0.type.isOfOrganization }
    let matched = ResponseValue.list(told.map { .structure($0.response) })
    let missing = ResponseValue.list(missingAccountContextKeys.map { .string($0) })
    let boundary = isAllowedByBoundary.map { isAllowed in
      ResponseValue.structure(ResponseStructure(["AllowedByPermissionsBoundary": .boolean(isAllowed)]))
    }
    let specific = ResponseStructure([
      "EvalResourceName": .string(request.resource), "EvalResourceDecision": .string(decision.word),
      "MatchedStatements": matched, "MissingContextValues": missing,
      "PermissionsBoundaryDecisionDetail": boundary,
    ])
    return ResponseStructure([
      "EvalActionName": .string(request.action), "EvalResourceName": .string(request.resource),
      "EvalDecision": .string(decision.word), "MatchedStatements": matched, "MissingContextValues": missing,
      // Outside an organization nothing is kept from anybody by one.
      "OrganizationsDecisionDetail": .structure(
        ResponseStructure(["AllowedByOrganizations": .boolean(isAllowedByOrganization ?? true)])
      ),
      "PermissionsBoundaryDecisionDetail": boundary,
      "EvalDecisionDetails": .structure(details(of: request, policies)),
      "ResourceSpecificResults": .list([.structure(specific)]),
    ])
  }

  /// What each side says, when caller and resource are of two accounts; a map, empty otherwise.
  private func details(of request: PolicyRequest, _ policies: PolicySet) -> ResponseStructure {
    var details = ResponseStructure()
    guard policies.resource != nil, let owner = request.resourceAccount,
      let account = request.principal.account,
      owner != account
    else { return details }
    for verdict in verdicts where !verdict.type.isOfOrganization {
      guard let name = verdict.type.sourcePolicyType else { continue }
      details.append(
        "entry",
        .structure(ResponseStructure(["key": .string(name), "value": .string(verdict.verdict.word)]))
      )
    }
    return details
  }
}

extension PolicySet {
  /// How many statements its policies have.
  var statementCount: Int {
    (identity + (permissionsBoundary ?? []) + (session ?? []) + (resource.map { [$0] } ?? [])
      + serviceControl.flatMap(\.self) + resourceControl.flatMap(\.self))
      .reduce(0) { $0 + $1.document.statements.count }
  }
}

extension MatchedStatement {
  fileprivate var response: ResponseStructure {
    // A managed policy goes by its name, not by its ARN.
    let identifier = ARN(reference.policy)?.parts.last?.split(separator: "/").last.map(String.init)
    return ResponseStructure([
      "SourcePolicyId": .string(identifier ?? reference.policy),
      "SourcePolicyType": type.sourcePolicyType.map { .string($0) },
      "StartPosition": type.isOfOrganization ? nil : .structure(span.start.response),
      "EndPosition": type.isOfOrganization ? nil : .structure(span.end.response),
    ])
  }
}

extension SourcePosition {
  fileprivate var response: ResponseStructure {
    ResponseStructure(["Line": .integer(Int64(line)), "Column": .integer(Int64(column))])
  }
}

extension PolicyType {
  fileprivate var sourcePolicyType: String? {
    switch self {
    case .identity: "IAM Policy"
    case .resource, .roleTrust: "Resource Policy"
    case .permissionsBoundary: "Permissions Boundary Policy"
    case .session: "Session Policy"
    case .serviceControl: "Service Control Policy"
    case .resourceControl: "Resource Control Policy"
    }
  }
}

extension Decision {
  fileprivate var word: String {
    switch self {
    case .allow: "allowed"
    case .explicitDeny: "explicitDeny"
    case .implicitDeny: "implicitDeny"
    }
  }
}

extension Verdict {
  fileprivate var word: String {
    switch self {
    case .allowed: "allowed"
    case .explicitlyDenied: "explicitDeny"
    case .implicitlyDenied: "implicitDeny"
    }
  }
}
