// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, ListPolicies: AWS's managed policies and the account's own, page by page, without description and tags.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:ListPolicies`.
package struct ListPolicies: Action {
  package static let service = ServiceName.iam
  package static let name = "ListPolicies"
  package static let isReadOnly = true

  private let onlyAttached: Bool
  private let paging: Paging
  private let pathPrefix: String
  private let usageFilter: PolicyUsageFilter?
  private let scope: String

  package init(_ parameters: inout ParameterReader) {
    paging = Paging(&parameters)
    onlyAttached = parameters.optionalBoolean("OnlyAttached") ?? false
    pathPrefix = parameters.optionalString("PathPrefix", length: 1...512, pattern: .policyPath) ?? "/"
    usageFilter = PolicyUsageFilter(&parameters)
    scope = parameters.optionalChoice("Scope", of: ["All", "AWS", "Local"]) ?? "All"
  }

  package var requestParameters: JSONValue? {
    .object(
      JSONObject(
        [
          .init("scope", .string(scope)), .init("pathPrefix", .string(pathPrefix)),
          .init("onlyAttached", .bool(onlyAttached)),
        ] + JSONObject.Member.ifPresent("policyUsageFilter", usageFilter?.rawValue)
      )
    )
  }

  package func questions(_ subject: NoSubject, _ call: AuthenticatedCall) -> [Question] {
    // The action has no resource. Source: Service Authorization Reference, IAM.
    [Question(action: "iam:ListPolicies", resource: "*")]
  }

  package func perform(
    _ call: AuthorizedCall<ListPolicies>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let aws = ListSource<PolicySummary>.values(AWSManagedPolicy.all.map { ($0.name, PolicySummary($0)) })
    let local = ListSource.records(of: ManagedPolicyRecord.self, prefix: "\(call.account)/") { stored in
      PolicySummary(stored.record)
    }
    // Both stand in the list whatever the scope, so that a marker means the same for each.
    let none = ListSource<PolicySummary>.values([])
    let (page, marker) = try await paging.page(
      of: [scope == "Local" ? none : aws, scope == "AWS" ? none : local],
      house
    )
    var policies: [ResponseValue] = []
    // A page is a page of all policies: the filters leave some out of it, as AWS leaves pages short.
    for policy in page where policy.path.utf8.starts(with: pathPrefix.utf8) {
      let usage = try await house.usage(ofPolicy: policy.arn, in: call.account)
      if onlyAttached, usage == PolicyUsage() { continue }
      if let usageFilter, !usageFilter.admits(usage) { continue }
      policies.append(.structure(policy.response(usage)))
    }
    return Proposal(
      result: ResponseStructure([
        "Policies": .list(policies), "IsTruncated": .boolean(marker != nil),
        "Marker": marker.map { .string($0) },
      ])
    )
  }
}

/// Which use of a policy is asked for.
enum PolicyUsageFilter: String, CaseIterable {
  /// As a permissions policy.
  case policy = "PermissionsPolicy"
  /// As a permissions boundary.
  case boundary = "PermissionsBoundary"

  /// Reads `PolicyUsageFilter`; `nil` when it was not sent.
  init?(_ parameters: inout ParameterReader) {
    let text = parameters.optionalChoice("PolicyUsageFilter", of: Self.allCases.map(\.rawValue))
    guard let text, let filter = Self(rawValue: text) else { return nil }
    self = filter
  }

  /// Whether a policy with this usage is used so.
  func admits(_ usage: PolicyUsage) -> Bool {
    switch self {
    case .policy: usage.attachments > 0
    case .boundary: usage.boundaries > 0
    }
  }
}
