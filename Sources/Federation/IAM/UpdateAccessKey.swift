// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, UpdateAccessKey: active or inactive. An inactive key cannot sign from the next request on.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:UpdateAccessKey`.
package struct UpdateAccessKey: Action {
  package static let service = ServiceName.iam
  package static let name = "UpdateAccessKey"
  package static let isReadOnly = false

  private let accessKeyID: String
  private let status: String
  private let userName: String?

  package init(_ parameters: inout ParameterReader) {
    accessKeyID = parameters.requiredString("AccessKeyId", length: 16...128, pattern: .accessKeyID)
    status = parameters.requiredChoice("Status", of: ["Active", "Inactive"])
    userName = parameters.optionalString("UserName", length: 1...128, pattern: .name)
  }

  package var requestParameters: JSONValue? {
    .strings(["userName": userName, "accessKeyId": accessKeyID, "status": status])
  }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> UserTarget {
    try await house.userTarget(userName, call)
  }

  package func questions(_ subject: UserTarget, _ call: AuthenticatedCall) -> [Question] {
    subject.question("iam:UpdateAccessKey", call)
  }

  package func perform(
    _ call: AuthorizedCall<UpdateAccessKey>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let key = try await house.existingAccessKey(accessKeyID, of: call.subject, call.account)
    return try house.propose { change in
      var record = key.record
      record.status = status == "Active" ? .active : .inactive
      try change.replace(key, with: record, account: call.account)
      return (nil, nil)
    }
  }
}
