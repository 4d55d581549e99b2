// SPDX-License-Identifier: Apache-2.0
//
// From the ARN that a policy names a principal with to the unique id that nobody else will ever have. Knows no policies.
// Source: IAM User Guide, policy element Principal; IAM identifiers, unique ids.

import AWSProtocols
package import IdentityModel

extension Directory {
  /// The unique id of whoever `arn` names now, in any account; `nil` when it names nobody.
  ///
  /// `AIDA…` for a user, `AROA…` for a role, `AROA…:session` for a session of a role that exists, `account:name` for a
  /// federated user of an account that exists: sessions come and go, and their names are what is trusted.
  package func principalID(_ arn: String) async throws(StoreError) -> String? {
    guard let parts = ARN(arn)?.parts, parts.count == 6, let account = AccountID(parts[4]) else { return nil }
    let names = parts[5].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard names.count > 1, let name = names.last else { return nil }
    // SECURITY: the ARN must be the whole of the one that the principal has, byte for byte, its path included.
    func isSpelled(_ principal: ARN) -> Bool { principal.description.utf8.elementsEqual(arn.utf8) }
    switch names[0] {
    case "user":
      guard let user = try await entity(UserRecord.self, name, of: account)?.record, isSpelled(user.arn)
      else {
        return nil
      }
      return user.uniqueID
    case "role":
      guard let role = try await entity(RoleRecord.self, name, of: account)?.record, isSpelled(role.arn)
      else {
        return nil
      }
      return role.uniqueID
    case "assumed-role":
      guard (2...64).contains(name.utf8.count), ParameterPattern.name.matches(name),
        let role = try await entity(RoleRecord.self, names[1], of: account)?.record
      else { return nil }
      let session = RoleSessionIdentity(role: role.identity, sessionName: name, tags: [])
      return isSpelled(session.arn) ? Principal.assumedRole(session).uniqueID : nil
    case "federated-user":
      let user = FederatedUserIdentity(account: account, name: name, tags: [])
      guard (2...32).contains(name.utf8.count), ParameterPattern.name.matches(name), isSpelled(user.arn),
        try await exists(account)
      else { return nil }
      return Principal.federatedUser(user).uniqueID
    default:
      return nil
    }
  }

  /// Whether the store holds `account`.
  package func exists(_ account: AccountID) async throws(StoreError) -> Bool {
    try await record(AccountRecord.self, at: account.description) != nil
  }
}
