// SPDX-License-Identifier: Apache-2.0
//
// AWS STS API, GetAccessKeyInfo: which account does an access key id belong to? Like AWS's, our access key ids carry
// the account, so the answer needs no lookup and says nothing of whether the key exists.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `sts:GetAccessKeyInfo`.
package struct GetAccessKeyInfo: Action {
  package static let service = ServiceName.sts
  package static let name = "GetAccessKeyInfo"
  package static let isReadOnly = true

  private let accessKeyID: String

  package init(_ parameters: inout ParameterReader) {
    accessKeyID = parameters.requiredString("AccessKeyId", length: 16...128, pattern: .accessKeyID)
  }

  package var requestParameters: JSONValue? {
    .object(JSONObject([.init("accessKeyId", .string(accessKeyID))]))
  }

  package func perform(
    _ call: AuthorizedCall<GetAccessKeyInfo>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    // A key that an operator named himself carries no account; its own account may ask for it.
    let stored = try await house.read { directory in
      try await directory.record(AccessKeyRecord.self, at: accessKeyID)
    }
    let own = stored?.record.account == call.account ? call.account : nil
    guard let account = own ?? AccountID.inAccessKeyID(accessKeyID) else {
      throw .validationError("The access key id `\(accessKeyID)` names no account")
    }
    return Proposal(result: ResponseStructure(["Account": .string(account.description)]))
  }
}
