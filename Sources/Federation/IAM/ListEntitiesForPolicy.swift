// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, ListEntitiesForPolicy: the groups, users and roles of the account that use a managed policy, page by page.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:ListEntitiesForPolicy`.
package struct ListEntitiesForPolicy: TargetedAction {
  package static let service = ServiceName.iam
  package static let name = "ListEntitiesForPolicy"
  package static let isReadOnly = true

  private let entityFilter: String?
  private let paging: Paging
  private let pathPrefix: String
  package let target: PolicyAction
  private let usageFilter: PolicyUsageFilter?

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    entityFilter = parameters.optionalChoice("EntityFilter", of: entityTypes)
    paging = Paging(&parameters)
    pathPrefix = parameters.optionalString("PathPrefix", length: 1...512, pattern: .path) ?? "/"
    usageFilter = PolicyUsageFilter(&parameters)
    target = try PolicyAction(&parameters, "iam:ListEntitiesForPolicy")
  }

  package var requestParameters: JSONValue? {
    .strings([
      "policyArn": target.arn.text, "entityFilter": entityFilter, "pathPrefix": pathPrefix,
      "policyUsageFilter": usageFilter?.rawValue,
    ])
  }

  /// A use of the policy.
  private struct Holder: Sendable {
    let kind: IAMEntityKind
    let use: PolicyAttachmentRecord.Use
    let record: PolicyAttachmentRecord
  }

  package func perform(
    _ call: AuthorizedCall<ListEntitiesForPolicy>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    if case .absent = call.subject { throw target.notFound }
    // Every list has its place whatever the filters, so that a marker means the same for each.
    let sources = [IAMEntityKind.group, .user, .role].flatMap { kind in
      [PolicyAttachmentRecord.Use.policy, .boundary].map { use in
        guard isAskedFor(kind), isAskedFor(use) else { return ListSource<Holder>.values([]) }
        let prefix = PolicyAttachmentRecord.prefix(call.account, policy: target.arn.text, use, kind)
        return .records(of: PolicyAttachmentRecord.self, prefix: prefix) { stored in
          Holder(kind: kind, use: use, record: stored.record)
        }
      }
    }
    let (page, marker) = try await paging.page(of: sources, house)
    var lists: [IAMEntityKind: [ResponseValue]] = [:]
    for holder in page where try await isListed(holder, call.account, house) {
      lists[holder.kind, default: []].append(
        .structure(
          ResponseStructure([
            "\(holder.kind.rawValue)Name": .string(holder.record.name),
            "\(holder.kind.rawValue)Id": .string(holder.record.uniqueID),
          ])
        )
      )
    }
    return Proposal(
      result: ResponseStructure([
        "PolicyGroups": .list(lists[.group] ?? []), "PolicyUsers": .list(lists[.user] ?? []),
        "PolicyRoles": .list(lists[.role] ?? []), "IsTruncated": .boolean(marker != nil),
        "Marker": marker.map { .string($0) },
      ])
    )
  }

  private func isAskedFor(_ kind: IAMEntityKind) -> Bool {
    entityFilter.map { $0.utf8.elementsEqual(kind.rawValue.utf8) } ?? true
  }

  private func isAskedFor(_ use: PolicyAttachmentRecord.Use) -> Bool {
    switch usageFilter {
    case nil: true
    case .policy: use == .policy
    case .boundary: use == .boundary
    }
  }

  /// Whether the holder stands in its page: below the path, and once when it uses the policy twice.
  private func isListed(
    _ holder: Holder,
    _ account: AccountID,
    _ house: House
  ) async throws(ServiceError) -> Bool {
    if usageFilter == nil, holder.use == .boundary {
      let prefix = PolicyAttachmentRecord.prefix(account, policy: target.arn.text, .policy, holder.kind)
      let id = prefix + asciiLowercased(holder.record.name)
      if try await house.read({ try await $0.record(PolicyAttachmentRecord.self, at: id) }) != nil {
        return false
      }
    }
    guard pathPrefix.utf8.count > 1 else { return true }
    let name = holder.record.name
    let path = try await house.read { directory in
      switch holder.kind {
      case .group: try await directory.entity(GroupRecord.self, name, of: account)?.record.path
      case .user: try await directory.entity(UserRecord.self, name, of: account)?.record.path
      case .role: try await directory.entity(RoleRecord.self, name, of: account)?.record.path
      }
    }
    return path?.utf8.starts(with: pathPrefix.utf8) ?? false
  }
}

/// `EntityType`, in the order of the model.
let entityTypes = ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"]
