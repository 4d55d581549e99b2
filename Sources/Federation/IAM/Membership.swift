// SPDX-License-Identifier: Apache-2.0
//
// Who is in which group: two records, one found by the group and one by the user, which come and go together. Shared by
// the actions on groups and on their members.

import IdentityModel

/// How many groups a user may be in.
///
/// Source: IAM quotas, groups an IAM user can be a member of.
let groupsPerUser = 10

/// That a user is in a group.
struct Membership: Sendable {
  /// The record that the group finds.
  let byGroup: Stored<GroupMemberRecord>
  /// The record that the user finds.
  let byUser: Stored<UserGroupRecord>
}

extension House {
  /// The membership of the user `user` in the group `group`; `nil` when there is none.
  func membership(
    of user: String,
    in group: String,
    _ account: AccountID
  ) async throws(ServiceError) -> Membership? {
    try await read { directory in
      let groupSide = GroupMemberRecord.id(account, group: group, user: user)
      let userSide = UserGroupRecord.id(account, user: user, group: group)
      guard let byGroup = try await directory.record(GroupMemberRecord.self, at: groupSide),
        let byUser = try await directory.record(UserGroupRecord.self, at: userSide)
      else { return nil }
      return Membership(byGroup: byGroup, byUser: byUser)
    }
  }

  /// The memberships of the user `name`.
  func memberships(
    ofUser name: String,
    _ account: AccountID
  ) async throws(ServiceError) -> [Membership] {
    let prefix = UserGroupRecord.prefix(account, name)
    var result: [Membership] = []
    for entry in try await read({ try await $0.allRecords(UserGroupRecord.self, prefix: prefix) }) {
      // One that goes away between the reads has gone.
      if let found = try await membership(of: name, in: entry.record.groupName, account) {
        result.append(found)
      }
    }
    return result
  }

  /// The memberships in the group `name`, however many.
  func memberships(
    inGroup name: String,
    _ account: AccountID
  ) async throws(ServiceError) -> [Membership] {
    let prefix = GroupMemberRecord.prefix(account, name)
    var result: [Membership] = []
    var after: String?
    while true {
      let page = try await read { [after] directory in
        try await directory.records(GroupMemberRecord.self, prefix: prefix, after: after, limit: 1000)
      }
      for entry in page {
        if let found = try await membership(of: entry.record.userName, in: name, account) {
          result.append(found)
        }
      }
      guard page.count == 1000, let last = page.last else { return result }
      after = last.key.id
    }
  }
}
