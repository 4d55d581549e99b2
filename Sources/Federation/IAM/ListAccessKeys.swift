// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, ListAccessKeys: metadata only, page by page.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:ListAccessKeys`.
package struct ListAccessKeys: Action {
  package static let service = ServiceName.iam
  package static let name = "ListAccessKeys"
  package static let isReadOnly = true

  private let userName: String?
  private let paging: Paging

  package init(_ parameters: inout ParameterReader) {
    paging = Paging(&parameters)
    userName = parameters.optionalString("UserName", length: 1...128, pattern: .name)
  }

  package var requestParameters: JSONValue? { .strings(["userName": userName]) }

  package func questions(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> [Question] {
    try await UserTarget(userName, caller: call.caller.principal).question("iam:ListAccessKeys", call, house)
  }

  package func perform(
    _ call: AuthorizedCall<ListAccessKeys>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let target = UserTarget(userName, caller: call.principal)
    if let name = target.userName { _ = try await house.existingUser(name, of: call.account) }
    let prefix = UserAccessKeyRecord.prefix(call.account, target.userName)
    let (page, marker) = try await paging.page(of: UserAccessKeyRecord.self, prefix: prefix, house)
    var metadata: [ResponseValue] = []
    for entry in page {
      let key = try await house.read {
        try await $0.record(AccessKeyRecord.self, at: entry.record.accessKeyID)
      }
      if let key { metadata.append(.structure(key.record.metadata)) }
    }
    return Proposal(
      result: ResponseStructure([
        "AccessKeyMetadata": .list(metadata), "IsTruncated": .boolean(marker != nil),
        "Marker": marker.map { .string($0) },
      ])
    )
  }
}
