// SPDX-License-Identifier: Apache-2.0
//
// AWS Organizations API, ListPolicies, ListPoliciesForTarget, ListTargetsForPolicy. AWS's own policies stand first, and
// what has them is found among everything that there is: nothing is written down for what has nothing else.

package import AWSProtocols
package import IdentityModel
package import StrictJSON
import TokenFormats

/// `organizations:ListPolicies`.
package struct ListOrganizationPolicies: OrganizationPolicyAction {
  package static let name = "ListPolicies"
  package static let isReadOnly = true

  private let filter: String
  private let paging: OrganizationsPaging

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    filter = try parameters.policyTypeName("Filter")
    paging = try OrganizationsPaging(&parameters)
  }

  package var requestParameters: JSONValue? { .strings(["filter": filter]) }
  package var policyType: OrganizationPolicyType? { OrganizationPolicyType(rawValue: filter) }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.managedOrganization().record
    // Of the types that only AWS has there are none.
    guard let type = policyType else { return Proposal(result: ResponseStructure(["Policies": .list([])])) }
    let after = paging.after
    let prefix = OrganizationPolicyRecord.prefix(organization.organizationID)
    // An organization has few policies, and its two types stand among each other.
    let customers = try await house.read { directory in
      try await directory.everyRecord(OrganizationPolicyRecord.self, prefix: prefix)
    }
    var policies = after == nil ? [OrganizationPolicy.aws(type)] : []
    policies += customers.lazy.filter { $0.record.type == type }.map { .customer($0) }.filter { policy in
      after.map { $0.utf8.elementsEqual(type.fullAccess.policyID.utf8) || policy.policyID.follows($0) }
        ?? true
    }
    let (page, token) = paging.page(policies, named: \.policyID)
    return Proposal(
      result: ResponseStructure([
        "Policies": .list(page.map { .structure($0.summary) }), "NextToken": token,
      ])
    )
  }
}

/// `organizations:ListPoliciesForTarget`: those that are attached to the target itself.
package struct ListOrganizationPoliciesForTarget: OrganizationPolicyAction {
  package static let name = "ListPoliciesForTarget"
  package static let isReadOnly = true

  private let filter: String
  private let target: String

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    filter = try parameters.policyTypeName("Filter")
    target = try parameters.policyTargetID()
    // Five are one page.
    _ = try OrganizationsPaging(&parameters)
  }

  package var requestParameters: JSONValue? { .strings(["filter": filter, "targetId": target]) }
  package var targetID: String? { target }
  package var policyType: OrganizationPolicyType? { OrganizationPolicyType(rawValue: filter) }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.managedOrganization().record
    let target = try call.subject.existingTarget()
    guard let type = policyType else { return Proposal(result: ResponseStructure(["Policies": .list([])])) }
    let policies = try await house.read { directory in
      var policies: [OrganizationPolicy] = []
      for id in try await directory.attachments(of: target.id, type, in: organization).policies {
        guard let policy = try await directory.organizationPolicy(id, in: organization) else {
          throw StoreError.corrupted("the policy `\(id)` of `\(target.id)` is missing")
        }
        policies.append(policy)
      }
      return policies
    }
    return Proposal(
      result: ResponseStructure(["Policies": .list(policies.map { .structure($0.summary) })])
    )
  }
}

/// `organizations:ListTargetsForPolicy`.
package struct ListTargetsForOrganizationPolicy: OrganizationPolicyAction {
  package static let name = "ListTargetsForPolicy"
  package static let isReadOnly = true

  private let id: String
  private let paging: OrganizationsPaging

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    id = try parameters.organizationsID("PolicyId", [.policy])
    paging = try OrganizationsPaging(&parameters)
  }

  package var requestParameters: JSONValue? { .strings(["policyId": id]) }
  package var policyID: String? { id }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    let organization = try call.authenticated.managedOrganization().record
    let policy = try call.subject.existingPolicy()
    let after = paging.after
    let targets = try await house.read { directory in
      switch policy {
      case .aws(let type):
        try await directory.targets(ofFullAccess: type, in: organization, after: after, paging.maxResults + 1)
      case .customer:
        try await directory.targets(
          of: policy.policyID,
          in: organization,
          after: after,
          paging.maxResults + 1
        )
      }
    }
    let (page, token) = paging.page(targets, named: \.id)
    return Proposal(
      result: ResponseStructure([
        "Targets": .list(page.compactMap { $0.targetSummary.map { .structure($0) } }), "NextToken": token,
      ])
    )
  }
}

