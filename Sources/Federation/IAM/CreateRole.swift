// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, CreateRole.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:CreateRole`.
package struct CreateRole: Action {
  package static let service = ServiceName.iam
  package static let name = "CreateRole"
  package static let isReadOnly = false

  private let assumeRolePolicyDocument: String
  private let description: String?
  private let maxSessionDuration: Int?
  private let path: String
  private let permissionsBoundary: String?
  private let roleName: String
  private let tags: [Tag]

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    assumeRolePolicyDocument = parameters.requiredString(
      "AssumeRolePolicyDocument",
      length: 1...131_072,
      pattern: .policyDocument
    )
    description = parameters.optionalString("Description", length: 0...1000, pattern: .roleDescription)
    maxSessionDuration = parameters.optionalInteger("MaxSessionDuration", 3600...43_200)
    path = parameters.optionalString("Path", length: 1...512, pattern: .path) ?? "/"
    permissionsBoundary = parameters.optionalString("PermissionsBoundary", length: 20...2048)
    roleName = parameters.requiredString("RoleName", length: 1...64, pattern: .name)
    tags = parameters.tagList()
    try parameters.check()
    if let permissionsBoundary { try requirePolicyARN(permissionsBoundary) }
    try tags.requireTaggable()
    if let permissionsBoundary { try requirePolicyARN(permissionsBoundary) }
  }

  package var requestParameters: JSONValue? {
    var members = [
      JSONObject.Member("path", .string(path)), JSONObject.Member("roleName", .string(roleName)),
      JSONObject.Member("assumeRolePolicyDocument", .string(assumeRolePolicyDocument)),
    ]
    members += JSONObject.Member.ifPresent("description", description)
    if let maxSessionDuration { members.append(.init("maxSessionDuration", .integer(maxSessionDuration))) }
    members += JSONObject.Member.ifPresent("permissionsBoundary", permissionsBoundary)
    if !tags.isEmpty { members.append(.init("tags", .tags(tags))) }
    return .object(JSONObject(members))
  }

  package func questions(_ subject: NoSubject, _ call: AuthenticatedCall) -> [Question] {
    let resource = ARN(service: "iam", account: call.account, resource: "role\(path)\(roleName)").description
    var context = tags.requestContext
    if let permissionsBoundary { context.append(.init("iam:PermissionsBoundary", permissionsBoundary)) }
    var questions = [Question(action: "iam:CreateRole", resource: resource, context: context)]
    if !tags.isEmpty {
      questions.append(Question(action: "iam:TagRole", resource: resource, context: tags.requestContext))
    }
    return questions
  }

  package func perform(
    _ call: AuthorizedCall<CreateRole>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let trust = try await house.trustPolicy(assumeRolePolicyDocument, of: roleName)
    let id = RoleRecord.id(call.account, roleName)
    guard try await house.read({ try await $0.record(RoleRecord.self, at: id) }) == nil else {
      throw .entityAlreadyExists("Role with name \(roleName) already exists.")
    }
    var boundary: UsablePolicy?
    if let permissionsBoundary {
      boundary = try await house.usableBoundary(permissionsBoundary, in: call.account)
    }
    let room = try await house.room(for: RoleRecord.self, .roles, in: call.account)
    let role = RoleRecord(
      account: call.account,
      path: path,
      name: roleName,
      uniqueID: house.entropy.uniqueID(prefix: IAMEntityKind.role.uniqueIDPrefix),
      createDate: call.now,
      description: description,
      maxSessionDuration: maxSessionDuration ?? 3600,
      assumeRolePolicyDocument: trust.text,
      trustedPrincipalIDs: trust.principalIDs,
      tags: tags,
      permissionsBoundary: boundary?.arn
    )
    return try house.propose { change in
      try change.create(role, id: id, account: call.account)
      if let boundary { try change.add(boundary, to: role, .boundary) }
      try room.take(in: &change)
      return (
        ResponseStructure(["Role": .structure(role.createdResponse(trust.text))]),
        .object(JSONObject([.init("role", role.recorded(trust.text) ?? .null)]))
      )
    }
  }
}
