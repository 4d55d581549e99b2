// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, DeleteUserPolicy, DeleteGroupPolicy, DeleteRolePolicy.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:DeleteUserPolicy`.
package typealias DeleteUserPolicy = DeleteInlinePolicy<UserRecord>
/// `iam:DeleteGroupPolicy`.
package typealias DeleteGroupPolicy = DeleteInlinePolicy<GroupRecord>
/// `iam:DeleteRolePolicy`.
package typealias DeleteRolePolicy = DeleteInlinePolicy<RoleRecord>

/// Removes an inline policy of a user, a group or a role.
package struct DeleteInlinePolicy<Entity: IAMEntity>: Action {
  package static var service: ServiceName { .iam }
  package static var name: String { "Delete\(Entity.entityKind.rawValue)Policy" }
  package static var isReadOnly: Bool { false }

  private let policyName: String
  private let entityName: String

  package init(_ parameters: inout ParameterReader) {
    policyName = parameters.requiredString("PolicyName", length: 1...128, pattern: .name)
    entityName = parameters.existingEntityName(Entity.entityKind)
  }

  package var requestParameters: JSONValue? {
    .object(
      JSONObject([
        .init(Entity.entityKind.nameElement, .string(entityName)), .init("policyName", .string(policyName)),
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
    [subject.question("iam:\(Self.name)", context: subject.boundaryContext)]
  }

  package func perform(
    _ call: AuthorizedCall<Self>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    try call.subject.existing()
    let policy = try await house.existingInlinePolicy(
      policyName,
      of: Entity.entityKind,
      entityName,
      call.account
    )
    return try house.propose { change in
      change.delete(policy)
      // Whatever was decided for the identity while it had the policy is decided anew.
      try call.subject.touch(in: &change)
      return (nil, nil)
    }
  }
}
