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

  package func questions(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> [Question] {
    try await UserTarget.user(userName).question("iam:PutUserPolicy", call, house)
  }

  package func perform(
    _ call: AuthorizedCall<PutUserPolicy>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    do {
      _ = try PolicyDocument(json: Array(policyDocument.utf8), kind: .identity)
    } catch {
      throw ServiceError(error, in: .identity)
    }
    let user = try await house.existingUser(userName, of: call.account)
    let prefix = UserPolicyRecord.prefix(call.account, userName)
    let policies = try await house.read { try await $0.records(UserPolicyRecord.self, prefix: prefix) }
    let existing = policies.first { $0.record.policyName == policyName }
    let others = policies.filter { $0.record.policyName != policyName }
    let characters = others.map { counted($0.record.policyDocument) }.reduce(counted(policyDocument), +)
    guard characters <= Self.maximumCharacters else {
      throw .limitExceeded(
        "Maximum policy size of \(Self.maximumCharacters) bytes exceeded for user \(userName)"
      )
    }
    return try house.propose { change in
      // The total is decided against the user's revision.
      try change.touch(user, account: call.account)
      let record = UserPolicyRecord(policyName: policyName, policyDocument: policyDocument)
      if let existing {
        try change.replace(existing, with: record, account: call.account)
      } else {
        try change.create(record, id: prefix + policyName, account: call.account)
      }
      return (nil, nil)
    }
  }

  private func counted(_ document: String) -> Int {
    document.utf8.count { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
  }
}
