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

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> UserTarget {
    try await house.userTarget(userName, call)
  }

  package func questions(_ subject: UserTarget, _ call: AuthenticatedCall) -> [Question] {
    subject.question("iam:CreateAccessKey", call)
  }

  package func perform(
    _ call: AuthorizedCall<CreateAccessKey>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let user = try call.subject.existing()
    guard try await house.accessKeyIDs(of: call.subject, call.account).count < accessKeysPerUser else {
      throw .limitExceeded("Cannot exceed quota for AccessKeysPerUser: \(accessKeysPerUser)")
    }
    do {
      var change = Change()
      // The number of keys is decided against the owner's revision: two calls at once cannot both add the last one.
      try call.subject.touch(in: &change, account: call.account)
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
                "userName": user?.record.name, "accessKeyId": key.accessKeyID, "status": "Active",
                "createDate": call.now.cloudTrailElementForm,
              ]) ?? .null
            )
          ])
        )
      )
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
      "UserName": user.map { .string($0.name) }, "AccessKeyId": .string(accessKeyID),
      "Status": .string(AccessKeyRecord.Status.active.rawValue),
      "SecretAccessKey": .string(secretAccessKey.withBytes { String(decoding: $0, as: UTF8.self) }),
      "CreateDate": .timestamp(now, milliseconds: false),
    ])
  }
}