extension Directory {
  /// Up to `limit` targets that have the customer's policy `policyID`, in the order of their ids.
  fileprivate func targets(
    of policyID: String,
    in organization: OrganizationRecord,
    after: String?,
    _ limit: Int
  ) async throws(StoreError) -> [OrganizationEntity] {
    let prefix = OrganizationAttachmentRecord.prefix(organization.organizationID, policy: policyID)
    let attachments = try await records(
      OrganizationAttachmentRecord.self,
      prefix: prefix,
      after: after.map { prefix + $0 },
      limit: limit
    )
    var targets: [OrganizationEntity] = []
    for attachment in attachments {
      targets.append(try await self.target(attachment.record.target, in: organization))
    }
    return targets
  }

  /// The root, the unit or the account `id`, to which something is attached; throws `corrupted` when it is missing.
  private func target(
    _ id: String,
    in organization: OrganizationRecord
  ) async throws(StoreError) -> OrganizationEntity {
    let entity: OrganizationEntity? =
      switch OrganizationsIDKind(id) {
      case .root: try await record(OrganizationRootRecord.self, at: id).map { .root($0) }
      case .unit: try await record(OrganizationalUnitRecord.self, at: id).map { .unit($0) }
      default:
        try await record(
          OrganizationAccountRecord.self,
          at: OrganizationAccountRecord.prefix(organization.organizationID) + id
        ).map { .account($0) }
      }
    guard let entity else { throw .corrupted("a policy is attached to `\(id)`, which is missing") }
    return entity
  }

  /// Up to `limit` targets that have AWS's own policy of `type`, in the order of their ids: accounts, units, the root.
  fileprivate func targets(
    ofFullAccess type: OrganizationPolicyType,
    in organization: OrganizationRecord,
    after: String?,
    _ limit: Int
  ) async throws(StoreError) -> [OrganizationEntity] {
    guard organization.enabledTypes.contains(type) else { return [] }
    var targets: [OrganizationEntity] = []
    var last = after
    while targets.count < limit {
      let page = try await organizationTargets(in: organization, after: last, limit)
      for target in page where targets.count < limit {
        let (_, policies) = try await attachments(of: target.id, type, in: organization)
        if policies.contains(where: { $0.utf8.elementsEqual(type.fullAccess.policyID.utf8) }) {
          targets.append(target)
        }
      }
      guard page.count == limit else { break }
      last = page.last?.id
    }
    return targets
  }

  /// Up to `limit` of everything in the organization that can have policies, in the order of ids.
  private func organizationTargets(
    in organization: OrganizationRecord,
    after: String?,
    _ limit: Int
  ) async throws(StoreError) -> [OrganizationEntity] {
    var targets: [OrganizationEntity] = []
    // Digits stand before letters, `ou-` before `r-`.
    if after.map({ AccountID($0) != nil }) ?? true {
      let prefix = OrganizationAccountRecord.prefix(organization.organizationID)
      targets += try await records(
        OrganizationAccountRecord.self,
        prefix: prefix,
        after: after.map { prefix + $0 },
        limit: limit
      ).map { .account($0) }
    }
    if targets.count < limit, after.map({ !$0.utf8.starts(with: "r-".utf8) }) ?? true {
      targets += try await records(
        OrganizationalUnitRecord.self,
        prefix: OrganizationalUnitRecord.prefix(organization),
        after: after.flatMap { AccountID($0) == nil ? $0 : nil },
        limit: limit - targets.count
      ).map { .unit($0) }
    }
    if targets.count < limit, after.map({ organization.rootID.follows($0) }) ?? true,
      let root = try await record(OrganizationRootRecord.self, at: organization.rootID)
    {
      targets.append(.root(root))
    }
    return targets
  }
}

extension String {
  /// Whether this stands behind `other` in the order of bytes.
  fileprivate func follows(_ other: String) -> Bool { other.utf8.lexicographicallyPrecedes(utf8) }
}

extension OrganizationsPaging {
  /// The first page of `entries`, which stand behind `after` and are one more than a page when there is another; with the
  /// token of the next one.
  fileprivate func page<Entry>(
    _ entries: [Entry],
    named name: (Entry) -> String
  ) -> (entries: [Entry], token: ResponseValue?) {
    guard entries.count > maxResults else { return (entries, nil) }
    return (
      Array(entries.prefix(maxResults)),
      .string(Base64URL.encode(Array(name(entries[maxResults - 1]).utf8)))
    )
  }
}
