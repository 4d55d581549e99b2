// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, GetUserPolicy: the document of an inline policy, byte for byte as it was put, URL-encoded.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:GetUserPolicy`.
package struct GetUserPolicy: Action {
  package static let service = ServiceName.iam
  package static let name = "GetUserPolicy"
  package static let isReadOnly = true

  private let policyName: String
  private let userName: String

  package init(_ parameters: inout ParameterReader) {
    policyName = parameters.requiredString("PolicyName", length: 1...128, pattern: .name)
    userName = parameters.requiredString("UserName", length: 1...128, pattern: .name)
  }

  package var requestParameters: JSONValue? {
    .strings(["userName": userName, "policyName": policyName])
  }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> EntityTarget<
    UserRecord
  > {
    try await house.target(UserRecord.self, userName, call)
  }

  package func questions(_ subject: EntityTarget<UserRecord>, _ call: AuthenticatedCall) -> [Question] {
    [subject.question("iam:GetUserPolicy")]
  }

  package func perform(
    _ call: AuthorizedCall<GetUserPolicy>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    try call.subject.existing()
    let policy = try await house.existingInlinePolicy(policyName, of: .user, userName, call.account)
    return Proposal(
      result: ResponseStructure([
        "UserName": .string(userName), "PolicyName": .string(policyName),
        "PolicyDocument": .string(urlEncoded(policy.record.policyDocument)),
      ])
    )
  }
}
