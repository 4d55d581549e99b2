// SPDX-License-Identifier: Apache-2.0
//
// Whose policies a simulation is about: a user, a group or a role by its ARN.

import IdentityModel

/// The identity whose policies are simulated.
package enum PolicySource: ActionSubject {
  case user(Stored<UserRecord>)
  case group(Stored<GroupRecord>)
  case role(Stored<RoleRecord>)
  /// None of the caller's account has this ARN.
  case absent(String)

  // Simulating changes nothing.
  package var requirements: [Change.Write] { [] }

  /// The tags of the identity as condition keys.
  var tagContext: [Question.ContextEntry] {
    switch self {
    case .user(let user): user.record.tagContext
    case .role(let role): role.record.tagContext
    case .group, .absent: []
    }
  }

  /// Who would call: the user, or a session of the role; `nil` for a group.
  var principal: Principal? {
    switch self {
    case .user(let user): .user(user.record.identity)
    case .role(let role):
      .assumedRole(
        RoleSessionIdentity(role: role.record.identity, sessionName: "simulated", tags: role.record.tags)
      )
    case .group, .absent: nil
    }
  }
}

extension House {
  /// The identity of the caller's account with this ARN.
  func policySource(_ arn: String, _ call: AuthenticatedCall) async throws(ServiceError) -> PolicySource {
    guard let parts = ARN(arn)?.parts, parts[2].utf8.elementsEqual("iam".utf8) else {
      throw .invalidInput("Invalid Entity Arn: \(arn) does not clearly define entity type and name.")
    }
    let words = parts[5].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard words.count >= 2, let name = words.last,
      let kind = IAMEntityKind.allCases.first(where: { $0.word == words[0] })
    else { throw .invalidInput("Invalid Entity Arn: \(arn) does not clearly define entity type and name.") }
    // The account is the caller's own: the whole ARN is compared.
    func isNamed<Entity: IAMEntity>(_ found: Stored<Entity>?) -> Stored<Entity>? {
      found.flatMap { $0.record.arn.description.utf8.elementsEqual(arn.utf8) ? $0 : nil }
    }
    let source: PolicySource? = try await read { directory in
      switch kind {
      case .user:
        isNamed(try await directory.entity(UserRecord.self, name, of: call.account)).map { .user($0) }
      case .group:
        isNamed(try await directory.entity(GroupRecord.self, name, of: call.account)).map { .group($0) }
      case .role:
        isNamed(try await directory.entity(RoleRecord.self, name, of: call.account)).map { .role($0) }
      }
    }
    return source ?? .absent("The \(kind.word) with name \(name) cannot be found.")
  }

  /// The policies of `source`; throws NoSuchEntity when there is none.
  func policies(of source: PolicySource) async throws(ServiceError) -> PrincipalPolicies {
    if case .absent(let sentence) = source { throw .noSuchEntity(sentence) }
    return try await read { directory in
      switch source {
      case .user(let user): try await directory.policies(of: user).policies
      case .group(let group): try await directory.policies(of: group).policies
      case .role(let role): try await directory.policies(of: role).policies
      case .absent: PrincipalPolicies()
      }
    }
  }
}
