// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, GetUser: a user by name, or the caller itself.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:GetUser`.
package struct GetUser: Action {
  package static let service = ServiceName.iam
  package static let name = "GetUser"
  package static let isReadOnly = true

  private let userName: String?

  package init(_ parameters: inout ParameterReader) {
    userName = parameters.optionalString("UserName", length: 1...128, pattern: .name)
  }

  package var requestParameters: JSONValue? { .strings(["userName": userName]) }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> UserTarget {
    try await house.userTarget(userName, call)
  }

  package func questions(_ subject: UserTarget, _ call: AuthenticatedCall) -> [Question] {
    subject.question("iam:GetUser", call)
  }

  package func perform(
    _ call: AuthorizedCall<GetUser>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let user: ResponseStructure
    if let stored = try call.subject.existing() {
      user = stored.record.response
    } else {
      user = ResponseStructure([
        "UserId": .string(call.account.description), "Arn": .string(call.principal.arn.description),
        "CreateDate": .timestamp(
          try await house.existingAccount(call.account).record.createDate,
          milliseconds: false
        ),
      ])
    }
    return Proposal(result: ResponseStructure(["User": .structure(user)]))
  }
}
