// SPDX-License-Identifier: Apache-2.0
//
// What the actions on access keys share: where keys stand, and who may have how many.

import AWSProtocols
import IdentityModel

/// How many access keys a user, or the root, may have.
///
/// Source: IAM quotas, AccessKeysPerUser.
let accessKeysPerUser = 2

extension House {
  /// The access key ids of `target`, in order.
  func accessKeyIDs(
    of target: UserTarget,
    _ account: AccountID
  ) async throws(ServiceError) -> [Stored<UserAccessKeyRecord>] {
    try await read { directory in
      try await directory.allRecords(
        UserAccessKeyRecord.self,
        prefix: UserAccessKeyRecord.prefix(account, target.userName)
      )
    }
  }

  /// The access key `accessKeyID` of `target`, which must exist; throws NoSuchEntity.
  func existingAccessKey(
    _ accessKeyID: String,
    of target: UserTarget,
    _ account: AccountID
  ) async throws(ServiceError) -> Stored<AccessKeyRecord> {
    try target.existing()
    let key = try await read { try await $0.record(AccessKeyRecord.self, at: accessKeyID) }
    guard let key, key.record.account == account, key.record.userName == target.userName else {
      throw .noSuchEntity("The Access Key with id \(accessKeyID) cannot be found.")
    }
    return key
  }
}

extension AccessKeyRecord {
  /// The key without its secret.
  ///
  /// Source: IAM API, `AccessKeyMetadata`.
  var metadata: ResponseStructure {
    ResponseStructure([
      "UserName": userName.map { .string($0) }, "AccessKeyId": .string(accessKeyID),
      "Status": .string(status.rawValue), "CreateDate": .timestamp(createDate, milliseconds: false),
    ])
  }
}
