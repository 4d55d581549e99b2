// SPDX-License-Identifier: Apache-2.0
//
// Which user an IAM action is about: the one it names, or the caller. It is read once; policy judges it and the
// action works on the same. Shared by every action on users.

import AWSProtocols
package import IdentityModel

/// Whose user, keys or policies an action is about.
package enum UserTarget: ActionSubject {
  /// A user of the caller's account.
  case user(Stored<UserRecord>)
  /// A name that no user of the caller's account has.
  case absent(String, of: AccountID)
  /// The account's root: the caller itself, which named nobody.
  case root(Stored<AccountRecord>)

  package var requirements: [Change.Write] {
    switch self {
    case .user(let user): [user.isUnchanged]
    case .absent(let name, let account):
      [.require(RecordKey(UserRecord.kind, UserRecord.id(account, name)), .absent)]
    // Keys of the root meet at the account's record where it matters: see `touch`.
    case .root: []
    }
  }

  /// The user's name; `nil` for root.
  var userName: String? {
    switch self {
    case .user(let user): user.record.userName
    case .absent(let name, _): name
    case .root: nil
    }
  }

  /// The one question to policy: whether the caller may do `action` to the target.
  ///
  /// The resource is the user's own ARN, or the one that it would have at the root path when there is no such user.
  func question(_ action: String, _ call: AuthenticatedCall) -> [Question] {
    switch self {
    case .user(let user):
      let identity = user.record.identity
      let context = identity.tags.flatMap { tag in
        ["aws:ResourceTag/\(tag.key)", "iam:ResourceTag/\(tag.key)"].map {
          Question.ContextEntry($0, tag.value)
        }
      }
      return [Question(action: action, resource: identity.arn.description, context: context)]
    case .absent(let name, let account):
      let arn = ARN(service: "iam", account: account, resource: "user/\(name)")
      return [Question(action: action, resource: arn.description)]
    case .root:
      return [Question(action: action, resource: Principal.root(call.account).arn.description)]
    }
  }

  /// The user, or `nil` for root; throws NoSuchEntity when there is no such user.
  @discardableResult
  func existing() throws(ServiceError) -> Stored<UserRecord>? {
    switch self {
    case .user(let user): user
    case .absent(let name, _): throw .noSuchEntity("The user with name \(name) cannot be found.")
    case .root: nil
    }
  }

  /// Adds a write that changes nothing of the target but its revision, so that changes below it meet there.
  func touch(in change: inout Change, account: AccountID) throws(StoreError) {
    switch self {
    case .user(let user): try change.replace(user, with: user.record, account: account)
    case .root(let root): try change.replace(root, with: root.record, account: account)
    case .absent: break
    }
  }
}

extension House {
  /// The target of a request that names `userName` or leaves it out.
  func userTarget(
    _ userName: String?,
    _ call: AuthenticatedCall
  ) async throws(ServiceError) -> UserTarget {
    let name: String
    switch (userName, call.caller.principal) {
    case (let userName?, _): name = userName
    case (nil, .user(let user)): name = user.userName
    case (nil, .root(let account)): return .root(try await existingAccount(account))
    }
    return try await read { directory in
      try await directory.user(name, of: call.account).map(UserTarget.user) ?? .absent(name, of: call.account)
    }
  }

  /// The inline policy `policyName` of the user `userName`; throws NoSuchEntity when there is none.
  func existingUserPolicy(
    _ policyName: String,
    of userName: String,
    _ account: AccountID
  ) async throws(ServiceError) -> Stored<UserPolicyRecord> {
    let id = UserPolicyRecord.prefix(account, userName) + policyName
    guard let policy = try await read({ try await $0.record(UserPolicyRecord.self, at: id) }) else {
      throw .noSuchEntity("The user policy with name \(policyName) cannot be found.")
    }
    return policy
  }

  /// The account's own record.
  func existingAccount(_ account: AccountID) async throws(ServiceError) -> Stored<AccountRecord> {
    let stored = try await read { try await $0.record(AccountRecord.self, at: account.description) }
    guard let stored else {
      throw diagnostics.serviceError(
        "read the account",
        StoreError.corrupted("Account `\(account)` is missing")
      )
    }
    return stored
  }
}

extension UserRecord {
  /// The user as IAM answers it.
  ///
  /// Source: IAM API, `User`.
  var response: ResponseStructure {
    var structure = listResponse
    if !tags.isEmpty {
      structure.append(
        "Tags",
        .list(
          tags.map { .structure(ResponseStructure(["Key": .string($0.key), "Value": .string($0.value)])) }
        )
      )
    }
    return structure
  }

  /// The user in a list, where IAM leaves tags out.
  var listResponse: ResponseStructure {
    ResponseStructure([
      "Path": .string(path), "UserName": .string(userName), "UserId": .string(userID),
      "Arn": .string(identity.arn.description), "CreateDate": .timestamp(createDate, milliseconds: false),
    ])
  }
}
