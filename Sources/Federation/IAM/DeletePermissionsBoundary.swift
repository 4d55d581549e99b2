// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, DeleteUserPermissionsBoundary, DeleteRolePermissionsBoundary. Without a boundary nothing changes.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:DeleteUserPermissionsBoundary`.
package typealias DeleteUserPermissionsBoundary = DeletePermissionsBoundary<UserRecord>
/// `iam:DeleteRolePermissionsBoundary`.
package typealias DeleteRolePermissionsBoundary = DeletePermissionsBoundary<RoleRecord>

/// Takes the permissions boundary off a user or a role.
package struct DeletePermissionsBoundary<Entity: BoundedEntity>: Action {
  package static var service: ServiceName { .iam }
  package static var name: String { "Delete\(Entity.entityKind.rawValue)PermissionsBoundary" }
  package static var isReadOnly: Bool { false }

  private let entityName: String

  package init(_ parameters: inout ParameterReader) {
    entityName = parameters.entityName(Entity.entityKind)
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
    [subject.question("iam:\(Self.name)", context: subject.boundaryContext)]
  }

  package func perform(
    _ call: AuthorizedCall<Self>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let entity = try call.subject.existing()
    guard entity.record.permissionsBoundary != nil else { return Proposal(result: nil) }
    let former = try await house.policyUse(asBoundaryOf: entity.record)
    return try house.propose { change in
      var record = entity.record
      record.permissionsBoundary = nil
      try change.replace(entity, with: record, account: call.account)
      if let former { change.delete(former.stored) }
      return (nil, nil)
    }
  }
}
