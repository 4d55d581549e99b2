// SPDX-License-Identifier: Apache-2.0
//
// How the parameters of actions that exist for users, groups and roles alike are called, and how long names may be.
// Source: botocore's service model of IAM.

import AWSProtocols
import IdentityModel

extension IAMEntityKind {
  /// The parameter with the name: `UserName`.
  var nameParameter: String { "\(rawValue)Name" }

  /// The same in audit records: `userName`.
  var nameElement: String { "\(word)Name" }

  /// The length of a name: `userNameType`, `groupNameType`, `roleNameType`.
  var nameLength: ClosedRange<Int> {
    switch self {
    case .user, .role: 1...64
    case .group: 1...128
    }
  }

  /// The length of a name where the model takes longer ones for names that exist: `existingUserNameType`.
  var existingNameLength: ClosedRange<Int> {
    switch self {
    case .user, .group: 1...128
    case .role: 1...64
    }
  }
}

extension ParameterReader {
  /// The name of an identity of the kind `kind`.
  mutating func entityName(_ kind: IAMEntityKind) -> String {
    requiredString(kind.nameParameter, length: kind.nameLength, pattern: .name)
  }

  /// The name of an identity of the kind `kind`, where the model lets it be as long as any that exists.
  mutating func existingEntityName(_ kind: IAMEntityKind) -> String {
    requiredString(kind.nameParameter, length: kind.existingNameLength, pattern: .name)
  }
}
