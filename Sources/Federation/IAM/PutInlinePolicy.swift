// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, PutUserPolicy, PutGroupPolicy, PutRolePolicy: a document that evaluation could misread is refused here,
// when it is written.

package import AWSProtocols
package import IdentityModel
import PolicyEngine
package import StrictJSON

/// `iam:PutUserPolicy`.
package typealias PutUserPolicy = PutInlinePolicy<UserRecord>
/// `iam:PutGroupPolicy`.
package typealias PutGroupPolicy = PutInlinePolicy<GroupRecord>
/// `iam:PutRolePolicy`.
package typealias PutRolePolicy = PutInlinePolicy<RoleRecord>

/// Writes an inline policy of a user, a group or a role.
package struct PutInlinePolicy<Entity: IAMEntity>: Action {
  package static var service: ServiceName { .iam }
  package static var name: String { "Put\(Entity.entityKind.rawValue)Policy" }
  package static var isReadOnly: Bool { false }

  private let policyDocument: String
  private let policyName: String
  private let entityName: String

  package init(_ parameters: inout ParameterReader) {
    policyDocument = parameters.requiredString(
      "PolicyDocument",
      length: 1...131_072,
      pattern: .policyDocument
    )
    policyName = parameters.requiredString("PolicyName", length: 1...128, pattern: .name)
    entityName = parameters.existingEntityName(Entity.entityKind)
  }

  package var requestParameters: JSONValue? {
    .object(
      JSONObject([
        .init(Entity.entityKind.nameElement, .string(entityName)), .init("policyName", .string(policyName)),
        .init("policyDocument", .string(policyDocument)),
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
    let kind = Entity.entityKind
    _ = try house.policyDocument(policyDocument, .identity, for: "\(kind.word) `\(entityName)`")
    try call.subject.existing()
    let prefix = InlinePolicyRecord.prefix(kind, call.account, entityName)
    let policies = try await house.read { try await $0.allRecords(InlinePolicyRecord.self, prefix: prefix) }
    let existing = policies.first { $0.record.policyName == policyName }
    let others = policies.filter { $0.record.policyName != policyName }
    let documents = others.map(\.record.policyDocument) + [policyDocument]
    for (size, maximum) in [
      (documents.map(countedCharacters).reduce(0, +), kind.inlinePolicyCharacters),
      (documents.map(\.utf8.count).reduce(0, +), kind.inlinePolicyBytes),
    ] where size > maximum {
      throw .limitExceeded("Maximum policy size of \(maximum) bytes exceeded for \(kind.word) \(entityName)")
    }
    return try house.propose { change in
      // The total is decided against the identity's revision, and so is everything that its policies allow.
      try call.subject.touch(in: &change)
      let record = InlinePolicyRecord(policyName: policyName, policyDocument: policyDocument)
      if let existing {
        try change.replace(existing, with: record, account: call.account)
      } else {
        try change.create(record, id: prefix + policyName, account: call.account)
      }
      return (nil, nil)
    }
  }
}

extension IAMEntityKind {
  /// The characters of all inline policies of an identity, white space not counted.
  ///
  /// Source: IAM quotas.
  fileprivate var inlinePolicyCharacters: Int {
    switch self {
    case .user: 2048
    case .group: 5120
    case .role: 10_240
    }
  }

  /// The same with white space: what is stored, matched and recorded stays small, however it is laid out.
  fileprivate var inlinePolicyBytes: Int { inlinePolicyCharacters * 5 }
}
