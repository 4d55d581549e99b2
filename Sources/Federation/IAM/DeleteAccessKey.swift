// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, DeleteAccessKey.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:DeleteAccessKey`.
package struct DeleteAccessKey: Action {
  package static let service = ServiceName.iam
  package static let name = "DeleteAccessKey"
  package static let isReadOnly = false

  private let accessKeyID: String
  private let userName: String?

  package init(_ parameters: inout ParameterReader) {
    accessKeyID = parameters.requiredString("AccessKeyId", length: 16...128, pattern: .accessKeyID)
    userName = parameters.optionalString("UserName", length: 1...128, pattern: .name)
  }

  package var requestParameters: JSONValue? {
    .strings(["userName": userName, "accessKeyId": accessKeyID])
  }

  package func questions(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> [Question] {
    try await UserTarget(userName, caller: call.caller.principal).question("iam:DeleteAccessKey", call, house)
  }

  package func perform(
    _ call: AuthorizedCall<DeleteAccessKey>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let target = UserTarget(userName, caller: call.principal)
    let key = try await house.existingAccessKey(accessKeyID, of: target, call.account)
    let entries = try await house.accessKeyIDs(of: target, call.account)
    return try house.propose { change in
      change.delete(key)
      for entry in entries where entry.record.accessKeyID == accessKeyID { change.delete(entry) }
      return (nil, nil)
    }
  }
}
