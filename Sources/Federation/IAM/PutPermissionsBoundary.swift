// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, PutUserPermissionsBoundary, PutRolePermissionsBoundary: the most that a user or role may ever do.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:PutUserPermissionsBoundary`.
package typealias PutUserPermissionsBoundary = PutPermissionsBoundary<UserRecord>
/// `iam:PutRolePermissionsBoundary`.
package typealias PutRolePermissionsBoundary = PutPermissionsBoundary<RoleRecord>

/// Sets the permissions boundary of a user or a role, or replaces it.
package struct PutPermissionsBoundary<Entity: BoundedEntity>: Action {
  package static var service: ServiceName { .iam }
  package static var name: String { "Put\(Entity.entityKind.rawValue)PermissionsBoundary" }
  package static var isReadOnly: Bool { false }

  private let permissionsBoundary: String
  private let entityName: String

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    permissionsBoundary = parameters.requiredString("PermissionsBoundary", length: 20...2048)
    entityName = parameters.entityName(Entity.entityKind)
    try parameters.check()
    try requirePolicyARN(permissionsBoundary)
  }

  package var requestParameters: JSONValue? {
    .object(
      JSONObject([
        .init(Entity.entityKind.nameElement, .string(entityName)),
        .init("permissionsBoundary", .string(permissionsBoundary)),
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
    // The key is the boundary that is to be: so one may be made to give everyone a certain boundary.
    [subject.question("iam:\(Self.name)", context: [.init("iam:PermissionsBoundary", permissionsBoundary)])]
  }

  package func perform(
    _ call: AuthorizedCall<Self>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let entity = try call.subject.existing()
    let policy = try await house.usableBoundary(permissionsBoundary, in: call.account)
    if let current = entity.record.permissionsBoundary, current.utf8.elementsEqual(permissionsBoundary.utf8) {
      return Proposal(result: nil)
    }
    let former = try await house.policyUse(asBoundaryOf: entity.record)
    return try house.propose { change in
      var record = entity.record
      record.permissionsBoundary = permissionsBoundary
      try change.replace(entity, with: record, account: call.account)
      if let former { change.delete(former.stored) }
      try change.add(policy, to: record, .boundary)
      return (nil, nil)
    }
  }
}
