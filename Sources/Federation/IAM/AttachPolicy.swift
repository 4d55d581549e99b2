// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, AttachUserPolicy, AttachGroupPolicy, AttachRolePolicy. Attaching what is attached changes nothing.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:AttachUserPolicy`.
package typealias AttachUserPolicy = AttachPolicy<UserRecord>
/// `iam:AttachGroupPolicy`.
package typealias AttachGroupPolicy = AttachPolicy<GroupRecord>
/// `iam:AttachRolePolicy`.
package typealias AttachRolePolicy = AttachPolicy<RoleRecord>

/// Attaches a managed policy to a user, a group or a role.
package struct AttachPolicy<Entity: IAMEntity>: Action {
  package static var service: ServiceName { .iam }
  package static var name: String { "Attach\(Entity.entityKind.rawValue)Policy" }
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
    guard let policy = try await house.usablePolicy(policyARN, in: call.account) else {
      throw .noSuchEntity("Policy \(policyARN) does not exist or is not attachable.")
    }
    guard !entity.record.attachedPolicies.contains(where: { $0.utf8.elementsEqual(policyARN.utf8) }) else {
      return Proposal(result: nil)
    }
    guard entity.record.attachedPolicies.count < attachedPoliciesPerEntity else {
      throw .limitExceeded(
        "Cannot exceed quota for PoliciesPer\(Entity.entityKind.rawValue): \(attachedPoliciesPerEntity)"
      )
    }
    return try house.propose { change in
      var record = entity.record
      record.attachedPolicies.append(policyARN)
      try change.replace(entity, with: record, account: call.account)
      try change.add(policy, to: record, .policy)
      return (nil, nil)
    }
  }
}

/// How many managed policies a user, a group or a role may have.
///
/// Source: IAM quotas, managed policies attached to a user, group or role.
let attachedPoliciesPerEntity = 10
