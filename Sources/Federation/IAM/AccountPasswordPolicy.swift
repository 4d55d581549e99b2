// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, UpdateAccountPasswordPolicy, GetAccountPasswordPolicy, DeleteAccountPasswordPolicy: kept and given back.
// Nobody signs in with a password here, so nothing is measured by it.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:UpdateAccountPasswordPolicy`: what is left out goes back to its default.
package struct UpdateAccountPasswordPolicy: Action {
  package static let service = ServiceName.iam
  package static let name = "UpdateAccountPasswordPolicy"
  package static let isReadOnly = false

  private let policy: PasswordPolicyRecord

  package init(_ parameters: inout ParameterReader) {
    let mayChange = parameters.optionalBoolean("AllowUsersToChangePassword") ?? false
    let hardExpiry = parameters.optionalBoolean("HardExpiry")
    let age = parameters.optionalInteger("MaxPasswordAge", 1...1095)
    // Source: IAM API, UpdateAccountPasswordPolicy: the default is 6.
    let length = parameters.optionalInteger("MinimumPasswordLength", 6...128) ?? 6
    let reuse = parameters.optionalInteger("PasswordReusePrevention", 1...24)
    policy = PasswordPolicyRecord(
      minimumPasswordLength: length,
      requireSymbols: parameters.optionalBoolean("RequireSymbols") ?? false,
      requireNumbers: parameters.optionalBoolean("RequireNumbers") ?? false,
      requireUppercaseCharacters: parameters.optionalBoolean("RequireUppercaseCharacters") ?? false,
      requireLowercaseCharacters: parameters.optionalBoolean("RequireLowercaseCharacters") ?? false,
      allowUsersToChangePassword: mayChange,
      maxPasswordAge: age,
      passwordReusePrevention: reuse,
      hardExpiry: hardExpiry
    )
  }

  package var requestParameters: JSONValue? {
    var members = [
      JSONObject.Member("minimumPasswordLength", .integer(policy.minimumPasswordLength)),
      JSONObject.Member("requireSymbols", .bool(policy.requireSymbols)),
      JSONObject.Member("requireNumbers", .bool(policy.requireNumbers)),
      JSONObject.Member("requireUppercaseCharacters", .bool(policy.requireUppercaseCharacters)),
      JSONObject.Member("requireLowercaseCharacters", .bool(policy.requireLowercaseCharacters)),
      JSONObject.Member("allowUsersToChangePassword", .bool(policy.allowUsersToChangePassword)),
    ]
    if let age = policy.maxPasswordAge { members.append(.init("maxPasswordAge", .integer(age))) }
    if let reuse = policy.passwordReusePrevention {
      members.append(.init("passwordReusePrevention", .integer(reuse)))
    }
    if let hardExpiry = policy.hardExpiry { members.append(.init("hardExpiry", .bool(hardExpiry))) }
    return .object(JSONObject(members))
  }

  package func perform(
    _ call: AuthorizedCall<UpdateAccountPasswordPolicy>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let stored = try await house.passwordPolicy(of: call.account)
    return try house.propose { change in
      if let stored {
        try change.replace(stored, with: policy, account: call.account)
      } else {
        try change.create(policy, id: call.account.description, account: call.account)
      }
      return (nil, nil)
    }
  }
}

/// `iam:GetAccountPasswordPolicy`.
package struct GetAccountPasswordPolicy: Action {
  package static let service = ServiceName.iam
  package static let name = "GetAccountPasswordPolicy"
  package static let isReadOnly = true

  package init(_ parameters: inout ParameterReader) {}

  package var requestParameters: JSONValue? { nil }

  package func perform(
    _ call: AuthorizedCall<GetAccountPasswordPolicy>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    guard let policy = try await house.passwordPolicy(of: call.account)?.record else {
      throw .noSuchEntity("The Password Policy with domain name \(call.account) cannot be found.")
    }
    return Proposal(
      result: ResponseStructure([
        "PasswordPolicy": .structure(
          ResponseStructure([
            "MinimumPasswordLength": .integer(Int64(policy.minimumPasswordLength)),
            "RequireSymbols": .boolean(policy.requireSymbols),
            "RequireNumbers": .boolean(policy.requireNumbers),
            "RequireUppercaseCharacters": .boolean(policy.requireUppercaseCharacters),
            "RequireLowercaseCharacters": .boolean(policy.requireLowercaseCharacters),
            "AllowUsersToChangePassword": .boolean(policy.allowUsersToChangePassword),
            "ExpirePasswords": .boolean(policy.maxPasswordAge != nil),
            "MaxPasswordAge": policy.maxPasswordAge.map { .integer(Int64($0)) },
            "PasswordReusePrevention": policy.passwordReusePrevention.map { .integer(Int64($0)) },
            "HardExpiry": policy.hardExpiry.map { .boolean($0) },
          ])
        )
      ])
    )
  }
}

/// `iam:DeleteAccountPasswordPolicy`.
package struct DeleteAccountPasswordPolicy: Action {
  package static let service = ServiceName.iam
  package static let name = "DeleteAccountPasswordPolicy"
  package static let isReadOnly = false

  package init(_ parameters: inout ParameterReader) {}

  package var requestParameters: JSONValue? { nil }

  package func perform(
    _ call: AuthorizedCall<DeleteAccountPasswordPolicy>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    guard let stored = try await house.passwordPolicy(of: call.account) else {
      throw .noSuchEntity("The account policy with name PasswordPolicy cannot be found.")
    }
    return try house.propose { change in
      change.delete(stored)
      return (nil, nil)
    }
  }
}

extension House {
  fileprivate func passwordPolicy(
    of account: AccountID
  ) async throws(ServiceError) -> Stored<PasswordPolicyRecord>? {
    try await read { try await $0.record(PasswordPolicyRecord.self, at: account.description) }
  }
}
