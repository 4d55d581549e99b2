// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, CreateAccessKey: the only call that ever shows the secret.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:CreateAccessKey`.
package struct CreateAccessKey: Action {
  package static let service = ServiceName.iam
  package static let name = "CreateAccessKey"
  package static let isReadOnly = false

  private let userName: String?

  package init(_ parameters: inout ParameterReader) {
    userName = parameters.optionalString("UserName", length: 1...128, pattern: .name)
  }

  package var requestParameters: JSONValue? { .strings(["userName": userName]) }

  package func questions(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> [Question] {
    try await UserTarget(userName, caller: call.caller.principal).question("iam:CreateAccessKey", call, house)
  }

  package func perform(
    _ call: AuthorizedCall<CreateAccessKey>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let target = UserTarget(userName, caller: call.principal)
    var change = Change()
    var user: Stored<UserRecord>?
    do {
      // The number of keys is decided against the owner's revision: two calls at once cannot both add the last one.
      if let name = target.userName {
        let stored = try await house.existingUser(name, of: call.account)
        try change.touch(stored, account: call.account)
        user = stored
      } else {
        try change.touch(try await house.existingAccount(call.account), account: call.account)
      }
      guard try await house.accessKeyIDs(of: target, call.account).count < accessKeysPerUser else {
        throw ServiceError.limitExceeded("Cannot exceed quota for AccessKeysPerUser: \(accessKeysPerUser)")
      }
      let key = NewAccessKey(
        accessKeyID: house.entropy.accessKeyID(account: call.account),
        secretAccessKey: house.entropy.secretAccessKey(),
        account: call.account,
        user: user?.record,
        now: call.now
      )
      try key.add(to: &change, sealer: house.sealer)
      return Proposal(
        change: change,
        result: ResponseStructure(["AccessKey": .structure(key.response)]),
        responseElements: .object(
          JSONObject([
            .init(
              "accessKey",
              .strings([
                "userName": user?.record.userName, "accessKeyId": key.accessKeyID, "status": "Active",
                "createDate": call.now.cloudTrailElementForm,
              ]) ?? .null
            )
          ])
        )
      )
    } catch let error as ServiceError {
      throw error
    } catch {
      throw house.diagnostics.serviceError("make an access key", error)
    }
  }
}

extension NewAccessKey {
  /// The key with its secret.
  ///
  /// Source: IAM API, `AccessKey`.
  fileprivate var response: ResponseStructure {
    ResponseStructure([
      "UserName": user.map { .string($0.userName) }, "AccessKeyId": .string(accessKeyID),
      "Status": .string(AccessKeyRecord.Status.active.rawValue),
      "SecretAccessKey": .string(secretAccessKey.withBytes { String(decoding: $0, as: UTF8.self) }),
      "CreateDate": .timestamp(now, milliseconds: false),
    ])
  }
}
