// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, CreateGroup.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:CreateGroup`.
package struct CreateGroup: Action {
  package static let service = ServiceName.iam
  package static let name = "CreateGroup"
  package static let isReadOnly = false

  private let groupName: String
  private let path: String

  package init(_ parameters: inout ParameterReader) {
    groupName = parameters.entityName(.group)
    path = parameters.optionalString("Path", length: 1...512, pattern: .path) ?? "/"
  }

  package var requestParameters: JSONValue? { .strings(["path": path, "groupName": groupName]) }

  package func questions(_ subject: NoSubject, _ call: AuthenticatedCall) -> [Question] {
    let resource = ARN(service: "iam", account: call.account, resource: "group\(path)\(groupName)")
    return [Question(action: "iam:CreateGroup", resource: resource.description)]
  }

  package func perform(
    _ call: AuthorizedCall<CreateGroup>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let id = GroupRecord.id(call.account, groupName)
    guard try await house.read({ try await $0.record(GroupRecord.self, at: id) }) == nil else {
      throw .entityAlreadyExists("Group with name \(groupName) already exists.")
    }
    let room = try await house.room(for: GroupRecord.self, .groups, in: call.account)
    let group = GroupRecord(
      account: call.account,
      path: path,
      name: groupName,
      uniqueID: house.entropy.uniqueID(prefix: IAMEntityKind.group.uniqueIDPrefix),
      createDate: call.now
    )
    return try house.propose { change in
      try change.create(group, id: id, account: call.account)
      try room.take(in: &change)
      return (
        ResponseStructure(["Group": .structure(group.listResponse)]),
        .object(
          JSONObject([
            .init(
              "group",
              .strings([
                "path": group.path, "groupName": group.name, "groupId": group.uniqueID,
                "arn": group.arn.description, "createDate": group.createDate.cloudTrailElementForm,
              ]) ?? .null
            )
          ])
        )
      )
    }
  }
}

extension GroupRecord {
  /// The group as IAM answers it, alone and in lists.
  ///
  /// Source: IAM API, `Group`.
  package var listResponse: ResponseStructure {
    ResponseStructure([
      "Path": .string(path), "GroupName": .string(name), "GroupId": .string(uniqueID),
      "Arn": .string(arn.description), "CreateDate": .timestamp(createDate, milliseconds: false),
    ])
  }
}
