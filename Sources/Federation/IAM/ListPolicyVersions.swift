// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, ListPolicyVersions: the versions of a managed policy without their documents, the newest first.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:ListPolicyVersions`.
package struct ListPolicyVersions: TargetedAction {
  package static let service = ServiceName.iam
  package static let name = "ListPolicyVersions"
  package static let isReadOnly = true

  private let paging: Paging
  package let target: PolicyAction

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    paging = Paging(&parameters)
    target = try PolicyAction(&parameters, "iam:ListPolicyVersions")
  }

  package var requestParameters: JSONValue? { .strings(["policyArn": target.arn.text]) }

  package func perform(
    _ call: AuthorizedCall<ListPolicyVersions>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let versions: [(key: String, item: PolicyVersionSummary)]
    switch call.subject {
    case .customer(let stored):
      versions = try await house.versions(of: stored.record).reversed().map { version in
        // Keys ascend while numbers descend.
        let key = String(Int64.max - Int64(version.record.number))
        return (key, PolicyVersionSummary(version.record, of: stored.record))
      }
    case .aws(let known): versions = [("v1", PolicyVersionSummary(onlyOf: known))]
    case .absent: throw target.notFound
    }
    let (page, marker) = try await paging.page(of: [.values(versions)], house)
    return Proposal(
      result: ResponseStructure([
        "Versions": .list(page.map { .structure($0.response(withDocument: false)) }),
        "IsTruncated": .boolean(marker != nil), "Marker": marker.map { .string($0) },
      ])
    )
  }
}
