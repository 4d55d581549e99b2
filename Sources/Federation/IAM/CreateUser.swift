// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, CreateUser.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:CreateUser`.
package struct CreateUser: Action {
  package static let service = ServiceName.iam
  package static let name = "CreateUser"
  package static let isReadOnly = false

  private let path: String
  private let userName: String
  private let tags: [Tag]

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    path = parameters.optionalString("Path", length: 1...512, pattern: .path) ?? "/"
    let boundary = parameters.optionalString("PermissionsBoundary", length: 20...2048)
    tags = parameters.tagList()
    userName = parameters.requiredString("UserName", length: 1...64, pattern: .name)
    try parameters.check()
    try tags.requireDistinctKeys()
    // SECURITY: a limit that is not enforced must not be accepted in silence.
    guard boundary == nil else {
      throw ServiceError(
        code: "InvalidInput",
        httpStatus: 400,
        message: "PermissionsBoundary is not supported by this server."
      )
    }
  }

  package var requestParameters: JSONValue? {
    var members = [
      JSONObject.Member("path", .string(path)), JSONObject.Member("userName", .string(userName)),
    ]
    if !tags.isEmpty { members.append(.init("tags", .tags(tags))) }
    return .object(JSONObject(members))
  }

  package func questions(_ subject: NoSubject, _ call: AuthenticatedCall) -> [Question] {
    let resource = ARN(service: "iam", account: call.account, resource: "user\(path)\(userName)").description
    let context = tags.requestContext
    var questions = [Question(action: "iam:CreateUser", resource: resource, context: context)]
    if !tags.isEmpty {
      questions.append(Question(action: "iam:TagUser", resource: resource, context: context))
    }
    return questions
  }

  package func perform(
    _ call: AuthorizedCall<CreateUser>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let id = UserRecord.id(call.account, userName)
    guard try await house.read({ try await $0.record(UserRecord.self, at: id) }) == nil else {
      throw .entityAlreadyExists("User with name \(userName) already exists.")
    }
    let user = UserRecord(
      account: call.account,
      path: path,
      name: userName,
      uniqueID: house.entropy.uniqueID(prefix: IAMEntityKind.user.uniqueIDPrefix),
      createDate: call.now,
      tags: tags
    )
    return try house.propose { change in
      try change.create(user, id: id, account: call.account)
      return (
        ResponseStructure(["User": .structure(user.response)]),
        .object(
          JSONObject([
            .init(
              "user",
              .strings([
                "path": user.path, "userName": user.name, "userId": user.uniqueID,
                "arn": user.arn.description, "createDate": user.createDate.cloudTrailElementForm,
              ]) ?? .null
            )
          ])
        )
      )
    }
  }
}
