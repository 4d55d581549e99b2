// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, ListUserPolicies, ListGroupPolicies, ListRolePolicies: the names of inline policies, page by page.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:ListUserPolicies`.
package typealias ListUserPolicies = ListInlinePolicies<UserRecord>
/// `iam:ListGroupPolicies`.
package typealias ListGroupPolicies = ListInlinePolicies<GroupRecord>
/// `iam:ListRolePolicies`.
package typealias ListRolePolicies = ListInlinePolicies<RoleRecord>

/// Names the inline policies of a user, a group or a role.
package struct ListInlinePolicies<Entity: IAMEntity>: Action {
  package static var service: ServiceName { .iam }
  package static var name: String { "List\(Entity.entityKind.rawValue)Policies" }
  package static var isReadOnly: Bool { true }

  private let paging: Paging
  private let entityName: String

  package init(_ parameters: inout ParameterReader) {
    paging = Paging(&parameters)
    entityName = parameters.existingEntityName(Entity.entityKind)
  }

  package var requestParameters: JSONValue? {
    .object(JSONObject([.init(Entity.entityKind.nameElement, .string(entityName))]))
  }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> EntityTarget<Entity> {
    try await house.target(Entity.self, entityName, call)
  }

  package func questions(_ subject: EntityTarget<Entity>, _ call: AuthenticatedCall) -> [Question] {
    [subject.question("iam:\(Self.name)")]
  }

  package func perform(
    _ call: AuthorizedCall<Self>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    try call.subject.existing()
    let prefix = InlinePolicyRecord.prefix(Entity.entityKind, call.account, entityName)
    let (page, marker) = try await paging.page(of: InlinePolicyRecord.self, prefix: prefix, house)
    return Proposal(
      result: ResponseStructure([
        "PolicyNames": .list(page.map { .string($0.record.policyName) }),
        "IsTruncated": .boolean(marker != nil), "Marker": marker.map { .string($0) },
      ])
    )
  }
}
