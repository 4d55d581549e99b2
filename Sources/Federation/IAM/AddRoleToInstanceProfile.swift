// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, AddRoleToInstanceProfile and RemoveRoleFromInstanceProfile. A profile holds one role.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:AddRoleToInstanceProfile`.
package struct AddRoleToInstanceProfile: Action {
  package static let service = ServiceName.iam
  package static let name = "AddRoleToInstanceProfile"
  package static let isReadOnly = false

  private let instanceProfileName: String
  private let roleName: String

  package init(_ parameters: inout ParameterReader) {
    instanceProfileName = InstanceProfileRecord.readIdentifier(&parameters)
    roleName = parameters.requiredString("RoleName", length: 1...64, pattern: .name)
  }

  package var requestParameters: JSONValue? {
    .strings(["instanceProfileName": instanceProfileName, "roleName": roleName])
  }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> ProfileAndRole {
    try await house.profileAndRole(instanceProfileName, roleName, call)
  }

  package func questions(_ subject: ProfileAndRole, _ call: AuthenticatedCall) -> [Question] {
    [
      subject.profile.question("iam:AddRoleToInstanceProfile"),
      // Whoever takes the profile gets the role: the caller must be one who may give it away.
      subject.role.question("iam:PassRole", context: [.init("iam:PassedToService", "ec2.amazonaws.com")]),
    ]
  }

  package func perform(
    _ call: AuthorizedCall<AddRoleToInstanceProfile>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let profile = try call.subject.profile.existing()
    let role = try call.subject.role.existing()
    guard profile.record.roleName == nil else {
      throw .limitExceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
    }
    var record = profile.record
    record.roleName = role.record.name
    return try house.propose { change in
      try change.replace(profile, with: record, account: call.account)
      try change.create(
        RoleInstanceProfileRecord(instanceProfileName: record.name),
        id: RoleInstanceProfileRecord.id(call.account, role: role.record.name, profile: record.name),
        account: call.account
      )
      // A role is deleted only when it is in no profile: it is not the one that was found empty any more.
      try call.subject.role.touch(in: &change)
      return (nil, nil)
    }
  }
}

/// `iam:RemoveRoleFromInstanceProfile`.
package struct RemoveRoleFromInstanceProfile: Action {
  package static let service = ServiceName.iam
  package static let name = "RemoveRoleFromInstanceProfile"
  package static let isReadOnly = false

  private let instanceProfileName: String
  private let roleName: String

  package init(_ parameters: inout ParameterReader) {
    instanceProfileName = InstanceProfileRecord.readIdentifier(&parameters)
    roleName = parameters.requiredString("RoleName", length: 1...64, pattern: .name)
  }

  package var requestParameters: JSONValue? {
    .strings(["instanceProfileName": instanceProfileName, "roleName": roleName])
  }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> ProfileAndRole {
    try await house.profileAndRole(instanceProfileName, roleName, call)
  }

  package func questions(_ subject: ProfileAndRole, _ call: AuthenticatedCall) -> [Question] {
    [subject.profile.question("iam:RemoveRoleFromInstanceProfile")]
  }

  package func perform(
    _ call: AuthorizedCall<RemoveRoleFromInstanceProfile>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let profile = try call.subject.profile.existing()
    let role = try call.subject.role.existing().record
    let id = RoleInstanceProfileRecord.id(call.account, role: role.name, profile: profile.record.name)
    guard let entry = try await house.read({ try await $0.record(RoleInstanceProfileRecord.self, at: id) })
    else {
      throw .noSuchEntity(
        "Role \(role.name) in Instance Profile \(profile.record.name) cannot be found."
      )
    }
    var record = profile.record
    record.roleName = nil
    return try house.propose { change in
      try change.replace(profile, with: record, account: call.account)
      change.delete(entry)
      return (nil, nil)
    }
  }
}
