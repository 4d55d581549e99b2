// SPDX-License-Identifier: Apache-2.0
//
// Which user an IAM action is about: the one it names, or the caller. Shared by the actions that may leave the name
// out: those on access keys, and GetUser.

import AWSProtocols
import IdentityModel

/// Whose user or keys an action is about.
package enum UserTarget: ActionSubject {
  /// A user of the caller's account, there or not.
  case user(EntityTarget<UserRecord>)
  /// The account's root: the caller itself, which named nobody.
  case root(Stored<AccountRecord>)

  package var requirements: [Change.Write] {
    switch self {
    case .user(let user): user.requirements
    // Keys of the root meet at the account's record where it matters: see `touch`.
    case .root: []
    }
  }

  /// The user's name; `nil` for root.
  var userName: String? {
    if case .user(let user) = self { user.name } else { nil }
  }

  /// The one question to policy: whether the caller may do `action` to the target.
  func question(_ action: String, _ call: AuthenticatedCall) -> [Question] {
    switch self {
    case .user(let user): [user.question(action)]
    case .root: [Question(action: action, resource: Principal.root(call.account).arn.description)]
    }
  }

  /// The user, or `nil` for root; throws NoSuchEntity when there is no such user.
  @discardableResult
  func existing() throws(ServiceError) -> Stored<UserRecord>? {
    if case .user(let user) = self { try user.existing() } else { nil }
  }

  /// Adds a write that changes nothing of the target but its revision, so that changes below it meet there.
  func touch(in change: inout Change, account: AccountID) throws(StoreError) {
    switch self {
    case .user(let user): try user.touch(in: &change)
    case .root(let root): try change.replace(root, with: root.record, account: account)
    }
  }
}

extension House {
  /// The target of a request that names `userName` or leaves it out.
  ///
  /// Throws ValidationError when it is left out and the caller is neither a user nor root.
  func userTarget(
    _ userName: String?,
    _ call: AuthenticatedCall
  ) async throws(ServiceError) -> UserTarget {
    switch (userName, call.caller.principal) {
    case (let name?, _): return .user(try await target(UserRecord.self, name, call))
    case (nil, .user(let user)): return .user(try await target(UserRecord.self, user.userName, call))
    case (nil, .root(let account)): return .root(try await existingAccount(account))
    case (nil, .assumedRole), (nil, .federatedUser):
      throw .validationError("Must specify userName when calling with non-User credentials")
    }
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
  /// The user as IAM answers it, tags and boundary included.
  ///
  /// Source: IAM API, `User`.
  var response: ResponseStructure {
    var structure = listResponse
    structure.append("PermissionsBoundary", boundaryResponse)
    if !tags.isEmpty { structure.append("Tags", tags.response) }
    return structure
  }

  /// The user in a list, where IAM leaves tags and boundary out.
  var listResponse: ResponseStructure {
    ResponseStructure([
      "Path": .string(path), "UserName": .string(name), "UserId": .string(uniqueID),
      "Arn": .string(arn.description), "CreateDate": .timestamp(createDate, milliseconds: false),
    ])
  }
}

extension BoundedEntity {
  /// `AttachedPermissionsBoundary`; `nil` without a boundary.
  var boundaryResponse: ResponseValue? {
    permissionsBoundary.map { arn in
      .structure(
        ResponseStructure([
          "PermissionsBoundaryType": .string("PermissionsBoundaryPolicy"),
          "PermissionsBoundaryArn": .string(arn),
        ])
      )
    }
  }
}

extension [Tag] {
  /// `tagListType`.
  var response: ResponseValue {
    .list(map { .structure(ResponseStructure(["Key": .string($0.key), "Value": .string($0.value)])) })
  }
}
