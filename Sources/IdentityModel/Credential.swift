// SPDX-License-Identifier: Apache-2.0
//
// Who may sign: the identity behind an access key.

/// Who calls: the identity that a credential belongs to.
///
/// Source: CloudTrail `userIdentity.type`; IAM identifiers.
package enum Principal: Hashable, Sendable {
  /// The account itself (the root user).
  case root(AccountID)
  /// An IAM user.
  case user(UserIdentity)

  /// The account that the principal belongs to.
  package var account: AccountID {
    switch self {
    case .root(let account): account
    case .user(let user): user.account
    }
  }

  /// The ARN: `arn:aws:iam::A:root`, `arn:aws:iam::A:user/path/name`.
  package var arn: ARN {
    switch self {
    case .root(let account): ARN(service: "iam", account: account, resource: "root")
    case .user(let user): user.arn
    }
  }

  /// The unique id (`aws:userid`): the account id for root, `AIDA…` for a user.
  package var uniqueID: String {
    switch self {
    case .root(let account): account.description
    case .user(let user): user.userID
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
