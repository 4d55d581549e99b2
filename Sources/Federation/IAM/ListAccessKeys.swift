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

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> UserTarget {
    try await house.userTarget(userName, call)
  }

  package func questions(_ subject: UserTarget, _ call: AuthenticatedCall) -> [Question] {
    subject.question("iam:ListAccessKeys", call)
  }

  package func perform(
    _ call: AuthorizedCall<ListAccessKeys>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    try call.subject.existing()
    let prefix = UserAccessKeyRecord.prefix(call.account, call.subject.userName)
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
