// SPDX-License-Identifier: Apache-2.0
//
// Which user an IAM action is about: the one it names, or the caller. Shared by every action on users.

import AWSProtocols
import IdentityModel

/// Whose user, keys or policies an action is about.
enum UserTarget {
  /// A user of the caller's account, named in the request or by the caller's own credentials.
  case user(String)
  /// The account's root: the caller itself, which named nobody.
  case root

  /// The target of a request that names `userName` or leaves it out.
  init(_ userName: String?, caller: Principal) {
    switch (userName, caller) {
    case (let name?, _): self = .user(name)
    case (nil, .user(let user)): self = .user(user.userName)
    case (nil, .root): self = .root
    }
  }

  /// The user's name; `nil` for root.
  var userName: String? {
    if case .user(let name) = self { name } else { nil }
  }

  /// The one question to policy: may the caller do `action` to the target?
  ///
  /// The resource is the user's own ARN, or the one that it would have at the root path when there is no such user.
  func question(
    _ action: String,
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> [Question] {
    guard let userName else {
      return [Question(action: action, resource: Principal.root(call.account).arn.description)]
    }
    let user = try await house.read { try await $0.user(userName, of: call.account) }
    let absent = ARN(service: "iam", account: call.account, resource: "user/\(userName)")
    return [Question(action: action, resource: (user?.record.identity.arn ?? absent).description)]
  }
}

extension House {
  /// The user `name`; throws NoSuchEntity when there is none.
  func existingUser(
    _ name: String,
    of account: AccountID
  ) async throws(ServiceError) -> Stored<UserRecord> {
    guard let user = try await read({ try await $0.user(name, of: account) }) else {
      throw .noSuchEntity("The user with name \(name) cannot be found.")
    }
    return user
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

extension Change {
  /// Adds a write that changes nothing of `stored` but its revision, so that changes below one record meet there.
  mutating func touch<Record: DirectoryRecord>(
    _ stored: Stored<Record>,
    account: AccountID
  ) throws(StoreError) {
    try replace(stored, with: stored.record, account: account)
  }
}

extension UserRecord {
  /// The user as IAM answers it.
  ///
  /// Source: IAM API, `User`.
  var response: ResponseStructure {
    var structure = ResponseStructure([
      "Path": .string(path), "UserName": .string(userName), "UserId": .string(userID),
      "Arn": .string(identity.arn.description), "CreateDate": .timestamp(createDate, milliseconds: false),
    ])
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
}
