// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, ListAttachedUserPolicies, ListAttachedGroupPolicies, ListAttachedRolePolicies.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:ListAttachedUserPolicies`.
package typealias ListAttachedUserPolicies = ListAttachedPolicies<UserRecord>
/// `iam:ListAttachedGroupPolicies`.
package typealias ListAttachedGroupPolicies = ListAttachedPolicies<GroupRecord>
/// `iam:ListAttachedRolePolicies`.
package typealias ListAttachedRolePolicies = ListAttachedPolicies<RoleRecord>

/// Lists the managed policies that are attached to a user, a group or a role, in the order of their ARNs.
package struct ListAttachedPolicies<Entity: IAMEntity>: Action {
  package static var service: ServiceName { .iam }
  package static var name: String { "ListAttached\(Entity.entityKind.rawValue)Policies" }
  package static var isReadOnly: Bool { true }

  private let paging: Paging
  private let pathPrefix: String
  private let entityName: String

  package init(_ parameters: inout ParameterReader) {
    paging = Paging(&parameters)
    pathPrefix = parameters.optionalString("PathPrefix", length: 1...512, pattern: .policyPath) ?? "/"
    entityName = parameters.entityName(Entity.entityKind)
  }

  package var requestParameters: JSONValue? {
    .object(
      JSONObject([
        .init(Entity.entityKind.nameElement, .string(entityName)), .init("pathPrefix", .string(pathPrefix)),
      ])
    )
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
    let entity = try call.subject.existing()
    let attached = entity.record.attachedPolicies.compactMap { ManagedPolicyName($0) }
      .filter { $0.path.utf8.starts(with: pathPrefix.utf8) }
      .sorted { $0.arn.utf8.lexicographicallyPrecedes($1.arn.utf8) }
    let (page, marker) = try paging.page(of: attached, named: \.arn)
    let members = page.map { policy in
      ResponseValue.structure(
        ResponseStructure(["PolicyName": .string(policy.name), "PolicyArn": .string(policy.arn)])
      )
    }
    return Proposal(
      result: ResponseStructure([
        "AttachedPolicies": .list(members), "IsTruncated": .boolean(marker != nil),
        "Marker": marker.map { .string($0) },
      ])
    )
  }
}
