// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, PutUserPolicy: a document that evaluation could misread is refused here, when it is written.

package import AWSProtocols
package import IdentityModel
import PolicyEngine
package import StrictJSON

/// `iam:PutUserPolicy`.
package struct PutUserPolicy: Action {
  package static let service = ServiceName.iam
  package static let name = "PutUserPolicy"
  package static let isReadOnly = false

  private let policyDocument: String
  private let policyName: String
  private let userName: String

  // The characters of all inline policies of a user, white space not counted. Source: IAM quotas.
  private static let maximumCharacters = 2048
  // The same with white space: what is stored, matched and recorded stays small, however it is laid out.
  private static let maximumBytes = 10_240

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    policyDocument = parameters.requiredString(
      "PolicyDocument",
      length: 1...131_072,
      pattern: .policyDocument
    )
    policyName = parameters.requiredString("PolicyName", length: 1...128, pattern: .name)
    userName = parameters.requiredString("UserName", length: 1...128, pattern: .name)
  }

  package var requestParameters: JSONValue? {
    .strings(["userName": userName, "policyName": policyName, "policyDocument": policyDocument])
  }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> EntityTarget<
    UserRecord
  > {
    try await house.target(UserRecord.self, userName, call)
  }

  package func questions(_ subject: EntityTarget<UserRecord>, _ call: AuthenticatedCall) -> [Question] {
    [subject.question("iam:PutUserPolicy")]
  }

  package func perform(
    _ call: AuthorizedCall<PutUserPolicy>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    _ = try house.policyDocument(policyDocument, .identity, for: "user `\(userName)`")
    try call.subject.existing()
    let prefix = InlinePolicyRecord.prefix(.user, call.account, userName)
    let policies = try await house.read { try await $0.allRecords(InlinePolicyRecord.self, prefix: prefix) }
    let existing = policies.first { $0.record.policyName == policyName }
    let others = policies.filter { $0.record.policyName != policyName }
    let documents = others.map(\.record.policyDocument) + [policyDocument]
    for (size, maximum) in [
      (documents.map(countedCharacters).reduce(0, +), Self.maximumCharacters),
      (documents.map(\.utf8.count).reduce(0, +), Self.maximumBytes),
    ] where size > maximum {
      throw .limitExceeded("Maximum policy size of \(maximum) bytes exceeded for user \(userName)")
    }
    return try house.propose { change in
      // The total is decided against the user's revision, and so is everything that its policies allow.
      try call.subject.touch(in: &change)
      let record = InlinePolicyRecord(policyName: policyName, policyDocument: policyDocument)
      if let existing {
        try change.replace(existing, with: record, account: call.account)
      } else {
        try change.create(record, id: prefix + policyName, account: call.account)
      }
      return (nil, nil)
    }
  }
}
