// SPDX-License-Identifier: Apache-2.0
//
// Who may sign: the identity behind an access key or a session.

/// Who calls: the identity that a credential belongs to.
///
/// Source: CloudTrail `userIdentity.type`; IAM identifiers.
package enum Principal: Hashable, Sendable {
  /// The account itself (the root user).
  case root(AccountID)
  /// An IAM user, by its own keys or by a session of GetSessionToken.
  case user(UserIdentity)
  /// A session of a role.
  case assumedRole(RoleSessionIdentity)
  /// A session of GetFederationToken.
  case federatedUser(FederatedUserIdentity)

  /// The account that the principal belongs to.
  package var account: AccountID {
    switch self {
    case .root(let account): account
    case .user(let user): user.account
    case .assumedRole(let session): session.role.account
    case .federatedUser(let user): user.account
    }
  }

  /// The ARN as policies and refusals name the caller: of the session, not of its role.
  ///
  /// `arn:aws:iam::A:root`, `arn:aws:iam::A:user/path/name`, `arn:aws:sts::A:assumed-role/R/S`,
  /// `arn:aws:sts::A:federated-user/N`.
  package var arn: ARN {
    switch self {
    case .root(let account): ARN(service: "iam", account: account, resource: "root")
    case .user(let user): user.arn
    case .assumedRole(let session): session.arn
    case .federatedUser(let user): user.arn
    }
  }

  /// The ARN of the identity behind a session: the role's, with its path; otherwise `arn`.
  ///
  /// What `sub` of a token and `aws:PrincipalArn` say. Source: contract §2.4.
  package var issuerARN: ARN {
    if case .assumedRole(let session) = self { session.role.arn } else { arn }
  }

  /// The unique id (`aws:userid`): the account id for root, `AIDA…` for a user, `AROA…:session` for a role session,
  /// `account:name` for a federated user.
  package var uniqueID: String {
    switch self {
    case .root(let account): account.description
    case .user(let user): user.userID
    case .assumedRole(let session): "\(session.role.roleID):\(session.sessionName)"
    case .federatedUser(let user): "\(user.account):\(user.name)"
    }
  }

  /// The principal's tags (`aws:PrincipalTag`): those of the user or role, session tags already merged in.
  package var tags: [Tag] {
    switch self {
    case .root: []
    case .user(let user): user.tags
    case .assumedRole(let session): session.tags
    case .federatedUser(let user): user.tags
    }
  }
}

/// An IAM user, as far as authentication and policy need to know it.
package struct UserIdentity: Hashable, Sendable {
  /// The account of the user.
  package let account: AccountID
  /// `/` or `/a/b/`: 1–512 characters that begin and end with a slash.
  package let path: String
  /// 1–64 characters of `[\w+=,.@-]`.
  package let userName: String
  /// `AIDA` and 17 characters of `[A-Z2-7]`; never reused.
  package let userID: String
  /// The user's tags.
  package let tags: [Tag]

  /// Gathers the parts.
  package init(account: AccountID, path: String, userName: String, userID: String, tags: [Tag]) {
    self.account = account
    self.path = path
    self.userName = userName
    self.userID = userID
    self.tags = tags
  }

  /// `arn:aws:iam::A:user/path/name`.
  package var arn: ARN { ARN(service: "iam", account: account, resource: "user\(path)\(userName)") }
}

/// An IAM role, as far as authentication and policy need to know it.
package struct RoleIdentity: Hashable, Sendable {
  /// The account of the role.
  package let account: AccountID
  /// `/` or `/a/b/`.
  package let path: String
  /// 1–64 characters of `[\w+=,.@-]`.
  package let roleName: String
  /// `AROA` and 17 characters of `[A-Z2-7]`; never reused.
  package let roleID: String

  /// Gathers the parts.
  package init(account: AccountID, path: String, roleName: String, roleID: String) {
    self.account = account
    self.path = path
    self.roleName = roleName
    self.roleID = roleID
  }

  /// `arn:aws:iam::A:role/path/name`.
  package var arn: ARN { ARN(service: "iam", account: account, resource: "role\(path)\(roleName)") }
}

/// A session of a role.
package struct RoleSessionIdentity: Hashable, Sendable {
  /// The role.
  package let role: RoleIdentity
  /// 2–64 characters of `[\w+=,.@-]`, chosen by whoever assumed the role.
  package let sessionName: String
  /// The role's tags, overridden by the session's.
  package let tags: [Tag]

  /// Gathers the parts.
  package init(role: RoleIdentity, sessionName: String, tags: [Tag]) {
    self.role = role
    self.sessionName = sessionName
    self.tags = tags
  }

  /// `arn:aws:sts::A:assumed-role/name/session`: without the role's path.
  package var arn: ARN {
    ARN(service: "sts", account: role.account, resource: "assumed-role/\(role.roleName)/\(sessionName)")
  }
}

/// A session of GetFederationToken.
package struct FederatedUserIdentity: Hashable, Sendable {
  /// The account.
  package let account: AccountID
  /// 2–32 characters of `[\w+=,.@-]`, chosen by the user who asked.
  package let name: String
  /// The tags of the user who asked, overridden by the session's.
  package let tags: [Tag]

  /// Gathers the parts.
  package init(account: AccountID, name: String, tags: [Tag]) {
    self.account = account
    self.name = name
    self.tags = tags
  }

  /// `arn:aws:sts::A:federated-user/N`.
  package var arn: ARN { ARN(service: "sts", account: account, resource: "federated-user/\(name)") }
}

extension [Tag] {
  /// These tags, overridden by `others`: keys are compared without regard to ASCII case, the winner keeps its spelling.
  ///
  /// Source: contract §2.3, `principal_tags`.
  package func overridden(by others: [Tag]) -> [Tag] {
    let keys = Set(others.map { $0.key.utf8.map(asciiLowercase) })
    return filter { !keys.contains($0.key.utf8.map(asciiLowercase)) } + others
  }
}
