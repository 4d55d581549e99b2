// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, UpdateUser: another name or path for a user, who stays the same: unique id, keys, policies, groups.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:UpdateUser`.
package struct UpdateUser: Action {
  package static let service = ServiceName.iam
  package static let name = "UpdateUser"
  package static let isReadOnly = false

  private let newPath: String?
  private let newUserName: String?
  private let userName: String

  package init(_ parameters: inout ParameterReader) {
    newPath = parameters.optionalString("NewPath", length: 1...512, pattern: .path)
    newUserName = parameters.optionalString("NewUserName", length: 1...64, pattern: .name)
    userName = parameters.existingEntityName(.user)
  }

  package var requestParameters: JSONValue? {
    .strings(["userName": userName, "newUserName": newUserName, "newPath": newPath])
  }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> EntityTarget<UserRecord> {
    try await house.target(UserRecord.self, userName, call)
  }

  package func questions(_ subject: EntityTarget<UserRecord>, _ call: AuthenticatedCall) -> [Question] {
    subject.moveQuestions("iam:UpdateUser", newPath: newPath, newName: newUserName)
  }

  package func perform(
    _ call: AuthorizedCall<UpdateUser>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let user = try call.subject.existing()
    var renamed = user.record
    renamed.path = newPath ?? renamed.path
    renamed.name = newUserName ?? renamed.name
    guard renamed != user.record else { return Proposal(result: nil) }
    var change = try await house.move(user, to: renamed)
    if !renamed.name.utf8.elementsEqual(userName.utf8) {
      try await house.moveKeys(of: user.record, to: renamed, &change)
      try await house.moveMemberships(ofUser: user.record, to: renamed, &change)
    }
    return Proposal(change: change, result: nil)
  }
}

extension House {
  fileprivate func moveKeys(
    of user: UserRecord,
    to renamed: UserRecord,
    _ change: inout Change
  ) async throws(ServiceError) {
    let (account, prefix) = (user.account, UserAccessKeyRecord.prefix(user.account, user.name))
    let newPrefix = UserAccessKeyRecord.prefix(account, renamed.name)
    do {
      for entry in try await directory.allRecords(UserAccessKeyRecord.self, prefix: prefix) {
        let id = entry.record.accessKeyID
        try change.move(entry, to: newPrefix + id, as: entry.record, account: account)
        guard let key = try await directory.record(AccessKeyRecord.self, at: id) else { continue }
        var record = key.record
        record.userName = renamed.name
        try change.replace(key, with: record, account: account)
      }
    } catch {
      throw diagnostics.serviceError("move access keys", error)
    }
  }

  fileprivate func moveMemberships(
    ofUser user: UserRecord,
    to renamed: UserRecord,
    _ change: inout Change
  ) async throws(ServiceError) {
    let account = user.account
    let memberships = try await memberships(ofUser: user.name, account)
    do {
      for membership in memberships {
        let group = membership.byUser.record.groupName
        try change.move(
          membership.byUser,
          to: UserGroupRecord.id(account, user: renamed.name, group: group),
          as: membership.byUser.record,
          account: account
        )
        try change.move(
          membership.byGroup,
          to: GroupMemberRecord.id(account, group: group, user: renamed.name),
          as: GroupMemberRecord(userName: renamed.name),
          account: account
        )
      }
    } catch {
      throw diagnostics.serviceError("move memberships", error)
    }
  }
}

extension EntityTarget {
  /// The questions to policy of an action that gives the target another path or name: the caller needs to be allowed
  /// it on the target as it is and as it will be.
  ///
  /// Source: IAM API, UpdateUser, UpdateGroup.
  func moveQuestions(_ action: String, newPath: String?, newName: String?) -> [Question] {
    let present = question(action)
    let (path, account, context) =
      switch self {
      case .existing(let entity): (entity.record.path, entity.record.account, entity.record.tagContext)
      case .absent(_, let account): ("/", account, [])
      }
    let future = ARN(
      service: "iam",
      account: account,
      resource: "\(Entity.entityKind.word)\(newPath ?? path)\(newName ?? name)"
    ).description
    guard !future.utf8.elementsEqual(present.resource.utf8) else { return [present] }
    return [present, Question(action: action, resource: future, context: context)]
  }
}
