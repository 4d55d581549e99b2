// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, DeleteUser: only a user without access keys, policies and groups. A boundary goes with the user.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:DeleteUser`.
package struct DeleteUser: Action {
  package static let service = ServiceName.iam
  package static let name = "DeleteUser"
  package static let isReadOnly = false

  private let userName: String

  package init(_ parameters: inout ParameterReader) {
    userName = parameters.existingEntityName(.user)
  }

  package var requestParameters: JSONValue? { .strings(["userName": userName]) }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> EntityTarget<UserRecord> {
    try await house.target(UserRecord.self, userName, call)
  }

  package func questions(_ subject: EntityTarget<UserRecord>, _ call: AuthenticatedCall) -> [Question] {
    [subject.question("iam:DeleteUser")]
  }

  package func perform(
    _ call: AuthorizedCall<DeleteUser>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let user = try call.subject.existing()
    guard try await house.accessKeyIDs(of: .user(call.subject), call.account).isEmpty else {
      throw .deleteConflict("Cannot delete entity, must delete access keys first.")
    }
    try await house.requireNoPolicies(user.record)
    let groups = UserGroupRecord.prefix(call.account, userName)
    guard
      try await house.read({ try await $0.count(of: UserGroupRecord.self, prefix: groups, limit: 1) }) == 0
    else {
      throw .deleteConflict("Cannot delete entity, must remove users from group first.")
    }
    let boundary = try await house.policyUse(asBoundaryOf: user.record)
    return try house.propose { change in
      change.delete(user)
      if let boundary { change.delete(boundary.stored) }
      return (nil, nil)
    }
  }
}

extension House {
  /// Passes when `entity` has neither inline nor attached policies; throws DeleteConflict.
  func requireNoPolicies<Entity: IAMEntity>(_ entity: Entity) async throws(ServiceError) {
    let inline = InlinePolicyRecord.prefix(Entity.entityKind, entity.account, entity.name)
    guard try await read({ try await $0.count(of: InlinePolicyRecord.self, prefix: inline, limit: 1) }) == 0
    else {
      throw .deleteConflict("Cannot delete entity, must delete policies first.")
    }
    guard entity.attachedPolicies.isEmpty else {
      throw .deleteConflict("Cannot delete entity, must detach all policies first.")
    }
  }
}
