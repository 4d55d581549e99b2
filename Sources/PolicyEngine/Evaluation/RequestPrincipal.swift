// SPDX-License-Identifier: Apache-2.0
//
// Who asks, as policies see it: every name by which a `Principal` element can mean the caller. Source: IAM User Guide,
// policy elements Principal and NotPrincipal; evaluation logic.

package import IdentityModel

/// Who asks.
package enum RequestPrincipal: Hashable, Sendable {
  /// The root user of an account.
  case root(AccountID)
  /// An IAM user; `userID` is `AIDA…`.
  case user(arn: ARN, account: AccountID, userID: String)
  /// A role session: `session` is `arn:aws:sts::A:assumed-role/R/S`, `role` the role's IAM ARN, `roleID` is `AROA…`.
  case assumedRole(session: ARN, role: ARN, account: AccountID, roleID: String)
  /// A role itself, without a session: a simulation asks what its sessions may do.
  case role(arn: ARN, account: AccountID, roleID: String)
  /// A session of GetFederationToken: `arn:aws:sts::A:federated-user/N`, `userID` is `A:N`.
  case federatedUser(arn: ARN, account: AccountID, userID: String)
  /// Someone whom an identity provider vouches for; the provider's ARN or host.
  case federated(provider: String)
  /// An AWS service, by its principal name.
  case service(String)
  /// No credentials.
  case anonymous

  /// The account whose policies speak for the caller; `nil` when none does.
  package var account: AccountID? {
    switch self {
    case .root(let account), .user(_, let account, _), .assumedRole(_, _, let account, _),
      .role(_, let account, _), .federatedUser(_, let account, _):
      account
    case .federated, .service, .anonymous: nil
    }
  }
}

/// How closely an element names the caller: the closer, the less the caller's own policies can limit what it gives.
enum PrincipalMatch: Int, Comparable {
  /// The account: access is delegated to its identity-based policies.
  case account
  /// `*`: in the same account no identity-based policy is needed, boundaries and session policies still limit.
  case everyone
  /// The role of a session: the same.
  case role
  /// The user, the session, the service or the provider itself.
  case caller

  static func < (left: PrincipalMatch, right: PrincipalMatch) -> Bool { left.rawValue < right.rawValue }
}

extension RequestPrincipal {
  /// How closely `patterns` name the caller at the closest; `nil` when they do not.
  func match(_ patterns: [PrincipalPattern]) -> PrincipalMatch? {
    patterns.compactMap(match).max()
  }

  /// Whether a `NotPrincipal` of these names leaves the caller out.
  ///
  /// A Deny with `NotPrincipal` strikes everyone who is not listed by every name that they have: a session must be
  /// listed with its role and its account. Source: IAM User Guide, NotPrincipal.
  func isExempted(by patterns: [PrincipalPattern]) -> Bool {
    let matches = Set(patterns.compactMap(match))
    if matches.contains(.everyone) { return true }
    return switch self {
    case .root: matches.contains(.account)
    case .user, .federatedUser: matches.isSuperset(of: [.account, .caller])
    case .assumedRole: matches.isSuperset(of: [.account, .role, .caller])
    case .role: matches.isSuperset(of: [.account, .role])
    case .federated, .service: matches.contains(.caller)
    case .anonymous: false
    }
  }

  private func match(_ pattern: PrincipalPattern) -> PrincipalMatch? {
    switch pattern {
    case .everyone:
      return .everyone
    case .account(let named):
      return named == account ? .account : nil
    case .arn(let named):
      switch self {
      case .user(let arn, _, _), .federatedUser(let arn, _, _):
        return arn.description.utf8.elementsEqual(named) ? .caller : nil
      case .assumedRole(let session, let role, _, _):
        if session.description.utf8.elementsEqual(named) { return .caller }
        return role.description.utf8.elementsEqual(named) ? .role : nil
      case .role(let role, _, _):
        return role.description.utf8.elementsEqual(named) ? .role : nil
      case .root, .federated, .service, .anonymous:
        return nil
      }
    case .uniqueID(let named):
      switch self {
      case .user(_, _, let userID), .federatedUser(_, _, let userID):
        return userID.utf8.elementsEqual(named) ? .caller : nil
      case .assumedRole(let session, _, _, let roleID):
        if roleID.utf8.elementsEqual(named) { return .role }
        let name = session.description.utf8.split(separator: UInt8(ascii: "/")).last.map(Array.init) ?? []
        return named == Array(roleID.utf8) + Array(":".utf8) + name ? .caller : nil
      case .role(_, _, let roleID):
        return roleID.utf8.elementsEqual(named) ? .role : nil
      case .root, .federated, .service, .anonymous:
        return nil
      }
    case .service(let named):
      guard case .service(let name) = self else { return nil }
      return name.utf8.elementsEqual(named) ? .caller : nil
    case .federated(let named):
      guard case .federated(let provider) = self else { return nil }
      return provider.utf8.elementsEqual(named) ? .caller : nil
    case .nobody:
      return nil
    }
  }
}
