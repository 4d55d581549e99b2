// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, GetUserPolicy, GetGroupPolicy, GetRolePolicy: the document of an inline policy, byte for byte as it was
// put, URL-encoded.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:GetUserPolicy`.
package typealias GetUserPolicy = GetInlinePolicy<UserRecord>
/// `iam:GetGroupPolicy`.
package typealias GetGroupPolicy = GetInlinePolicy<GroupRecord>
/// `iam:GetRolePolicy`.
package typealias GetRolePolicy = GetInlinePolicy<RoleRecord>

/// Reads an inline policy of a user, a group or a role.
package struct GetInlinePolicy<Entity: IAMEntity>: Action {
  package static var service: ServiceName { .iam }
  package static var name: String { "Get\(Entity.entityKind.rawValue)Policy" }
  package static var isReadOnly: Bool { true }

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
    [subject.question("iam:\(Self.name)")]
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
    var result = ResponseStructure()
    result.append(Entity.entityKind.nameParameter, .string(entityName))
    result.append("PolicyName", .string(policyName))
    result.append("PolicyDocument", .string(urlEncoded(policy.record.policyDocument)))
    return Proposal(result: result)
  }
}
