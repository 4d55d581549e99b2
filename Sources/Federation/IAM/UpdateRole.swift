// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, UpdateRole and its forerunner UpdateRoleDescription. What a call leaves out stays as it is.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:UpdateRole`.
package struct UpdateRole: Action {
  package static let service = ServiceName.iam
  package static let name = "UpdateRole"
  package static let isReadOnly = false

  private let description: String?
  private let maxSessionDuration: Int?
  private let roleName: String

  package init(_ parameters: inout ParameterReader) {
    description = parameters.optionalString("Description", length: 0...1000, pattern: .roleDescription)
    maxSessionDuration = parameters.optionalInteger("MaxSessionDuration", 3600...43_200)
    roleName = parameters.requiredString("RoleName", length: 1...64, pattern: .name)
  }

  package var requestParameters: JSONValue? {
    var members = [JSONObject.Member("roleName", .string(roleName))]
    members += JSONObject.Member.ifPresent("description", description)
    if let maxSessionDuration { members.append(.init("maxSessionDuration", .integer(maxSessionDuration))) }
    return .object(JSONObject(members))
  }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> EntityTarget<
    RoleRecord
  > {
    try await house.target(RoleRecord.self, roleName, call)
  }

  package func questions(_ subject: EntityTarget<RoleRecord>, _ call: AuthenticatedCall) -> [Question] {
    [subject.question("iam:UpdateRole")]
  }

  package func perform(
    _ call: AuthorizedCall<UpdateRole>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let stored = try call.subject.existing()
    var role = stored.record
    if let description { role.description = description }
    if let maxSessionDuration { role.maxSessionDuration = maxSessionDuration }
    return try house.propose { change in
      try change.replace(stored, with: role, account: call.account)
      return (ResponseStructure(), nil)
    }
  }
}

/// `iam:UpdateRoleDescription`.
package struct UpdateRoleDescription: Action {
  package static let service = ServiceName.iam
  package static let name = "UpdateRoleDescription"
  package static let isReadOnly = false

  private let description: String
  private let roleName: String

  package init(_ parameters: inout ParameterReader) {
    description = parameters.requiredString("Description", length: 0...1000, pattern: .roleDescription)
    roleName = parameters.requiredString("RoleName", length: 1...64, pattern: .name)
  }

  package var requestParameters: JSONValue? {
    .strings(["roleName": roleName, "description": description])
  }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> EntityTarget<
    RoleRecord
  > {
    try await house.target(RoleRecord.self, roleName, call)
  }

  package func questions(_ subject: EntityTarget<RoleRecord>, _ call: AuthenticatedCall) -> [Question] {
    [subject.question("iam:UpdateRoleDescription")]
  }

  package func perform(
    _ call: AuthorizedCall<UpdateRoleDescription>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let stored = try call.subject.existing()
    var role = stored.record
    role.description = description
    let trustPolicy = try await house.trustPolicyText(of: role)
    return try house.propose { change in
      try change.replace(stored, with: role, account: call.account)
      return (ResponseStructure(["Role": .structure(role.listResponse(trustPolicy))]), nil)
    }
  }
}
