// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, DetachUserPolicy, DetachGroupPolicy, DetachRolePolicy.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:DetachUserPolicy`.
package typealias DetachUserPolicy = DetachPolicy<UserRecord>
/// `iam:DetachGroupPolicy`.
package typealias DetachGroupPolicy = DetachPolicy<GroupRecord>
/// `iam:DetachRolePolicy`.
package typealias DetachRolePolicy = DetachPolicy<RoleRecord>

/// Detaches a managed policy from a user, a group or a role.
package struct DetachPolicy<Entity: IAMEntity>: Action {
  package static var service: ServiceName { .iam }
  package static var name: String { "Detach\(Entity.entityKind.rawValue)Policy" }
  package static var isReadOnly: Bool { false }

  private let policyARN: String
  private let entityName: String

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    policyARN = parameters.requiredString("PolicyArn", length: 20...2048)
    entityName = parameters.entityName(Entity.entityKind)
    try parameters.check()
    try requirePolicyARN(policyARN)
  }

  package var requestParameters: JSONValue? {
    .object(
      JSONObject([
        .init(Entity.entityKind.nameElement, .string(entityName)), .init("policyArn", .string(policyARN)),
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
    let context = subject.boundaryContext + [.init("iam:PolicyARN", policyARN)]
    return [subject.question("iam:\(Self.name)", context: context)]
  }

  package func perform(
    _ call: AuthorizedCall<Self>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let entity = try call.subject.existing()
    guard
      let index = entity.record.attachedPolicies.firstIndex(where: { $0.utf8.elementsEqual(policyARN.utf8) })
    else { throw .noSuchEntity("Policy \(policyARN) was not found.") }
    let use = try await house.policyUse(.policy, of: policyARN, by: entity.record)
    return try house.propose { change in
      var record = entity.record
      record.attachedPolicies.remove(at: index)
      try change.replace(entity, with: record, account: call.account)
      if let use { change.delete(use.stored) }
      return (nil, nil)
    }
  }
}
