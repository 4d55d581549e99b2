// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, CreateInstanceProfile.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:CreateInstanceProfile`.
package struct CreateInstanceProfile: Action {
  package static let service = ServiceName.iam
  package static let name = "CreateInstanceProfile"
  package static let isReadOnly = false

  private let instanceProfileName: String
  private let path: String
  private let tags: [Tag]

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    instanceProfileName = parameters.requiredString("InstanceProfileName", length: 1...128, pattern: .name)
    path = parameters.optionalString("Path", length: 1...512, pattern: .path) ?? "/"
    tags = parameters.tagList()
    try parameters.check()
    try tags.requireTaggable()
  }

  package var requestParameters: JSONValue? {
    var members = [
      JSONObject.Member("instanceProfileName", .string(instanceProfileName)),
      JSONObject.Member("path", .string(path)),
    ]
    if !tags.isEmpty { members.append(.init("tags", .tags(tags))) }
    return .object(JSONObject(members))
  }

  package func questions(_ subject: NoSubject, _ call: AuthenticatedCall) -> [Question] {
    let resource = "instance-profile\(path)\(instanceProfileName)"
    let arn = ARN(service: "iam", account: call.account, resource: resource).description
    let context = tags.requestContext
    var questions = [Question(action: "iam:CreateInstanceProfile", resource: arn, context: context)]
    if !tags.isEmpty {
      questions.append(Question(action: "iam:TagInstanceProfile", resource: arn, context: context))
    }
    return questions
  }

  package func perform(
    _ call: AuthorizedCall<CreateInstanceProfile>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let id = InstanceProfileRecord.id(call.account, instanceProfileName)
    guard try await house.read({ try await $0.record(InstanceProfileRecord.self, at: id) }) == nil else {
      throw .entityAlreadyExists("Instance Profile \(instanceProfileName) already exists.")
    }
    let room = try await house.room(for: InstanceProfileRecord.self, .instanceProfiles, in: call.account)
    let profile = InstanceProfileRecord(
      account: call.account,
      path: path,
      name: instanceProfileName,
      uniqueID: house.entropy.uniqueID(prefix: "AIPA"),
      createDate: call.now,
      tags: tags
    )
    return try house.propose { change in
      try change.create(profile, id: id, account: call.account)
      try room.take(in: &change)
      return (
        ResponseStructure(["InstanceProfile": .structure(profile.tagged(profile.response([])))]),
        .object(JSONObject([.init("instanceProfile", profile.recorded ?? .null)]))
      )
    }
  }
}
