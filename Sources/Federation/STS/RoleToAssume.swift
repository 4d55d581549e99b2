// SPDX-License-Identifier: Apache-2.0
//
// The role that a request names by its ARN, with its trust policy. A role that does not exist is one that trusts nobody:
// whoever asks gets the same sentence, and roles cannot be found out by asking.

package import IdentityModel
package import PolicyEngine

/// The role that is to be assumed.
package struct RoleToAssume: ActionSubject {
  /// The ARN as it was sent.
  package let arn: String
  /// The account that the ARN names; `nil` when the ARN is none of a role.
  package let account: AccountID?
  /// The role; `nil` when there is none.
  package let role: Stored<RoleRecord>?
  /// Its trust policy.
  package let trust: NamedPolicy
  /// How the account stands; `nil` when there is none.
  package let standing: AccountStanding?

  package var requirements: [Change.Write] {
    (role.map { [$0.isUnchanged] } ?? []) + (standing.map { [$0.requirement] } ?? [])
  }
  package var concernedAccount: AccountID? { account }

  /// The question whether the caller may do `action` to the role.
  package func question(_ action: String, context: [Question.ContextEntry]) -> Question {
    Question(
      action: action,
      resource: arn,
      context: (role?.record.tagContext ?? []) + context,
      trust: trust,
      resourceAccount: account,
      resourceMembership: standing?.membership
    )
  }
}

extension House {
  /// The role `arn`, of whatever account.
  package func roleToAssume(_ arn: String) async throws(ServiceError) -> RoleToAssume {
    let place = roleName(inARN: arn)
    return try await read { directory in
      var standing: AccountStanding?
      if let place { standing = try await directory.organization(of: place.account) }
      // SECURITY: roles of a closed account are gone. The path is part of the ARN: all of it must be the role's.
      if let (account, name) = place, standing?.isClosed == false,
        let role = try await directory.entity(RoleRecord.self, name, of: account),
        role.record.arn.description.utf8.elementsEqual(arn.utf8)
      {
        return RoleToAssume(
          arn: arn,
          account: account,
          role: role,
          trust: try directory.trustPolicy(of: role),
          standing: standing
        )
      }
      let document = try directory.parsed(trustInNobody, .trust, RecordKey(RoleRecord.kind, arn))
      // Whoever reads the record is to know; whoever asked is not.
      let trust = NamedPolicy(identifier: "no such role", document: document)
      return RoleToAssume(arn: arn, account: place?.account, role: nil, trust: trust, standing: standing)
    }
  }
}

/// The account and the name in the ARN of a role; `nil` for any other text.
private func roleName(inARN arn: String) -> (account: AccountID, name: String)? {
  guard let parts = ARN(arn)?.parts, parts[1] == "aws", parts[2] == "iam", parts[3].isEmpty,
    let account = AccountID(String(parts[4])), parts[5].utf8.starts(with: "role/".utf8),
    let name = parts[5].split(separator: "/", omittingEmptySubsequences: false).last,
    (1...64).contains(name.utf8.count)
  else { return nil }
  return (account, String(name))
}

/// The trust policy of a role that does not exist.
private let trustInNobody = #"""
  {"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*",
  "Action":["sts:AssumeRole","sts:SetSourceIdentity","sts:TagSession"]}}
  """#
