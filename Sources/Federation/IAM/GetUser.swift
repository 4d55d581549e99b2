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

  package func questions(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> [Question] {
    try await UserTarget(userName, caller: call.caller.principal).question("iam:GetUser", call, house)
  }

  package func perform(
    _ call: AuthorizedCall<GetUser>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let user: ResponseStructure
    switch UserTarget(userName, caller: call.principal) {
    case .user(let name):
      user = try await house.existingUser(name, of: call.account).record.response
    case .root:
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
