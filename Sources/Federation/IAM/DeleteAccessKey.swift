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

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> UserTarget {
    try await house.userTarget(userName, call)
  }

  package func questions(_ subject: UserTarget, _ call: AuthenticatedCall) -> [Question] {
    subject.question("iam:DeleteAccessKey", call)
  }

  package func perform(
    _ call: AuthorizedCall<DeleteAccessKey>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let key = try await house.existingAccessKey(accessKeyID, of: call.subject, call.account)
    let entries = try await house.accessKeyIDs(of: call.subject, call.account)
    return try house.propose { change in
      change.delete(key)
      for entry in entries where entry.record.accessKeyID == accessKeyID { change.delete(entry) }
      return (nil, nil)
    }
  }
}
