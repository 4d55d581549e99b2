// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, GetAccessKeyLastUsed. The directory does not keep when a key was used: that stands in the audit log. So
// the answer is what AWS answers of a key of which it knows no use; whose key it is, is the use of the call.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:GetAccessKeyLastUsed`.
package struct GetAccessKeyLastUsed: Action {
  package static let service = ServiceName.iam
  package static let name = "GetAccessKeyLastUsed"
  package static let isReadOnly = true

  private let accessKeyID: String

  package init(_ parameters: inout ParameterReader) {
    accessKeyID = parameters.requiredString("AccessKeyId", length: 16...128, pattern: .accessKeyID)
  }

  package var requestParameters: JSONValue? { .strings(["accessKeyId": accessKeyID]) }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> KeyOwner {
    let key = try await house.read { try await $0.record(AccessKeyRecord.self, at: accessKeyID) }
    // A key of another account is as good as none.
    guard let key, key.record.account == call.account else { return .nobody }
    guard let name = key.record.userName else {
      return .owner(.root(try await house.existingAccount(call.account)))
    }
    return .owner(.user(try await house.target(UserRecord.self, name, call)))
  }

  package func questions(_ subject: KeyOwner, _ call: AuthenticatedCall) -> [Question] {
    switch subject {
    case .owner(let owner): owner.question("iam:GetAccessKeyLastUsed", call)
    case .nobody: [Question(action: "iam:GetAccessKeyLastUsed", resource: "*")]
    }
  }

  package func perform(
    _ call: AuthorizedCall<GetAccessKeyLastUsed>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    guard case .owner(let owner) = call.subject else {
      throw .noSuchEntity("The Access Key with id \(accessKeyID) cannot be found.")
    }
    return Proposal(
      result: ResponseStructure([
        "UserName": owner.userName.map { .string($0) },
        "AccessKeyLastUsed": .structure(
          ResponseStructure(["ServiceName": .string("N/A"), "Region": .string("N/A")])
        ),
      ])
    )
  }

  /// Whose key it is.
  package enum KeyOwner: ActionSubject {
    /// A user of the caller's account, or its root.
    case owner(UserTarget)
    /// Nobody of the caller's account.
    case nobody

    // The action writes nothing.
    package var requirements: [Change.Write] { [] }
  }
}
